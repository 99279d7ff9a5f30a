"""Every query about marketing events and their guests."""

from collections.abc import Iterable, Sequence

from hub.kit.every import every
from hub.kit.ids import derive
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, In, Index, Page, Store, Where

OWES = Index("owes", sparse=True)
EVENTS = CollectionSpec("marketing_events", (Index("removed", "at"), OWES, Index("tells", sparse=True)))
GUESTS = CollectionSpec(
    "event_guests",
    (
        Index("event", "number"),
        Index("event", "state", "number"),
        Index("event", "code"),
        Index("event", "client_id"),
        OWES,
    ),
)
_PAGE = 200


class EventRepository:
    """`owes`: of an event moves that its guests do not know yet, of a guest what others do not know yet."""

    def __init__(self, store: Store) -> None:
        self.events, self.guests = store.collection(EVENTS), store.collection(GUESTS)

    async def amend(self, event: str, change: Change) -> Document | None:
        return await amend(self.events, event, change)

    async def amend_guest(self, guest: str, change: Change) -> Document | None:
        return await amend(self.guests, guest, change)

    async def owing_events(self) -> list[Document]:
        return (await self.events.find({"owes": True}, limit=_PAGE)).items

    async def telling_events(self) -> list[Document]:
        """Those whose guests are to hear of a change."""
        return (await self.events.find({"tells": True}, limit=_PAGE)).items

    async def owing_guests(self) -> list[Document]:
        return (await self.guests.find({"owes": True}, limit=_PAGE)).items

    async def numbered(self, event: str, number: int) -> Document | None:
        page = await self.guests.find({"event": event, "number": number}, limit=1)
        return page.items[0] if page.items else None

    async def coded(self, event: str, code: str) -> Document | None:
        page = await self.guests.find({"event": event, "code": code}, limit=1)
        return page.items[0] if page.items else None

    async def known(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self.guests.get_many(ids)

    async def of_clients(self, event: str, clients: Sequence[str]) -> list[Document]:
        """Those who are guests, by whatever they were invited."""
        where: Where = {"event": event, "client_id": In(list(clients))}
        return await every(lambda after: self.guests.find(where, limit=_PAGE, after=after)) if clients else []

    async def add_guests(self, guests: Sequence[Document]) -> set[str]:
        """Ids of those that are new."""
        return await self.guests.insert_many(guests) if guests else set()

    async def page(self, event: str, state: str | None, *, limit: int, after: str | None) -> Page:
        where = {"event": event, **({"state": state} if state else {})}
        return await self.guests.find(where, order="number", limit=limit, after=after)

    async def count(self, event: str) -> dict[str, int]:
        """By state."""
        found = await self.guests.count_by("state", {"event": event})
        return {str(state): count for state, count in found.items()}


def guest_id(event: str, whose: str) -> str:
    """One for a client, or an address of nobody, and an event."""
    return derive("eg", event, whose)
