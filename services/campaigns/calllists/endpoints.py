"""The HTTP door of call lists, of an operator's work with them, and of do-not-call."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Protocol

from fastapi import Path, Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Form, Id, Moment, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.tables import streamed
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document
from services.campaigns.calllists.days import Days
from services.campaigns.calllists.funnel import Funnels
from services.campaigns.calllists.hours import Hours
from services.campaigns.calllists.models import (
    CallListForm,
    Disposition,
    Finish,
    Mode,
    Recycle,
    Skip,
)
from services.campaigns.calllists.models import (
    Stops as StopsForm,
)
from services.campaigns.calllists.service import CallLists
from services.campaigns.calllists.stops import Stops
from services.campaigns.calllists.work import Work


class Crew(Protocol):
    """Who takes calls of which list; the service of calls knows who is there."""

    async def join(self, list_id: str, *, after_call: float, actor: Actor) -> Document:
        """`login`, `state`, `call_lists`. Raises TransientError."""
        ...

    async def leave(self, list_id: str, *, actor: Actor) -> Document: ...


JSON_LINES = "application/jsonl"
DayPath = Annotated[date, Path(alias="day", examples=["2026-03-02"])]
CodePath = Annotated[str, Path(alias="code", pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class ReportView(View):
    """What loading came to: people that are new or were there, numbers that are not phoned."""

    new: int
    known: int
    duplicate: int
    invalid: int
    region: int
    do_not_call: int
    without_number: int


class CallListView(View):
    """People to be phoned."""

    id: str
    name: str
    state: str = Field(examples=["running"])
    mode: Mode = "preview"
    script: str | None = None
    segment: str | None
    list: str | None
    line: str
    source: str | None = None
    report: ReportView | None
    loaded_at: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "CallListView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class CallListList(View):
    items: list[CallListView]
    next: str | None


class AttemptView(View):
    id: str
    at: str
    interaction: str | None = Field(description="Null: it is not known whether it rang")


class EntryView(View):
    """Somebody to be phoned."""

    id: str
    call_list: str
    client: str | None
    name: MaskedWords
    number: MaskedAddress
    state: str
    due: str
    attempts: int
    last: str = Field(description="What came of the last attempt")
    attempt: AttemptView | None = Field(description="One whose outcome you have to say")

    @classmethod
    def of(cls, stored: Document) -> "EntryView":
        return cls.model_validate({"attempt": None, **stored, "id": stored["_id"], "call_list": stored["list"]})


class NextView(View):
    entry: EntryView | None = Field(description="Null: nobody may be phoned now; see the funnel")


class MineView(View):
    items: list[EntryView]


class StandingView(View):
    """Why somebody is not phoned now."""

    stage: str = Field(description="Empty: he may be phoned", examples=["window"])
    words: MaskedWords


class ListExampleView(View):
    entry: str
    name: MaskedWords
    words: MaskedWords


class StageView(View):
    stage: str
    stopped: int
    left: int = Field(description="Who pass it")
    examples: list[ListExampleView]


class FunnelView(View):
    """How many come how far."""

    total: int
    stages: list[StageView]
    dialable: int
    complete: bool


class ListCountView(View):
    count: int


class DispositionView(Disposition):
    code: str


class DictionaryView(View):
    items: list[DispositionView]


class StopView(View):
    """A number that is not phoned."""

    number: MaskedAddress
    places: list[str] = Field(description="Call lists; `*`: everywhere")
    at: str

    @classmethod
    def of(cls, stored: Document) -> "StopView":
        return cls(number=stored["_id"], places=sorted(stored["stops"]), at=stored["stopped_at"])


class StopList(View):
    items: list[StopView]
    next: str | None


class MaskView(View):
    """A beginning of numbers that are not phoned."""

    mask: str
    place: str = Field(description="A call list; `*`: everywhere")
    why: MaskedWords
    at: str

    @classmethod
    def of(cls, stored: Document) -> "MaskView":
        return cls.model_validate({**stored, "place": stored["where"]})


class MaskList(View):
    items: list[MaskView]


class Lift(Form):
    """A number, or a mask, that may be phoned again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "+79161234567"}]})
    value: str = Field(min_length=3, max_length=60)
    call_list: str = Field(default="*", max_length=100, pattern=r"^(\*|[A-Za-z0-9_-]+)$")


