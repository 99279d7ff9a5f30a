"""Guests of marketing events, as far as a mailing needs them: see `services.campaigns.marketingevents.guestlist`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.api.actor import Actor


class Guests(Protocol):
    """Of one event: numbers by client, and by address of those who are no clients."""

    @property
    def by_client(self) -> Mapping[str, int]: ...

    @property
    def by_address(self) -> Mapping[str, int]: ...

    def data(self, number: int) -> Mapping[str, str]:
        """What a template may say to one of them."""
        ...


class GuestLists(Protocol):
    """Of all events."""

    async def check(self, event_id: str, actor: Actor) -> None:
        """Raises NotFound, and Conflict where nobody could open the links."""
        ...

    async def of(self, event_id: str, states: Sequence[str], actor: Actor) -> Guests:
        """Raises as `check`."""
        ...
