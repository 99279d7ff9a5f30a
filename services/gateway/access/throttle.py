"""Login throttling: wrong passwords are counted so that nobody guesses for long, and nobody locks others out.

A try is counted for its login and network together, for its network, and for its login. The last of these would let
strangers lock somebody out; so it does not count for a network that the login is known at, for it succeeded there. A
device that has succeeded before, and shows the cookie it was given then, is counted by itself alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TooManyRequests
from hub.kit.networks import network_of
from hub.store.base import Document, Store
from services.gateway.access.repository import TriesRepository

COUNTERS = 2**16
"""For each way to count; so many rows of about 200 bytes, however many try. Two that fall on the same one are counted
together; which ones do, nobody outside can find out."""
KNOWN_FOR = timedelta(days=180)
"""A network or a device is known for so long after its last login."""
_RENEWED_EVERY = timedelta(days=1)
_SET_BACK = 2
"""A window that ends later than after so many was begun by a clock that was wrong; less is what clocks differ by."""
_LOCKS = 64
"""So many counters can be written at once by one process; the rest wait instead of racing."""


class By(StrEnum):
    """What tries are counted by."""

    PAIR = "login and address"
    ADDRESS = "address"
    LOGIN = "login"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Tries within one window; the window begins with the first try."""

    per_login: int
    """From one network, or one device."""
    per_address: int
    anywhere: int
    """For one login, from networks that it is not known at."""
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A login tried."""

    login: str
    address: str
    device: str | None = None
    """Id of a device on which this login succeeded before."""

    @property
    def network(self) -> str:
        return network_of(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """No more tries until then."""

    attempt: Attempt
    by: By
    until: datetime


Tell = Callable[[Lock], Awaitable[None]]


class Throttle:
    """Counts every try before the password is looked at, so that many at once do not slip through."""

    def __init__(self, store: Store, limits: Limits, clock: Clock, *, tell: Tell) -> None:
        """`tell` is called once for each lock."""
        self._repository = TriesRepository(store)
        self._limits = limits
        self._clock = clock
        self._tell = tell
        self._locks = [asyncio.Lock() for _ in range(_LOCKS)]

    async def enter(self, attempt: Attempt) -> bool:
        """Counts a try; whether it comes from a device or a network that the login is known at.

        Raises:
            TooManyRequests: a limit is reached; also for the right password.
        """
        known = attempt.device is not None or await self._knows(attempt)
        for by in _ways(attempt, known=known):
            await self._count(attempt, by)
        return known

    async def succeed(self, attempt: Attempt, *, known: bool) -> None:
        """Takes the try back, forgets wrong ones of this login from there, and knows the network from now on."""
        for by in _ways(attempt, known=known):
            own = by in (By.PAIR, By.DEVICE)
            await self._repository.amend(await self._counter(attempt, by), _forgotten if own else _one_less)
        await self._repository.know(attempt.login, attempt.network, self._clock.now(), KNOWN_FOR, _RENEWED_EVERY)

    async def take_back(self, attempt: Attempt, *, known: bool) -> None:
        """For a try of which nothing can be said: what it depends on is down."""
        for by in _ways(attempt, known=known):
            await self._repository.amend(await self._counter(attempt, by), _one_less)

    async def sweep(self) -> None:
        await self._repository.delete_over(self._clock.now())

    async def _knows(self, attempt: Attempt) -> bool:
        return await self._repository.knows(attempt.login, attempt.network, self._clock.now())

    async def _count(self, attempt: Attempt, by: By) -> None:
        counter = await self._counter(attempt, by)
        counting = _Counting(counter, self._limit(by), self._clock.now(), self._limits.window)
        async with self._locks[hash(counter) % _LOCKS]:
            await self._repository.upsert(counting.fresh, counting.one_more)
        if counting.locked_until is None:
            return
        if counting.locked_first:
            await self._tell(Lock(attempt=attempt, by=by, until=counting.locked_until))
        raise _wait(counting.locked_until - self._clock.now())

    async def _counter(self, attempt: Attempt, by: By) -> str:
        parts = {
            By.PAIR: (attempt.login, attempt.network),
            By.ADDRESS: (attempt.network,),
            By.LOGIN: (attempt.login,),
            By.DEVICE: (attempt.login, attempt.device or ""),
        }[by]
        return counter_of(by, *parts, salt=await self._repository.salt())

    def _limit(self, by: By) -> int:
        return {
            By.PAIR: self._limits.per_login,
            By.DEVICE: self._limits.per_login,
            By.ADDRESS: self._limits.per_address,
            By.LOGIN: self._limits.anywhere,
        }[by]


class _Counting:
    """One more try on a counter; as a change of it may run several times, what the last run found counts."""

    def __init__(self, counter: str, limit: int, now: datetime, window: timedelta) -> None:
        self.fresh: Document = {"_id": counter, "count": 1, "until": iso(now + window)}
        self.locked_until: datetime | None = None
        self.locked_first = False
        self._limit = limit
        self._now = now
        self._longest = now + _SET_BACK * window
        """What is said to last longer was begun before the clock was set back."""

    def one_more(self, stored: Document) -> Document | None:
        self.locked_until, self.locked_first = None, False
        until = from_iso(stored["until"])
        if until <= self._now or until > self._longest:
            return {**self.fresh, "_v": stored["_v"]}
        if stored["count"] < self._limit:
            return {**stored, "count": stored["count"] + 1}
        self.locked_until, self.locked_first = until, not stored.get("locked")
        return {**stored, "locked": True} if self.locked_first else None


def counter_of(by: By, *parts: str, salt: bytes) -> str:
    """The row on which these are counted."""
    digest = blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), key=salt, digest_size=8)
    return f"try_{by.name.lower()}_{int.from_bytes(digest.digest()) % COUNTERS}"


def _ways(attempt: Attempt, *, known: bool) -> tuple[By, ...]:
    if attempt.device is not None:
        return (By.DEVICE,)
    return (By.PAIR, By.ADDRESS) if known else (By.PAIR, By.ADDRESS, By.LOGIN)


def _forgotten(stored: Document) -> Document:
    return {**stored, "count": 0, "locked": False}


def _one_less(stored: Document) -> Document:
    return {**stored, "count": max(0, stored["count"] - 1)}


def _wait(left: timedelta) -> TooManyRequests:
    seconds = int(left.total_seconds()) + 1
    return TooManyRequests(f"too many failed logins; try again in {seconds} seconds", retry_after=seconds)
