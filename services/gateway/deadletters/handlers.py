"""The bus door of dead letters."""

from collections.abc import Sequence

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.park import MessageParked
from hub.contracts.topics import DEAD_LETTERS
from services.gateway.deadletters.service import DeadLetters

GROUP = "gateway"


def subscribe(bus: Bus, letters: DeadLetters) -> None:
    async def take(envelopes: Sequence[Envelope]) -> None:
        await letters.take([e.event for e in envelopes if isinstance(e.event, MessageParked)])

    bus.subscribe(DEAD_LETTERS.name, group=GROUP, handle=take)