class Scripts(Protocol):
    """What operators may be led through."""

    async def get(self, script_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        ...


def public(
    lists: CallLists,
    work: Work,
    stops: Stops,
    funnels: Funnels,
    crew: Crew,
    hours: Hours,
    days: Days,
    jobs: Jobs,
    scripts: Scripts,
) -> Public:
    """The operations."""
    routes = Public("call lists")
    _add_reports(routes, lists, hours)
    _add_days(routes, lists, days)
    _add_agents(routes, lists, crew)
    _add_lists(routes, lists, jobs, scripts)
    _add_states(routes, lists, funnels)
    _add_work(routes, work)
    _add_outcomes(routes, work)
    _add_dictionary(routes, lists)
    _add_stops(routes, stops)
    return routes


def _add_days(routes: Public, lists: CallLists, days: Days) -> None:
    @routes.get(
        "/call-lists/{id}/days/{day}",
        right=Right.READ_CAMPAIGNS,
        noun="call_list",
        download=JSON_LINES,
        refuses=[Conflict],
    )
    async def record_call_list_day(list_id: Id, day: DayPath, actor: Acting) -> Response:
        """A day of a list that dials by itself, on its own clock: a recording for `omnihub dialler simulate`."""
        pieces = await days.of(await lists.get(list_id, actor), day)
        return streamed(pieces, f"{list_id}-{day.isoformat()}.jsonl", JSON_LINES)


def _add_lists(routes: Public, lists: CallLists, jobs: Jobs, scripts: Scripts) -> None:
    async def check_script(given: CallListForm, actor: Actor) -> None:
        """An operator in the middle of a call is not the one to hear that there is none."""
        try:
            if given.script:
                await scripts.get(given.script, actor)
        except NotFound as exc:
            raise InvalidInput(fields={"script": f"{exc}; GET /api/v1/scripts lists them"}) from exc

    async def load(made: Document, actor: Actor, key: str | None) -> JobView:
        args = {"call_list": made["_id"], "login": actor.login, "reach": list(actor.reach)}
        return await jobs.begin("load_call_list", args, by=actor.login, key=key)

    @routes.get("/call-lists", right=Right.READ_CAMPAIGNS, noun="call_list", answer=CallListList)
    async def list_call_lists(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Call lists, the newest first."""
        return await listed(
            lambda limit: lists.page(actor, limit=limit, after=query.after), each(CallListView.of), limit=query.limit
        )

    @routes.post("/call-lists", right=Right.MANAGE_CAMPAIGNS, noun="call_list", status=202)
    async def add_call_list(given: CallListForm, actor: Acting, key: Key = None) -> CallListView:
        """Make a call list of a segment or a static list; a job loads it, and it rests until it is started."""
        await check_script(given, actor)
        made = await lists.add(given, actor=actor, key=key)
        await load(made, actor, made["_id"])
        return CallListView.of(made)

    @routes.get("/call-lists/{id}", right=Right.READ_CAMPAIGNS, noun="call_list")
    async def show_call_list(list_id: Id, actor: Acting) -> CallListView:
        """A call list, and what loading it came to."""
        return CallListView.of(await lists.get(list_id, actor))

    @routes.post("/call-lists/{id}/load", right=Right.MANAGE_CAMPAIGNS, noun="call_list", action="change", status=202)
    async def load_call_list(list_id: Id, actor: Acting, key: Key = None) -> JobView:
        """Load it once more: those who are new since are added, nobody is taken away or begun anew."""
        return await load(await lists.get(list_id, actor), actor, key)


def _add_states(routes: Public, lists: CallLists, funnels: Funnels) -> None:
    @routes.post("/call-lists/{id}/start", right=Right.MANAGE_CAMPAIGNS, noun="call_list", action="change")
    async def start_call_list(list_id: Id, actor: Acting) -> CallListView:
        """Operators get people of it from now on."""
        return CallListView.of(await lists.turn(list_id, "running", actor=actor))

    @routes.post("/call-lists/{id}/pause", right=Right.MANAGE_CAMPAIGNS, noun="call_list", action="change")
    async def pause_call_list(list_id: Id, actor: Acting) -> CallListView:
        """Nobody gets anybody of it; those who have somebody finish."""
        return CallListView.of(await lists.turn(list_id, "paused", actor=actor))

    @routes.post("/call-lists/{id}/recycle", right=Right.MANAGE_CAMPAIGNS, noun="call_list", action="change")
    async def recycle_call_list(list_id: Id, given: Recycle, actor: Acting) -> ListCountView:
        """Give those whose tries are over after some outcomes their tries once more; caps and history stay."""
        return ListCountView(count=await lists.recycle(list_id, given, actor=actor))

    @routes.get("/call-lists/{id}/funnel", right=Right.READ_CAMPAIGNS, noun="call_list")
    async def call_list_funnel(list_id: Id, actor: Acting) -> FunnelView:
        """Why is nothing dialling: how many come how far, with some of those who do not come further."""
        found = await funnels.of(await lists.get(list_id, actor), actor.login)
        left, stages = found.total, []
        for name, stopped in found.stages.items():
            left -= stopped.count
            examples = [ListExampleView(entry=one, name=title, words=words) for one, title, words in stopped.examples]
            stages.append(StageView(stage=name, stopped=stopped.count, left=left, examples=examples))
        return FunnelView(total=found.total, stages=stages, dialable=found.dialable, complete=found.complete)


class HourView(View):
    """Attempts of one hour of one weekday, on the clock of the list."""

    weekday: str | None = Field(examples=["mon"])
    hour: int | None = Field(examples=[14])
    attempts: int
    answered: int = Field(description="By a person")
    contacts: int = Field(description="With the right person")
    sales: int
    dropped: int = Field(description="Answered, and no agent was there")
    talk: float | None = Field(description="Seconds, on average, of those who spoke with an operator")
    after_call: float | None = Field(description="Seconds, on average, from the end of the call to its outcome")


class HoursView(View):
    """How a list went."""

    zone: str
    total: HourView
    items: list[HourView]
    best: HourView | None = Field(description="In which the right person was reached most often; 20 attempts or more")
    complete: bool = Field(description="False: there are more attempts than are read at once; ask for less time")


class HoursQuery(Form):
    """Attempts that were begun from when to when."""

    since: Moment = Field(examples=["2026-03-02T00:00:00Z"])
    until: Moment = Field(examples=["2026-04-02T00:00:00Z"])


def _add_reports(routes: Public, lists: CallLists, hours: Hours) -> None:
    @routes.get("/call-lists/{id}/hours", right=Right.READ_CAMPAIGNS, noun="call_list")
    async def call_list_hours(list_id: Id, query: Annotated[HoursQuery, Query()], actor: Acting) -> HoursView:
        """How a list went by hour and weekday, and which hour is the best one; 50,000 attempts at once."""
        found = await hours.of(await lists.get(list_id, actor), query.since, query.until)
        return HoursView.model_validate({**asdict(found), "items": [asdict(row) for row in found.rows]})


class AgentOfListView(View):
    """You, as an agent of call lists."""

    login: str
    state: str = Field(examples=["available"])
    call_lists: list[str] = Field(description="That you take calls of")


def _add_agents(routes: Public, lists: CallLists, crew: Crew) -> None:
    @routes.post(
        "/call-lists/{id}/agents/me", right=Right.WRITE_MESSAGES, noun="call_list", action="work", refuses=[Conflict]
    )
    async def join_call_list(list_id: Id, actor: Acting) -> AgentOfListView:
        """Take calls of a list; they come while you are available: PUT /api/v1/agents/me."""
        call_list = await lists.get(list_id, actor)
        return AgentOfListView.model_validate(
            await crew.join(list_id, after_call=call_list["after_call"], actor=actor)
        )

    @routes.delete("/call-lists/{id}/agents/me", right=Right.WRITE_MESSAGES, noun="call_list", action="work")
    async def leave_call_list(list_id: Id, actor: Acting) -> AgentOfListView:
        """Take no more calls of it; one that goes on goes on."""
        return AgentOfListView.model_validate(await crew.leave(list_id, actor=actor))


def _add_work(routes: Public, work: Work) -> None:
    @routes.post(
        "/call-lists/{id}/next", right=Right.WRITE_MESSAGES, noun="call_list", action="work", refuses=[Conflict]
    )
    async def next_of_call_list(list_id: Id, actor: Acting) -> NextView:
        """Whom to phone next: he is yours until you say what came of it, or skip him. Whom you have, comes first."""
        found = await work.next(list_id, actor=actor)
        return NextView(entry=EntryView.of(found) if found else None)

    @routes.get("/call-entries/mine", right=Right.WRITE_MESSAGES, noun="call_list", action="work")
    async def my_call_entries(actor: Acting) -> MineView:
        """Whom you have: somebody to phone, or an outcome that you have to say."""
        return MineView(items=[EntryView.of(one) for one in await work.mine(actor)])

    @routes.post(
        "/call-entries/{id}/dial",
        right=Right.WRITE_MESSAGES,
        noun="call_list",
        action="work",
        status=202,
        refuses=[Conflict],
    )
    async def dial_call_entry(entry_id: Id, actor: Acting) -> EntryView:
        """Ring him: your phone rings first, then his. However often it is asked, it is one call."""
        return EntryView.of(await work.dial(entry_id, actor=actor))

    @routes.get("/call-entries/{id}/why", right=Right.READ_CAMPAIGNS, noun="call_list")
    async def why_call_entry(entry_id: Id, actor: Acting) -> StandingView:
        """Why somebody is not phoned now."""
        found = await work.why(entry_id, actor)
        return StandingView(stage=found.stage, words=found.words)


def _add_outcomes(routes: Public, work: Work) -> None:
    @routes.post(
        "/call-entries/{id}/outcome", right=Right.WRITE_MESSAGES, noun="call_list", action="work", refuses=[Conflict]
    )
    async def finish_call_entry(entry_id: Id, given: Finish, actor: Acting) -> EntryView:
        """Say what came of the call; by that he is phoned again, when, and by whom."""
        return EntryView.of(await work.finish(entry_id, given, actor=actor))

    @routes.post(
        "/call-entries/{id}/skip",
        right=Right.WRITE_MESSAGES,
        noun="call_list",
        action="work",
        status=204,
        refuses=[Conflict],
    )
    async def skip_call_entry(entry_id: Id, given: Skip, actor: Acting) -> None:
        """Do not phone him now; the reason is kept."""
        await work.skip(entry_id, given, actor=actor)


def _add_dictionary(routes: Public, lists: CallLists) -> None:
    @routes.get("/dispositions", right=Right.READ_CAMPAIGNS, noun="disposition")
    async def list_dispositions() -> DictionaryView:
        """What can come of an attempt, and what it means; one dictionary for all lists."""
        found = await lists.dictionary()
        return DictionaryView(items=[DispositionView(code=code, **dict(one)) for code, one in found.items()])

    @routes.put("/dispositions/{code}", right=Right.MANAGE_CAMPAIGNS, noun="disposition")
    async def define_disposition(code: CodePath, given: Disposition) -> DispositionView:
        """Add a disposition, or say what it means from now on."""
        await lists.define(code, given)
        return DispositionView(code=code, **dict(given))


def _add_stops(routes: Public, stops: Stops) -> None:
    @routes.get("/do-not-call", right=Right.READ_CAMPAIGNS, noun="do_not_call", answer=StopList)
    async def list_do_not_call(query: Annotated[Paging, Query()]) -> Response:
        """Numbers that are not phoned, those that were added last first."""
        return await listed(
            lambda limit: stops.page(limit=limit, after=query.after), each(StopView.of), limit=query.limit
        )

    @routes.get("/do-not-call/masks", right=Right.READ_CAMPAIGNS, noun="do_not_call")
    async def list_do_not_call_masks() -> MaskList:
        """Beginnings of numbers that are not phoned."""
        return MaskList(items=[MaskView.of(one) for one in await stops.masks()])

    @routes.post("/do-not-call", right=Right.WRITE_MESSAGES, noun="do_not_call", status=201)
    async def add_do_not_call(given: StopsForm, actor: Acting) -> ListCountView:
        """Numbers, or beginnings of numbers, that no list phones from this moment on."""
        return ListCountView(count=await stops.add(given.items, actor=actor))

    @routes.post(
        "/do-not-call/lift", right=Right.MANAGE_CAMPAIGNS, noun="do_not_call", action="change", refuses=[NotFound]
    )
    async def lift_do_not_call(given: Lift) -> ListCountView:
        """It may be phoned again."""
        await stops.lift(given.value, given.call_list)
        return ListCountView(count=1)
