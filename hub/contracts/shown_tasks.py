"""Tasks as the API and the live stream show them."""

from pydantic import Field

from hub.contracts.masks import MaskedWords
from hub.contracts.shown import ChangeView, Moment, OfferView, View
from hub.contracts.task import Priority, TaskState


class CheckView(View):
    text: str
    done: bool


class ReminderView(View):
    at: Moment | None = None
    before: int | None = Field(default=None, description="Seconds before it is due")
    fired_at: Moment | None = None


class TaskView(View):
    """What somebody must do."""

    id: str = Field(examples=["tk_4k2m"])
    title: MaskedWords
    text: MaskedWords = ""
    state: TaskState
    priority: Priority
    assignee: str | None = Field(default=None, description="None: whoever of the team takes it")
    team: str | None = None
    watchers: tuple[str, ...] = ()
    author: str | None = Field(default=None, description="Who gave it; none: a rule did")
    rule: str | None = Field(default=None, examples=["missed_call"])
    client_id: str | None = None
    chain_id: str | None = None
    causes: tuple[str, ...] = Field(
        default=(), description="Interactions it is about: the first, and the newest ones"
    )
    caused: int = Field(default=0, description="How many there were")
    result_id: str | None = Field(default=None, description="The interaction that it ended with")
    due: Moment | None = None
    overdue: bool = Field(default=False, description="It is open, and its time has passed")
    reminders: tuple[ReminderView, ...] = ()
    checklist: tuple[CheckView, ...] = ()
    repeats: str | None = Field(default=None, description="RFC 5545", examples=["FREQ=WEEKLY;BYDAY=MO"])
    opened_at: Moment
    closed_at: Moment | None = None
    closed_by: str | None = None
    reason: str = Field(default="", description="Why it was closed")
    offered: OfferView | None = None
    history: tuple[ChangeView, ...] = ()
