"""A span for each event that a group handled, however often it was tried."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faststream.exceptions import NackMessage

from hub.bus.consume import Consumption
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.base import Envelope, Record, encode
from hub.contracts.client import Client, ClientOpened
from hub.kit.clock import SystemClock
from hub.kit.errors import BusUnavailable, StoreUnavailable
from hub.kit.tracing.events import NOTHING, publishing, receiving
from hub.kit.tracing.spans import span_of, told_to, trace_of
from hub.testing.builders import an_arrival, envelopes
from hub.testing.fakes import FakeBus, FakeSink

GROUP = "readers"


@pytest.fixture
def sink() -> Iterator[FakeSink]:
    kept = FakeSink()
    with told_to(kept):
        yield kept


class Handler:
    """Raises what it is told to, then notes what it got."""

    def __init__(self, *errors: Exception, poison: str = "") -> None:
        self.errors = list(errors)
        self.poison = poison
        self.got: list[str] = []

    async def __call__(self, told: Sequence[Envelope]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        if self.poison in [envelope.id for envelope in told]:
            raise ValueError("no")
        self.got += [envelope.id for envelope in told]


def reading(handler: Any, bus: Any = None) -> Consumption:
    bus = bus or FakeBus()
    return Consumption(bus, "inbound", GROUP, handler, source="omnihub/tests", clock=SystemClock())


def batch(*told: Envelope) -> tuple[ConsumerRecord[bytes, bytes], ...]:
    records = [encode(envelope) for envelope in told]
    return tuple(
        ConsumerRecord("inbound", 0, n, 0, 1, record.key, record.value, None, -1, -1, record.headers)
        for n, record in enumerate(records)
    )


async def test_each_event_of_a_batch_has_a_span_of_its_own_with_the_times_of_the_batch(sink: FakeSink) -> None:
    one, two = envelopes(an_arrival(1), an_arrival(2))
    await reading(Handler()).consume(batch(one, two), 0)
    assert [(span.trace, span.id, span.parent) for span in sink.spans] == [
        (trace_of(each.id), span_of(each.id, GROUP), span_of(each.id)) for each in (one, two)
    ]
    assert len({(span.started, span.ended) for span in sink.spans}) == 1
    first = sink.spans[0]
    assert (first.service, first.name, first.kind, first.error) == (
        "tests",
        "handle interaction.received.v1",
        "consumer",
        "",
    )
    assert first.attributes["messaging.batch.message_count"] == 2


async def test_what_is_tried_again_is_one_span_that_says_how_often(
    sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.backoff.FIRST", 0.001)
    handler = Handler(StoreUnavailable("down"), StoreUnavailable("down"))
    await reading(handler).consume(batch(*envelopes(an_arrival(1))), 0)
    assert [(span.attributes["omnihub.attempt"], span.error) for span in sink.spans] == [(3, "")]


async def test_what_is_given_back_is_told_when_it_comes_again(
    sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.consume.PATIENCE", -1)
    readers = reading(Handler(StoreUnavailable("down")))
    records = batch(*envelopes(an_arrival(1)))
    with pytest.raises(NackMessage):
        await readers.consume(records, 0)
    assert sink.spans == []
    await readers.consume(records, 0)
    assert len(sink.spans) == 1


async def test_of_a_batch_with_poison_only_that_has_failed(sink: FakeSink) -> None:
    told = envelopes(*(an_arrival(number) for number in range(5)))
    await reading(Handler(poison=told[3].id)).consume(batch(*told), 0)
    assert {span.id: span.error for span in sink.spans} == {
        span_of(each.id, GROUP): "ValueError" if each is told[3] else "" for each in told
    }
    assert len(sink.spans) == 5


async def test_a_sink_that_fails_harms_no_handling(sink: FakeSink) -> None:
    sink.broken = True
    handler = Handler()
    await reading(handler).consume(batch(*envelopes(an_arrival(1), an_arrival(2))), 0)
    assert len(handler.got) == 2


async def test_a_key_is_told_only_where_it_is_an_id(sink: FakeSink) -> None:
    client = Client(id="cl_" + "0" * 32, name="Анна", opened_at=an_arrival(1).at, opened_by="in_1")
    await reading(Handler()).consume(batch(*envelopes(an_arrival(1), ClientOpened(client=client))), 0)
    keys = [span.attributes.get("messaging.kafka.message.key") for span in sink.spans]
    assert keys == [None, client.id]


async def test_what_follows_is_told_under_the_handling_that_it_follows_from(sink: FakeSink, tmp_path: Any) -> None:
    log = Log(tmp_path / "bus.sqlite")
    await log.open()
    bus = EmbeddedBus(log, "tests", SystemClock())
    await log.create_topics(bus._topics)
    (arrived,) = envelopes(an_arrival(1))
    opened = ClientOpened(client=Client(id="cl_1", name="?", opened_at=arrived.time, opened_by="in_1"))

    async def handle(told: Sequence[Envelope]) -> None:
        follows = [each.caused(opened, source="omnihub/tests", time=each.time) for each in told]
        await bus.publish([*follows, *envelopes(an_arrival(2))])

    with receiving("email", channel="email", account="mb_1"):
        await bus.publish([arrived])
    await reading(handle, bus).consume(batch(arrived), 0)
    await log.close()
    names = {span.id: span.name for span in sink.spans}
    assert [(span.name, names.get(span.parent)) for span in sink.spans] == [
        ("receive email", None),
        ("publish interaction.received.v1", "receive email"),
        ("publish client.opened.v1", "handle interaction.received.v1"),
        ("publish interaction.received.v1", None),
        ("handle interaction.received.v1", "publish interaction.received.v1"),
    ]


def test_what_was_not_confirmed_or_has_no_id_is_not_told(sink: FakeSink) -> None:
    record = encode(*envelopes(an_arrival(1)))
    with pytest.raises(BusUnavailable), publishing([record]):
        raise BusUnavailable("no")
    with publishing([Record(topic="inbound", key=b"", value=b"", headers=[("ce_type", b"\xff")])]):
        pass
    assert sink.spans == []


def test_nothing_is_made_where_nobody_wants_traces() -> None:
    assert publishing([]) is receiving("email") is NOTHING
