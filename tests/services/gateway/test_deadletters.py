"""Dead letters: seen with their bytes, replayed, discarded; one that fails again is open again."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.bus.embedded import EmbeddedBus
from hub.contracts.base import Envelope, Record
from hub.contracts.park import MessageParked
from hub.kit.clock import SystemClock
from hub.testing.builders import an_arrival, envelopes
from hub.testing.bus_harness import until_lag
from hub.testing.waiting import eventually


def a_record(value: bytes = b'{"id": 1}', **overrides: Any) -> Record:
    fields = {"topic": "inbound", "key": b"email:anna@example.com", "value": value, "partition": 3, "offset": 7}
    headers = [("ce_type", b"interaction.received.v1")]
    return Record(**{**fields, "headers": headers, **overrides})  # type: ignore[arg-type]


class Broken(Exception):
    sender = "a…@example.com"
    blob = "mail/raw-1"


async def park(hub: Any, *records: Record, group: str = "interactions") -> list[str]:
    """Parks them as the bus would; the ids of the letters, once they are in the list."""
    letters = [
        MessageParked.of(record, group=group, error=Broken("no sender"), parked_at=hub.clock.now())
        for record in records
    ]
    await hub.bus.publish([Envelope(event=le, source="omnihub/tests", time=hub.clock.now()) for le in letters])
    await until_taken(hub, len(letters))
    return [letter.id for letter in letters]


async def until_taken(hub: Any, failures: int) -> list[dict[str, Any]]:
    admin = await hub.admin()

    async def listed() -> list[dict[str, Any]]:
        return list((await admin.get("/dead-letters")).json()["items"])

    return await eventually(listed, lambda items: sum(item["attempts"] for item in items) >= failures)


async def replayed_records(hub: Any, count: int = 1) -> Sequence[Record]:
    reader = await hub.bus.reader(["inbound"])
    found: list[Record] = []
    while len(found) < count and (more := await reader.read(wait=0.3)):
        found += more
    await reader.close()
    return found


async def test_a_dead_letter_shows_its_bytes_and_the_reason(hub: Any) -> None:
    await hub.blobs.put("mail/raw-1", b"\xff" * 70_000)
    letter_id, *_ = await park(hub, a_record("Привет".encode()))
    detail = (await (await hub.admin()).get(f"/dead-letters/{letter_id}")).json()
    expected = {
        "id": letter_id,
        "topic": "inbound",
        "group": "interactions",
        "state": "open",
        "attempts": 1,
        "error": "Broken",
        "reason": "no sender",
        "sender": "a…@example.com",
        "position": "inbound/3/7",
        "key": "email:anna@example.com",
        "headers": {"ce_type": "interaction.received.v1"},
        "value": {"size": 12, "base64": "0J/RgNC40LLQtdGC", "text": "Привет"},
    }
    assert {name: detail[name] for name in expected} == expected
    assert (detail["raw"]["size"], len(b64decode(detail["raw"]["base64"])), detail["raw"]["text"]) == (
        70_000,
        65_536,
        None,
    )


async def test_the_list_is_newest_first_and_filtered_by_topic_and_state(hub: Any) -> None:
    (first,) = await park(hub, a_record(b"1"))
    hub.clock.advance(timedelta(seconds=1))
    letters = await park(hub, a_record(b"2", topic="delivery"))
    admin = await hub.admin()
    second = letters[0]
    await admin.post(f"/dead-letters/{first}/discard", json={"reason": "advertising"})
    listed = [
        [item["id"] for item in (await admin.get(f"/dead-letters{query}")).json()["items"]]
        for query in ("", "?topic=inbound", "?state=open", "?topic=inbound&state=open", "?limit=1")
    ]
    assert listed == [[second, first], [first], [second], [], [second]]


async def test_a_replayed_letter_is_published_again_as_it_was(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record(b"\x00\xff"))
    answer = await (await hub.admin()).post(f"/dead-letters/{letter_id}/replay")
    (record,) = await replayed_records(hub)
    assert answer.json()["state"] == "replayed"
    assert [(told["state"], told["by"]) for told in answer.json()["history"]] == [("replayed", "admin")]
    assert (record.key, record.value) == (b"email:anna@example.com", b"\x00\xff")
    assert list(record.headers) == [
        ("ce_type", b"interaction.received.v1"),
        ("hub_dead_letter", letter_id.encode()),
        ("omnihub-only-group", b"interactions"),
    ]


async def test_a_replay_is_handled_by_the_group_that_failed_and_by_no_other(hub: Any) -> None:
    tries: dict[str, list[str]] = {"interactions": [], "campaigns": []}
    door = EmbeddedBus(hub.log, "tests", SystemClock())
    for group, seen in tries.items():

        async def handle(envelopes: Sequence[Envelope], group: str = group, seen: list[str] = seen) -> None:
            seen += [envelope.id for envelope in envelopes]
            if group == "interactions" and len(seen) == 1:
                raise ValueError("not yet")

        door.subscribe("inbound", group=group, handle=handle)
    await door.start()
    try:
        (arrived,) = envelopes(an_arrival(1))
        await door.publish([arrived])
        (letter,) = await until_taken(hub, 1)
        await (await hub.admin()).post(f"/dead-letters/{letter['id']}/replay")
        await until_lag(door, 0)
    finally:
        await door.stop()
    assert tries == {"interactions": [arrived.id] * 2, "campaigns": [arrived.id]}


async def publish_large(hub: Any) -> Record:
    """A record that no letter can carry; as it lies in the log."""
    await hub.bus.publish_records([a_record(b"x" * 1_900_000, headers=[("hub_dead_letter", b"dl_0")])])
    (record,) = await replayed_records(hub)
    return record


async def test_what_its_letter_could_not_carry_is_replayed_from_the_topic(hub: Any) -> None:
    record = await publish_large(hub)
    (letter_id,) = await park(hub, record)
    admin = await hub.admin()
    shown = (await admin.get(f"/dead-letters/{letter_id}")).json()
    answer = await admin.post(f"/dead-letters/{letter_id}/replay")
    again = (await replayed_records(hub, 2))[-1]
    assert (shown["complete"], shown["value"]["size"], shown["value"]["base64"]) == (False, 1_900_041, "")
    assert (answer.status_code, answer.json()["state"]) == (200, "replayed")
    assert (again.value, again.offset) == (record.value, record.offset + 1)


async def test_what_is_not_kept_any_more_is_refused_and_stays_open(hub: Any) -> None:
    record = await publish_large(hub)
    gone, *_ = await park(hub, replace(record, offset=99), a_record(b"small"))
    now = hub.clock.now()
    lost = MessageParked.of_lost(("inbound", 3), 7, 12, group="interactions", at=now)
    await hub.bus.publish([Envelope(event=lost, source="omnihub/tests", time=now)])
    await until_taken(hub, 3)
    admin = await hub.admin()
    for letter_id, words in (
        (gone, "inbound/6/99 is not kept"),
        (lost.id, "offsets 7 to 11 of inbound/3 (5 records)"),
    ):
        answer = await admin.post(f"/dead-letters/{letter_id}/replay")
        assert answer.status_code == 409
        assert words in answer.json()["detail"]
    assert (await admin.post("/dead-letters/replay", json={"topic": "inbound"})).json() == {"replayed": 1}
    letters = {item["id"]: item for item in await until_taken(hub, 3)}
    assert [letters[one]["state"] for one in (gone, lost.id)] == ["open", "open"]
    assert (letters[lost.id]["lost"], letters[lost.id]["error"]) == (5, "RecordsLost")


async def test_a_letter_is_not_published_twice_by_two_replays(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record())
    admin = await hub.admin()
    for _ in range(2):
        assert (await admin.post(f"/dead-letters/{letter_id}/replay")).status_code == 200
    assert len(await replayed_records(hub, 2)) == 1


async def test_a_replay_that_fails_again_opens_the_same_letter_with_one_attempt_more(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record())
    admin = await hub.admin()
    for attempt in (2, 3):
        await admin.post(f"/dead-letters/{letter_id}/replay")
        record = (await replayed_records(hub, attempt - 1))[-1]
        await park(hub, record)
        (letter,) = await until_taken(hub, attempt)
        assert (letter["id"], letter["state"], letter["attempts"]) == (letter_id, "open", attempt)
    await park(hub, record)
    await park(hub, a_record(b"other"))
    letters = {item["id"]: item["attempts"] for item in await until_taken(hub, 4)}
    assert letters[letter_id] == 3


async def test_a_replay_that_another_group_cannot_handle_is_a_letter_of_its_own(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record())
    await (await hub.admin()).post(f"/dead-letters/{letter_id}/replay")
    (record,) = await replayed_records(hub)
    await park(hub, record, group="campaigns")
    states = {item["group"]: item["state"] for item in await until_taken(hub, 2)}
    assert states == {"interactions": "replayed", "campaigns": "open"}


async def test_many_are_replayed_by_id_or_by_topic(hub: Any) -> None:
    ids = await park(hub, *(a_record(b"%d" % n, offset=n) for n in range(5)))
    admin = await hub.admin()
    by_id = await admin.post("/dead-letters/replay", json={"ids": ids[:2]})
    by_topic = await admin.post("/dead-letters/replay", json={"topic": "inbound"})
    assert (by_id.json(), by_topic.json()) == ({"replayed": 2}, {"replayed": 3})
    assert sorted(record.value for record in await replayed_records(hub, 5)) == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_bulk_replay_with_an_unknown_id_replays_nothing(hub: Any) -> None:
    ids = await park(hub, a_record())
    answer = await (await hub.admin()).post("/dead-letters/replay", json={"ids": [*ids, "dl_none"]})
    assert answer.status_code == 404
    assert await replayed_records(hub) == []


@pytest.mark.parametrize("body", [{}, {"ids": [], "topic": "x"}, {"ids": ["a"], "topic": "x"}])
async def test_a_bulk_replay_takes_ids_or_a_topic(hub: Any, body: dict[str, Any]) -> None:
    assert (await (await hub.admin()).post("/dead-letters/replay", json=body)).status_code == 422


async def test_a_discarded_letter_keeps_who_and_why_and_can_still_be_replayed(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record())
    supervisor = await hub.employee("supervisor")
    await supervisor.post(f"/dead-letters/{letter_id}/discard", json={"reason": "advertising"})
    letter = (await supervisor.post(f"/dead-letters/{letter_id}/replay")).json()
    told = [(one["state"], one["by"], one["reason"]) for one in letter["history"]]
    assert told == [("discarded", "supervisor", "advertising"), ("replayed", "supervisor", None)]
    assert letter["state"] == "replayed"


async def test_an_unknown_letter_is_a_404(hub: Any) -> None:
    admin = await hub.admin()
    answers = [
        await admin.get("/dead-letters/dl_none"),
        await admin.post("/dead-letters/dl_none/replay"),
        await admin.post("/dead-letters/dl_none/discard", json={"reason": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_what_never_was_a_record_is_shown_and_not_replayed(hub: Any) -> None:
    (letter_id,) = await park(hub, a_record(topic="timers"), group="timers")
    admin = await hub.admin()
    refused = await admin.post(f"/dead-letters/{letter_id}/replay")
    assert (refused.status_code, "nobody reads timers" in refused.json()["detail"]) == (409, True)
    assert (await admin.get(f"/dead-letters/{letter_id}")).json()["state"] == "open"
