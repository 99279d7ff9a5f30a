"""Call lists: loaded and scrubbed, phoned by rules, each number by one operator at a time, no outcome lost."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.lead import TouchRecorded
from hub.contracts.scope import EVERYTHING
from hub.jobs.models import Args
from hub.kit.errors import Conflict, InvalidInput, NotFound, TransientError
from hub.kit.ids import derive
from hub.store.base import Document
from services.campaigns.calllists.following import Following
from services.campaigns.calllists.funnel import Funnels
from services.campaigns.calllists.loading import REPORT, LoadCallList
from services.campaigns.calllists.models import CallListForm, Disposition, Finish, NewStop, Recycle, Skip
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Ringing
from services.campaigns.calllists.rules import Caps, Policy, is_open, opens
from services.campaigns.calllists.service import CallLists
from services.campaigns.calllists.stops import Stops
from services.campaigns.calllists.work import Work
from services.campaigns.segments.models import NewSegment
from services.campaigns.segments.projection import key_of
from tests.services.campaigns.conftest import MARKETER, Desk, a_client

POLICY = Policy(caps=Caps(a_day=2, a_week=5), zone="Europe/Moscow")
EVERYBODY = NewSegment.model_validate({"name": "все", "include": {"all": []}})
HOURS = {"since": "09:00", "until": "21:00", "weekend_since": "10:00", "weekend_until": "20:00", "sat": True}
WEEK = {**HOURS, "sun": False, "holidays": "RU"}


class Phones:
    """What was rung, by attempt; asked twice for one attempt it is one call."""

    def __init__(self) -> None:
        self.rung: dict[str, str] = {}
        self.failing: Exception | None = None

    async def dial(self, entry: Document, *, line: str, actor: Actor, key: str, dropped_to: str) -> str:
        del line, actor, dropped_to
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing
        self.rung[key] = entry["number"]
        return derive("in", key)


class Room:
    """Operators with call lists."""

    def __init__(self, desk: Desk, kept: CallRepository) -> None:
        self.desk, self.kept, self.phones = desk, kept, Phones()
        self.lists = CallLists(kept, desk.clock)
        self.stops = Stops(kept, desk.clock, region="RU")
        self.funnels = Funnels(kept, desk.clock, POLICY)
        self.loading = LoadCallList(kept, desk.segments, desk.lists, desk.columns, desk.clock)
        self.work = self.again()

    def again(self) -> Work:
        """After a restart, or another copy of the hub."""
        ringing = Ringing(self.kept, self.stops, self.phones, self.desk.clock, POLICY.caps)
        return Work(self.kept, self.lists, self.stops, ringing, self.desk.clock, POLICY)

    async def list(self, **over: Any) -> str:
        """One of everybody, loaded and started."""
        if "list" not in over and "segment" not in over:
            over["segment"] = (await self.desk.segments.add(EVERYBODY, actor=MARKETER, key="all"))["_id"]
        made = await self.lists.add(CallListForm.model_validate({"name": "Весна", **over}), actor=MARKETER, key=None)
        await self.load(made["_id"])
        await self.lists.turn(made["_id"], "running", actor=MARKETER)
        return str(made["_id"])

    async def load(self, made: str) -> dict[str, int]:
        """What it came to, without what is 0."""
        args: Args = {"call_list": made, "login": "petr", "reach": [EVERYTHING]}
        cursor: str | None = None
        while True:
            step = await self.loading.step(args, cursor)
            if (cursor := step.cursor) is None:
                break
        report = (await self.lists.get(made, MARKETER))["report"]
        assert set(report) == set(REPORT)
        return {name: count for name, count in report.items() if count}

    async def rung(self, made: str, operator: Actor = MARKETER) -> Document:
        """The next one, rung."""
        entry = await self.work.next(made, actor=operator)
        assert entry is not None
        return await self.work.dial(entry["_id"], actor=operator)

    async def came(self, entry: Document, code: str, operator: Actor = MARKETER, **over: Any) -> Document:
        given = Finish.model_validate({"disposition": code, **over})
        return await self.work.finish(entry["_id"], given, actor=operator)


@pytest.fixture
async def calls(store: Any) -> CallRepository:
    """Declares what the store holds before the desk starts it."""
    return CallRepository(store)


@pytest.fixture
async def room(calls: CallRepository, desk: Desk) -> Room:
    return Room(desk, calls)


def an_operator(login: str) -> Actor:
    return Actor(login=login, reach=(EVERYTHING,), reads=(EVERYTHING,))


ANNA, BORIS = an_operator("anna"), an_operator("boris")


async def people(room: Room, count: int) -> None:
    await room.desk.hear(*[a_client(number) for number in range(1, count + 1)])


async def test_a_list_is_loaded_with_a_report_and_again_adds_only_who_is_new(room: Room) -> None:
    await people(room, 3)
    odd = [["phone:+12"], ["phone:+4915112345678"], ["phone:+79160000001"], ["email:x@example.com"]]
    cards = [[{"address": one} for one in addresses] for addresses in odd]
    await room.desk.hear(*[a_client(10 + n, addresses=card) for n, card in enumerate(cards)])
    await room.stops.add([NewStop(value="8 916 000-00-02"), NewStop(value="+7926*")], actor=MARKETER)
    await room.desk.hear(a_client(20, addresses=[{"address": "phone:+79260000001"}]))
    made = await room.list(regions=("RU",))
    first = {"new": 2, "duplicate": 1, "invalid": 1, "region": 1, "do_not_call": 2, "without_number": 1}
    assert {n: c for n, c in (await room.lists.get(made, MARKETER))["report"].items() if c} == first
    await room.desk.hear(a_client(4))
    assert await room.load(made) == {**first, "new": 1, "known": 2}


async def test_a_static_list_is_phoned_whether_its_people_are_clients_or_not(room: Room) -> None:
    await people(room, 1)
    kept = {
        "_id": "lst_1",
        "at": "2026",
        "removed": False,
        "state": "ready",
        "version": 1,
        "seen_by": ["team:"],
        "parts": 0,
    }
    await room.desk.kept_lists.lists.insert(kept)
    rows = [("phone:+79160000001", "{}"), ("phone:+79160000077", '{"name": "Олег"}'), ("email:a@example.com", "{}")]
    await room.desk.columns.load(key_of("lst_1"), 1, [(key_of("lst_1"), *row) for row in rows])
    made = await room.list(list="lst_1")
    page = await room.kept.entries.find({"list": made}, order="state")
    assert sorted((one["client"] or "", one["name"], one["number"]) for one in page.items) == [
        ("", "Олег", "phone:+79160000077"),
        ("cl_1", "Анна Смирнова 1", "phone:+79160000001"),
    ]


async def test_an_operator_has_one_person_until_he_says_what_came_of_it_even_after_a_restart(room: Room) -> None:
    await people(room, 3)
    made = await room.list()
    rung = await room.rung(made, ANNA)
    room.work = room.again()
    again = await room.work.next(made, actor=ANNA)
    assert again is not None
    assert (again["_id"], again["attempt"]["interaction"]) == (rung["_id"], rung["attempt"]["interaction"])
    assert [one["_id"] for one in await room.work.mine(ANNA)] == [rung["_id"]]
    other = await room.work.next(made, actor=BORIS)
    assert other is not None
    assert other["_id"] != rung["_id"]
    await room.came(rung, "sale", ANNA)
    assert await room.work.mine(ANNA) == []
    with pytest.raises(NotFound):
        await room.work.dial(rung["_id"], actor=ANNA)


async def test_ten_workers_never_ring_one_number_twice_though_two_lists_have_it(room: Room) -> None:
    await people(room, 40)
    lists = [await room.list(), await room.list()]
    ringing: Counter[str] = Counter()

    async def worker(number: int) -> None:
        operator, work = an_operator(f"op{number}"), room.again()
        for made in (*lists, *lists[::-1]):
            while entry := await work.next(made, actor=operator):
                try:
                    rung = await work.dial(entry["_id"], actor=operator)
                except Conflict:
                    continue
                number_now = rung["attempt"]["number"]
                ringing[number_now] += 1
                assert ringing[number_now] == 1, "two ring it at once"
                await asyncio.sleep(0)
                ringing[number_now] -= 1
                await work.finish(rung["_id"], Finish(disposition="sale"), actor=operator)

    await asyncio.gather(*(worker(number) for number in range(10)))
    by_list: Counter[tuple[str, str]] = Counter()
    for made in lists:
        for one in (await room.kept.attempts.find({"list": made}, order="at", limit=200)).items:
            by_list[made, one["number"]] += 1
    assert set(by_list.values()) == {1}
    assert len({number for _, number in by_list}) == 40
    assert len(room.phones.rung) == sum(by_list.values())


async def test_a_number_that_was_added_to_do_not_call_is_not_rung_afterwards(room: Room) -> None:
    await people(room, 30)
    made = await room.list()
    stopped: set[str] = set()

    async def stopper() -> None:
        for number in range(1, 31, 2):
            await room.stops.add([NewStop(value=f"+7916{number:07}")], actor=MARKETER)
            stopped.add(f"phone:+7916{number:07}")

    async def worker(operator: Actor) -> None:
        while entry := await room.work.next(made, actor=operator):
            before = entry["number"] in stopped
            try:
                rung = await room.work.dial(entry["_id"], actor=operator)
            except Conflict:
                continue
            assert not before, "it was stopped before it was dialled"
            await room.work.finish(rung["_id"], Finish(disposition="sale"), actor=operator)

    await asyncio.gather(stopper(), *(worker(an_operator(f"op{n}")) for n in range(4)))
    assert len(stopped) == 15
    left = {number for number in room.phones.rung.values() if number not in stopped}
    assert len(left) == 15


async def test_who_is_taken_and_stopped_before_he_is_rung_is_not_rung(room: Room) -> None:
    await people(room, 1)
    made = await room.list()
    for stop in (
        NewStop(value="+79160000001"),
        NewStop(value="+7916*"),
        NewStop(value="+79160000001", call_list=made),
    ):
        entry = await room.work.next(made, actor=ANNA)
        assert entry is not None
        await room.stops.add([stop], actor=MARKETER)
        with pytest.raises(Conflict, match="do not call"):
            await room.work.dial(entry["_id"], actor=ANNA)
        assert (room.phones.rung, await room.work.mine(ANNA)) == ({}, [])
        assert [one["mask"] for one in await room.stops.masks()] == ([stop.value] if "*" in stop.value else [])
        await room.stops.lift(stop.value, stop.call_list or "*")
        room.desk.clock.advance(timedelta(minutes=6))


async def test_a_disposition_stops_the_number_everywhere_at_once(room: Room) -> None:
    await people(room, 1)
    one, other = await room.list(), await room.list()
    rung = await room.rung(one, ANNA)
    await room.came(rung, "do_not_call", ANNA, comment="ругался")
    assert await room.work.next(other, actor=ANNA) is None
    page = await room.stops.page(limit=10, after=None)
    assert [(one["_id"], one["stops"]["*"]["why"]) for one in page.items] == [("phone:+79160000001", "ругался")]


async def test_busy_is_tried_again_after_a_quarter_of_an_hour_three_times_within_the_caps(room: Room) -> None:
    await people(room, 1)
    made = await room.list()
    for _ in range(2):
        after = await room.came(await room.rung(made, ANNA), "busy", ANNA)
        assert datetime.fromisoformat(after["due"]) == room.desk.clock.now() + timedelta(minutes=15)
        assert await room.work.next(made, actor=ANNA) is None
        room.desk.clock.advance(timedelta(minutes=16))
    assert await room.work.next(made, actor=ANNA) is None
    entry = (await room.kept.entries.find({"list": made}, order="state")).items[0]
    assert datetime.fromisoformat(entry["due"]) == room.desk.clock.now() + timedelta(days=1) - timedelta(minutes=32)


async def test_a_cap_holds_over_all_lists_and_all_numbers_of_a_person(room: Room) -> None:
    two = [{"address": "phone:+79160000001"}, {"address": "phone:+79160000002"}]
    await room.desk.hear(a_client(1, addresses=two))
    lists = [await room.list() for _ in range(3)]
    for made in lists[:2]:
        await room.came(await room.rung(made, ANNA), "wrong_number", ANNA)
    assert [await room.work.next(made, actor=ANNA) for made in lists] == [None, None, None]
    funnel = await room.funnels.of(await room.lists.get(lists[2], MARKETER), "anna")
    assert (funnel.total, funnel.dialable, funnel.stages["due"].count) == (1, 0, 1)


async def test_after_a_number_that_is_not_his_the_next_one_is_rung_and_a_sale_retires_all(room: Room) -> None:
    two = [{"address": "phone:+79160000001"}, {"address": "phone:+79160000002"}]
    await room.desk.hear(a_client(1, addresses=two))
    made = await room.list()
    await room.came(await room.rung(made, ANNA), "wrong_number", ANNA)
    second = await room.rung(made, ANNA)
    assert second["attempt"]["number"] == "phone:+79160000002"
    assert (await room.came(second, "sale", ANNA))["state"] == "done"
    room.desk.clock.advance(timedelta(days=2))
    assert await room.work.next(made, actor=ANNA) is None


async def test_tries_end_and_are_given_once_more_to_those_alone_who_were_meant(room: Room) -> None:
    await people(room, 2)
    made = await room.list(again={"no_answer": [], "busy": []})
    assert (await room.came(await room.rung(made, ANNA), "no_answer", ANNA))["state"] == "exhausted"
    assert (await room.came(await room.rung(made, ANNA), "busy", ANNA))["state"] == "exhausted"
    assert await room.lists.recycle(made, Recycle(dispositions=("no_answer",)), actor=MARKETER) == 1
    once_more = await room.rung(made, ANNA)
    assert (once_more["last"], once_more["attempts"]) == ("no_answer", 1)
    assert len((await room.kept.attempts.find({"list": made}, order="at")).items) == 2, "history stays"
    assert await room.work.next(made, actor=BORIS) is None


async def test_a_call_back_of_ones_own_comes_to_him_and_to_everybody_once_he_lets_it_wait(room: Room) -> None:
    await people(room, 1)
    made, at = await room.list(), room.desk.clock.now() + timedelta(hours=1)
    rung = await room.rung(made, ANNA)
    for odd in (None, room.desk.clock.now() - timedelta(hours=1), room.desk.clock.now() + timedelta(days=31)):
        with pytest.raises(InvalidInput, match="callback_at"):
            await room.came(rung, "callback", ANNA, callback_at=odd.isoformat() if odd else None)
    await room.came(rung, "callback", ANNA, callback_at=at.isoformat(), mine=True)
    room.desk.clock.advance(timedelta(hours=1, minutes=1))
    assert await room.work.next(made, actor=BORIS) is None
    assert (await room.work.why(rung["_id"], BORIS)).words == "anna promised to call him back"
    room.desk.clock.advance(timedelta(minutes=30))
    late = await room.work.next(made, actor=BORIS)
    assert late is not None
    assert late["_id"] == rung["_id"]


async def test_somebody_is_skipped_with_a_reason_but_not_once_he_was_rung(room: Room) -> None:
    await people(room, 1)
    made = await room.list()
    entry = await room.work.next(made, actor=ANNA)
    assert entry is not None
    await room.work.skip(entry["_id"], Skip(reason="открытая претензия"), actor=ANNA)
    assert await room.work.next(made, actor=ANNA) is None
    room.desk.clock.advance(timedelta(hours=1))
    rung = await room.rung(made, ANNA)
    assert [(one["by"], one["reason"]) for one in rung["skips"]] == [("anna", "открытая претензия")]
    with pytest.raises(Conflict):
        await room.work.skip(rung["_id"], Skip(reason="x"), actor=ANNA)


async def test_a_call_of_which_nobody_knows_whether_it_rang_stays_with_its_operator_and_is_the_same_call(
    room: Room,
) -> None:
    await people(room, 1)
    made = await room.list()
    entry = await room.work.next(made, actor=ANNA)
    assert entry is not None
    room.phones.failing = TransientError("down")
    with pytest.raises(TransientError):
        await room.work.dial(entry["_id"], actor=ANNA)
    assert await room.work.next(made, actor=BORIS) is None
    room.phones.failing = None
    room.work = room.again()
    for _ in range(2):
        await room.work.dial(entry["_id"], actor=ANNA)
    assert list(room.phones.rung.values()) == ["phone:+79160000001"]
    person = await room.kept.people.get("cl_1")
    assert person is not None
    assert len(person["attempts"]) == 1


async def test_a_call_that_is_refused_was_none(room: Room) -> None:
    await people(room, 1)
    made = await room.list()
    entry = await room.work.next(made, actor=ANNA)
    assert entry is not None
    room.phones.failing = Conflict("he does not want to be called")
    with pytest.raises(Conflict, match="does not want"):
        await room.work.dial(entry["_id"], actor=ANNA)
    stored = await room.kept.entries.get(entry["_id"])
    person = await room.kept.people.get("cl_1")
    assert stored is not None
    assert person is not None
    assert (stored["state"], stored["attempts"], person["attempts"]) == ("waiting", 0, {})


async def test_the_funnel_tells_how_many_come_how_far_and_why(room: Room) -> None:
    await people(room, 6)
    made = await room.list()
    await room.came(await room.rung(made, ANNA), "sale", ANNA)
    await room.came(await room.rung(made, ANNA), "busy", ANNA)
    await room.rung(made, ANNA)
    left = (await room.kept.entries.find({"list": made, "state": "waiting"}, order="due")).items
    await room.stops.add([NewStop(value=left[0]["number"])], actor=MARKETER)
    funnel = await room.funnels.of(await room.lists.get(made, MARKETER), "boris")
    counts = {name: one.count for name, one in funnel.stages.items() if one.count}
    assert (funnel.total, counts, funnel.dialable) == (6, {"active": 2, "due": 1, "do_not_call": 1}, 2)
    assert funnel.total == sum(counts.values()) + funnel.dialable
    room.desk.clock.advance(timedelta(hours=8))
    night = await room.funnels.of(await room.lists.get(made, MARKETER), "boris")
    assert (night.dialable, night.stages["window"].count) == (0, 4)


async def test_nobody_is_given_out_at_night_and_he_comes_when_his_day_begins(room: Room) -> None:
    await people(room, 1)
    made = await room.list()
    room.desk.clock.advance(timedelta(hours=10))
    assert await room.work.next(made, actor=ANNA) is None
    entry = (await room.kept.entries.find({"list": made}, order="state")).items[0]
    assert datetime.fromisoformat(entry["due"]) == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zones", "may"),
    [
        ("2026-03-02T06:00", ["Europe/Moscow"], True),
        ("2026-03-02T05:59", ["Europe/Moscow"], False),
        ("2026-03-02T18:00", ["Europe/Moscow"], False),
        ("2026-03-02T06:00", ["Europe/Moscow", "Asia/Vladivostok"], True),
        ("2026-03-02T12:00", ["Europe/Moscow", "Asia/Vladivostok"], False),
        ("2026-03-07T06:30", ["Europe/Moscow"], False),
        ("2026-03-07T07:00", ["Europe/Moscow"], True),
        ("2026-03-01T09:00", ["Europe/Moscow"], False),
        ("2026-05-01T09:00", ["Europe/Moscow"], False),
    ],
)
def test_people_are_phoned_by_the_clock_of_their_number_not_on_sundays_nor_on_holidays(
    moment: str, zones: list[str], may: bool
) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert is_open(WEEK, zones, now) is may
    assert is_open(WEEK, zones, opens(WEEK, zones, now))


async def test_dispositions_are_one_dictionary_of_which_a_list_takes_some(room: Room) -> None:
    await people(room, 1)
    await room.lists.define("thinks", Disposition(title="Думает", flags=("human",), again=(timedelta(days=2),)))
    with pytest.raises(InvalidInput, match="dispositions"):
        await room.list(dispositions=("nonsense",))
    made = await room.list(dispositions=("thinks", "sale"))
    rung = await room.rung(made, ANNA)
    with pytest.raises(InvalidInput, match="disposition"):
        await room.came(rung, "busy", ANNA)
    after = await room.came(rung, "thinks", ANNA, answers={"Когда?": "весной"})
    assert datetime.fromisoformat(after["due"]) == room.desk.clock.now() + timedelta(days=2)
    kept = (await room.kept.attempts.find({"list": made}, order="at")).items[0]
    assert (kept["answers"], kept["flags"], kept["client"]) == ({"Когда?": "весной"}, ["human"], "cl_1")


async def test_odd_numbers_to_stop_are_refused_and_then_none_is_added(room: Room) -> None:
    for odd in ("abc", "+7*", "*", "7916*"):
        with pytest.raises(InvalidInput, match=r"items\.1\.value"):
            await room.stops.add([NewStop(value="+79160000001"), NewStop(value=f"{odd}   ")], actor=MARKETER)
    assert (await room.stops.page(limit=10, after=None)).items == []
    with pytest.raises(NotFound):
        await room.stops.lift("+79160000001", "*")


class Chains:
    """Nothing follows in a chain."""

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None: ...
    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None: ...
    async def deal(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None: ...


async def test_who_is_reached_for_a_list_met_its_source_once_and_whoever_was_not_did_not(room: Room) -> None:
    await people(room, 2)
    made = await room.list(source="src_calls")
    for code in ("not_interested", "no_answer"):
        await room.came(await room.rung(made), code)
    attempts = (await room.kept.attempts.find({"list": made}, order="at")).items
    (reached,) = [one for one in attempts if one["disposition"] == "not_interested"]
    following = Following(room.kept, Chains(), room.desk.bus, room.desk.clock)
    await following.look()
    await room.kept.attempts.swap({**reached, "_v": reached["_v"] + 1})
    await following.look()
    touches = {one.id: one for one in room.desk.bus.events() if isinstance(one, TouchRecorded)}
    (touch,) = touches.values()
    assert (touch.whose, touch.source, touch.evidence.value) == (reached["client"], "src_calls", made)
    assert await room.lists.source_of(made) == "src_calls"
