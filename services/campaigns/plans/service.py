"""Plans of campaigns: written, changed with their history, and taken away."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from hub.api.actor import Actor
from hub.contracts.scope import owned_by
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from hub.store.history import noted
from hub.store.versions import next_version
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.plans.models import PlanForm
from services.campaigns.plans.repository import FIELDS, PlanRepository
from services.campaigns.sources.service import Sources

Find = Callable[[str, Actor], Awaitable[Document]]
"""A mailing, a call list, an event, a source that somebody sees; raises NotFound."""
_TELLING = ("name", "state")


class Plans:
    """All of them."""

    def __init__(
        self, repository: PlanRepository, sources: Sources, clock: Clock, *, finds: Mapping[str, Find]
    ) -> None:
        """`finds` by kind of part."""
        self._repository = repository
        self._sources = sources
        self._clock = clock
        self._finds = finds

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.plain, given, actor, "plan")

    async def add(self, given: PlanForm, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput for what is not there for him."""
        await self._check(given, actor, known=())
        made = derive("plan", actor.login, key) if key else fresh("plan")
        base = {"_id": made, "at": iso(self._clock.now()), "removed": False, "by": actor.login, "history": []}
        responsible = given.responsible or actor.login
        document = {**base, **_fields(given, owner=actor.login, responsible=responsible)}
        stored, _ = await self._repository.plans.insert(document)
        await self._repository.plans.tell(stored)
        return stored

    async def change(self, given: str, form: PlanForm, *, actor: Actor) -> Document:
        """All of it anew; its parts that stay need not be seen. Raises NotFound, InvalidInput, and Conflict where it
        is another version than the one that was changed.
        """
        plan = await self.get(given, actor)
        await self._check(form, actor, known=[(one["kind"], one["id"]) for one in plan["parts"]])

        def change(now: Document) -> Document:
            responsible = form.responsible or now["responsible"]
            after = {**now, **_fields(form, owner=now["owner"], responsible=responsible)}
            told = noted(now, after, FIELDS, by=actor.login, at=self._clock.now())
            if told is after:
                return now
            return {**told, **next_version(now, form.version), "by": actor.login}

        return await self._amended(given, change)

    async def remove(self, given: str, *, actor: Actor) -> None:
        """Costs and deals stay. Raises NotFound."""
        await self.get(given, actor)
        await self._amended(given, lambda now: {**now, "removed": True, "by": actor.login})

    async def parts(self, plan: Document, actor: Actor) -> list[Document]:
        """Its parts by name and state; of those that somebody does not see, or that are gone, neither."""
        return [await self._part(one, actor) for one in plan["parts"]]

    async def _part(self, part: Document, actor: Actor) -> Document:
        try:
            found = await self._finds[part["kind"]](part["id"], actor)
        except NotFound:
            return {**part, "name": None, "state": None}
        return {**part, **{name: found.get(name) for name in _TELLING}}

    async def _check(self, given: PlanForm, actor: Actor, *, known: Collection[tuple[str, str]]) -> None:
        source = await self._sources.named(given.source, actor, field="source")
        if source["level"] != "campaign":
            fix = f"{source['name']} is a {source['level']} of the directory; name a campaign below a source"
            raise InvalidInput(f"source: {fix}", fields={"source": fix})
        for number, one in enumerate(given.parts):
            if (one.kind, one.id) not in known:
                await self._check_part(one.kind, one.id, actor, f"parts.{number}.id")

    async def _check_part(self, kind: str, named: str, actor: Actor, field: str) -> None:
        try:
            await self._finds[kind](named, actor)
        except NotFound as exc:
            raise InvalidInput(f"{field}: {exc}", fields={field: str(exc)}) from exc

    async def _amended(self, given: str, change: Callable[[Document], Document]) -> Document:
        after = await self._repository.plans.amend(given, change)
        if after is None:
            raise NotFound(f"there is no plan {given}")
        await self._repository.plans.tell(after)
        return after


def _fields(given: PlanForm, *, owner: str, responsible: str) -> Document:
    """With whose it is: whoever works on it sees it."""
    fields: Document = {**given.model_dump(mode="json", exclude={"team", "version"}), "responsible": responsible}
    whose = belongs(owner, given.team)
    people = {owned_by(one) for one in (responsible, *given.people) if one}
    return {**fields, **whose, "seen_by": sorted({*whose["seen_by"], *people})}
