"""A message to who called in vain: by the line's rule, once, through the interactions service and its ledger."""

from datetime import timedelta
from typing import Protocol

from hub.kit.clock import Clock, from_iso
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.lines.repository import LineRepository

_GIVEN_UP = timedelta(minutes=30)
"""Whoever gets "we call back" much later has been called by then, or is annoyed."""
log = Log(__name__)


class Writes(Protocol):
    """Writes to clients."""

    async def text(self, address: str, *, account: str, text: str, key: str) -> bool:
        """Whether it is accepted; False where nobody knows the address yet. The same key is the same message.

        Raises:
            InvalidInput: it is refused: he does not want it, or cannot be reached so.
            TransientError: nobody can be asked.
        """
        ...


class CallBackText:
    """Sends what calls owe."""

    def __init__(self, *, calls: CallRepository, lines: LineRepository, writes: Writes, clock: Clock) -> None:
        self._calls = calls
        self._lines = lines
        self._writes = writes
        self._clock = clock

    async def send(self) -> None:
        """One that fails keeps no other waiting."""
        for call in await self._calls.owing_text():
            try:
                if await self._done(call):
                    await self._calls.texted(call)
            except TransientError as exc:
                log.warning("courtesy.waiting", reason=str(exc))
                return
            except HubError as exc:
                log.info("courtesy.refused", interaction_id=call["_id"], reason=str(exc))
                await self._calls.texted(call)

    async def _done(self, call: Document) -> bool:
        line = await self._lines.line(call["line"])
        ended = from_iso(call["state"]["ended_at"] or call["started_at"])
        if line is None or line.sms_back is None or self._clock.now() - ended > _GIVEN_UP:
            return True
        # One a day: who calls five times in a row wants to be called, not to be written to.
        key = f"called in vain/{line.id}/{call['other_side']}/{call['started_at'][:10]}"
        return await self._writes.text(
            call["other_side"], account=line.sms_back["account"], text=line.sms_back["text"], key=key
        )
