"""The bus door: calls to be made, and parked payloads that are replayed."""

from collections.abc import Awaitable, Callable, Sequence

from hub.bus.base import Bus
from hub.channels.ledger import Ledger
from hub.contracts import topics
from hub.contracts.base import Envelope
from hub.contracts.park import RawPayloadStored

GROUP = "telephony"
Replay = Callable[[RawPayloadStored], Awaitable[None]]


def subscribe(bus: Bus, *, ledger: Ledger, replay: Replay, wake: Callable[[str], None]) -> None:
    """`wake` is called with each exchange that has a call to begin."""

    async def on_send(envelopes: Sequence[Envelope]) -> None:
        for exchange in await ledger.hear(envelopes):
            wake(exchange)

    async def on_raw(envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if isinstance(envelope.event, RawPayloadStored):
                await replay(envelope.event)

    bus.subscribe(topics.OUTBOUND_CALL.name, group=GROUP, handle=on_send)
    bus.subscribe(topics.OUTBOUND_MASS_CALL.name, group=GROUP, handle=on_send)
    bus.subscribe(topics.RAW_CALL.name, group=GROUP, handle=on_raw)
