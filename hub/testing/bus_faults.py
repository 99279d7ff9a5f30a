"""The part of the bus's behaviour suite about poison, what is down, and sizes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from hub.bus.limits import RECORD_BYTES
from hub.contracts.base import Envelope
from hub.kit.errors import BusUnavailable, TooLarge
from hub.testing.bus_harness import (
    Cluster,
    Collector,
    an_arrival,
    letters_of,
    letters_of_now,
    on_topic,
    running,
    text_in,
    text_of,
    until_lag,
)


class BusFaultContract:
    """Part of `BusContract`."""

    async def test_poison_is_parked_with_its_bytes_and_what_follows_goes_on(self, cluster: Cluster) -> None:
        door = cluster.door()

        def refuse(envelopes: Sequence[Envelope]) -> None:
            for envelope in envelopes:
                if text_of(envelope) == "яд":
                    raise ValueError("нельзя")

        seen = Collector(before=refuse)
        arrivals = [an_arrival(text) for text in ("one", "two", "яд", "three", "four")]
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            records = on_topic(cluster.topic, arrivals)
            await door.publish_records(records)
            assert await seen.until(4) == ["one", "two", "three", "four"]
            await until_lag(door, 0)
            (letter,) = await letters_of(door, cluster.group, 1)
        assert (letter.error, letter.reason, letter.topic) == ("ValueError", "нельзя", cluster.topic)
        assert letter.record() == replace(records[2], headers=list(records[2].headers))

    async def test_a_replayed_dead_letter_is_handled(self, cluster: Cluster) -> None:
        door, mended = cluster.door(), False

        def refuse(_: Sequence[Envelope]) -> None:
            if not mended:
                raise ValueError("not yet")

        seen = Collector(before=refuse)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
            (letter,) = await letters_of(door, cluster.group, 1)
            mended = True
            await door.publish_records([letter.record()])
            assert await seen.until(1) == ["one"]

    async def test_bytes_that_are_no_event_are_parked(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        good = on_topic(cluster.topic, [an_arrival("good")])[0]
        bad = [
            replace(good, value=b"\xff\x00 no json"),
            replace(good, headers=[("ce_type", b"unheard.of.v9")]),
            replace(good, headers=[]),
            replace(good, value=b"", headers=[("ce_type", b"\xff")]),
        ]
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records([*bad, good])
            assert await seen.until(1) == ["good"]
            letters = await letters_of(door, cluster.group, 4)
        assert [letter.error for letter in letters] == ["Undecodable"] * 4
        assert [letter.record().value for letter in letters] == [record.value for record in bad]

    async def test_what_is_down_is_retried_in_order_until_it_is_back(self, cluster: Cluster) -> None:
        door, failures = cluster.door(), 3

        def down(_: Sequence[Envelope]) -> None:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise BusUnavailable("down")

        seen = Collector(before=down)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=2)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(6)]))
            assert await seen.until(6) == [f"{n}" for n in range(6)]
            assert await letters_of_now(door, cluster.group) == []

    async def test_what_is_down_for_long_is_handed_back_and_read_again_in_order(
        self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hub.bus.consume.PATIENCE", 0.2)
        door, failures = cluster.door(), 5

        def down(_: Sequence[Envelope]) -> None:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise BusUnavailable("down")

        seen = Collector(before=down)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen, max_records=4)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(f"{n}") for n in range(12)]))
            assert await seen.until(12) == [f"{n}" for n in range(12)]
            await until_lag(door, 0)

    async def test_what_was_cancelled_within_a_handler_is_tried_again(self, cluster: Cluster) -> None:
        door, cancelled = cluster.door(), False

        async def give_up_once(_: Sequence[Envelope]) -> None:
            nonlocal cancelled
            if not cancelled:
                cancelled = True
                waiting = asyncio.get_running_loop().create_future()
                waiting.cancel()
                await waiting

        seen = Collector(before=give_up_once)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival("one")]))
            assert await seen.until(1) == ["one"]
            assert await letters_of_now(door, cluster.group) == []

    async def test_large_records_pass_and_too_large_ones_are_refused_with_the_limit(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        large = "ж" * 450_000
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(large)] * 5))
            assert await seen.until(5) == [large] * 5
            with pytest.raises(TooLarge, match="over the limit of 1,000,000"):
                await door.publish_records(on_topic(cluster.topic, [an_arrival("x" * RECORD_BYTES)]))

    async def test_a_large_record_fits_into_a_dead_letter(self, cluster: Cluster) -> None:
        door, large = cluster.door(), "x" * 990_000

        def refuse(_: Sequence[Envelope]) -> None:
            raise ValueError("too much")

        door.subscribe(cluster.topic, group=cluster.group, handle=Collector(before=refuse))
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(large)]))
            (letter,) = await letters_of(door, cluster.group, 1)
        assert text_in(letter.record()) == large
