"""Segments: who is meant by conditions, counted in columns that are folded from what is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.address import Consent, Verdict
from hub.kit.errors import InvalidInput, NotFound, TooLarge
from hub.store.leases import LEASES, Leases
from hub.testing.builders import NOON
from services.campaigns.adapters.columns import Columns
from services.campaigns.segments.models import Condition, NewSegment, SegmentChange
from services.campaigns.segments.service import Segments
from services.campaigns.segments.watching import Watching
from tests.services.campaigns.conftest import MARKETER, a_client, a_letter, a_response, an_address


async def meant(desk: Any, include: Any, exclude: Any = None, actor: Actor = MARKETER) -> list[int]:
    """The numbers of the clients."""
    trees = [Condition.model_validate(tree) if tree else None for tree in (include, exclude)]
    found = await desk.segments.examples(*trees, actor)
    assert await desk.segments.count(*trees, actor) == len(found)
    return sorted(int(one.removeprefix("cl_")) for one, _ in found)


async def a_segment(desk: Any, include: Any, **over: Any) -> str:
    made = await desk.segments.add(NewSegment(name="x", include=include, **over), actor=MARKETER, key=None)
    return str(made["_id"])


@pytest.fixture
async def office(desk: Any) -> Any:
    """Five clients: 1 wrote long ago, 2 clicked twice, 3 is a machine's click, 4 has a dead address, 5 nothing."""
    await desk.hear(*(a_client(n, owner="anna" if n < 3 else None, time_zone="Europe/Moscow") for n in range(1, 6)))
    await desk.hear(a_letter(1, 1, at=NOON - timedelta(days=400)))
    await desk.hear(a_response(1, 2, "clicked"), a_response(2, 2, "clicked", at=NOON - timedelta(days=9)))
    await desk.hear(a_response(3, 3, "clicked", machine=True))
    await desk.hear(an_address("email:a4@example.com", client_id="cl_4", invalid=Verdict(since=NOON)))
    return desk


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ({"has": "email"}, [1, 2, 3, 5]),
        ({"has": "sms"}, [1, 2, 3, 4, 5]),
        ({"has": "telegram"}, []),
        ({"field": "owner", "value": "anna"}, [1, 2]),
        ({"field": "owner", "compare": "is_not", "value": "anna"}, [3, 4, 5]),
        ({"field": "owner", "compare": "not_set"}, [3, 4, 5]),
        ({"field": "name", "compare": "contains", "value": "смирнова 2"}, [2]),
        ({"field": "name", "compare": "starts", "value": "АННА"}, [1, 2, 3, 4, 5]),
        ({"field": "name", "compare": "any_of", "value": ["Анна Смирнова 1", "x"]}, [1]),
        ({"field": "opened_at", "compare": "above", "value": "2026-03-03T00:00:00Z"}, []),
        ({"did": "wrote"}, [1]),
        ({"did": "wrote", "within_days": 30}, []),
        ({"did": "clicked"}, [2]),
        ({"did": "clicked", "mailing": "ml_1", "times": 2}, [2]),
        ({"did": "clicked", "mailing": "ml_2"}, []),
        ({"did": "clicked", "times": 2, "within_days": 5}, []),
        ({"silent_days": 365}, [1, 3, 4, 5]),
        ({"not": {"silent_days": 365}}, [2]),
        ({"all": [{"has": "email"}, {"any": [{"did": "wrote"}, {"did": "clicked"}]}]}, [1, 2]),
        ({"all": []}, [1, 2, 3, 4, 5]),
        ({"any": []}, []),
    ],
)
async def test_a_condition_means_these(office: Any, condition: Any, numbers: list[int]) -> None:
    assert await meant(office, condition) == numbers


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ({"field": "status", "value": "customer"}, [1]),
        ({"field": "custom.size", "compare": "above", "value": 10}, [1]),
        ({"field": "custom.vip", "value": True}, [1]),
        ({"field": "custom.size", "compare": "not_set"}, [3, 4, 5]),
        ({"field": "language", "value": "en"}, [2]),
    ],
)
async def test_a_condition_asks_for_what_is_on_the_card(office: Any, condition: Any, numbers: list[int]) -> None:
    fields = [{"name": "size", "value": 12}, {"name": "vip", "value": True}]
    await office.hear(
        a_client(1, revision=2, status="customer", custom=fields),
        a_client(2, revision=2, language="en", custom=[{"name": "size", "value": 7}]),
    )
    assert await meant(office, condition) == numbers


