"""Tasks on the bus: what an employee must do, and that he is reminded of it."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.history import Change
from hub.contracts.offer import Offer
from hub.kit.clock import iso
from hub.kit.ids import derive

TaskState = Literal["open", "done", "cancelled"]
Priority = Literal["low", "normal", "high", "urgent"]
REMINDED = "reminded"
"""Mark of `Reminded`."""


class Check(Body):
    """A line of a checklist."""

    text: str
    done: bool = False


class Reminder(Body):
    """At a moment, or so long before the task is due: then it moves with it."""

    at: datetime | None = None
    before: int | None = None
    """Seconds."""
    fired_at: datetime | None = None


class Task(Body):
    """What must be done because of an interaction, or because somebody said so."""

    id: str
    title: str
    text: str = ""
    state: TaskState = "open"
    priority: Priority = "normal"
    assignee: str | None = None
    """Login; none: whoever of the team takes it."""
    team: str | None = None
    watchers: tuple[str, ...] = ()
    author: str | None = None
    """Login of who gave it; none: a rule did."""
    rule: str | None = None
    """`missed_call`; none: a person opened it."""
    client_id: str | None = None
    chain_id: str | None = None
    causes: tuple[str, ...] = ()
    """Ids of the interactions it is about, the first one first."""
    caused: int = 0
    """How many there were; `causes` has the first and the newest ones."""
    result_id: str | None = None
    """The interaction that it ended with."""
    due: datetime | None = None
    reminders: tuple[Reminder, ...] = ()
    checklist: tuple[Check, ...] = ()
    repeats: str | None = None
    """RFC 5545 RRULE: when it is done, the next one is opened."""
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    """Login, or `rule:NAME`."""
    reason: str = ""
    """Why it was closed, where somebody or a rule said so."""
    history: tuple[Change, ...] = ()
    offered: Offer | None = None
    """To whom it is offered; it is his once he accepts."""
    seen_by: tuple[str, ...] = ()
    """Tokens of `hub.contracts.scope`: of its assignee, team, author and watchers, and of whom it is offered to."""


class _AboutTask(Event):
    """What is told about one task, with all of it."""

    TOPIC: ClassVar[str] = "tasks"

    task: Task
    revision: int = 1
    """Of the task: of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.task.id, str(self.revision))

    def key(self) -> str:
        return self.task.id


class TaskOpened(_AboutTask):
    """Somebody has something to do."""

    TYPE: ClassVar[str] = "task.opened.v1"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.task.id)


class TaskChanged(_AboutTask):
    """It is another's, another time, done, or not to be done any more."""

    TYPE: ClassVar[str] = "task.changed.v1"


class Reminded(Event):
    """The moment of a reminder has come. Told once, also where nobody was there to tell it in time."""

    TYPE: ClassVar[str] = "task.reminded.v1"
    TOPIC: ClassVar[str] = "tasks"

    task: Task
    number: int
    """Of the reminder, from 0."""
    planned_at: datetime
    late: int = 0
    """Seconds after its moment: the hub was down."""

    def marks(self) -> tuple[str, ...]:
        return (REMINDED,)

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.task.id, str(self.number), iso(self.planned_at))

    def key(self) -> str:
        return self.task.id
