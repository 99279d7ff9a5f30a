"""Templates: added, changed by new versions, checked, rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hub.api.actor import Actor
from hub.channels.content import Content
from hub.kit.apart import Apart, CallFailed, TooCostly
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.templates.models import Body, NewTemplate, TemplateChange
from services.campaigns.templates.repository import TemplateRepository, version_document

_BUILD = "services.campaigns.templates.building:build"
_RENDER = "services.campaigns.templates.rendering:render_many"
BUILD_CPU, RENDER_CPU = 5.0, 20.0
"""Seconds of CPU time for one language, and for a page of recipients."""
MOST_VERSIONS = 500
Person = tuple[int, Mapping[str, Any]]
"""The number of a recipient and his variables."""
NOBODY = Content(mailing="ml_" + "0" * 32, key="0" * 64, base="")
"""What a preview is rendered with: its links lead where they are written to."""


class Templates:
    """All of them."""

    def __init__(self, repository: TemplateRepository, apart: Apart, clock: Clock) -> None:
        self._repository = repository
        self._apart = apart
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.templates, actor, limit=limit, after=after)

    async def get(self, template_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.templates, template_id, actor, "template")

    async def add(self, given: NewTemplate, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput where it cannot be used; what is only doubtful is in `problems`."""
        at = self._clock.now()
        made = derive("tpl", actor.login, key) if key else fresh("tpl")
        built = await self.checked(given.channel, given.bodies)
        template = {
            "_id": made,
            "at": iso(at),
            "removed": False,
            "channel": given.channel,
            "name": given.name,
            "folder": given.folder,
            "language": given.language,
            **_about(1, built),
            **belongs(actor.login, given.team),
        }
        await self._repository.add(template, self._version(made, 1, actor), built)
        return await self.get(made, actor)

    async def change(self, template_id: str, change: TemplateChange, *, actor: Actor) -> Document:
        """Raises NotFound, InvalidInput, and Conflict where another version was made meanwhile."""
        template = await self.get(template_id, actor)
        fields: Document = change.model_dump(exclude_none=True, exclude={"bodies", "team"})
        if change.team is not None:
            fields |= belongs(template["owner"], change.team)
        if change.bodies is not None:
            fields |= await self._anew(template, change.bodies, actor)
        after = {**template, **fields}
        if after["language"] not in after["languages"]:
            fix = f"there is no body in {after['language']}"
            raise InvalidInput(f"language: {fix}", fields={"language": fix})
        if not await self._repository.templates.swap(after):
            raise Conflict
        return after

    async def _anew(self, template: Document, bodies: Mapping[str, Body], actor: Actor) -> Document:
        built = await self.checked(template["channel"], bodies)
        newest = await self._repository.versions(template["_id"], limit=1)
        number = int(newest[0]["number"]) + 1
        if number > MOST_VERSIONS:
            raise Conflict(f"a template has at most {MOST_VERSIONS} versions; copy it to another one")
        version = self._version(template["_id"], number, actor)
        # Who loses the race leaves a blob that nothing names.
        version["blob"] += f"/{fresh('b')}"
        if not await self._repository.add_version(version, built):
            raise Conflict
        return _about(number, built)

    def _version(self, template_id: str, number: int, actor: Actor) -> Document:
        return version_document(template_id, number, by=actor.login, at=iso(self._clock.now()))

    async def remove(self, template_id: str, *, actor: Actor) -> None:
        """What was sent of it stays readable. Raises NotFound."""
        await self.get(template_id, actor)
        await self._repository.amend(template_id, lambda now: {**now, "removed": True})

    async def versions(self, template_id: str, *, actor: Actor) -> list[Document]:
        """The newest first. Raises NotFound."""
        await self.get(template_id, actor)
        return await self._repository.versions(template_id, limit=MOST_VERSIONS)

    async def said(self, template_id: str, number: int) -> Document:
        """By language what a version says, as it was written and built. Raises NotFound."""
        version = await self._repository.version(template_id, number)
        if version is None:
            raise NotFound(f"template {template_id} has no version {number}")
        return await self._repository.built(version)

    async def checked(self, channel: str, bodies: Mapping[str, Body]) -> Document:
        """By language, written and built. Raises InvalidInput naming each field that cannot be used."""
        said = {language: await self.built(channel, language, body) for language, body in bodies.items()}
        errors = {
            f"bodies.{language}.{field}": words
            for language, one in said.items()
            for level, field, words in reversed(one["built"]["problems"])  # the first of a field is told
            if level == "error"
        }
        if errors:
            raise InvalidInput("; ".join(f"{name}: {words}" for name, words in errors.items()), fields=errors)
        return said

    async def built(self, channel: str, language: str, body: Body) -> Document:
        """One language, with its problems."""
        written = body.model_dump()
        try:
            built = await self._apart.call(_BUILD, channel, written, cpu=BUILD_CPU, urgent=True)
        except (TooCostly, CallFailed) as exc:
            field = "mjml" if body.mjml else "html" if body.html else "text"
            fix = f"cannot be built: {exc}"
            raise InvalidInput(f"{language}: {fix}", fields={f"bodies.{language}.{field}": fix}) from exc
        return {"written": written, "built": built}

    async def rendered(
        self, built: Document, content: Content, people: Sequence[Person], *, urgent: bool = False
    ) -> list[dict[str, Any]]:
        """For each person `subject`, `text` and `html`, or `failed` with the reason; one who fails fails alone.

        Raises CannotStart.
        """
        try:
            done: list[dict[str, Any]] = await self._apart.call(
                _RENDER, built["sources"], asdict(content), list(people), cpu=RENDER_CPU, urgent=urgent
            )
        except (TooCostly, CallFailed) as exc:
            return await self._halved(built, content, people, str(exc), urgent=urgent)
        return done

    async def _halved(
        self, built: Document, content: Content, people: Sequence[Person], words: str, *, urgent: bool
    ) -> list[dict[str, Any]]:
        """Finds whose fault it is."""
        if len(people) == 1:
            return [{"failed": words}]
        middle = len(people) // 2
        first = await self.rendered(built, content, people[:middle], urgent=urgent)
        return first + await self.rendered(built, content, people[middle:], urgent=urgent)


def _about(number: int, built: Document) -> Document:
    """What the template's own document tells of its newest version."""
    said = {language: one["built"] for language, one in built.items()}
    return {
        "version": number,
        "languages": sorted(said),
        "variables": sorted({name for one in said.values() for name in one["variables"]}),
        "simple": all(one["pieces"] is not None for one in said.values()),
        "problems": [
            [f"{language}.{field}", words] for language, one in said.items() for _, field, words in one["problems"]
        ],
    }
