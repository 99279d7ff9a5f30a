"""The behaviour suite that every bus passes; a back end joins by subclassing `BusContract` with its own `cluster`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hub.bus.base import END, Lag
from hub.contracts.base import Envelope, Record
from hub.kit.errors import BusUnavailable
from hub.testing.bus_faults import BusFaultContract
from hub.testing.bus_harness import (
    Cluster,
    Collector,
    an_arrival,
    on_topic,
    read_all,
    running,
    text_in,
    text_of,
    until_lag,
)
from hub.testing.waiting import PATIENCE


class BusContract(BusFaultContract):
    """What every bus promises. Names are sentences; `cluster` is the back end's."""

    async def test_one_key_is_read_in_the_order_it_was_published(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=7)
        async with running(door):
            for start in range(0, 60, 20):
                arrivals = [
                    an_arrival(f"{n}", sender=f"email:s{n % 5}@example.com") for n in range(start, start + 20)
                ]
                await door.publish_records(on_topic(cluster.topic, arrivals))
            texts = await seen.until(60)
        by_sender = [[int(text) for text in texts if int(text) % 5 == sender] for sender in range(5)]
        assert by_sender == [list(range(sender, 60, 5)) for sender in range(5)]

    async def test_both_footings_put_a_key_into_the_partition_that_kafka_does(self, cluster: Cluster) -> None:
        door = cluster.door()
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("x", sender="email:anna@example.com")]))
            (record,) = await read_all(await door.reader([cluster.topic]), 1)
        # murmur2 of the key, as Kafka's default partitioner computes it, modulo four partitions
        assert record.partition == 2

    async def test_what_waits_comes_in_batches_of_at_most_max_records(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(100)]))
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=30)
        async with running(door):
            await seen.until(100)
        assert max(map(len, seen.batches)) <= 30
        assert len(seen.batches) < 20

    async def test_an_event_carries_its_attributes_and_where_it_was_read(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        sent = an_arrival("Здравствуйте, где мой заказ? 📦", sender="email:анна@почта.рф")
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            before = datetime.now(UTC).timestamp() * 1000
            await door.publish_records(on_topic(cluster.topic, [sent]))
            await seen.until(1)
        ((got,),) = seen.batches
        assert got == sent
        assert got.record is not None
        assert (got.record.topic, got.record.offset) == (cluster.topic, 0)
        assert got.record.key.decode() == "email:анна@почта.рф"
        assert before - 2000 < got.record.timestamp < before + 60_000
        assert dict(got.record.headers) == {
            "ce_specversion": b"1.0",
            "ce_id": sent.event.event_id().encode(),
            "ce_type": b"interaction.received.v1",
            "ce_source": b"omnihub/email",
            "ce_time": b"2026-03-02T09:30:15.123456Z",
            "content-type": b"application/json",
            "correlationid": b"ev_first",
            "causationid": b"ev_cause",
        }

    async def test_what_is_committed_is_not_read_again_after_a_restart(self, cluster: Cluster) -> None:
        first, again = Collector(), Collector()
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=first)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one"), an_arrival("two")]))
            await first.until(2)
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=again)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("three")]))
            await again.until(1)
        assert (first.texts, again.texts) == (["one", "two"], ["three"])

    async def test_nothing_is_committed_before_the_handler_returned(self, cluster: Cluster) -> None:
        door, reached, go_on = cluster.door(), asyncio.Event(), asyncio.Event()

        async def slow(_: Sequence[Envelope]) -> None:
            reached.set()
            await go_on.wait()

        door.subscribe(cluster.topic, group=cluster.group, handle=slow)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
            async with asyncio.timeout(PATIENCE):
                await reached.wait()
            assert await door.lag() == [Lag(cluster.group, cluster.topic, 1)]
            go_on.set()
            await until_lag(door, 0)

    async def test_a_stop_while_something_is_down_gives_the_batch_back(self, cluster: Cluster) -> None:
        door, tried, again = cluster.door(), asyncio.Event(), Collector()

        async def down(_: Sequence[Envelope]) -> None:
            tried.set()
            raise BusUnavailable("still down")

        door.subscribe(cluster.topic, group=cluster.group, handle=down)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one"), an_arrival("two")]))
            async with asyncio.timeout(PATIENCE):
                await tried.wait()
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=again)
        async with running(door):
            assert await again.until(2) == ["one", "two"]

    async def test_a_stop_finishes_and_commits_the_batch_in_hand(self, cluster: Cluster) -> None:
        door, reached, again = cluster.door(), asyncio.Event(), Collector()

        async def take_long(_: Sequence[Envelope]) -> None:
            reached.set()
            await asyncio.sleep(0.3)

        slow = Collector(before=take_long)
        door.subscribe(cluster.topic, group=cluster.group, handle=slow)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
            async with asyncio.timeout(PATIENCE):
                await reached.wait()
        assert slow.texts == ["one"]
        door = cluster.door()
        door.subscribe(cluster.topic, group=cluster.group, handle=again)
        async with running(door):
            await until_lag(door, 0)
        assert again.texts == []

    async def test_each_group_reads_everything(self, cluster: Cluster) -> None:
        door, one, other = cluster.door(), Collector(), Collector()
        door.subscribe(cluster.topic, group=f"{cluster.group}-a", handle=one)
        door.subscribe(cluster.topic, group=f"{cluster.group}-b", handle=other)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one"), an_arrival("two")]))
            assert await one.until(2) == ["one", "two"]
            assert await other.until(2) == ["one", "two"]

    async def test_two_copies_of_a_service_share_the_work(self, cluster: Cluster) -> None:
        doors, seen = (cluster.door(), cluster.door()), (Collector(), Collector())
        for door, collector in zip(doors, seen, strict=True):
            door.subscribe(cluster.topic, group=cluster.group, handle=collector, max_records=10)
        published = 0
        async with running(*doors), asyncio.timeout(PATIENCE):
            while published < 400 or not (seen[0].texts and seen[1].texts):
                numbers = range(published, published + 50)
                arrivals = [an_arrival(f"{n}", sender=f"email:s{n % 40}@example.com") for n in numbers]
                await doors[0].publish_records(on_topic(cluster.topic, arrivals))
                published += 50
            await until_lag(doors[0], 0)
        assert sorted(map(int, seen[0].texts + seen[1].texts)) == list(range(published))

    async def test_a_copy_that_joins_under_load_causes_neither_gaps_nor_repeats(self, cluster: Cluster) -> None:
        doors = (cluster.door(), cluster.door())
        seen = tuple(Collector(before=lambda _: asyncio.sleep(0.01)) for _ in doors)
        for door, collector in zip(doors, seen, strict=True):
            door.subscribe(cluster.topic, group=cluster.group, handle=collector, max_records=5)
        arrivals = [an_arrival(f"{n}", sender=f"email:s{n % 40}@example.com") for n in range(600)]
        async with running(doors[0]):
            await doors[0].publish_records(on_topic(cluster.topic, arrivals))
            await seen[0].until(20)
            async with running(doors[1]):
                await until_lag(doors[0], 0)
        assert sorted(map(int, seen[0].texts + seen[1].texts)) == list(range(600))

    async def test_what_a_copy_left_is_taken_over_by_the_other(self, cluster: Cluster) -> None:
        doors, seen = (cluster.door(), cluster.door()), (Collector(), Collector())
        for door, collector in zip(doors, seen, strict=True):
            door.subscribe(cluster.topic, group=cluster.group, handle=collector)
        arrivals = [an_arrival(f"{n}", sender=f"email:s{n}@example.com") for n in range(40)]
        async with running(doors[0]):
            async with running(doors[1]):
                pass
            await doors[0].publish_records(on_topic(cluster.topic, arrivals))
            assert sorted(map(int, await seen[0].until(40))) == list(range(40))

    async def test_a_reader_begins_at_the_start_at_an_offset_or_at_the_end(self, cluster: Cluster) -> None:
        door = cluster.door()
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(10)]))
            whole = await read_all(await door.reader([cluster.topic]), 10)
            place = (whole[0].topic, whole[0].partition)
            tail = await read_all(await door.reader([cluster.topic], at={place: 7}), 3)
            live = await door.reader([cluster.topic], at={place: END})
            assert await live.read(wait=0.05) == []
            await door.publish_records(on_topic(cluster.topic, [an_arrival("ten")]))
            new = await read_all(live, 1)
        assert [text_in(record) for record in whole] == [f"{n}" for n in range(10)]
        assert [record.offset for record in whole] == list(range(10))
        assert [text_in(record) for record in tail] == ["7", "8", "9"]
        assert [text_in(record) for record in new] == ["ten"]

    async def test_a_reader_goes_on_from_the_positions_of_an_earlier_one(self, cluster: Cluster) -> None:
        door = cluster.door()
        arrivals = [an_arrival(f"{n}", sender=f"email:s{n}@example.com") for n in range(30)]
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, arrivals))
            reader = await door.reader([cluster.topic])
            first: list[Record] = []
            async with asyncio.timeout(PATIENCE):
                while len(first) < 12:
                    first += await reader.read(max_records=4, wait=0.5)
            positions = reader.positions()
            await reader.close()
            rest = await read_all(await door.reader([cluster.topic], at=positions), 30 - len(first))
        assert sorted(int(text_in(record)) for record in first + rest) == list(range(30))

    async def test_a_reader_begins_at_a_time(self, cluster: Cluster) -> None:
        door = cluster.door()
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(5)]))
            await asyncio.sleep(0.05)
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(5, 8)]))
            whole = await read_all(await door.reader([cluster.topic]), 8)
            since = datetime.fromtimestamp(whole[5].timestamp / 1000, UTC)
            late = await read_all(await door.reader([cluster.topic], since=since), 3)
            nothing = await door.reader([cluster.topic], since=datetime(2100, 1, 1, tzinfo=UTC))
            assert await nothing.read(wait=0.05) == []
            await nothing.close()
        assert [text_in(record) for record in late] == ["5", "6", "7"]

    async def test_a_slow_handler_is_given_no_more_than_it_can_chew(self, cluster: Cluster) -> None:
        door, at_once, most = cluster.door(), 0, 0

        async def slow(envelopes: Sequence[Envelope]) -> None:
            nonlocal at_once, most
            at_once += len(envelopes)
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= len(envelopes)

        door.subscribe(cluster.topic, group=cluster.group, handle=slow, max_records=50)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(500)]))
            await until_lag(door, 0)
        assert 0 < most <= 50

    async def test_a_handler_may_publish_what_follows(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()

        async def follow(envelopes: Sequence[Envelope]) -> None:
            following = [an_arrival(f"after {text_of(e)}") for e in envelopes if not text_of(e).startswith("after")]
            await door.publish_records(on_topic(cluster.topic, following))

        door.subscribe(cluster.topic, group=f"{cluster.group}-follow", handle=follow)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
            assert await seen.until(2) == ["one", "after one"]

    async def test_the_lag_counts_what_is_not_committed(self, cluster: Cluster) -> None:
        door, go_on = cluster.door(), asyncio.Event()
        door.subscribe(cluster.topic, group=cluster.group, handle=Collector(before=lambda _: go_on.wait()))
        async with running(door):
            assert await door.lag() == [Lag(cluster.group, cluster.topic, 0)]
            arrivals = [an_arrival(f"{n}", sender=f"email:s{n}@example.com") for n in range(20)]
            await door.publish_records(on_topic(cluster.topic, arrivals))
            assert await door.lag() == [Lag(cluster.group, cluster.topic, 20)]
            go_on.set()
            await until_lag(door, 0)

    async def test_ping_answers_while_the_bus_does(self, cluster: Cluster) -> None:
        door = cluster.door()
        with pytest.raises(BusUnavailable):
            await door.ping()
        async with running(door):
            await door.ping()

    async def test_publishing_before_the_start_is_refused_as_temporary(self, cluster: Cluster) -> None:
        with pytest.raises(BusUnavailable):
            await cluster.door().publish([an_arrival("early")])

    async def test_concurrent_publishers_lose_nothing(self, cluster: Cluster) -> None:
        door = cluster.door()
        async with running(door):
            await asyncio.gather(
                *(door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}")])) for n in range(200))
            )
            records = await read_all(await door.reader([cluster.topic]), 200)
        assert sorted(int(text_in(record)) for record in records) == list(range(200))
