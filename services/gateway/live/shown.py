"""What of an event the live stream shows, and to whom: views without blob keys, and filters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
from pydantic import Field

from hub.contracts.agent import AgentChanged, AgentState, BoardMoved
from hub.contracts.base import Record
from hub.contracts.client import ChainChanged, ChainOpened, ClientChanged, ClientOpened
from hub.contracts.draft import DraftMoved, ReviewState
from hub.contracts.interaction import InteractionChanged, InteractionLinked, InteractionPlanned
from hub.contracts.job import JobProgressed
from hub.contracts.masks import MaskedWords, hiding
from hub.contracts.notice import NoticeGiven, NoticeKind
from hub.contracts.notification import NotificationChanged, NotificationGiven, NotificationKind, Way
from hub.contracts.park import ONLY_GROUP
from hub.contracts.ring import CallRinging
from hub.contracts.scope import OPEN, Shown, owned_by, reaches
from hub.contracts.shown import CallLineView, ChainView, ClientView, InteractionView, Moment, View
from hub.contracts.shown_tasks import TaskView
from hub.contracts.task import Reminded, TaskChanged, TaskOpened
from hub.jobs.models import JobView
from hub.kit.log import Log

log = Log(__name__)


class InteractionEvent(View):
    """Data of `interaction.linked.v1`, `interaction.planned.v1` and `interaction.changed.v1`."""

    interaction: InteractionView

    def about(self) -> "About":
        shown = self.interaction
        return About(channel=shown.channel, chain_id=shown.chain_id, client_id=shown.client_id)

    def narrowed(self, level: Shown) -> "InteractionEvent":
        return InteractionEvent(interaction=self.interaction.narrowed(level))


class ClientEvent(View):
    """Data of `client.opened.v1` and `client.changed.v1`."""

    client: ClientView

    def about(self) -> "About":
        return About(client_id=self.client.id)

    def narrowed(self, _: Shown) -> "ClientEvent":
        return self


class ChainEvent(View):
    """Data of `chain.opened.v1` and `chain.changed.v1`."""

    chain: ChainView

    def about(self) -> "About":
        return About(chain_id=self.chain.id, client_id=self.chain.client_id)

    def narrowed(self, level: Shown) -> "ChainEvent":
        return ChainEvent(chain=self.chain.narrowed(level))


class TaskEvent(View):
    """Data of `task.opened.v1` and `task.changed.v1`."""

    task: TaskView

    def about(self) -> "About":
        return About(chain_id=self.task.chain_id, client_id=self.task.client_id)

    def narrowed(self, _: Shown) -> "TaskEvent":
        return self


class ReminderEvent(TaskEvent):
    """Data of `task.reminded.v1`, for those whom the task concerns."""

    number: int
    planned_at: Moment
    late: int

    @property
    def to(self) -> tuple[str, ...]:
        """Logins."""
        task = self.task
        return tuple(filter(None, (task.assignee or task.author, *task.watchers)))

    def narrowed(self, _: Shown) -> "ReminderEvent":
        return self


class NoticeEvent(View):
    """Data of `notice.given.v1`, for those whom it is for."""

    kind: NoticeKind
    to: tuple[str, ...] = Field(description="Logins")
    by: str = ""
    what: str = Field(description="Id of the interaction, chain or task")
    chain_id: str | None = None
    client_id: str | None = None
    words: MaskedWords = ""
    at: Moment
    late: int = 0

    def about(self) -> "About":
        return About(chain_id=self.chain_id, client_id=self.client_id)

    def narrowed(self, _: Shown) -> "NoticeEvent":
        return self


class NotificationEvent(View):
    """Data of `notification.given.v1` and `notification.changed.v1`, for whom it is for; `GET /api/v1/notifications`
    says what it is about.
    """

    id: str
    to_login: str = Field(alias="to", exclude=True)
    kind: NotificationKind
    ways: tuple[Way, ...] = ()
    read: bool
    at: Moment
    revision: int
    """Of two, the higher one is newer."""

    @property
    def to(self) -> tuple[str, ...]:
        return (self.to_login,)

    def about(self) -> "About":
        return About()

    def narrowed(self, _: Shown) -> "NotificationEvent":
        return self


class DraftEvent(View):
    """Data of `draft.moved.v1`, for its author and those who are asked to approve it."""

    id: str
    chain_id: str
    author: str
    to: tuple[str, ...] = Field(description="Logins")
    state: ReviewState | None = None
    version: int
    at: Moment

    def about(self) -> "About":
        return About(chain_id=self.chain_id)

    def narrowed(self, _: Shown) -> "DraftEvent":
        return self


class JobEvent(JobView):
    """Data of `job.progressed.v1`."""

    revision: int
    """Of two, the higher one is newer."""

    def about(self) -> "About":
        return About()

    def narrowed(self, _: Shown) -> "JobEvent":
        return self


class RingingMatterView(View):
    id: str
    title: MaskedWords = ""
    seen_by: tuple[str, ...] = Field(default=(), exclude=True)


class RingingClientView(View):
    client_id: str
    name: MaskedWords = ""
    owner: str | None = None
    sure: bool = True
    seen_by: tuple[str, ...] = Field(default=(), exclude=True)
    chains: tuple[RingingMatterView, ...] = ()
    tasks: tuple[RingingMatterView, ...] = ()

    def within(self, reach: Sequence[str]) -> "RingingClientView":
        """With the matters that somebody of this reach sees."""
        chains, tasks = (
            tuple(one for one in matters if reaches(reach, one.seen_by)) for matters in (self.chains, self.tasks)
        )
        return self.model_copy(update={"chains": chains, "tasks": tasks})


class RingEvent(View):
    """Data of `call.ringing.v1`, for whoever's phone it is: who may be calling, as far as he sees them."""

    interaction_id: str
    login: str
    phone: str
    state: Literal["ringing", "over"]
    at: Moment
    caller: MaskedWords = ""
    name: MaskedWords = ""
    line: CallLineView | None = None
    clients: tuple[RingingClientView, ...] = ()
    handed_by: str | None = None
    note: str = ""
    looked_up: bool = True

    @property
    def to(self) -> tuple[str, ...]:
        return (self.login,)

    def about(self) -> "About":
        return About(channel="call")

    def narrowed(self, _: Shown) -> "RingEvent":
        return self

    def within(self, reach: Sequence[str]) -> "RingEvent":
        """With the clients that somebody of this reach sees."""
        seen = tuple(one.within(reach) for one in self.clients if reaches(reach, one.seen_by))
        return self.model_copy(update={"clients": seen})


