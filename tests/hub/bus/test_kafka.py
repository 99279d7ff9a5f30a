"""The bus on Kafka passes the behaviour suite."""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.consumer.fetcher import FetchResult

from hub.bus.kafka import KafkaBus
from hub.bus.kafka_access import Access
from hub.bus.metrics import LOST
from hub.contracts.base import Envelope
from hub.contracts.park import MessageParked
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.kit.errors import BusUnavailable
from hub.testing.bus_contract import BusContract
from hub.testing.bus_harness import (
    Collector,
    an_arrival,
    letters_of,
    letters_of_now,
    on_topic,
    running,
    until_lag,
)
from hub.testing.servers.kafka import KafkaServer, missing, start_kafka
from hub.testing.waiting import PATIENCE

pytestmark = [pytest.mark.connected, pytest.mark.slow]


class OneKafka:
    """Doors to one Kafka, with a topic and a group of their own."""

    def __init__(self, server: KafkaServer) -> None:
        self._server = server
        self.topic = f"letters-{uuid4().hex[:8]}"
        self.group = f"readers-{uuid4().hex[:8]}"

    def door(self) -> KafkaBus:
        topics = [Topic(self.topic, "sender", partitions=4), DEAD_LETTERS]
        return KafkaBus(Access(self._server.bootstrap), "tests", SystemClock(), topics)


class TestKafkaBus(BusContract):
    @pytest.fixture
    def cluster(self, kafka_server: KafkaServer) -> OneKafka:
        return OneKafka(kafka_server)


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One that may be ended; each test leaves it running."""
    if reason := missing():
        pytest.skip(f"Kafka: {reason}")
    with start_kafka(tmp_path_factory.mktemp("own-kafka")) as server:
        yield server


async def _publish_all(door: KafkaBus, topic: str, count: int) -> None:
    """One by one, each again until it is confirmed."""
    for n in range(count):
        records = on_topic(topic, [an_arrival(f"{n}", sender=f"email:s{n % 3}@example.com")])
        while True:
            try:
                await door.publish_records(records)
                break
            except BusUnavailable:
                await asyncio.sleep(0.2)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_a_restart_of_kafka_loses_nothing_and_keeps_the_order(own_kafka: KafkaServer, ending: str) -> None:
    cluster, seen = OneKafka(own_kafka), Collector()
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=20)
    async with running(door):
        publishing = asyncio.ensure_future(_publish_all(door, cluster.topic, 400))
        await seen.until(50)
        await asyncio.to_thread(getattr(own_kafka, ending))
        await asyncio.sleep(3)
        await asyncio.to_thread(own_kafka.start)
        await asyncio.wait_for(publishing, 2 * PATIENCE)
        await until_lag(door, 0)
    for sender in range(3):
        mine = [int(text) for text in seen.texts if int(text) % 3 == sender]
        firsts = list(dict.fromkeys(mine))
        assert firsts == list(range(sender, 400, 3))


async def test_a_paused_kafka_is_unavailable_and_then_goes_on(
    own_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.kafka.PUBLISH_TIMEOUT", 2.0)
    monkeypatch.setattr("hub.bus.kafka.PING_TIMEOUT", 1.0)
    cluster, seen = OneKafka(own_kafka), Collector()
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    async with running(door):
        await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
        await seen.until(1)
        own_kafka.pause()
        try:
            with pytest.raises(BusUnavailable):
                await door.publish_records(on_topic(cluster.topic, [an_arrival("two")]))
            with pytest.raises(BusUnavailable):
                await door.ping()
        finally:
            own_kafka.resume()
        await door.publish_records(on_topic(cluster.topic, [an_arrival("three")]))
        # What was not confirmed may be there all the same, but never after what was published later.
        assert (await seen.until(3))[:3] == ["one", "two", "three"]


async def test_a_service_started_before_kafka_waits_for_it(own_kafka: KafkaServer) -> None:
    own_kafka.stop()
    cluster, seen = OneKafka(own_kafka), Collector()
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    starting = asyncio.ensure_future(door.start())
    await asyncio.sleep(1)
    assert not starting.done()
    await asyncio.to_thread(own_kafka.start)
    try:
        await asyncio.wait_for(starting, PATIENCE)
        await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
        assert await seen.until(1) == ["one"]
    finally:
        await door.stop()


async def test_a_stop_does_not_wait_for_a_kafka_that_is_gone(
    own_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.kafka.PUBLISH_TIMEOUT", 10 * PATIENCE)
    cluster, seen = OneKafka(own_kafka), Collector()
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    await door.start()
    own_kafka.kill()
    publishing = asyncio.ensure_future(door.publish_records(on_topic(cluster.topic, [an_arrival("one")])))
    await asyncio.sleep(0.5)
    try:
        async with asyncio.timeout(PATIENCE):
            await door.stop()
            with pytest.raises(BusUnavailable):
                await publishing
    finally:
        await asyncio.to_thread(own_kafka.start)


async def test_partitions_are_added_and_kept_on_a_topic_that_exists(kafka_server: KafkaServer) -> None:
    cluster = OneKafka(kafka_server)
    async with running(cluster.door()):
        pass
    for asked, there in ((6, 6), (3, 6)):
        topics = [Topic(cluster.topic, "sender", partitions=asked), DEAD_LETTERS]
        door = KafkaBus(Access(kafka_server.bootstrap), "tests", SystemClock(), topics)
        async with running(door):
            reader = await door.reader([cluster.topic])
            assert len(reader.positions()) == there
            await reader.close()


async def remove(server: KafkaServer, topic: str, *, before: int) -> None:
    """What retention does, for the partition of `an_arrival`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 2): RecordsToDelete(before)})
    finally:
        await admin.close()


