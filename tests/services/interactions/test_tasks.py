"""Tasks: given, done, repeated; reminders fire once; who sees them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.contracts.task import Reminded, TaskChanged, TaskOpened
from hub.kit.clock import iso
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.store.history import KEPT
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, an_arrival
from hub.testing.fakes import FakeBus, FakeClock
from services.interactions.seen import Seen
from services.interactions.tasks.forms import CheckLine, NewTask, ReminderForm, TaskChange
from services.interactions.tasks.models import CAUSES, blank, settled, with_cause
from services.interactions.tasks.repository import TaskRepository
from services.interactions.tasks.service import Tasks
from tests.services.interactions.conftest import Bench, Directory

ANNA = Actor(
    login="anna", teams=("sales",), reach=("owner:anna", "team:", "team:sales"), reads=("team:", "team:sales")
)
BORIS = Actor(login="boris", reach=("owner:boris",), reads=("owner:boris",))
OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))


class Desk:
    """Tasks beside a service of interactions, on one store."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.clock: FakeClock = bench.clock
        self.bus: FakeBus = bench.bus
        self.held = False
        self.tasks = self.another()

    def another(self) -> Tasks:
        """One more copy of the service."""
        seen = Seen(self.bench.repository, Directory())
        return Tasks(self.bench.tasks, seen, self.clock, self.bench.calendars, held=lambda: self.held)

    async def open(self, actor: Actor = OLGA, key: str | None = None, **form: Any) -> dict[str, Any]:
        return await self.tasks.open(NewTask(**({"title": "Перезвонить"} | form)), actor=actor, key=key)

    async def change(self, task: dict[str, Any], actor: Actor = OLGA, **change: Any) -> dict[str, Any]:
        return await self.tasks.change(task["_id"], TaskChange(**change), actor=actor)

    async def stored(self, task: dict[str, Any]) -> dict[str, Any]:
        return await self.tasks.repository.tasks.get(task["_id"]) or {}

    async def titles(self, actor: Actor = OLGA, **where: Any) -> list[str]:
        page = await self.tasks.repository.page(actor.reach, where, limit=50, after=None)
        return [task["title"] for task in page.items]

    def reminded(self) -> list[Reminded]:
        return [event for event in self.bus.events("tasks") if isinstance(event, Reminded)]


@pytest.fixture
async def desk(bench: Bench) -> Desk:
    return Desk(bench)


async def letter(desk: Desk, **arrival: Any) -> dict[str, Any]:
    """An interaction that somebody may have to do something about."""
    event = an_arrival(**arrival)
    await desk.bench.receive(event)
    return await desk.bench.stored(event.id)


async def test_a_task_made_of_an_interaction_has_its_subject_client_and_chain_and_is_told(desk: Desk) -> None:
    cause = await letter(desk)
    task = await desk.open(title=None, interaction_id=cause["_id"], assignee="anna", priority="high")
    assert (task["title"], task["client_id"], task["chain_id"], task["causes"]) == (
        cause["subject"],
        cause["client_id"],
        cause["chain_id"],
        [cause["_id"]],
    )
    (opened,) = desk.bus.events("tasks")
    assert isinstance(opened, TaskOpened)
    assert (opened.task.assignee, opened.task.author, opened.task.priority) == ("anna", "olga", "high")


async def test_nobody_makes_a_task_of_what_he_does_not_see(desk: Desk) -> None:
    cause = await letter(desk, team="legal", others="subject")
    for about in (
        {"interaction_id": cause["_id"]},
        {"chain_id": cause["chain_id"]},
        {"client_id": cause["client_id"]},
    ):
        with pytest.raises(NotFound):
            await desk.open(ANNA, **about)
    with pytest.raises(Forbidden):
        await desk.open(Actor(login="vera", reach=(EVERYTHING,), reads=(EVERYTHING,)), interaction_id=cause["_id"])


