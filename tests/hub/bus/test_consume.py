"""What becomes of a batch when even the last resort fails."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faststream.exceptions import NackMessage

from hub.bus.consume import Consumption
from hub.bus.metrics import UNPARKED
from hub.contracts.base import Envelope, Record, encode
from hub.contracts.park import MessageParked
from hub.kit.clock import SystemClock
from hub.kit.errors import BusUnavailable, TooLarge
from hub.testing.bus_harness import an_arrival, text_of


@dataclass
class Parking:
    """A bus that takes dead letters, or raises what it is told to."""

    errors: list[Exception] = field(default_factory=list)
    letters: list[MessageParked] = field(default_factory=list)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.letters += [encode(e) and e.event for e in envelopes if isinstance(e.event, MessageParked)]  # type: ignore[misc]


def read(offset: int, record: Record, **over: Any) -> ConsumerRecord[bytes, bytes]:
    headers = over.get("headers", record.headers)
    return ConsumerRecord("inbound", 0, offset, 0, 1, record.key, record.value, None, -1, -1, headers)


def consumption(bus: Any, handled: list[str]) -> Consumption:
    async def handle(envelopes: Sequence[Envelope]) -> None:
        if any(text_of(envelope) == "poison" for envelope in envelopes):
            raise ValueError("no")
        handled.extend(text_of(envelope) for envelope in envelopes)

    return Consumption(bus, "inbound", "readers", handle, source="omnihub/tests", clock=SystemClock())


def batch(*texts: str) -> tuple[ConsumerRecord[bytes, bytes], ...]:
    return tuple(read(n, encode(an_arrival(text))) for n, text in enumerate(texts))


async def test_poison_that_cannot_be_parked_is_logged_and_what_follows_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, handled = Parking([TooLarge("never")]), list[str]()
    before = UNPARKED.labels("inbound")._value.get()
    await consumption(bus, handled).consume(batch("one", "poison", "two"), 0)
    assert handled == ["one", "two"]
    assert [record.message for record in caplog.records] == ["message.unparkable"]
    assert caplog.records[0].__dict__["hub_fields"]["offset"] == 1
    assert UNPARKED.labels("inbound")._value.get() == before + 1


async def test_parking_waits_for_a_bus_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.bus.backoff.FIRST", 0.001)
    bus, handled = Parking([BusUnavailable("down")] * 3), list[str]()
    await consumption(bus, handled).consume(batch("poison", "two"), 0)
    assert (handled, len(bus.letters)) == (["two"], 1)


async def test_a_fault_of_the_bus_itself_is_read_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.bus.backoff.FIRST", 0.001)
    pauses: list[int] = []
    monkeypatch.setattr("hub.bus.consume.delay", lambda attempt: pauses.append(attempt) or 0.001)
    readers = consumption(Parking(), [])
    monkeypatch.setattr(readers, "_handle_all", _broken)
    for _ in range(3):
        with pytest.raises(NackMessage):
            await readers.consume(batch("one"), 0)
    assert pauses == [1, 2, 3]


async def _broken(_: object) -> None:
    raise LookupError("a fault of ours")


async def test_headers_without_a_value_or_text_are_parked_with_the_rest() -> None:
    bus, handled = Parking(), list[str]()
    strange = read(0, encode(an_arrival("x")), headers=[("ce_type", None), ("na\udcffme", b"\xff")])
    await consumption(bus, handled).consume((strange, *batch("good")), 0)
    (letter,) = bus.letters
    assert letter.record().headers == [("ce_type", b""), ("na?me", b"\xff")]
    assert (letter.complete, handled) == (True, ["good"])


def test_a_letter_is_within_its_limit_whatever_it_tells_of() -> None:
    class Loud(Exception):
        sender = "\x00" * 100_000
        blob = "\udcff" * 100_000

    for record in (
        Record(topic="t", key=b"k" * 900_000, value=b"v" * 100_000, headers=[("\x01" * 255, b"")] * 900),
        Record(topic="t", key=b"k" * 1_900_000, value=b""),
        Record(topic="t" * 9_999, key=b"", value=b"v" * 1_400_000, headers=[("h", b"x")] * 200_000),
        Record(topic="t", key=b"", value=b"v" * 1_461_000),
    ):
        letter = MessageParked.of(record, group="\udcff", error=Loud("\x00" * 9_999), parked_at=SystemClock().now())
        event = encode(Envelope(event=letter, source="omnihub/tests", time=SystemClock().now()))
        assert sum(len(part) for part in (event.key, event.value, *(b for _, b in event.headers))) < 2_000_000
        assert MessageParked.model_validate_json(event.value) == letter
