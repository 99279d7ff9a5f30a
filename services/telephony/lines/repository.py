"""Lines in the store, and which of them a dialled number is."""

from collections.abc import Sequence

from hub.channels.accounts import AccountRepository
from hub.kit.clock import Clock
from hub.kit.phones import phone
from hub.store.base import CollectionSpec, Document, Index, Store
from services.telephony.lines.models import OurLine

LINES = CollectionSpec("lines", (Index("state"),))
_FRESH = 1.0
"""Seconds for which the set of lines is believed: a change counts from then on."""


class LineRepository(AccountRepository):
    """A document for each line."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, LINES, noun="line")
        self._clock = clock
        self._known: Directory | None = None
        self._read_at = 0.0

    async def directory(self) -> "Directory":
        """All lines there are, as of a second ago at the most."""
        now = self._clock.now().timestamp()
        if self._known is None or not 0 <= now - self._read_at < _FRESH:
            self._known, self._read_at = Directory([OurLine.of(one) for one in await self.active()]), now
        return self._known

    def changed(self) -> None:
        """The next look reads them anew."""
        self._known = None

    async def line(self, line_id: str) -> OurLine | None:
        """One that there is."""
        return (await self.directory()).by_id(line_id)

    async def of_exchange(self, exchange: str) -> list[Document]:
        return [one for one in await self.active() if one["exchange"] == exchange]


class Directory:
    """Finds lines by what was dialled."""

    def __init__(self, lines: Sequence[OurLine]) -> None:
        self.lines = tuple(lines)
        self._by_id = {line.id: line for line in lines}
        self._by_number = {line.number: line for line in lines}
        self._by_alias = {(line.exchange, alias): line for line in lines for alias in line.aliases}

    def by_id(self, line_id: str) -> OurLine | None:
        return self._by_id.get(line_id)

    def dialled(self, number: str | None, *, exchange: str, region: str) -> OurLine | None:
        """The line of a number as the exchange wrote it; another exchange may be told to carry it."""
        if not number:
            return None
        if found := self._by_alias.get((exchange, number)):
            return found
        return self._by_number.get(phone(number, region).removeprefix("phone:")) or self._by_number.get(number)

    def is_ours(self, address: str) -> bool:
        """Whether `phone:+7…` is a number of ours."""
        return address.removeprefix("phone:") in self._by_number
