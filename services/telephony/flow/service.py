"""A caller goes through the flow of his line: whatever exchange carries him, this says what comes next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.kit.clock import Clock
from hub.kit.errors import HubError
from hub.kit.log import Log
from hub.kit.numbers import whole
from services.telephony.calls.drafts import interaction_id
from services.telephony.calls.rings import Directory
from services.telephony.exchanges.models import Exchange
from services.telephony.flow import steps
from services.telephony.flow.models import Flow, Queue
from services.telephony.flow.steps import Act, HangUp, Ring, Say, SayPlace, Targets, Wait
from services.telephony.lines.models import OurLine
from services.telephony.phones.repository import PhoneRepository
from services.telephony.queues.service import Gone, Overflows, Queues, Rings
from services.telephony.queues.telling import CALL_BACK

log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A caller at a line that has a flow."""

    exchange: Exchange
    call: str
    """As the exchange calls it."""
    caller: str
    """`phone:+7…`; empty where nobody could call back."""
    line: OurLine
    kinds: tuple[str, ...]
    """Of phones that this exchange rings."""

    @property
    def id(self) -> str:
        """The interaction."""
        return interaction_id(self.exchange.id, self.call)

    @property
    def flow(self) -> Flow:
        assert self.line.flow is not None
        return self.line.flow


