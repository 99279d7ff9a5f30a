"""Every query about call lists: who is in one, what was tried, and what is known of a number and of a person.

What must be decided once is one document that is swapped: of a number whether it rings and whether it may, of a
person the attempts that count against his cap, of an entry who has it.
"""

from collections.abc import Mapping
from datetime import datetime

from hub.kit.clock import iso
from hub.kit.every import every
from hub.kit.ids import derive
from hub.store.amend import Change, amend, upsert
from hub.store.base import CollectionSpec, Document, Index, Page, Range, Store, Where

LISTS = CollectionSpec("call_lists", (Index("removed", "at"), Index("removed", "dials", "at", sparse=True)))
ENTRIES = CollectionSpec(
    "call_entries", (Index("list", "state", "due"), Index("list", "last", "due"), Index("holder", sparse=True))
)
CLAIMS = CollectionSpec("call_claims")
"""A number is in a list once."""
NUMBERS = CollectionSpec("call_numbers", (Index("stopped_at", sparse=True),))
MASKS = CollectionSpec("call_masks", (Index("at"),))
PEOPLE = CollectionSpec("call_people")
ATTEMPTS = CollectionSpec("call_attempts", (Index("list", "at"), Index("entry", "at"), Index("owes", sparse=True)))
DICTIONARY = CollectionSpec("call_dispositions")
_PAGE, _MASKS = 200, 1_000


class CallRepository:
    """All of it."""

    def __init__(self, store: Store) -> None:
        self.lists, self.entries = store.collection(LISTS), store.collection(ENTRIES)
        self.claims, self.numbers = store.collection(CLAIMS), store.collection(NUMBERS)
        self.masks, self.people = store.collection(MASKS), store.collection(PEOPLE)
        self.attempts, self.dictionary = store.collection(ATTEMPTS), store.collection(DICTIONARY)

    async def due(self, list_id: str, now: datetime, after: str | None) -> Page:
        """Those of a list whose time has come, the longest first."""
        until = Range(since="", until=iso(now) + "~")
        where: Where = {"list": list_id, "state": "waiting", "due": until}
        return await self.entries.find(where, order="due", limit=_PAGE, after=after)

    async def held_by(self, login: str) -> list[Document]:
        page = await self.entries.find({"holder": login}, limit=_PAGE)
        return page.items

    async def dialling(self) -> list[Document]:
        """Lists that dial by themselves, and those of them that rest while somebody is still rung."""
        find = self.lists.find
        running = {"removed": False, "dials": True}
        return await every(lambda after: find(running, order="at", limit=_PAGE, after=after))

    async def owing(self) -> list[Document]:
        """Attempts of which something is to follow."""
        return (await self.attempts.find({"owes": True}, limit=_PAGE)).items

    async def amend_entry(self, entry_id: str, change: Change) -> Document | None:
        return await amend(self.entries, entry_id, change)

    async def change_number(self, number: str, change: Change) -> Document:
        """Of one that nothing is known of yet, too."""
        return await upsert(self.numbers, *_begun(number, change))

    async def change_person(self, person: str, change: Change) -> Document:
        return await upsert(self.people, *_begun(person, change, attempts={}))

    async def masks_there(self) -> list[Document]:
        page = await self.masks.find({}, order="at", limit=_MASKS)
        return page.items

    async def claim(self, list_id: str, wanted: Mapping[str, str]) -> dict[str, str]:
        """By number the entry of the list that has it: whoever was first. `wanted` says by number who wants it."""
        names = {derive("cn", list_id, number): number for number in wanted}
        # In the order of the index, a store writes each of its pages once.
        claims = [{"_id": name, "entry": wanted[names[name]]} for name in sorted(names)]
        new = await self.claims.insert_many(claims)
        taken = await self.claims.get_many(names.keys() - new) if len(new) < len(names) else {}
        return {**wanted, **{names[name]: one["entry"] for name, one in taken.items()}}


def _begun(name: str, change: Change, **fields: object) -> tuple[Document, Change]:
    fresh: Document = {"_id": name, **fields}
    return {k: v for k, v in (change(dict(fresh)) or fresh).items() if k != "_v"}, change