async def test_a_task_is_seen_by_who_does_it_who_gave_it_who_watches_it_and_its_team(desk: Desk) -> None:
    task = await desk.open(assignee="anna", team="support", watchers=("boris", "boris"))
    assert task["seen_by"] == ["owner:anna", "owner:boris", "owner:olga", "team:support"]
    assert await desk.titles(BORIS) == ["Перезвонить"]
    assert await desk.titles(Actor(login="petr", reach=("owner:petr", "team:sales"))) == []
    with pytest.raises(NotFound):
        await desk.change(task, Actor(login="petr", reach=("owner:petr",)), state="done")


async def test_lists_begin_with_what_is_due_first_and_end_with_what_has_no_time(desk: Desk) -> None:
    for title, due in (("later", NOON + timedelta(days=2)), ("never", None), ("first", NOON + timedelta(hours=1))):
        await desk.open(title=title, due=due, assignee="anna")
    assert await desk.titles(assignee="anna", state="open") == ["first", "later", "never"]
    assert await desk.titles(ANNA) == ["first", "later", "never"]


async def test_the_same_key_makes_one_task_and_another_form_under_it_is_refused(desk: Desk) -> None:
    first, again = [await desk.open(key="k1", due=NOON + timedelta(days=1)) for _ in range(2)]
    assert first["_id"] == again["_id"]
    with pytest.raises(Conflict):
        await desk.open(key="k1", title="Другое")


async def test_history_says_who_changed_what_and_stays_bounded(desk: Desk) -> None:
    task = await desk.open(assignee="anna")
    await desk.change(task, ANNA, priority="urgent", text="Срочно")
    for number in range(KEPT + 5):
        await desk.change(task, title=f"n{number}")
    history = (await desk.stored(task))["history"]
    assert len(history) == KEPT
    assert (history[0]["by"], [each["name"] for each in history[0]["fields"]]) == ("anna", ["text", "priority"])
    assert history[-1]["fields"] == [{"name": "title", "before": f"n{KEPT + 3}", "after": f"n{KEPT + 4}"}]


async def test_a_closed_task_is_changed_only_by_opening_it_again(desk: Desk) -> None:
    result = await letter(desk)
    task = await desk.open()
    done = await desk.change(task, ANNA, state="done", reason="дозвонились", result_id=result["_id"])
    assert (done["closed_by"], done["closed_at"], done["result_id"]) == ("anna", iso(desk.clock.now()), result["_id"])
    with pytest.raises(Conflict, match="open it again"):
        await desk.change(task, title="x")
    again = await desk.change(task, state="open")
    assert (again["closed_by"], again["closed_at"], again["reason"], again["result_id"]) == (None, None, "", None)


async def test_a_reminder_fires_once_whatever_copies_look_and_says_how_late_it_is(desk: Desk) -> None:
    due = NOON + timedelta(hours=2)
    await desk.open(due=due, reminders=(ReminderForm(before=600), ReminderForm(at=NOON + timedelta(minutes=5))))
    other = desk.another()
    desk.clock.set(NOON + timedelta(minutes=4))
    assert [await tasks.due.look() for tasks in (desk.tasks, other)] == [0, 0]
    desk.clock.set(due)
    assert sum([await tasks.due.look() for tasks in (desk.tasks, other, desk.tasks)]) == 2
    assert [(each.number, each.planned_at, each.late) for each in desk.reminded()] == [
        (1, NOON + timedelta(minutes=5), 115 * 60),
        (0, due - timedelta(minutes=10), 600),
    ]


async def test_a_reminder_moves_with_its_task_and_comes_again_for_the_new_time(desk: Desk) -> None:
    task = await desk.open(due=NOON + timedelta(hours=1), reminders=(ReminderForm(before=0),))
    moved = NOON + timedelta(days=1)
    desk.clock.set(NOON + timedelta(hours=1, seconds=1))
    await desk.tasks.due.look()
    await desk.change(task, due=moved)
    desk.clock.set(moved - timedelta(seconds=1))
    assert await desk.tasks.due.look() == 0
    desk.clock.set(moved + timedelta(seconds=1))
    assert await desk.tasks.due.look() == 2, "it reminds, and its time has passed"
    assert [each.planned_at for each in desk.reminded()] == [NOON + timedelta(hours=1), moved]


