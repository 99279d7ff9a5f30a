"""Warm-ups: so many a day over all mailings, and to each provider; the rest waits for tomorrow and says why."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.kit.errors import Conflict
from hub.store.leases import LEASES, Leases
from hub.testing.builders import NOON
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import Runner
from services.campaigns.warmups.models import NewWarmUp, WarmUpForm, day_of, provider_of
from services.campaigns.warmups.repository import MOST, WarmUpRepository
from services.campaigns.warmups.service import WarmUps
from tests.services.campaigns.conftest import MARKETER, Desk, a_client
from tests.services.campaigns.mailing_desk import Post, a_post

DAY = timedelta(days=1)
HOSTS = ("gmail.com", "gmail.com", "gmail.com", "mail.ru", "mail.ru", "firma.ru")


class Office:
    """A marketer with six clients, three of them at Gmail; what lets go asks the warm-ups."""

    def __init__(self, post: Post, kept: WarmUpRepository) -> None:
        self.post, self.kept = post, kept
        self.warm_ups, self.runner = self.copy("one")

    def copy(self, owner: str) -> tuple[WarmUps, Runner]:
        post, desk = self.post, self.post.desk
        leases = Leases(desk.store.collection(LEASES), desk.clock, owner, timedelta(seconds=30))
        warm_ups = WarmUps(self.kept, post.repository, leases, desk.clock)
        about: dict[str, Any] = {"leases": leases, "restraint": post.restraint, "warms": warm_ups}
        return warm_ups, Runner(post.repository, post.library, desk.bus, desk.clock, **about)

    async def plan(self, *caps: int, of: str = "mb_1", **over: Any) -> str:
        form = NewWarmUp.model_validate({"of": of, "caps": caps, **over})
        return str((await self.warm_ups.add(form, actor=MARKETER))["_id"])

    async def run(self) -> list[str]:
        """Until nothing more is asked for; whom the channels were asked to write to since."""
        before = len(self.post.asked())
        for _ in range(5):
            while await self.runner.look():
                pass
        return sorted(one.address.removeprefix("email:") for one in self.post.asked()[before:])


@pytest.fixture
async def kept(store: Any) -> WarmUpRepository:
    """Declares what the store holds before the desk starts it."""
    return WarmUpRepository(store)


@pytest.fixture
async def office(kept: WarmUpRepository, desk: Desk) -> Office:
    for number, host in enumerate(HOSTS, 1):
        await desk.hear(a_client(number, addresses=[{"address": f"email:a{number}@{host}"}]))
    return Office(await a_post(desk), kept)


async def test_so_many_leave_on_each_day_over_all_mailings_and_the_last_day_frees_the_rest(office: Office) -> None:
    await office.plan(2, 3)
    first, second = [await office.post.launched(name=name, stale_after="P9D") for name in ("Весна", "Лето")]
    left = [len(await office.run())]
    assert {(await office.post.mailing(one["_id"]))["reason"] for one in (first, second)} == {
        "the warm-up of mb_1, day 1: 2 may leave today; it goes on at 2026-03-02T21:00"
    }
    for _ in range(2):
        office.post.desk.clock.advance(DAY)
        left.append(len(await office.run()))
    assert left == [2, 3, 7]
    assert (await office.post.mailing(second["_id"]))["reason"] == ""


async def test_a_provider_has_caps_of_its_own_and_keeps_nobody_else_waiting(office: Office) -> None:
    plan = await office.plan(5, 100, providers={"gmail": [1, 2]})
    mailing = await office.post.launched(stale_after="P9D")
    assert await office.run() == ["a1@gmail.com", "a4@mail.ru", "a5@mail.ru", "a6@firma.ru"]
    waits = [row for row in await office.post.rows(mailing["_id"]) if row["step"] == "wait"]
    assert [(row["due"][:16], row["reason"]) for row in waits] == [
        ("2026-03-02T21:00", "the warm-up of mb_1, day 1: 1 may leave to gmail today")
    ] * 2
    assert (await office.post.looking.why(mailing["_id"], "cl_2", MARKETER))[1] == (
        "it waits until 2026-03-02T21:00: the warm-up of mb_1, day 1: 1 may leave to gmail today"
    )
    day, found = await office.warm_ups.status(await office.warm_ups.get(plan, MARKETER))
    assert (day, found["all"], found["gmail"], found["mailru"], found["other"]) == (
        1,
        (4, 5),
        (1, 1),
        (2, None),
        (1, None),
    )
    office.post.desk.clock.advance(DAY)
    assert await office.run() == ["a2@gmail.com", "a3@gmail.com"]


async def test_what_left_before_a_restart_is_counted(office: Office) -> None:
    await office.plan(2)
    await office.post.launched()
    assert len(await office.run()) == 2
    office.post.desk.clock.advance(timedelta(minutes=1))
    office.warm_ups, office.runner = office.copy("two")
    assert await office.run() == []


async def test_two_copies_of_the_service_do_not_share_one_cap_twice(office: Office) -> None:
    await office.plan(2)
    mailing = await office.post.launched()
    rows, now = await office.post.rows(mailing["_id"]), office.post.desk.clock.now()
    other, _ = office.copy("two")
    first = await office.warm_ups.let(mailing, rows, now)
    second = await other.let(mailing, rows, now)
    assert ([len(let.rows) for let in (first, second)], second.later) == ([2, 0], [])


async def test_a_domain_is_warmed_up_as_a_whole_and_an_account_by_its_own_plan(office: Office) -> None:
    await office.plan(1, of="Example.com")
    await office.post.launched()
    assert len(await office.run()) == 1
    own = await office.plan(3)
    assert len(await office.run()) == 3
    await office.warm_ups.remove(own, actor=MARKETER)
    assert await office.run() == []
    await office.warm_ups.remove((await office.kept.all())[0]["_id"], actor=MARKETER)
    assert len(await office.run()) == 2


async def test_a_plan_that_is_changed_counts_what_left_today(office: Office) -> None:
    plan = await office.plan(2, since="2026-03-02")
    await office.post.launched()
    await office.run()
    await office.warm_ups.change(plan, WarmUpForm(caps=(3,)), actor=MARKETER)
    assert len(await office.run()) == 1
    with pytest.raises(Conflict, match="change that one"):
        await office.plan(9)


def test_days_are_those_of_the_zone_and_before_the_first_one_nothing_leaves() -> None:
    plan = {"caps": [1, 2], "since": "2026-03-03", "time_zone": "Asia/Vladivostok"}
    moments = [NOON, NOON + timedelta(hours=2), NOON + timedelta(hours=26), NOON + timedelta(hours=50)]
    assert [day_of(plan, moment) for moment in moments] == [-1, 0, 1, None]
    assert date.fromisoformat("2026-03-03") > NOON.date()


def test_who_carries_whose_mail_is_known_by_the_host() -> None:
    addresses = ("email:a@Gmail.com", "email:a@bk.ru", "email:a@firma.ru", "phone:+79161234567")
    assert [provider_of(one) for one in addresses] == ["gmail", "mailru", "other", "other"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"of": "mb_1", "caps": []}, "at least 1"),
        ({"of": "mb_1", "caps": [-1]}, "greater than or equal to 0"),
        ({"of": "mb_1", "caps": [1] * 121}, "at most 120"),
        ({"of": "mb_1", "caps": [1], "providers": {"aol": [1]}}, "gmail"),
        ({"of": "mb_1", "caps": [1], "time_zone": "Mars/One"}, "write it as Europe/Moscow"),
    ],
)
def test_a_plan_that_says_nothing_clear_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        NewWarmUp.model_validate(given)


async def test_who_is_tried_by_another_way_stays_counted_where_he_left_first(office: Office) -> None:
    for number, host in enumerate(HOSTS, 1):
        addresses = [{"address": f"email:a{number}@{host}"}, {"address": f"phone:+7916{number:07}"}]
        await office.post.desk.hear(a_client(number, revision=2, addresses=addresses))
    for of in ("mb_1", "num_1"):
        await office.plan(2, 2, of=of)
    mail = {"channel": "email", "template": await office.post.template(), "account": "mb_1"}
    await office.post.launched(
        messages=[mail, {**mail, "channel": "sms", "account": "num_1", "template": await office.post.sms()}]
    )
    assert await office.run() == ["a1@gmail.com", "a2@gmail.com"]
    await office.post.told(*office.post.asked(), state="failed", reason="550")
    assert await office.run() == ["phone:+79160000001", "phone:+79160000002"]


async def test_a_way_without_room_keeps_nobody_waiting_who_goes_another_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.campaigns.mailings.runner.AT_ONCE", 2)
    await office.post.desk.hear(a_client(6, revision=2, addresses=[{"address": "phone:+79160000006"}]))
    await office.plan(0, 9)
    mail = {"channel": "email", "template": await office.post.template(), "account": "mb_1"}
    await office.post.launched(
        messages=[mail, {**mail, "channel": "sms", "account": "num_1", "template": await office.post.sms()}]
    )
    assert await office.run() == ["phone:+79160000006"]


async def test_whoever_does_not_see_a_plan_is_not_told_its_name(office: Office) -> None:
    anna, boris = [Actor(login=one, reach=(f"owner:{one}",)) for one in ("anna", "boris")]
    made = await office.warm_ups.add(NewWarmUp(of="mb_9", caps=(1,)), actor=anna)
    with pytest.raises(Conflict, match="another team's; ask an administrator") as refused:
        await office.warm_ups.add(NewWarmUp(of="mb_9", caps=(1,)), actor=boris)
    assert made["_id"] not in str(refused.value)


async def test_a_plan_that_a_colleague_changes_stays_its_owners(office: Office) -> None:
    anna, boris = [Actor(login=one, reach=(f"owner:{one}", "team:t_1")) for one in ("anna", "boris")]
    made = await office.warm_ups.add(NewWarmUp(of="mb_9", caps=(1,), team="t_1"), actor=anna)
    await office.warm_ups.change(made["_id"], WarmUpForm(caps=(2,), team="t_1"), actor=boris)
    found = await office.warm_ups.get(made["_id"], Actor(login="anna", reach=("owner:anna",)))
    assert (found["caps"], found["owner"], found["seen_by"]) == ([2], "anna", ["owner:anna", "team:t_1"])


class Watched:
    """A repository that notes how many rows it is asked for."""

    def __init__(self, kept: MailingRepository) -> None:
        self._kept = kept
        self.looked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    async def ripe(self, mailing_id: str, step: str, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        found = await self._kept.ripe(mailing_id, step, now, limit=limit)
        self.looked.append(len(found))
        return found


async def test_while_nothing_may_leave_one_row_is_looked_at_and_all_go_once_there_is_room(office: Office) -> None:
    watched = Watched(office.post.repository)
    office.post.repository = watched  # type: ignore[assignment]
    office.warm_ups, office.runner = office.copy("one")
    plan = await office.plan(0, 9, since="2026-03-02")
    await office.post.launched()
    for _ in range(4):
        await office.runner.look()
    assert [count for count in watched.looked if count] == [6, 1, 1, 1]
    await office.warm_ups.change(plan, WarmUpForm(caps=(9,)), actor=MARKETER)
    assert len(await office.run()) == 6


async def test_plans_that_are_added_at_one_moment_count_all_of_them(office: Office) -> None:
    others = [{"_id": f"a_{n}", "of": f"mb_x{n}", "removed": False, "at": "2026"} for n in range(MOST)]
    await office.kept.plans.insert_many(others[:-1])
    await office.plan(2)
    # As if both had looked how many there are before either was there.
    await office.kept.plans.insert_many(others[-1:])
    await office.post.launched()
    assert len(await office.run()) == 2


async def test_whoever_waits_for_a_plan_goes_when_it_is_taken_away_and_whoever_waits_for_his_time_does_not(
    office: Office,
) -> None:
    plan = await office.plan(5, 100, providers={"gmail": [1, 2]})
    await office.post.launched(stale_after="P9D")
    await office.post.launched(send_at=NOON + timedelta(hours=5))
    assert len(await office.run()) == 4
    assert await office.warm_ups.free() == 0
    await office.warm_ups.remove(plan, actor=MARKETER)
    assert [await office.warm_ups.free() for _ in range(2)] == [2, 0]
    assert await office.run() == ["a2@gmail.com", "a3@gmail.com"]
    assert len(await office.kept.freeing()) == 1
    office.post.desk.clock.advance(timedelta(minutes=1))
    await office.warm_ups.free()
    assert await office.kept.freeing() == []
