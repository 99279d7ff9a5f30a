"""Call lists: made, started and put to rest, with a dictionary of what comes of attempts that all of them share."""

from typing import Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.every import pages
from hub.kit.ids import derive, fresh
from hub.store.amend import amend
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen, sees
from services.campaigns.calllists.models import DISPOSITIONS, CallListForm, Disposition, Recycle
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.rules import EXHAUSTED, WAITING, first_number


class Sources(Protocol):
    """The directory of sources."""

    async def named(self, source: str, actor: Actor, *, field: str) -> Document:
        """Raises InvalidInput: it is not there for him."""
        ...


class CallLists:
    """All of them."""

    def __init__(self, repository: CallRepository, clock: Clock, sources: Sources | None = None) -> None:
        self._repository = repository
        self._clock = clock
        self._sources = sources

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.lists, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.lists, given, actor, "call list")

    async def source_of(self, given: str) -> str | None:
        """By which source it is counted; none: by none of its own."""
        found = await self._repository.lists.get(given)
        return found.get("source") if found else None

    async def add(self, given: CallListForm, *, actor: Actor, key: str | None) -> Document:
        """Rests until it is started; the job that loads it is begun by whoever calls. Raises InvalidInput."""
        await self._check_codes(given)
        if given.source and self._sources:
            await self._sources.named(given.source, actor, field="source")
        made = derive("cll", actor.login, key) if key else fresh("cll")
        fields = given.model_dump(mode="json", exclude={"team", "again", "after_call"})
        again = {code: [step.total_seconds() for step in steps] for code, steps in given.again.items()}
        base = {"_id": made, "at": iso(self._clock.now()), "removed": False, "state": "paused", "report": None}
        document = {
            **base,
            **fields,
            "again": again,
            "loaded_at": None,
            "after_call": given.after_call.total_seconds(),
            **belongs(actor.login, given.team),
            **_dials(given),
        }
        await self._repository.lists.insert(document)
        return await self.get(made, actor)

    async def _check_codes(self, given: CallListForm) -> None:
        known = await self.dictionary()
        for field, codes in (("dispositions", given.dispositions), ("again", tuple(given.again))):
            if unknown := [code for code in codes if code not in known]:
                fix = f"there is no disposition {unknown[0]}; GET /api/v1/dispositions lists them"
                raise InvalidInput(f"{field}: {fix}", fields={field: fix})

    async def turn(self, given: str, state: str, *, actor: Actor) -> Document:
        """Starts it or lets it rest. Raises NotFound."""
        await self.get(given, actor)
        after = await amend(self._repository.lists, given, lambda now: {**now, "state": state})
        assert after is not None
        return after

    async def dictionary(self) -> dict[str, Disposition]:
        """What every hub begins with, and what was changed of it."""
        found = await self._repository.dictionary.find({}, limit=500)
        return DISPOSITIONS | {one["_id"]: Disposition.model_validate(one["told"]) for one in found.items}

    async def define(self, code: str, given: Disposition) -> None:
        """In place of what it meant before. Raises Conflict."""
        document = {"_id": code, "told": given.model_dump(mode="json")}
        if not await self._repository.dictionary.insert(document):
            await amend(self._repository.dictionary, code, lambda now: {**now, **document})

    async def recycle(self, given: str, wanted: Recycle, *, actor: Actor) -> int:
        """How many get their tries once more. Raises NotFound."""
        await self.get(given, actor)
        count, where, find = 0, {"list": given, "state": EXHAUSTED}, self._repository.entries.find
        async for entries in pages(lambda after: find(where, order="due", limit=500, after=after)):
            for entry in entries:
                count += await self._recycled(entry, wanted)
        return count

    async def _recycled(self, entry: Document, wanted: Recycle) -> bool:
        fresh_numbers = {**entry, "spent": []}
        if entry["last"] not in wanted.dispositions or not (number := first_number(fresh_numbers)):
            return False
        tries = {code: count for code, count in entry["tries"].items() if code not in wanted.dispositions}
        times = {"tries": tries, "attempts": 0, "spent": [], "number": number}
        fields = {**times, "state": WAITING, "due": iso(self._clock.now())}
        return await self._repository.entries.swap({**entry, **fields})

    async def entry(self, entry_id: str, actor: Actor) -> tuple[Document, Document]:
        """Somebody of a list, and the list. Raises NotFound."""
        entry = await self._repository.entries.get(entry_id)
        call_list = await self._repository.lists.get(entry["list"]) if entry else None
        if entry is None or call_list is None or not sees(actor, call_list):
            raise NotFound(f"there is nobody {entry_id} in a call list")
        return entry, call_list


def _dials(given: CallListForm) -> Document:
    """By which the dialler finds lists of its own."""
    return {"dials": True} if given.mode != "preview" else {}
