"""Lead forms: written and changed; and what is sent by them, kept before it is told, and told once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

import orjson

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.consent.service import Consents
from services.campaigns.leadforms import tokens
from services.campaigns.leadforms.models import LONGEST, OTHER, OURS, LeadForm
from services.campaigns.leadforms.repository import FormRepository
from services.campaigns.sources.service import Sources

SOONEST, LATEST = timedelta(seconds=2), timedelta(hours=12)
"""A person needs so long to fill it in; a page that was opened earlier than the latter is shown anew."""
Why = Literal["missing", "address", "long", "machine", "stale", "often", "closed", ""]
Context = Mapping[str, str]
"""Of the page that shows it: `v` the visitor, `u` its address, `r` its referrer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of what was sent."""

    why: Why = ""
    """Empty: it was taken."""
    field: str = ""


class LeadForms:
    """All of them."""

    def __init__(
        self, repository: FormRepository, sources: Sources, consents: Consents, clock: Clock, *, key: bytes
    ) -> None:
        """`key` signs what forms carry."""
        self._repository = repository
        self._sources = sources
        self._consents = consents
        self._clock = clock
        self._key = key

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.forms, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.forms, given, actor, "form")

    async def add(self, given: LeadForm, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput for a source or a topic that is not there."""
        fields = await self._fields(given, actor)
        made = derive("lf", actor.login, key) if key else fresh("lf")
        base = {"_id": made, "at": iso(self._clock.now()), "removed": False, "version": 1}
        await self._repository.forms.insert({**base, **fields, **belongs(actor.login, given.team)})
        return await self.get(made, actor)

    async def change(self, given: str, form: LeadForm, *, actor: Actor) -> Document:
        """All of it anew; pages that show it as it was are shown anew when they are sent.

        Raises NotFound, InvalidInput and Conflict.
        """
        now = await self.get(given, actor)
        fields = {**await self._fields(form, actor), **belongs(now["owner"], form.team)}
        if not await self._repository.forms.swap({**now, **fields, "version": now["version"] + 1}):
            raise Conflict
        return await self.get(given, actor)

    async def remove(self, given: str, *, actor: Actor) -> None:
        """It is shown no more; what it took stays. Raises NotFound and Conflict."""
        if not await self._repository.forms.swap({**await self.get(given, actor), "removed": True}):
            raise Conflict

    async def _fields(self, given: LeadForm, actor: Actor) -> Document:
        await self._sources.named(given.source, actor, field="source")
        fields: Document = given.model_dump(mode="json", exclude={"team"})
        if given.consent:
            try:
                topic = await self._consents.topic(given.consent.topic)
            except NotFound as exc:
                raise InvalidInput(f"consent.topic: {exc}", fields={"consent.topic": str(exc)}) from exc
            fields["consent"]["text_version"] = topic["text_version"]
        return fields

    # --- pages ---

    async def shown(self, given: str) -> Document | None:
        """To anybody; none where there is none."""
        form = await self._repository.forms.get(given)
        return form if form and not form["removed"] else None

    def token(self, form: Document) -> str:
        return tokens.issued(self._key, form["_id"], form["version"], self._clock.now())

    def judged(self, form: Document, sent: Mapping[str, str]) -> Verdict:
        """Whether it may be taken; nothing is kept."""
        if not form["open"]:
            return Verdict("closed")
        if sent.get("website"):
            return Verdict("machine")
        read = tokens.read(self._key, form["_id"], sent.get("token", ""))
        age = self._clock.now().timestamp() - read.at if read else 0.0
        if read is None or read.version != form["version"] or age > LATEST.total_seconds():
            return Verdict("stale")
        if age < SOONEST.total_seconds():
            return Verdict("machine")
        return self._filled(form, sent)

    def _filled(self, form: Document, sent: Mapping[str, str]) -> Verdict:
        for field in form["fields"]:
            name, text = field["name"], sent.get(field["name"], "").strip()
            if field["required"] and not text:
                return Verdict("missing", name)
            if len(text) > LONGEST.get(name, OTHER):
                return Verdict("long", name)
            if name in ("phone", "email") and text and not self._is_address(name, text):
                return Verdict("address", name)
        if not any(sent.get(name, "").strip() for name in ("phone", "email")):
            return Verdict(
                "missing", next(one["name"] for one in form["fields"] if one["name"] in ("phone", "email"))
            )
        if form["consent"] and form["consent"]["required"] and not sent.get("consent"):
            return Verdict("missing", "consent")
        return Verdict()

    def _is_address(self, name: str, text: str) -> bool:
        try:
            return self._consents.normalised(text).startswith(f"{name}:")
        except InvalidInput:
            return False

    async def take(self, form: Document, sent: Mapping[str, str], context: Context, language: str) -> Document:
        """Kept from then on, whatever is down; the same page sent again with the same words is the same lead."""
        read = tokens.read(self._key, form["_id"], sent["token"])
        assert read is not None, "judged before"
        lead = lead_of(form, sent, context, language, read.nonce)
        made = derive("fl", form["_id"], lead["external_id"])
        task = {"title": form["task"] or form["name"], "assignee": form["assignee"]}
        document = {
            "_id": made,
            "form": form["_id"],
            "at": iso(self._clock.now()),
            "lead": lead,
            "source": form["source"],
            "task": task if form["assignee"] else None,
            "by": form["owner"],
            "interaction": None,
            "reason": "",
            "owes": True,
        }
        await self._repository.taken.insert(document)
        stored = await self._repository.taken.get(made)
        assert stored is not None
        return stored


def lead_of(form: Document, sent: Mapping[str, str], context: Context, language: str, nonce: str) -> dict[str, Any]:
    """As `services.campaigns.sources.models.NewLead` has it. Pure."""
    typed = {one["name"]: sent.get(one["name"], "").strip() for one in form["fields"]}
    more = [
        f"{one['label'].get(language) or next(iter(one['label'].values()))}: {typed[one['name']]}"
        for one in form["fields"]
        if one["name"] not in OURS and typed[one["name"]]
    ]
    agreed = form["consent"] if form["consent"] and sent.get("consent") else None
    said = sha256(orjson.dumps([typed, bool(agreed)], option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    return {
        **{name: typed.get(name, "") for name in ("name", "phone", "email")},
        "text": "\n".join(filter(None, [typed.get("text", ""), *more])),
        "external_id": f"{nonce}-{said}",
        "form": form["_id"],
        "visitor": context.get("v", ""),
        "url": context.get("u", ""),
        "referrer": context.get("r", ""),
        "consent": {
            "topic": agreed["topic"],
            "words": agreed["words"].get(language) or next(iter(agreed["words"].values())),
            "text_version": agreed["text_version"],
        }
        if agreed
        else None,
    }