class Reception:
    """Answers what is to be done with callers, from the store alone: nothing of a visit is in memory."""

    def __init__(
        self,
        *,
        queues: Queues,
        phones: PhoneRepository,
        directory: Directory,
        clock: Clock,
        look: timedelta,
        patience: timedelta,
    ) -> None:
        """`look`: pause between two looks at who waits; `patience`: with which the caller's owner is asked for."""
        self._queues = queues
        self._phones = phones
        self._directory = directory
        self._clock = clock
        self._look = look.total_seconds()
        self._patience = patience.total_seconds()

    async def begins(self, visit: Visit) -> Sequence[Act]:
        """For a call that comes in now. Raises TransientError."""
        flow = visit.flow
        if steps.closed(flow, self._clock.now()):
            return steps.turned_away(flow)
        return [*steps.opening(flow), *await self._owner_or_all(visit)]

    async def goes_on(self, visit: Visit, step: str, *, key: str = "", answered: bool = False) -> Sequence[Act]:
        """After a step: with the key that was pressed, and whether somebody spoke with him. Raises TransientError."""
        if answered:
            return [HangUp()]
        if step in steps.MENU:
            return await self._chosen(visit, step, key)
        match step:
            case steps.OWNER:
                return await self._all(visit)
            case steps.RUNG:
                return await self._queue(visit)
            case steps.QUEUE:
                return await self._waited(visit, key)
            case _ if step.startswith(steps.QUEUE_RUNG):
                ring = step.rpartition(".")[2]
                await self._queues.unanswered(visit.id, visit.line, whole(ring) or 0)
                return await self._queue(visit)
            case _:
                return [HangUp()]

    async def handed(self, visit: Visit, login: str) -> Sequence[Act]:
        """Whoever speaks with him hands him on to a colleague; if he does not answer it goes on as if nobody had."""
        await self._queues.handed(visit.id, visit.line)
        ring = await self._ring(visit, [login], visit.flow.ring_seconds, steps.RUNG)
        return ring or await self._queue(visit)

    async def recorded(self, visit: Visit, reference: str) -> None:
        """A message that the exchange tells nothing of was left."""
        await self._queues.message(visit.id, visit.line, reference)

    async def _owner_or_all(self, visit: Visit) -> Sequence[Act]:
        given = visit.flow.owner_first
        owner = await self._owner(visit.caller) if given and visit.caller else None
        if given and owner and await self._queues.is_free(owner):
            ring = await self._ring(visit, [owner], given.seconds, steps.OWNER)
            if ring:
                return ring
        return await self._all(visit)

    async def _owner(self, address: str) -> str | None:
        """Of the client whose number it is for certain; none where nobody says so in time: the caller hears nothing
        meanwhile.
        """
        try:
            async with asyncio.timeout(self._patience):
                clients = await self._directory.callers(address)
        except (HubError, TimeoutError) as exc:
            log.warning("flow.nobody_asked", error=type(exc).__name__)
            return None
        return next((one.owner for one in clients if one.sure), None)

    async def _all(self, visit: Visit) -> Sequence[Act]:
        return steps.menu(visit.flow) if visit.flow.menu else await self._line(visit)

    async def _chosen(self, visit: Visit, step: str, key: str) -> Sequence[Act]:
        """Without a key, or with another, those ring who ring anyhow; where there are none he is asked again."""
        flow = visit.flow
        choices = flow.menu.choices if flow.menu else {}
        if key in choices:
            return await self._rung(visit, choices[key])
        if flow.ring or flow.queue:
            return await self._line(visit)
        return steps.menu(flow, steps.MENU[: steps.MENU.index(step) + 1])

    async def _line(self, visit: Visit) -> Sequence[Act]:
        return await self._rung(visit, visit.flow.ring)

    async def _rung(self, visit: Visit, logins: Sequence[str]) -> Sequence[Act]:
        ring = await self._ring(visit, logins, visit.flow.ring_seconds, steps.RUNG)
        return ring or await self._queue(visit)

    async def _queue(self, visit: Visit) -> Sequence[Act]:
        """He joins it, or waits on, or it is his turn."""
        flow, given = visit.flow, visit.flow.queue
        if given is None:
            return steps.voicemail(flow)
        members = [login for login in given.members if await self._targets(visit, [login])]
        turn = await self._queues.look(visit.id, visit.line, given, members)
        if isinstance(turn, Rings):
            return await self._ring(visit, [turn.login], given.ring_seconds, f"{steps.QUEUE_RUNG}.{turn.ring}")
        if isinstance(turn, Overflows):
            return await self._overflows(visit, given)
        if isinstance(turn, Gone):
            return [HangUp()]
        offer = given.call_back if visit.caller else None
        said: list[Say | SayPlace] = []
        if turn.told and given.announce != "nothing":
            said.append(steps.place(flow, turn.position, turn.minutes))
        if turn.told and offer:
            said.append(steps.offered(flow, offer))
        return [Wait(tuple(said), self._look, offer.key if offer else "", given.music)]

    async def _waited(self, visit: Visit, key: str) -> Sequence[Act]:
        given = visit.flow.queue
        offer = given.call_back if given else None
        if offer and key == offer.key and visit.caller:
            return await self._called_back(visit)
        return await self._queue(visit)

    async def _called_back(self, visit: Visit) -> Sequence[Act]:
        """He leaves; the call itself says what it owes him, so that it is owed once."""
        await self._queues.leave(visit.id, visit.line, CALL_BACK)
        return steps.thanks(visit.flow)

    async def _overflows(self, visit: Visit, given: Queue) -> Sequence[Act]:
        if given.overflow == "voicemail":
            return steps.voicemail(visit.flow)
        if given.overflow == "call_back" and visit.caller:
            await self._queues.owe(visit.id)
            return steps.thanks(visit.flow)
        return [HangUp()]

    async def _ring(self, visit: Visit, logins: Sequence[str], seconds: int, step: str) -> list[Act]:
        """Nothing where none of them has a phone here."""
        targets = await self._targets(visit, logins)
        return [Ring(targets, seconds, bool(visit.flow.announcement), step)] if targets else []

    async def _targets(self, visit: Visit, logins: Sequence[str]) -> Targets:
        found = [(login, phone) for login in logins for phone in await self._phones.of(login)]
        here = [one for one in found if one[1].exchange == visit.exchange.id and one[1].kind in visit.kinds]
        return tuple(here)
