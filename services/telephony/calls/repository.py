"""Every call in the store, by its interaction."""

import asyncio
from collections.abc import Sequence

from hub.bus.base import Bus
from hub.contracts.call import CallQueue
from hub.kit.clock import Clock
from hub.kit.every import pages
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Store, Where
from hub.store.told import OWES, Told, tell
from services.telephony.calls.facts import call_event, call_facts

_OF_RECORDING = ("state", "size", "seconds", "reason", "transcript", "transcript_reason", "text_blob")
SOURCE = "omnihub/telephony"
CALLS = CollectionSpec(
    "calls",
    (
        Index("key"),
        Index("text_owed", sparse=True),
        Index("exchange", "open", sparse=True),
        Index("talking", many=True),
        Index("line", "day"),
        Index("started_at"),
        Index("line", "started_at"),
        OWES,
    ),
)


class CallRepository:
    """Calls, told as they change."""

    def __init__(self, store: Store) -> None:
        self.calls = Told(store.collection(CALLS), facts=call_facts, state=call_event, source=SOURCE)

    def on(self, bus: Bus, clock: Clock) -> None:
        self.calls.on(bus, clock)

    async def tell_recording(self, interaction_id: str, recording_id: str, changes: Document) -> None:
        """The call tells what became of a recording. Raises TransientError."""
        shown = {name: changes[name] for name in _OF_RECORDING if changes.get(name) is not None}

        def with_recording(call: Document) -> Document:
            before = call["state"]["recordings"]
            after = [{**one, **shown} if one["id"] == recording_id else one for one in before]
            return call if after == before else {**call, "state": {**call["state"], "recordings": after}}

        changed = await self.calls.amend(interaction_id, with_recording)
        if changed:
            await tell((self.calls, [changed]))

    async def tell_joined(self, interaction_id: str, name: str, position: int) -> None:
        """Somebody waits in a queue of ours, if his call is known by now; else it tells so when it is."""

        def waiting(call: Document) -> Document:
            state = call["state"]
            if state["queue"] or state["complete"]:
                return call
            level = (state["line"] or {}).get("level") or CallQueue(name="").level
            joined = CallQueue(name=name, position=position, level=level).model_dump(mode="json")
            return {**call, "state": {**state, "queue": joined}}

        changed = await self.calls.amend(interaction_id, waiting)
        if changed:
            await self.calls.tell(changed)

    async def owing_text(self) -> list[Document]:
        """Calls in vain whose callers shall be written to, the oldest first."""
        return (await self.calls.find({"text_owed": Range(since="")}, order="text_owed", limit=100)).items

    async def texted(self, call: Document) -> None:
        """It is done, or will not be."""

        def without(now: Document) -> Document:
            return {name: value for name, value in now.items() if name != "text_owed"} | {"texted": True}

        await self.calls.amend(call["_id"], without)

    async def of_line(self, line: str, *, since: str, until: str, limit: int, after: str | None) -> Page:
        where: Where = {"line": line, "started_at": Range(since=since, until=until)}
        return await self.calls.find(where, order="started_at", limit=limit, after=after)

    async def talking(self, logins: Sequence[str]) -> set[str]:
        """Those of these who speak in some call now, as far as exchanges told."""
        if not logins or not await self.calls.count({"talking": In(logins)}, at_most=1):
            return set()
        each = [self.calls.count({"talking": login}, at_most=1) for login in logins]
        return {login for login, calls in zip(logins, await asyncio.gather(*each), strict=True) if calls}

    async def open_of(self, exchange: str) -> list[Document]:
        """Those that go on, as far as is known."""
        find = self.calls.find
        listed = pages(lambda after: find({"exchange": exchange}, order="open", limit=500, after=after))
        return [one async for found in listed for one in found if one.get("open")]
