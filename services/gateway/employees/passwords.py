"""Passwords as argon2id hashes, computed in threads of their own so that nothing else waits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.kit.errors import TooManyRequests

THREADS = 2
PASSES = 2
"""OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane; about 25 ms."""


MOST_WAITING = 200
"""Strangers whose password waits to be looked at, two or three seconds' work; more are sent away."""
_LATER = 5
"""Seconds after which they may come again."""


class Passwords:
    """Hashes and checks; two at a time and one more of somebody known, which also bounds the memory.

    Whoever is known has a thread of his own, so that he does not wait behind a crowd of strangers.
    """

    def __init__(self, *, memory_kib: int) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._known = ThreadPoolExecutor(1, thread_name_prefix="argon2 known")
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, hashed: str | None, password: str, *, known: bool = False) -> bool:
        """Whether the password is the one; none (an unknown login) takes as long and is never right.

        Raises:
            TooManyRequests: too many strangers wait already.
        """
        if hashed is None:
            self._nobody = self._nobody or await self.hash("nobody")
        checked = hashed or self._nobody
        right = await (self._looked_at if known else self._in_the_queue)(checked, password)
        return right and hashed is not None

    async def _looked_at(self, hashed: str, password: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._known, self._verify, hashed, password)

    async def _in_the_queue(self, hashed: str, password: str) -> bool:
        if self._waiting >= MOST_WAITING:
            raise TooManyRequests("too many log in at this moment; try again in a few seconds", retry_after=_LATER)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, hashed, password)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        for threads in (self._threads, self._known):
            threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
