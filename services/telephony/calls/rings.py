"""A phone of ours rings: whoever's it is, and nobody else, is told at once who may be calling."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Protocol

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.ring import CallRinging, RingingClient
from hub.kit.clock import Clock
from hub.kit.errors import HubError
from hub.kit.log import Log
from services.telephony.calls.drafts import Logins
from services.telephony.calls.models import Call, Direction
from services.telephony.calls.repository import SOURCE
from services.telephony.lines.models import OurLine

_KEPT = 10_000
"""Rings that are known to go on; of more the oldest are told once more."""
_AT_ONCE = 200
_PATIENCE = 0.6
"""Seconds for which who it may be is asked; then the ring is told without."""
log = Log(__name__)


class Directory(Protocol):
    """Knows clients by their address."""

    async def callers(self, address: str) -> list[RingingClient]:
        """Raises HubError where nobody can be asked."""
        ...


class Rings:
    """Tells of phones that begin and cease to ring. What cannot be told is not: a ring of a minute ago is no news."""

    def __init__(self, bus: Bus, directory: Directory, clock: Clock) -> None:
        self._bus = bus
        self._directory = directory
        self._clock = clock
        self._ringing: OrderedDict[tuple[str, str], CallRinging] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()
        self._handed: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """By interaction: who hands it on, and his note."""
        self._last: OrderedDict[str, asyncio.Task[None]] = OrderedDict()
        """By phone."""

    def hear(self, call: Call, interaction_id: str, line: OurLine | None, logins: Logins) -> None:
        """A call as it is now; returns at once."""
        if call.direction is not Direction.IN or len(self._telling) > _AT_ONCE:
            return
        ringing = {} if call.complete else {phone: logins[phone] for phone in _ringing(call) if phone in logins}
        for phone, login in ringing.items():
            if (interaction_id, phone) not in self._ringing:
                told = self._begun(call, interaction_id, phone, login, line)
                self._ringing[interaction_id, phone] = told
                self._tell(told)
        for phone in {leg.party for leg in call.legs if leg.party not in ringing}:
            if over := self._ringing.pop((interaction_id, phone), None):
                self._tell(over.model_copy(update={"state": "over", "at": self._clock.now()}))
        while len(self._ringing) > _KEPT:
            self._ringing.popitem(last=False)

    def handed_on(self, interaction_id: str, *, by: str, note: str) -> None:
        """Whoever's phone rings next for it is told so."""
        self._handed[interaction_id] = (by, note)
        while len(self._handed) > _AT_ONCE:
            self._handed.popitem(last=False)

    async def stop(self) -> None:
        for task in list(self._telling):
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _begun(self, call: Call, interaction_id: str, phone: str, login: str, line: OurLine | None) -> CallRinging:
        by, note = self._handed.get(interaction_id, (None, ""))
        return CallRinging(
            handed_by=by,
            note=note,
            interaction_id=interaction_id,
            login=login,
            phone=phone,
            state="ringing",
            at=self._clock.now(),
            caller=call.from_,
            address=call.from_address,
            name=call.name,
            line=line.told if line else None,
        )

    def _tell(self, ring: CallRinging) -> None:
        before = self._last.get(ring.phone)
        task = self._last[ring.phone] = asyncio.create_task(self._told(ring, before))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)

    async def _told(self, ring: CallRinging, before: asyncio.Task[None] | None) -> None:
        """What is told of one phone is told in its order."""
        if before and not before.done():
            await asyncio.wait([before])
        try:
            if ring.state == "ringing" and ring.address:
                ring = await self._looked_up(ring)
            await self._bus.publish([Envelope(event=ring, source=SOURCE, time=self._clock.now())])
        except Exception as exc:
            log.error("ring.untold", exc=exc, interaction_id=ring.interaction_id)

    async def _looked_up(self, ring: CallRinging) -> CallRinging:
        try:
            async with asyncio.timeout(_PATIENCE):
                found: Sequence[RingingClient] = await self._directory.callers(ring.address)
        except (HubError, TimeoutError) as exc:
            log.warning("ring.nobody_asked", error=type(exc).__name__)
            return ring.model_copy(update={"looked_up": False})
        return ring.model_copy(update={"clients": tuple(found)})


def _ringing(call: Call) -> Iterable[str]:
    """The phones of ours that ring now."""
    return (leg.party for leg in call.legs if leg.role == "operator" and not leg.answered and not leg.outcome)
