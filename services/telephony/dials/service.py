"""Puts whoever answers a call list through to a free agent; who waits in vain is dropped, and counted.

What is decided is swapped in the call's own document before the exchange is asked for it, so that a crash between the
two leaves nobody uncounted: after it the same is decided of whoever still waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from hub.contracts.interaction import SendMessage
from hub.kit.clock import Clock
from hub.kit.errors import HubError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.telephony.agents.service import Presence
from services.telephony.ami.reading import Message
from services.telephony.calls.drafts import Logins
from services.telephony.calls.models import Call
from services.telephony.dials import rules
from services.telephony.dials.repository import DialRepository
from services.telephony.exchanges.models import Exchange
from services.telephony.phones.repository import PhoneRepository

_LOOK = 0.1
log = Log(__name__)
Failed = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Of calls that were asked for, those that the ledger says will never be."""


class Dials:
    """All of them, as they are asked for and told of."""

    def __init__(self, repository: DialRepository, presence: Presence, clock: Clock, failed: Failed) -> None:
        self.repository = repository
        self._presence = presence
        self._clock = clock
        self._failed = failed
        self.awake: set[str] = set()
        """Exchanges at which some may go on."""

    async def begin(self, message: SendMessage, exchange: str, line: str) -> None:
        """It is about to be rung."""
        await self.repository.begin(rules.begun(message, exchange, line, self._clock.now()))
        self.awake.add(exchange)

    async def line_of(self, interaction_id: str) -> str:
        """The line that the customer is shown; empty: no list began this call."""
        dial = await self.repository.get(interaction_id)
        return dial["line"] if dial else ""

    async def hear(self, call: Call, interaction_id: str) -> None:
        """A call that we asked for, as it is now. Raises TransientError."""
        dial = await self.repository.amend(interaction_id, partial(rules.heard, call=call, now=self._clock.now()))
        if dial is None:
            return
        self.awake.add(dial["exchange"])
        if call.complete:
            await self._presence.release(interaction_id, unanswered=rules.let_down(dial, call))

    async def look(self, ids: Sequence[str]) -> list[Document]:
        """These, as far as they are known; what the ledger gave up is over."""
        found = await self.repository.get_many(ids)
        quiet = [one for one in ids if one not in found or found[one]["state"] == rules.RINGING]
        for lost in await self._failed(quiet):
            if lost in found:
                change = partial(rules.over, end=rules.FAILED, now=self._clock.now())
                found[lost] = await self.repository.amend(lost, change) or found[lost]
            else:
                found[lost] = {"_id": lost, "state": rules.OVER, "end": rules.FAILED, "agent": None, "talk_at": None}
        return list(found.values())


class Asks(Protocol):
    """A connection to the exchange."""

    @property
    def connected(self) -> bool: ...

    async def ask(self, name: str, fields: Sequence[tuple[str, str]] = (), *, action_id: str = "") -> Message: ...


class Connector:
    """The loop of an exchange that puts through, or drops, those who answered there."""

    def __init__(
        self,
        exchange: Exchange,
        asks: Asks,
        *,
        dials: Dials,
        presence: Presence,
        phones: PhoneRepository,
        clock: Clock,
    ) -> None:
        self._exchange = exchange
        self._asks = asks
        self._dials = dials
        self._presence = presence
        self._phones = phones
        self._clock = clock
        self._asked: set[str] = set()
        """Put through by this process: after a crash it is asked for once more."""
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        self._dials.awake.add(self._exchange.id)
        while True:
            if self._exchange.id in self._dials.awake and self._asks.connected:
                async with self.in_hand:
                    await self.look()
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """Once over all that go on."""
        self._dials.awake.discard(self._exchange.id)
        going_on = await self._dials.repository.going_on(self._exchange.id)
        self._asked &= {one["_id"] for one in going_on}
        if not going_on:
            return
        self._dials.awake.add(self._exchange.id)
        logins: Logins = await self._phones.logins(self._exchange.id)
        for dial in going_on:
            await self._one(dial, logins)

    async def _one(self, dial: Document, logins: Logins) -> None:
        if dial["state"] == rules.WAITING:
            await self._wait(dial, logins)
        elif dial["state"] == rules.CONNECTING:
            if rules.waits_too_long(dial, self._clock.now()):
                await self._drop(dial)
            elif dial["_id"] not in self._asked:
                await self._put_through(dial, logins)

    async def _wait(self, dial: Document, logins: Logins) -> None:
        if dial.get("machine"):
            if await self._dials.repository.change(dial, rules.machine(dial, self._clock.now())):
                await self._ask("Hangup", [("Channel", dial["channel"])])
            return
        if rules.waits_too_long(dial, self._clock.now()):
            await self._drop(dial)
            return
        agent = await self._presence.take(dial["list"], dial["_id"], among=set(logins.values()))
        if agent is None:
            return
        seam("dialler.agent_taken")
        after = await self._dials.repository.change(dial, rules.given(dial, agent, self._clock.now()))
        if after is None:
            await self._presence.give_back(agent, dial["_id"])
            return
        seam("dialler.agent_given")
        await self._put_through(after, logins)

    async def _put_through(self, dial: Document, logins: Logins) -> None:
        extension = next((number for number, login in logins.items() if login == dial["agent"]), None)
        if extension is None:
            await self._drop(dial)
            return
        self._asked.add(dial["_id"])
        await self._redirect(dial, extension)

    async def _drop(self, dial: Document) -> None:
        """Counted first; then he hears the message, or the line ends."""
        after = await self._dials.repository.change(dial, rules.dropped(dial, self._clock.now()))
        if after is None:
            return
        seam("dialler.dropped")
        await self._presence.release(after["_id"], unanswered=bool(after["agent"]))
        log.info("dial.dropped", list=after["list"], interaction_id=after["_id"])
        if after["dropped_to"]:
            await self._redirect(after, after["dropped_to"])
        else:
            await self._ask("Hangup", [("Channel", after["channel"])])

    async def _redirect(self, dial: Document, extension: str) -> None:
        place = [("Exten", extension), ("Context", self._exchange.ami.context), ("Priority", "1")]
        await self._ask("Redirect", [("Channel", dial["channel"]), *place])

    async def _ask(self, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """What it refuses is of somebody who is gone: the call tells so."""
        try:
            answer = await self._asks.ask(name, fields)
        except HubError as exc:
            log.warning("dial.unasked", action=name, error=type(exc).__name__)
            return
        if answer.get("Response") != "Success":
            log.info("dial.refused", action=name, words=answer.get("Message"))
