"""Pacing of a dialler: the cap on drops holds, and a recorded day is replayed as it was, and with other settings."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cli import main
from hub.kit.errors import Conflict
from services.campaigns.calllists.days import Days, bounds_of
from services.campaigns.calllists.pacing import Event, Limit, Seen, Settings, to_dial
from services.campaigns.calllists.replaying import (
    Outcome,
    Person,
    Shift,
    outcome_of,
    people_of,
    replayed,
    shifts_of,
    with_agents,
)
from services.campaigns.calllists.simulate import read, write

HOURS = 3_600.0


def a_day(
    seed: int, *, agents: int = 12, hours: float = 4.0, answer: float = 0.35
) -> tuple[list[Person], list[Shift]]:
    """Enough people for all of it."""
    chance = random.Random(seed)
    people = [
        Person(
            rings=chance.uniform(4, 26),
            answers=chance.random() < answer,
            busy=chance.expovariate(1 / 80) + chance.uniform(5, 30),
        )
        for _ in range(int(agents * hours * HOURS / 30))
    ]
    return people, [Shift(agent=f"a{n:02}", since=n * 3.0, until=hours * HOURS) for n in range(agents)]


def outcome(seed: int, of: Settings) -> Outcome:
    return outcome_of(replayed(*a_day(seed), of))


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.integers(1, 15),
    st.sampled_from([0.0, 0.01, 0.03, 0.1]),
    st.floats(0.05, 0.95),
    st.floats(1.0, 8.0),
)
def test_by_the_hard_limit_drops_are_never_more_than_the_cap_whoever_answers_whenever(
    seed: int, agents: int, cap: float, answer: float, lines: float
) -> None:
    people, shifts = a_day(seed, agents=agents, hours=0.3, answer=answer)
    seen = Seen()
    for event in replayed(people, shifts, Settings(cap=cap, lines=lines)):
        seen.see(event)
        assert seen.dropped <= cap * seen.answered + 1e-9


def test_progressive_dialling_drops_nobody() -> None:
    assert outcome(1, Settings(mode="progressive")).dropped == 0


@pytest.mark.parametrize("limit", ["hard", "tapered", "average"])
def test_predictive_dialling_stays_below_the_cap_over_a_day_and_agents_wait_less(limit: Limit) -> None:
    predictive, progressive = outcome(2, Settings(limit=limit)), outcome(2, Settings(mode="progressive"))
    assert predictive.drop_percent <= 3.0
    assert predictive.idle_percent < progressive.idle_percent
    assert predictive.contacts_per_hour > progressive.contacts_per_hour


@pytest.mark.parametrize("limit", ["hard", "tapered", "average"])
def test_a_replay_with_the_settings_of_the_day_has_its_drop_rate_within_three_tenths_of_a_point(limit: Limit) -> None:
    for seed in range(3, 7):
        day = Settings(limit=limit)
        events = replayed(*a_day(seed), day)
        again = outcome_of(replayed(people_of(events), shifts_of(events), day))
        assert abs(again.drop_percent - outcome_of(events).drop_percent) <= 0.3


def test_a_day_whose_decisions_came_at_other_moments_is_replayed_as_closely_by_the_hard_limit() -> None:
    for seed in range(7, 10):
        events = replayed(*a_day(seed), Settings(every=1.37))
        again = outcome_of(replayed(people_of(events), shifts_of(events), Settings()))
        assert abs(again.drop_percent - outcome_of(events).drop_percent) <= 0.3


def test_a_lower_cap_drops_fewer_and_more_agents_reach_more_people() -> None:
    events = replayed(*a_day(11), Settings())
    people, shifts = people_of(events), shifts_of(events)
    as_it_was, strict = (outcome_of(replayed(people, shifts, Settings(cap=cap))) for cap in (0.03, 0.005))
    assert strict.dropped < as_it_was.dropped
    fewer = outcome_of(replayed(people, with_agents(shifts, 6), Settings()))
    assert fewer.connected < as_it_was.connected


def test_a_person_who_was_dropped_has_something_to_say_in_a_replay() -> None:
    events = replayed(*a_day(12), Settings(limit="average"))
    assert outcome_of(events).dropped > 0
    assert all(person.busy > 0 for person in people_of(events) if person.answers)


def test_nobody_is_dialled_for_agents_who_are_not_there() -> None:
    assert to_dial(Seen(), Settings()) == 0
    seen = Seen()
    seen.see(Event(at=0, what="on", agent="a"))
    assert to_dial(seen, Settings(mode="progressive")) == 1
    seen.see(Event(at=1, what="dialled", call="c"))
    assert to_dial(seen, Settings(mode="progressive")) == 0
    assert to_dial(seen, Settings(lines=1)) == 0


def test_an_agent_who_leaves_during_a_call_is_gone_after_it() -> None:
    seen = Seen()
    for what, call, agent in (("on", "", "a"), ("dialled", "c", ""), ("answered", "c", ""), ("connected", "c", "a")):
        seen.see(Event(at=1, what=what, call=call, agent=agent))  # type: ignore[arg-type]
    seen.see(Event(at=2, what="off", agent="a"))
    assert (seen.agents, len(seen.busy)) == (0, 1)
    seen.see(Event(at=3, what="free", agent="a"))
    assert (seen.agents, seen.idle) == (0, set())


def test_the_command_prints_what_was_and_what_would_have_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Settings(limit="tapered")
    events = replayed(*a_day(13, agents=6, hours=1.0), day)
    write(tmp_path / "day.jsonl", day, events)
    said = []
    for options in ([], ["--mode", "progressive"], ["--agents", "3", "--cap", "1", "--limit", "hard"]):
        with pytest.raises(SystemExit) as over:
            main(["dialler", "simulate", str(tmp_path / "day.jsonl"), *options])
        assert over.value.code == 0
        said.append(orjson.loads(capsys.readouterr().out))
    assert said[0]["settings"]["limit"] == "tapered"
    assert said[0]["recorded"]["drop_percent"] == outcome_of(events).drop_percent
    assert abs(said[0]["simulated"]["drop_percent"] - said[0]["recorded"]["drop_percent"]) <= 0.3
    assert said[1]["simulated"]["dropped"] == 0
    assert said[2]["settings"] == {**said[0]["settings"], "cap": 0.01, "limit": "hard"}
    assert said[2]["simulated"]["connected"] < said[0]["simulated"]["connected"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]\n", b'{"at": "x", "what": "dialled"}\n', b'{"what": "on"}\n'])
def test_what_is_no_recording_is_refused_in_words(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(SystemExit) as over:
        main(["dialler", "simulate", str(tmp_path / "x.jsonl")])
    assert over.value.code == 2
    assert "x.jsonl" in capsys.readouterr().err


class Recorded:
    """The service of calls has a day; `at` which one it was asked for."""

    def __init__(self, events: list[list[object]], *, complete: bool = True) -> None:
        self.told = {"events": events, "complete": complete}
        self.asked: list[str] = []

    async def day(self, list_id: str, since: datetime, until: datetime) -> dict[str, object]:
        self.asked = [list_id, since.isoformat(), until.isoformat()]
        return self.told


DIALS = {"_id": "cll_1", "zone": None, "mode": "predictive", "pacing": {"lines": 2.0, "cap": 0.03, "limit": "hard"}}


async def test_a_day_of_a_list_is_a_recording_on_its_own_clock(tmp_path: Path) -> None:
    calls = Recorded([[0.5, "on", "", "agent1"], [1.0, "dialled", "c1", ""], [9.0, "failed", "c1", ""]])
    pieces = await Days(calls, "Europe/Moscow").of(DIALS, date(2026, 3, 2))
    content = b"".join([piece async for piece in pieces])
    assert calls.asked == ["cll_1", "2026-03-02T00:00:00+03:00", "2026-03-03T00:00:00+03:00"]
    known, events = read(tmp_path / "x", content)
    assert (known.lines, known.limit) == (2.0, "hard")
    assert events[0] == Event(at=0.5, what="on", agent="agent1")
    assert outcome_of(events).dialled == 1


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
def test_a_day_at_an_end_of_the_calendar_is_a_day(day: date, zone: str) -> None:
    since, until = (one.astimezone(UTC) for one in bounds_of(day, zone))
    assert until - since == timedelta(days=1)


@pytest.mark.parametrize(
    ("told", "call_list", "words"),
    [
        (Recorded([]), DIALS, "nobody was dialled"),
        (Recorded([[1.0, "dialled", "c1", ""]], complete=False), DIALS, "more was dialled"),
        (Recorded([]), {**DIALS, "mode": "preview"}, "does not dial by itself"),
    ],
)
async def test_a_day_that_is_no_recording_says_why(told: Recorded, call_list: dict[str, object], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        await Days(told, "Europe/Moscow").of(call_list, date(2026, 3, 2))


@pytest.mark.parametrize(
    "options", [[], ["x.jsonl", "--day", "2026-03-02", "--list", "cll_1"], ["--day", "2026-03-02"]]
)
def test_a_simulation_is_of_a_file_or_of_a_day_of_a_list(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as over:
        main(["dialler", "simulate", *options])
    assert over.value.code == 2
    assert "give FILE.jsonl, or --day and --list" in capsys.readouterr().err
