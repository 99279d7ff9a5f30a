"""Poison is parked, not skipped: publishes dead letters, for consumers and for adapters directly."""

from hub.bus.base import END, Bus, Position
from hub.bus.metrics import LOST, PARKED
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


async def tell_lost(
    bus: Bus, place: Position, first: int, following: int, *, group: str, source: str, clock: Clock
) -> None:
    """Returns when a dead letter says which offsets (`first` up to before `following`) the group never read.

    Raises:
        BusUnavailable: not confirmed; tell it again.
    """
    now = clock.now()
    letter = MessageParked.of_lost(place, first, following, group=group, at=now)
    await bus.publish([Envelope(event=letter, source=source, time=now)])
    LOST.labels(letter.topic, group).inc(letter.lost)
    log.error("records.lost", id=letter.id, group=group, position=letter.position, count=letter.lost)


async def read_again(bus: Bus, letter: MessageParked) -> Record | None:
    """The record of a letter that could not carry it, from its topic; none where it is not kept any more.

    Raises:
        BusUnavailable: the bus does not answer.
    """
    topic, partition, offset = letter.place()
    if offset < 0:
        return None
    found = await bus.reader([topic])
    places = found.positions()
    await found.close()
    if (topic, partition) not in places:
        return None
    reader = await bus.reader([topic], at=dict.fromkeys(places, END) | {(topic, partition): offset})
    try:
        for record in await reader.read(max_records=1):
            return record if letter.is_about(record) else None
    finally:
        await reader.close()
    return None
