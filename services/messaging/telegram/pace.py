"""How fast a bot may send: so many messages a second in all, and so many to one chat (Telegram: 30 and 1)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from hub.channels.sender import Hold
from hub.contracts.interaction import SendMessage

_CHATS = 10_000
"""Chats remembered, the last ones used."""
_LATE = 0.1
"""Seconds that a late sender may make good for: then the average is the rate, and not less."""


class Evenly:
    """Slots at an even distance."""

    def __init__(self, per_second: float, *, late: float = 0.0) -> None:
        """`late` is in seconds: so much of a delay of ours is made good for by the slots after it."""
        self._gap = 1 / per_second
        self._late = late
        self._next = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next slot; 0 or less: now."""
        return self._next - now

    def take(self, now: float) -> None:
        self._next = max(self._next, now - self._late) + self._gap


class TelegramPace:
    """A pace (see `hub.channels.sender.Pace`) for one bot."""

    def __init__(self, *, per_second: float, per_chat: float, clock: Callable[[], float] = monotonic) -> None:
        self._all = Evenly(per_second, late=_LATE)
        self._per_chat = per_chat
        self._chats: OrderedDict[str, Evenly] = OrderedDict()
        self._clock = clock

    async def ask(self, message: SendMessage) -> Hold | None:
        """None and counted, or how long the message has to wait."""
        wait = self._wait(_chat(message))
        whole = self._all.wait(self._clock()) > 0
        return Hold(timedelta(seconds=wait), whole=whole) if wait > 0 else None

    async def next_part(self, message: SendMessage) -> None:
        """Returns when one more part of it may go."""
        if (wait := self._wait(_chat(message))) > 0:
            await asyncio.sleep(wait)
            await self.next_part(message)

    def _wait(self, address: str) -> float:
        now, chat = self._clock(), self._chat(address)
        wait = max(self._all.wait(now), chat.wait(now))
        if wait <= 0:
            self._all.take(now)
            chat.take(now)
        return wait

    def _chat(self, address: str) -> Evenly:
        found = self._chats.setdefault(address, Evenly(self._per_chat))
        self._chats.move_to_end(address)
        if len(self._chats) > _CHATS:
            self._chats.popitem(last=False)
        return found


def _chat(message: SendMessage) -> str:
    return next((person.address for person in message.to), "")