async def test_a_task_that_is_done_reminds_nobody(desk: Desk) -> None:
    task = await desk.open(due=NOON + timedelta(hours=1), reminders=(ReminderForm(before=0),))
    await desk.change(task, state="done")
    desk.clock.set(NOON + timedelta(days=1))
    assert await desk.tasks.due.look() == 0


async def test_while_the_hub_is_held_reminders_are_counted_instead_of_fired(desk: Desk) -> None:
    await desk.open(due=NOON + timedelta(hours=1), reminders=(ReminderForm(before=0),))
    desk.held = True
    desk.clock.set(NOON + timedelta(days=1))
    assert (await desk.tasks.due.look(), await desk.tasks.repository.waiting()) == (0, {"reminders": 1})


async def test_one_that_repeats_is_followed_by_the_next_once(desk: Desk) -> None:
    task = await desk.open(
        due=NOON,
        repeats="FREQ=WEEKLY;BYDAY=MO,TH",
        assignee="anna",
        checklist=(CheckLine(text="план", done=True),),
        reminders=(ReminderForm(before=60),),
    )
    for state in ("done", "open", "done"):
        await desk.change(task, state=state)
    page = await desk.tasks.repository.page((EVERYTHING,), {"state": "open"}, limit=9, after=None)
    (following,) = page.items
    assert (following["due"], following["assignee"]) == (iso(NOON + timedelta(days=3)), "anna")
    assert following["checklist"] == [{"text": "план", "done": False}]
    assert following["reminders"] == [{"at": None, "before": 60, "fired_at": None}]


async def test_one_that_was_done_late_goes_on_from_today_and_one_that_has_ended_does_not(desk: Desk) -> None:
    late = await desk.open(due=NOON - timedelta(days=100), repeats="FREQ=DAILY")
    ended = await desk.open(due=NOON, repeats="FREQ=DAILY;COUNT=1", title="last")
    await desk.change(late, state="done")
    await desk.change(ended, state="done")
    page = await desk.tasks.repository.page((EVERYTHING,), {"state": "open"}, limit=9, after=None)
    assert [(each["title"], each["due"]) for each in page.items] == [("Перезвонить", iso(NOON))]


@pytest.mark.parametrize(
    "rule",
    [
        "каждый день",
        "FREQ=SECONDLY",
        "FREQ=DAILY;UNTIL=никогда",
        "FREQ=YEARLY;BYMONTH=99",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY",
    ],
)
async def test_a_rule_that_is_none_is_refused_by_its_field(desk: Desk, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.open(due=NOON, repeats=rule)
    assert list(refused.value.fields) == ["repeats"]


def test_a_task_names_the_first_and_the_newest_of_many_causes_and_counts_all() -> None:
    task = settled({**blank(NOON), "_id": "tk_1"})
    for number in range(CAUSES + 20):
        for _ in range(2):
            task = with_cause(task, f"in_{number}")
    assert (task["caused"], len(task["causes"])) == (CAUSES + 20, CAUSES)
    assert (task["causes"][0], task["causes"][-1]) == ("in_0", f"in_{CAUSES + 19}")


async def test_a_change_that_could_not_be_told_is_told_by_the_next(desk: Desk) -> None:
    task = await desk.open()
    desk.bus.failures = 1
    await desk.change(task, title="тихо")
    await desk.change(task, priority="low")
    told = [event for event in desk.bus.events("tasks") if isinstance(event, TaskChanged)]
    assert [(each.task.title, each.task.priority) for each in told] == [("тихо", "low")]


async def test_tasks_stay_over_a_restart(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tasks.sqlite")
    clock, bus = FakeClock(NOON), FakeBus()
    before = TaskRepository(store, bus, clock)
    await store.start()
    task = settled({**blank(NOON), "_id": "tk_1", "title": "x", "due": iso(NOON)})
    await before.tasks.insert(task)
    await store.stop()
    again = SqliteStore(tmp_path / "tasks.sqlite")
    repository = TaskRepository(again, bus, clock)
    await again.start()
    assert (await repository.tasks.get("tk_1") or {})["due"] == iso(NOON)
    await again.stop()
