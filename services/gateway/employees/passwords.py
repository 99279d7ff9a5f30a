"""Passwords as argon2id hashes, computed in threads of their own so that nothing else waits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

THREADS = 2
PASSES = 2
"""OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane; about 25 ms."""


class Passwords:
    """Hashes and checks; at most two at a time, which also bounds the memory."""

    def __init__(self, *, memory_kib: int) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._nobody = ""

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Whether the password is the one; none (an unknown login) takes as long and is never right."""
        if hashed is None:
            self._nobody = self._nobody or await self.hash("nobody")
        checked = hashed or self._nobody
        right = await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, checked, password)
        return right and hashed is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
