"""The guests of an event, for a mailing to them: who they are, and what its template may say to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.api.actor import Actor
from hub.kit.every import every
from hub.store.base import Document
from services.campaigns.belonging import seen
from services.campaigns.marketingevents.links import Links
from services.campaigns.marketingevents.repository import EventRepository

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Guests:
    """By client, and by address of those who are no clients yet, the number of each."""

    event: Document
    links: Links
    by_client: Mapping[str, int]
    by_address: Mapping[str, int]

    def data(self, number: int) -> Mapping[str, str]:
        """What a template may say to him. Raises Conflict where no link can be made."""
        return self.links.data(self.event, number)


class GuestList:
    """Of all events."""

    def __init__(self, repository: EventRepository, links: Links) -> None:
        self._repository = repository
        self._links = links

    async def check(self, event_id: str, actor: Actor) -> None:
        """Raises NotFound for one that he does not see, and Conflict where nobody could open the links."""
        await seen(self._repository.events, event_id, actor, "event")
        self._links.url(event_id, 0)

    async def of(self, event_id: str, states: Sequence[str], actor: Actor) -> Guests:
        """Those in some states. Raises as `check`."""
        await self.check(event_id, actor)
        event = await self._repository.events.get(event_id)
        assert event is not None
        found = [guest for state in states for guest in await self._in_state(event_id, state)]
        return Guests(
            event,
            self._links,
            {one["client_id"]: one["number"] for one in found if one["client_id"]},
            {one["address"]: one["number"] for one in found if one["address"] and not one["client_id"]},
        )

    async def _in_state(self, event_id: str, state: str) -> list[Document]:
        find = self._repository.page
        return await every(lambda after: find(event_id, state, limit=_PAGE, after=after))
