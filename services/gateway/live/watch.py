"""Watches over those who listen: whoever is logged out, or loses the right to listen, is cut off within a second."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from hub.kit.loop import Loop
from services.gateway.access.models import Standing

EVERY = timedelta(seconds=0.5)
"""How often is looked; two reads of the store, however many listen."""
Standings = Callable[[Collection[str]], Awaitable[Mapping[str, Standing]]]
"""From the ids of accesses to whether each may listen, and as what."""


class Ticket:
    """Of one listener."""

    def __init__(self, access_id: str, refused: Callable[[], None]) -> None:
        """`refused` is called once, when there is a reason."""
        self.access_id = access_id
        self.reason = ""
        """Why he may not listen any more."""
        self.role = ""
        """His, when it was looked at last."""
        self._refused = refused

    def refuse(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason
            self._refused()


class Watch:
    """Asks for all who listen at this gateway at once. While the store is down, they go on."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._tickets: set[Ticket] = set()
        self._looking = Loop("live watch", self.look, every=EVERY)

    async def start(self) -> None:
        await self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()

    @contextmanager
    def over(self, access_id: str, refused: Callable[[], None]) -> Iterator[Ticket]:
        """Watches over a listener while this lasts."""
        ticket = Ticket(access_id, refused)
        self._tickets.add(ticket)
        try:
            yield ticket
        finally:
            self._tickets.discard(ticket)

    async def look(self) -> None:
        if not self._tickets:
            return
        standings = await self._standings({ticket.access_id for ticket in self._tickets})
        for ticket in [ticket for ticket in self._tickets if ticket.access_id in standings]:
            standing = standings[ticket.access_id]
            ticket.role = standing.role
            if standing.refused:
                ticket.refuse(standing.refused)
