"""The part of the bus's behaviour suite about poison, what is down, and sizes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

import pytest

from hub.bus.deadletters import read_again
from hub.bus.limits import RECORD_BYTES
from hub.contracts.base import Body, Envelope
from hub.contracts.park import ONLY_GROUP, REPLAY_OF
from hub.contracts.registry import REGISTRY
from hub.kit.errors import BusUnavailable, TooLarge
from hub.kit.reasons import REASON
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


class _Mute(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class _Many(Body):
    items: tuple[Body, ...]


def _invalid() -> ValueError:
    """A validation error of millions of characters."""
    try:
        _Many.model_validate({"items": [1] * 50_000})
    except ValueError as exc:
        return exc
    raise AssertionError


UNSPEAKABLE: dict[str, tuple[Callable[[], Exception], str]] = {
    "no Unicode": (lambda: ValueError("cannot read header '\udcff'"), "cannot read header '?'"),
    "two million characters": (lambda: ValueError("x" * 2_000_000), "x" * (REASON - 1) + "…"),
    "control characters": (lambda: ValueError("\x00" * 2_000_000), "\x00" * (REASON - 1) + "…"),
    "a long list of faults": (_invalid, "50,000 errors in _Many"),
    "an error without words": (_Mute, "(cannot be shown: RuntimeError)"),
}
"""An error, and the reason it is parked with."""


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

    @pytest.mark.parametrize("kind", UNSPEAKABLE)
    async def test_poison_is_parked_whatever_its_error_says(self, cluster: Cluster, kind: str) -> None:
        door, tries = cluster.door(), 0
        error, reason = UNSPEAKABLE[kind]

        def refuse(envelopes: Sequence[Envelope]) -> None:
            nonlocal tries
            if any(text_of(envelope) == "poison" for envelope in envelopes):
                tries += 1
                raise error()

        seen = Collector(before=refuse)
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records(on_topic(cluster.topic, [an_arrival(text) for text in ("poison", "good")]))
            assert await seen.until(1) == ["good"]
            await until_lag(door, 0)
            (letter,) = await letters_of(door, cluster.group, 1)
        assert (letter.reason, letter.complete, text_in(letter.record())) == (reason, True, "poison")
        assert tries <= 2

    async def test_what_a_letter_cannot_carry_is_parked_with_its_place_and_digest(self, cluster: Cluster) -> None:
        door, seen = cluster.door(), Collector()
        good = on_topic(cluster.topic, [an_arrival("good")])[0]
        large = replace(good, value=b"x" * 1_900_000, headers=[(REPLAY_OF, b"dl_1")])
        door.subscribe(cluster.topic, group=cluster.group, handle=seen)
        async with running(door):
            await door.publish_records([large, good])
            assert await seen.until(1) == ["good"]
            (letter,) = await letters_of(door, cluster.group, 1)
            found = await read_again(door, letter)
            gone = await read_again(door, letter.model_copy(update={"record_digest": "0"}))
        assert (letter.complete, letter.record_value, letter.record().headers) == (False, "", large.headers)
        assert letter.position == f"{cluster.topic}/2/0"
        assert (letter.record_bytes, letter.record_digest) == (
            len(large.key) + len(large.value) + len(REPLAY_OF) + 4,
            blake2b(large.value).hexdigest(),
        )
        assert found is not None
        assert (found.value, gone) == (large.value, None)

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

    async def test_what_is_replayed_for_one_group_is_skipped_by_the_others(self, cluster: Cluster) -> None:
        door, mine, others = cluster.door(), Collector(), Collector()
        door.subscribe(cluster.topic, group=f"{cluster.group}-mine", handle=mine)
        door.subscribe(cluster.topic, group=f"{cluster.group}-others", handle=others)
        (replayed,) = on_topic(cluster.topic, [an_arrival("again")])
        marks = [(ONLY_GROUP, f"{cluster.group}-mine".encode())]
        async with running(door):
            unreadable = replace(replayed, value=b"no json", headers=[*replayed.headers, *marks])
            await door.publish_records([replace(replayed, headers=[*replayed.headers, *marks]), unreadable])
            await door.publish_records(on_topic(cluster.topic, [an_arrival("for all")]))
            assert await mine.until(2) == ["again", "for all"]
            assert await others.until(1) == ["for all"]
            await letters_of(door, f"{cluster.group}-mine", 1)
            await until_lag(door, 0)
            assert await letters_of_now(door, f"{cluster.group}-others") == []
        assert mine.batches[0][0].id == REGISTRY.decode(replayed).id

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
