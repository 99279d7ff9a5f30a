"""Documents of tasks, and what is told of them: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.contracts.base import Event
from hub.contracts.notice import NoticeGiven
from hub.contracts.scope import of_team, owned_by
from hub.contracts.task import Reminded, Task, TaskChanged, TaskOpened
from hub.kit.clock import from_iso, iso
from hub.store.base import CollectionSpec, Document, Index
from hub.store.due import DUE, with_timer, without_timer
from hub.store.told import OWES, Fact, Owing

NEVER = "9999-12-31T23:59:59.999999Z"
"""Where what has no time stands among what has one."""
CAUSES = 50
"""Interactions that a task names; of more the first and the newest ones."""
MOST_REMINDERS = 10
_WORDS = 200
TASKS = CollectionSpec(
    "tasks",
    (
        Index("turn"),
        Index("state", "turn"),
        Index("assignee", "turn"),
        Index("author", "turn"),
        Index("client_id", "turn"),
        Index("chain_id", "turn"),
        Index("seen_by", "turn", many=True),
        Index("key", "opened_at", sparse=True),
        DUE,
        OWES,
    ),
)
"""`turn` is when it is due, or `NEVER`; `key` is what a rule opens one task for at a time."""
NOTED = (
    "title",
    "text",
    "state",
    "priority",
    "assignee",
    "team",
    "watchers",
    "due",
    "checklist",
    "reminders",
    "offered",
)
"""What its history tells of."""
OVERDUE = "overdue"
"""The timer of one that is due: it is still open then."""
_TASK = tuple(name for name in Task.model_fields if name not in ("id", "seen_by"))
_KEPT_IN = (
    "_id",
    "_v",
    "outbox",
    "owes",
    "timers",
    "due_at",
    "turn",
    "key",
    "request",
    "since",
    "reach_by",
    "began",
    "overdue_told",
)


def task_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (TaskOpened,)
    differ = any((before.get(name) or None) != (after.get(name) or None) for name in _TASK)
    return (TaskChanged,) if differ else ()


def task_state(kind: type[Event], document: Document) -> Event:
    return kind.model_validate({"task": _body(document), "revision": document["_v"]})


def _body(document: Document) -> Document:
    return {**document, "id": document["_id"]}


def settled(task: Document) -> Document:
    """The task with all that follows from its fields: by whom it is seen, its turn, its timers."""
    due = task.get("due")
    task = {**task, "turn": due or NEVER, "seen_by": tokens_of(task)}
    for number in range(MOST_REMINDERS):
        at = _moment(task, number)
        task = with_timer(task, timer(number), at) if at else without_timer(task, timer(number))
    if due and task["state"] == "open" and task.get("overdue_told") != due:
        return with_timer(task, OVERDUE, from_iso(due))
    return without_timer(task, OVERDUE)


def tokens_of(task: Document) -> list[str]:
    """Of its assignee and team; of who gave it, who watches it and whom it is offered to. Nobody's and no team's is
    everybody's.
    """
    offered = (task.get("offered") or {}).get("to")
    concerned = [task.get("assignee"), task.get("author"), *(task.get("watchers") or []), offered]
    tokens = {owned_by(who) for who in concerned if who}
    if task.get("team") or not task.get("assignee"):
        tokens.add(of_team(task.get("team")))
    return sorted(tokens)


def timer(number: int) -> str:
    """Of a reminder."""
    return f"reminder.{number}"


def _moment(task: Document, number: int) -> datetime | None:
    reminders: list[dict[str, Any]] = task.get("reminders") or []
    if task["state"] != "open" or number >= len(reminders) or reminders[number].get("fired_at"):
        return None
    return planned(task, reminders[number])


def planned(task: Document, reminder: dict[str, Any]) -> datetime | None:
    """When it shall fire; none for one that hangs on a time that the task has not."""
    if reminder.get("at"):
        return from_iso(reminder["at"])
    return from_iso(task["due"]) - timedelta(seconds=reminder["before"]) if task.get("due") else None


def reminding(number: int, task: Document, now: datetime) -> Owing:
    """The task whose reminder has fired, and the event that says so."""
    reminders = [dict(each) for each in task["reminders"]]
    at = planned(task, reminders[number]) or now
    reminders[number]["fired_at"] = iso(now)
    late = max(0, int((now - at).total_seconds()))
    told = Reminded(
        task=Task.model_validate(_body({**task, "reminders": reminders})), number=number, planned_at=at, late=late
    )
    return Owing({**task, "reminders": reminders}, (told,))


def overdue(task: Document, now: datetime) -> Owing:
    """The task that was not done in time, and the notice to whoever does it; once for each time that it is due."""
    to = tuple(filter(None, [task.get("assignee") or task.get("author")]))
    told = NoticeGiven(
        kind="overdue",
        to=to,
        what=task["_id"],
        chain_id=task.get("chain_id"),
        client_id=task.get("client_id"),
        words=task["title"][:_WORDS],
        at=from_iso(task["due"]),
        late=max(0, int((now - from_iso(task["due"])).total_seconds())),
    )
    return Owing({**task, "overdue_told": task["due"]}, (told,) if to else ())


def with_cause(task: Document, interaction_id: str) -> Document:
    """The task about one more interaction; the same one where it was known."""
    causes: list[str] = task["causes"]
    if interaction_id in causes:
        return task
    known = [*causes, interaction_id]
    kept = known if len(known) <= CAUSES else [known[0], *known[-(CAUSES - 1) :]]
    return {**task, "causes": kept, "caused": task["caused"] + 1}


def moved_reminders(before: Document, after: Document) -> Document:
    """Where the time is another, what hangs on it is to come again."""
    if before.get("due") == after.get("due"):
        return after
    reminders = [
        {**each, "fired_at": None} if each.get("before") is not None else each for each in after["reminders"]
    ]
    return {**after, "reminders": reminders}


def task_view(document: Document) -> dict[str, Any]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k not in _KEPT_IN}}


def blank(opened_at: datetime) -> Document:
    """All that a task has, empty."""
    return {
        "title": "",
        "text": "",
        "state": "open",
        "priority": "normal",
        **dict.fromkeys(("assignee", "team", "author", "rule", "client_id", "chain_id", "result_id", "due")),
        **{name: [] for name in ("watchers", "causes", "reminders", "checklist", "history")},
        **dict.fromkeys(("repeats", "closed_at", "closed_by")),
        "caused": 0,
        "reason": "",
        "opened_at": iso(opened_at),
    }
