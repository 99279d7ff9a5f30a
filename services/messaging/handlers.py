"""The bus door: messages to be sent, and parked payloads that are replayed."""

from collections.abc import Awaitable, Callable, Sequence

from hub.bus.base import Bus
from hub.channels.ledger import Ledger
from hub.contracts.base import Envelope
from hub.contracts.park import RawPayloadStored

GROUP = "messaging"
Replay = Callable[[RawPayloadStored], Awaitable[None]]


def subscribe(
    bus: Bus,
    channel: str,
    *,
    ledger: Ledger,
    replay: Replay,
    wake: Callable[[str], None],
) -> None:
    """`wake` is called with each account that has something to send."""

    async def on_send(envelopes: Sequence[Envelope]) -> None:
        for account in await ledger.hear(envelopes):
            wake(account)

    async def on_raw(envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if isinstance(envelope.event, RawPayloadStored):
                await replay(envelope.event)

    bus.subscribe(f"outbound.{channel}", group=GROUP, handle=on_send)
    bus.subscribe(f"outbound.mass.{channel}", group=GROUP, handle=on_send)
    bus.subscribe(f"raw.{channel}", group=GROUP, handle=on_raw)
