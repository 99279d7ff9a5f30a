"""Every number that a call list dials, in the store, by its interaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.kit.clock import iso
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, In, Index, Range, Store
from services.telephony.dials import rules

DIALS = CollectionSpec(
    "dials",
    (Index("list", "state"), Index("list", "end"), Index("list", "over_at"), Index("exchange", "open", sparse=True)),
)
_MOST, _LAST, _OPEN = 1_000_000, 200, 500
_LONGEST = timedelta(hours=4)
"""Of a call, after which one that a day began is looked for no more."""
_ANSWERED = (rules.TALKED, rules.DROPPED)
_WITH_A_PERSON = (rules.WAITING, rules.CONNECTING, rules.TALKING)


class DialRepository:
    """Every query about them."""

    def __init__(self, store: Store) -> None:
        self._dials = store.collection(DIALS)

    async def begin(self, dial: Document) -> None:
        """The same once more changes nothing."""
        await self._dials.insert(dial)

    async def get(self, interaction_id: str) -> Document | None:
        return await self._dials.get(interaction_id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        return await self._dials.get_many(ids)

    async def amend(self, interaction_id: str, change: Change) -> Document | None:
        return await amend(self._dials, interaction_id, change)

    async def change(self, dial: Document, after: Document | None) -> Document | None:
        """As it is then; none where somebody was faster, or there is nothing to change."""
        if after is None or not await self._dials.swap(after):
            return None
        return {**after, "_v": dial["_v"] + 1}

    async def going_on(self, exchange: str) -> list[Document]:
        """The oldest first."""
        found = (await self._dials.find({"exchange": exchange, "open": True}, limit=_OPEN)).items
        return sorted(found, key=lambda one: str(one["up_at"] or one["at"]))

    async def line_of_list(self, call_list: str) -> str | None:
        """The line that the last one of a list was shown; none: it dialled nobody."""
        last = await self._dials.find({"list": call_list}, order="over_at", descending=True, limit=1)
        return last.items[0]["line"] if last.items else None

    async def of_day(self, call_list: str, since: datetime, until: datetime, *, at_most: int) -> list[Document]:
        """Those that were dialled between two moments and are over, as many as that."""
        last = Range(since=iso(since), until=iso(until + _LONGEST))
        found: list[Document] = []
        after: str | None = None
        while len(found) < at_most:
            page = await self._dials.find(
                {"list": call_list, "over_at": last}, order="over_at", limit=_OPEN, after=after
            )
            found += [one for one in page.items if iso(since) <= one["at"] < iso(until)]
            if (after := page.next) is None:
                break
        return found[:at_most]

    async def counts(self, call_list: str) -> rules.Counts:
        over = await self._count(call_list, "end", rules.ENDS)
        spoken = await self._count(call_list, "end", _ANSWERED)
        waiting = await self._count(call_list, "state", (rules.WAITING,))
        with_a_person = await self._count(call_list, "state", _WITH_A_PERSON)
        ringing = await self._count(call_list, "state", (rules.RINGING,))
        last = await self._dials.find({"list": call_list}, order="over_at", descending=True, limit=_LAST)
        ring, talk = rules.averages([one for one in last.items if one["over_at"]])
        return rules.Counts(
            dialled=over + with_a_person + ringing,
            answered=spoken + with_a_person,
            dropped=await self._count(call_list, "end", (rules.DROPPED,)),
            over=over,
            ringing=ringing,
            waiting=waiting,
            ring=ring,
            talk=talk,
        )

    async def _count(self, call_list: str, field: str, values: Sequence[str]) -> int:
        return await self._dials.count({"list": call_list, field: In(values)}, at_most=_MOST)