class AgentEvent(View):
    """Data of `agent.changed.v1`, for those who see the agent."""

    login: str
    state: AgentState
    reason: str = ""
    since: Moment
    call: str | None = None
    lists: tuple[str, ...] = ()
    revision: int
    """Of two, the higher one is newer."""
    seen_by: tuple[str, ...] = Field(default=(), exclude=True)

    def about(self) -> "About":
        return About(channel="call")

    def narrowed(self, _: Shown) -> "AgentEvent":
        return self


class BoardEvent(View):
    """Data of `board.moved.v1`: the board of calls is to be asked for anew."""

    at: Moment

    def about(self) -> "About":
        return About(channel="call")

    def narrowed(self, _: Shown) -> "BoardEvent":
        return self


Event = (
    InteractionEvent
    | ClientEvent
    | ChainEvent
    | TaskEvent
    | NoticeEvent
    | NotificationEvent
    | DraftEvent
    | JobEvent
    | RingEvent
    | AgentEvent
    | BoardEvent
)
_VIEWS: dict[str, type[Event]] = {
    InteractionLinked.TYPE: InteractionEvent,
    InteractionPlanned.TYPE: InteractionEvent,
    InteractionChanged.TYPE: InteractionEvent,
    ClientOpened.TYPE: ClientEvent,
    ClientChanged.TYPE: ClientEvent,
    ChainOpened.TYPE: ChainEvent,
    ChainChanged.TYPE: ChainEvent,
    TaskOpened.TYPE: TaskEvent,
    TaskChanged.TYPE: TaskEvent,
    Reminded.TYPE: ReminderEvent,
    NoticeGiven.TYPE: NoticeEvent,
    NotificationGiven.TYPE: NotificationEvent,
    NotificationChanged.TYPE: NotificationEvent,
    DraftMoved.TYPE: DraftEvent,
    JobProgressed.TYPE: JobEvent,
    CallRinging.TYPE: RingEvent,
    AgentChanged.TYPE: AgentEvent,
    BoardMoved.TYPE: BoardEvent,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an event is about, or what a listener wants to hear about; none is anything."""

    channel: str | None = None
    chain_id: str | None = None
    client_id: str | None = None

    def wants(self, other: "About") -> bool:
        return (
            self.channel in (None, other.channel)
            and self.chain_id in (None, other.chain_id)
            and self.client_id in (None, other.client_id)
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """An event that the stream tells."""

    type: str
    view: Event
    about: About
    tokens: tuple[str, ...] | None = None
    """By whom it is seen, where it says so itself: a job, a task; none: as its chain or its client is."""
    to: tuple[str, ...] | None = None
    """Logins of those whom it is for, and nobody else; none: whoever sees it."""

    @property
    def noun(self) -> str:
        """What it is about, as operations and scopes name it: `interaction`, `chain`, `task`, …"""
        return self.type.partition(".")[0]

    @property
    def is_by_reach(self) -> bool:
        """Whether what is shown of it is another for each who sees it."""
        return isinstance(self.view, RingEvent)

    def data(self, level: Shown, hides: Collection[str], reach: Sequence[str] = ()) -> str:
        """JSON on one line, with as much as somebody is shown of it."""
        view = self.view.within(reach) if isinstance(self.view, RingEvent) else self.view
        with hiding(hides):
            return view.narrowed(level).model_dump_json()


def told(record: Record) -> Telling | None:
    """None for what is left out: what this version does not know, and what is replayed for one group."""
    headers = dict(record.headers)
    event_type = headers.get("ce_type", b"").decode(errors="replace")
    view_class = _VIEWS.get(event_type)
    if view_class is None or ONLY_GROUP in headers:
        return None
    try:
        view = view_class.model_validate_json(record.value)
    except ValueError:
        log.warning("live.unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
        return None
    return Telling(event_type, view, view.about(), _tokens(view, record), _to(view))


def _tokens(view: Event, record: Record) -> tuple[str, ...] | None:
    if isinstance(view, AgentEvent):
        return view.seen_by
    if isinstance(view, BoardEvent):
        return (OPEN,)
    if isinstance(view, JobEvent):
        return (owned_by(view.by),)
    if isinstance(view, NoticeEvent | NotificationEvent | DraftEvent | RingEvent):
        return tuple(map(owned_by, view.to))
    return tuple(orjson.loads(record.value)["task"]["seen_by"]) if isinstance(view, TaskEvent) else None


def _to(view: Event) -> tuple[str, ...] | None:
    return (
        view.to
        if isinstance(view, ReminderEvent | NoticeEvent | NotificationEvent | DraftEvent | RingEvent)
        else None
    )