async def test_who_is_excluded_is_not_meant(office: Any) -> None:
    assert await meant(office, {"has": "email"}, {"did": "clicked"}) == [1, 3, 5]


async def test_segments_are_made_of_segments_but_not_of_themselves(office: Any) -> None:
    first = await a_segment(office, {"has": "email"}, exclude={"did": "wrote"})
    second = await a_segment(office, {"all": [{"segment": first}, {"not": {"did": "clicked"}}]})
    assert await meant(office, {"segment": second}) == [3, 5]
    with pytest.raises(InvalidInput, match="is made of itself"):
        await office.segments.change(
            first, SegmentChange(include=Condition.model_validate({"segment": second})), actor=MARKETER
        )
    with pytest.raises(InvalidInput, match="there is no segment seg_none"):
        await a_segment(office, {"segment": "seg_none"})


async def test_a_client_that_was_merged_is_counted_as_the_one_he_is_read_as(office: Any) -> None:
    await office.hear(a_client(2, revision=2, into="cl_5"))
    assert await meant(office, {"did": "clicked"}) == [5]
    await office.hear(a_client(2, revision=3))
    assert await meant(office, {"did": "clicked"}) == [2]


async def test_older_news_of_a_client_changes_nothing(office: Any) -> None:
    await office.hear(a_client(1, revision=5, owner="ivan"))
    await office.hear(a_client(1, revision=4, owner="olga"))
    assert await meant(office, {"field": "owner", "value": "ivan"}) == [1]


async def test_what_is_told_twice_is_counted_once(office: Any) -> None:
    await office.hear(a_response(1, 2, "clicked"))
    assert await meant(office, {"did": "clicked", "times": 3}) == []


async def test_a_letter_that_was_moved_is_its_new_clients(office: Any) -> None:
    from hub.contracts.interaction import InteractionChanged

    moved = a_letter(1, 5, moves=[{"chain_id": "ch_1", "client_id": "cl_1", "link": {"rule": "x"}, "at": NOON}])
    await office.hear(InteractionChanged(interaction=moved.interaction, revision=2))
    assert await meant(office, {"did": "wrote"}) == [5]


async def test_nobody_is_counted_whom_the_asker_does_not_see(office: Any) -> None:
    await office.hear(a_client(5, revision=2, seen_by=["team:t_1"]))
    assert await meant(office, {"has": "sms"}, actor=Actor(login="ivan", reach=("team:t_1",))) == [5]
    assert await meant(office, {"has": "sms"}, actor=Actor(login="ivan", reach=())) == []


async def test_a_segment_is_there_for_those_who_see_it(office: Any) -> None:
    made = await a_segment(office, {"has": "sms"}, team="t_1")
    with pytest.raises(NotFound):
        await office.segments.get(made, Actor(login="ivan", reach=("owner:ivan",)))


async def test_tables_that_were_lost_are_made_anew(office: Any, tmp_path: Path) -> None:
    assert await meant(office, {"did": "clicked"}) == [2]
    await office.columns.close()
    for file in (tmp_path / "projections").iterdir():
        file.write_bytes(b"rubbish")
    again = Columns(tmp_path, "host/one", office.bus)
    office.segments = Segments(office.kept_segments, again, office.clock)
    assert await meant(office, {"did": "clicked"}) == [2]
    await again.close()


