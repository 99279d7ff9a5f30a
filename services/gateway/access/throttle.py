"""Login throttling: so many tries for one login and from one client address, then a wait that survives a restart."""

from dataclasses import dataclass
from datetime import timedelta

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TooManyRequests
from hub.kit.ids import derive
from hub.store.base import Document, Store
from services.gateway.access.repository import TriesRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Tries within one window; the window begins with the first try."""

    per_login: int
    per_address: int
    window: timedelta


class Throttle:
    """Counts every try before the password is looked at, so that many at once do not slip through."""

    def __init__(self, store: Store, limits: Limits, clock: Clock) -> None:
        self._repository = TriesRepository(store)
        self._limits = limits
        self._clock = clock

    async def enter(self, *, login: str, address: str) -> None:
        """Counts a try.

        Raises:
            TooManyRequests: the limit for the login or for the address is reached; also for the right password.
        """
        await self._count(_address_id(address), self._limits.per_address)
        await self._count(_login_id(login), self._limits.per_login)

    async def succeed(self, *, login: str, address: str) -> None:
        """Takes the try back for the address, and forgets all wrong ones for the login."""
        await self._repository.amend(_login_id(login), lambda stored: {**stored, "count": 0})
        await self._repository.amend(_address_id(address), lambda stored: {**stored, "count": stored["count"] - 1})

    async def sweep(self) -> None:
        await self._repository.delete_over(self._clock.now())

    async def _count(self, doc_id: str, limit: int) -> None:
        now = self._clock.now()
        fresh: Document = {"_id": doc_id, "count": 1, "until": iso(now + self._limits.window)}

        def one_more(stored: Document) -> Document:
            left = from_iso(stored["until"]) - now
            if left <= timedelta(0):
                return {**fresh, "_v": stored["_v"]}
            if stored["count"] >= limit:
                raise _wait(left)
            return {**stored, "count": stored["count"] + 1}

        await self._repository.upsert(fresh, one_more)


def _wait(left: timedelta) -> TooManyRequests:
    seconds = int(left.total_seconds()) + 1
    return TooManyRequests(f"too many failed logins; try again in {seconds} seconds", retry_after=seconds)


def _login_id(login: str) -> str:
    return derive("try", "login", login)


def _address_id(address: str) -> str:
    return derive("try", "address", address)
