"""Which accounts want a second person: what an employee writes by them leaves when a colleague has approved it."""

from collections.abc import Mapping
from typing import Protocol

from hub.kit.clock import Clock
from hub.kit.errors import Conflict, Forbidden
from services.interactions.reach import Accounts

NEEDED = (
    "what is written by this account needs a second person: write it as an answer in the chain, and ask a colleague"
    " to approve your draft (POST /api/v1/chains/{id}/draft-review)"
)
_KNOWN = 2.0
"""Seconds for which the accounts are not asked for anew."""


class Directory(Protocol):
    """Which mailboxes, bots and numbers are ours."""

    async def accounts(self) -> Accounts: ...


class SecondPerson:
    """Asks for the accounts at most every two seconds. While their service is silent, what it said last holds."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._wanted: Mapping[str, bool] = {}
        self._silent: tuple[str, ...] = ()
        self._at = 0.0

    async def check(self, channel: str, account: str) -> None:
        """Raises Forbidden: nothing leaves by it unapproved; Conflict: nobody knows that now."""
        await self._look()
        if self._wanted.get(account):
            raise Forbidden(NEEDED, fields={"account": NEEDED})
        if account not in self._wanted and channel in self._silent:
            raise Conflict(f"the service of {channel} does not answer now; try again in a few seconds")

    async def _look(self) -> None:
        now = self._clock.now().timestamp()
        if abs(now - self._at) < _KNOWN:
            return
        found = await self._directory.accounts()
        self._wanted = {**self._wanted, **{one.id: one.approval for one in found.known}}
        self._silent, self._at = tuple(found.silent), now
