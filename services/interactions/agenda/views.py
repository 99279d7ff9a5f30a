"""What calendars show."""

from typing import Literal

from pydantic import Field

from hub.contracts.masks import MaskedWords
from hub.contracts.shown import Moment, View

Kind = Literal["contact", "task"]
State = Literal["planned", "held", "missed", "open", "done", "busy"]


class EntryView(View):
    """A planned contact, or a task with its time, of the employees that are asked for."""

    kind: Kind
    id: str | None = Field(description="Of the interaction or task; none: busy with what you do not see")
    type: str = Field(default="", description="Of a contact: meeting, call, …")
    state: State
    title: MaskedWords = ""
    at: Moment
    minutes: int = Field(description="0: a task, which is due then")
    place: MaskedWords = ""
    logins: list[str] = Field(description="Those of the employees asked for whom it concerns")
    client_id: str | None = None
    client_name: MaskedWords = ""
    chain_id: str | None = None
    repeats: str = Field(default="", description="Of what comes again: an RRULE of RFC 5545")
    foreseen: bool = Field(
        default=False, description="A later time of the contact `id`, which is made when that one is over"
    )


class AgendaView(View):
    items: list[EntryView] = Field(description="In order of time")
    more: bool = Field(description="There is more than one answer holds; ask for a shorter time")


class BusyView(View):
    login: str
    since: Moment
    until: Moment


class FreeView(View):
    since: Moment
    until: Moment


class FreeTimes(View):
    busy: list[BusyView] = Field(description="What the employees have planned, in order")
    off: list[str] = Field(description="Logins of those who do not work at any moment of this time")
    free: list[FreeView] = Field(description="When all of them work and none is busy, for long enough; the first 100")