def told(letters: list[MessageParked]) -> list[tuple[str, str, int]]:
    return [(letter.error, letter.position, letter.lost) for letter in letters]


async def test_what_was_removed_while_a_group_was_away_is_told_once(
    kafka_server: KafkaServer, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, seen = OneKafka(kafka_server), Collector()
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    async with running(door):
        await door.publish_records(on_topic(cluster.topic, [an_arrival("0"), an_arrival("1")]))
        await seen.until(2)
        await until_lag(door, 0)
    publisher = cluster.door()
    async with running(publisher):
        await publisher.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(2, 8)]))
    await remove(kafka_server, cluster.topic, before=6)
    for expected in (["6", "7"], []):
        again = Collector()
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=again)
        async with running(door):
            await until_lag(door, 0)
            letters = await letters_of(door, cluster.group, 1)
        assert again.texts == expected
        assert told(letters) == [("RecordsLost", f"{cluster.topic}/2/2", 4)]
    assert "offsets 2 to 5" in letters[0].reason
    assert [record.message for record in caplog.records].count("records.lost") == 1
    assert LOST.labels(cluster.topic, cluster.group)._value.get() == 4


async def test_what_was_removed_of_a_quiet_partition_is_told(kafka_server: KafkaServer) -> None:
    cluster = OneKafka(kafka_server)
    async with running(publisher := cluster.door()):
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=Collector())
        async with running(door):
            await publisher.publish_records(on_topic(cluster.topic, [an_arrival("0")]))
            await until_lag(door, 0)
        await publisher.publish_records(on_topic(cluster.topic, [an_arrival("1")]))
        await remove(kafka_server, cluster.topic, before=2)
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=Collector())
        async with running(door):
            letters = await letters_of(door, cluster.group, 1)
    assert told(letters) == [("RecordsLost", f"{cluster.topic}/2/1", 1)]


async def test_what_was_removed_while_a_group_was_slow_is_told(kafka_server: KafkaServer) -> None:
    cluster, reached, go_on = OneKafka(kafka_server), asyncio.Event(), asyncio.Event()

    async def slow(_: Sequence[Envelope]) -> None:
        reached.set()
        await go_on.wait()

    door, seen = cluster.door(), Collector(before=slow)
    door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=1)
    async with running(door):
        await door.publish_records(on_topic(cluster.topic, [an_arrival("0"), an_arrival("1")]))
        await asyncio.wait_for(reached.wait(), 30)
        # The two are in the client's memory by now; it asks for more when it has handed them out.
        await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(2, 9)]))
        await remove(kafka_server, cluster.topic, before=7)
        go_on.set()
        texts = await seen.until(4)
        await until_lag(door, 0)
        letters = await letters_of(door, cluster.group, 1)
    assert texts[-2:] == ["7", "8"]
    missing = [n for n in range(9) if f"{n}" not in texts]
    assert told(letters) == [("RecordsLost", f"{cluster.topic}/2/{missing[0]}", len(missing))]
    assert missing == list(range(missing[0], 7))


async def test_a_new_group_has_lost_nothing(kafka_server: KafkaServer) -> None:
    cluster, seen = OneKafka(kafka_server), Collector()
    async with running(publisher := cluster.door()):
        await publisher.publish_records(on_topic(cluster.topic, [an_arrival("0"), an_arrival("1")]))
    await remove(kafka_server, cluster.topic, before=1)
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    async with running(door):
        assert await seen.until(1) == ["1"]
        assert await letters_of_now(door, cluster.group) == []


async def test_an_error_while_reading_swallows_nothing(
    kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = FetchResult.getall, 0

    def failing(self: FetchResult, max_records: int | None = None) -> list[object]:
        nonlocal calls
        calls += 1
        if calls in (2, 4, 6):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "the name of a header")
        return read(self, max_records)  # type: ignore[no-any-return]

    cluster, seen = OneKafka(kafka_server), Collector()
    async with running(publisher := cluster.door()):
        arrivals = [an_arrival(f"{n}", sender=f"email:s{n}@example.com") for n in range(40)]
        await publisher.publish_records(on_topic(cluster.topic, arrivals))
    monkeypatch.setattr(FetchResult, "getall", failing)
    door = cluster.door()
    door.subscribe(cluster.topic, group=cluster.group, handle=seen)
    async with running(door):
        await seen.until(40)
        await until_lag(door, 0)
    assert sorted(map(int, seen.texts)) == list(range(40))
    assert calls > 6
