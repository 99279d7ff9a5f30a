"""Poison is parked, not skipped: publishes dead letters, for consumers and for adapters directly."""

from hub.bus.base import Bus
from hub.bus.metrics import PARKED
from hub.contracts.base import Envelope, Record
from hub.contracts.park import MessageParked
from hub.kit.clock import Clock
from hub.kit.log import Log

log = Log(__name__)


async def park(bus: Bus, record: Record, *, group: str, error: BaseException, source: str, clock: Clock) -> None:
    """Returns when the record, its bytes and the reason are durable.

    `source` is the service that could not handle it, as `omnihub/email`.

    Raises:
        BusUnavailable: not confirmed; park it again.
    """
    now = clock.now()
    letter = MessageParked.of(record, group=group, error=error, parked_at=now)
    await bus.publish([Envelope(event=letter, source=source, time=now)])
    PARKED.labels(record.topic).inc()
    log.error(
        "message.parked", id=letter.id, topic=record.topic, group=group, position=letter.position, error=letter.error
    )