async def test_tables_go_on_where_they_were_let_go_of(office: Any, tmp_path: Path) -> None:
    assert await meant(office, {"did": "clicked"}) == [2]
    await office.columns.close()
    await office.hear(a_response(9, 3, "clicked"))
    again = Columns(tmp_path, "host/one", office.bus)
    office.segments = Segments(office.kept_segments, again, office.clock)
    assert await meant(office, {"did": "clicked"}) == [2, 3]
    assert await again.ask("SELECT count(*) FROM acts", {}) == [(4,)]
    await again.close()


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({}, "this has none"),
        ({"has": "sms", "did": "wrote"}, "this has has, did"),
        ({"field": "shoe_size", "value": 1}, "there is no shoe_size"),
        ({"field": "name"}, "value: required"),
        ({"field": "name", "compare": "any_of", "value": "x"}, "any_of takes a list"),
        ({"field": "custom.a'); DROP TABLE acts; --", "value": "x"}, "pattern"),
    ],
)
def test_a_condition_that_says_nothing_clear_is_refused(tree: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Condition.model_validate(tree)


def test_conditions_are_bounded() -> None:
    deep: Any = {"has": "sms"}
    for _ in range(10):
        deep = {"not": deep}
    with pytest.raises(ValidationError, match="more than 10 deep"):
        NewSegment(name="x", include=deep)
    wide = {"all": [{"any": [{"has": "sms"}] * 50}] * 4}
    with pytest.raises(ValidationError, match="205 conditions"):
        NewSegment(name="x", include=Condition.model_validate(wide))


async def test_values_are_never_read_as_a_question(office: Any) -> None:
    assert await meant(office, {"field": "name", "value": "' OR 1=1 --"}) == []
    assert await meant(office, {"field": "custom.size", "value": "'"}) == []


async def test_who_enters_and_leaves_a_watched_segment_is_told_once(office: Any) -> None:
    made = await a_segment(office, {"did": "clicked"}, watched=True)
    watching = Watching(
        office.kept_segments,
        office.segments,
        office.blobs,
        Leases(office.store.collection(LEASES), office.clock, "one", timedelta(seconds=30)),
        office.clock,
    )
    await office.store.start()
    await watching.look()
    await office.hear(a_client(2, revision=2, into="cl_3"), a_response(9, 5, "clicked"))
    await watching.look()
    await watching.look()
    told = [e for e in office.bus.events("campaigns") if e.TYPE == "segment.moved.v1"]
    assert [(e.segment, e.entered, e.left, e.revision) for e in told] == [
        (made, ("cl_2",), (), 1),
        (made, ("cl_3", "cl_5"), ("cl_2",), 2),
    ]
    blobs = [key for key in office.blobs.content if key.startswith("segments/")]
    assert [orjson.loads(office.blobs.content[key]) for key in blobs] == [["cl_3", "cl_5"]]


@pytest.mark.slow
async def test_a_watched_segment_that_takes_too_much_memory_keeps_no_other_one_waiting(office: Any) -> None:
    often = {"any": [{"did": "wrote", "times": 2}] * 40}
    heavy, _ = sorted([await a_segment(office, {"did": "clicked"}, watched=True) for _ in range(2)])
    change = SegmentChange(include=Condition.model_validate(often))
    await office.segments.change(heavy, change, actor=MARKETER)
    filled = "SELECT i, i % 50000, 0, TIMESTAMP '2026-03-01', 0 FROM range(100000) t(i)"
    await office.columns.ask(f"INSERT INTO acts {filled}", {})
    await office.columns.ask("SET memory_limit = '24MB'", {})
    with pytest.raises(TooLarge, match="ask for less at once"):
        await meant(office, often)
    watching = Watching(
        office.kept_segments,
        office.segments,
        office.blobs,
        Leases(office.store.collection(LEASES), office.clock, "one", timedelta(seconds=30)),
        office.clock,
    )
    await office.store.start()
    assert await watching.look() == 1
    await office.columns.ask("SET memory_limit = '512MB'", {})
    seen = []
    for minutes in (9, 2):
        office.clock.advance(timedelta(minutes=minutes))
        await watching.look()
        seen.append("looked_at" in await office.segments.get(heavy, MARKETER))
    assert seen == [False, True]


async def test_consent_is_kept_by_channel_and_topic(desk: Any) -> None:
    consent = (
        Consent(channel="email", state="given", at=NOON),
        Consent(channel="email", topic="news", state="withdrawn", at=NOON),
    )
    await desk.hear(an_address("email:a@example.com", consent=consent))
    found = await desk.columns.ask("SELECT given, withdrawn FROM addresses", {})
    assert found == [(["email"], ["email/news"])]
