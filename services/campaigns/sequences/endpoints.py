"""The HTTP door of sequences."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedWords
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.mailings.endpoints import StatisticsView, WhyView
from services.campaigns.sequences.entering import Entering
from services.campaigns.sequences.looking import Looking
from services.campaigns.sequences.models import Entries, RunState, SequenceForm, SequenceState, StopRun
from services.campaigns.sequences.service import Sequences


class SequenceStepView(View):
    """One message of it."""

    wait: float = Field(description="Seconds after the step before it, or the entry")
    channel: str
    account: str
    template: str


class SequenceView(View):
    """Messages one after another."""

    id: str
    name: str
    topic: str
    state: SequenceState
    reason: str = Field(description="Why it is held")
    steps: list[SequenceStepView]
    segment: str | None
    stop_on: list[str]
    again_after: float | None = Field(description="Seconds")
    stale_after: float = Field(description="Seconds")
    started_at: str | None
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "SequenceView":
        steps = [{**one, **one["message"]} for one in stored["steps"]]
        return cls.model_validate({"started_at": None, **stored, "id": stored["_id"], "steps": steps})


class SequenceList(View):
    items: list[SequenceView]
    next: str | None


class SequenceRunView(View):
    """A client in a sequence."""

    client_id: str
    name: MaskedWords
    state: RunState
    reason: MaskedWords = Field(description="Why it was stopped")
    step: int = Field(description="How many steps were asked for")
    round: int = Field(description="How often he entered")
    at: str = Field(description="When he entered last")
    due_at: str | None = Field(description="When the next step is due")

    @classmethod
    def of(cls, stored: Document) -> "SequenceRunView":
        due = stored.get("due_at") or stored.get("due_was")
        return cls.model_validate({**stored, "due_at": due})


class SequenceRunList(View):
    items: list[SequenceRunView]
    next: str | None


class SequenceEntryView(View):
    client: str
    reason: str = Field(description="Why he did not enter; empty: he did")


class SequenceEntriesView(View):
    items: list[SequenceEntryView]


class SequenceStatisticsView(View):
    """Of all runs; the steps as mailings are counted."""

    runs: dict[str, int] = Field(examples=[{"waiting": 12, "done": 3, "stopped": 2}])
    steps: list[StatisticsView]


class SequenceRunQuery(Paging):
    state: RunState | None = Field(default=None, examples=["stopped"])


_STEERS: dict[str, Any] = {"right": Right.MANAGE_CAMPAIGNS, "noun": "sequence", "refuses": [Conflict]}


def public(sequences: Sequences, entering: Entering, looking: Looking) -> Public:
    """The operations."""
    routes = Public("sequences")
    _add_keeping(routes, sequences)
    _add_steering(routes, sequences)
    _add_entering(routes, entering, looking)
    _add_looking(routes, looking)
    return routes


def _add_keeping(routes: Public, sequences: Sequences) -> None:
    @routes.get("/sequences", right=Right.READ_CAMPAIGNS, noun="sequence", answer=SequenceList)
    async def list_sequences(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Sequences, the newest first."""
        return await listed(
            lambda limit: sequences.page(actor, limit=limit, after=query.after),
            each(SequenceView.of),
            limit=query.limit,
        )

    @routes.post("/sequences", right=Right.MANAGE_CAMPAIGNS, noun="sequence", status=201)
    async def add_sequence(given: SequenceForm, actor: Acting, key: Key = None) -> SequenceView:
        """Write a sequence. It is a draft until it is started."""
        return SequenceView.of(await sequences.add(given, actor=actor, key=key))

    @routes.get("/sequences/{id}", right=Right.READ_CAMPAIGNS, noun="sequence")
    async def show_sequence(sequence_id: Id, actor: Acting) -> SequenceView:
        """A sequence."""
        return SequenceView.of(await sequences.get(sequence_id, actor))

    @routes.put("/sequences/{id}", right=Right.MANAGE_CAMPAIGNS, noun="sequence", refuses=[Conflict])
    async def change_sequence(sequence_id: Id, given: SequenceForm, actor: Acting) -> SequenceView:
        """Write a draft anew."""
        return SequenceView.of(await sequences.change(sequence_id, given, actor=actor))


def _add_steering(routes: Public, sequences: Sequences) -> None:
    @routes.post("/sequences/{id}/start", action="start", **_STEERS)
    async def start_sequence(sequence_id: Id, actor: Acting) -> SequenceView:
        """Let clients in from now on, of those that you see, with the templates as they are now."""
        return SequenceView.of(await sequences.start(sequence_id, actor=actor))

    @routes.post("/sequences/{id}/pause", action="pause", **_STEERS)
    async def pause_sequence(sequence_id: Id, actor: Acting) -> SequenceView:
        """What has not left waits; who enters waits, too."""
        return SequenceView.of(await sequences.pause(sequence_id, actor=actor))

    @routes.post("/sequences/{id}/resume", action="resume", **_STEERS)
    async def resume_sequence(sequence_id: Id, actor: Acting) -> SequenceView:
        """Go on; also the confirmation of one that is held."""
        return SequenceView.of(await sequences.resume(sequence_id, actor=actor))

    @routes.post("/sequences/{id}/end", action="end", **_STEERS)
    async def end_sequence(sequence_id: Id, actor: Acting) -> SequenceView:
        """Nobody enters any more, and what has not left never will."""
        return SequenceView.of(await sequences.end(sequence_id, actor=actor))


def _add_entering(routes: Public, entering: Entering, looking: Looking) -> None:
    @routes.post(
        "/sequences/{id}/entries",
        right=Right.MANAGE_CAMPAIGNS,
        noun="client",
        action="enter",
        refuses=[Conflict],
    )
    async def enter_sequence(sequence_id: Id, given: Entries, actor: Acting) -> SequenceEntriesView:
        """Let clients in whom you see; each once, unless its rule lets him in again."""
        refused = await entering.enter(sequence_id, given.clients, actor=actor)
        return SequenceEntriesView(
            items=[SequenceEntryView(client=client, reason=why) for client, why in refused.items()]
        )

    @routes.post("/sequences/{id}/stop", right=Right.MANAGE_CAMPAIGNS, noun="client", action="stop")
    async def stop_sequence_run(sequence_id: Id, given: StopRun, actor: Acting) -> SequenceRunView:
        """A client gets no more of it."""
        return SequenceRunView.of(await looking.stop(sequence_id, given.client, given.why, actor=actor))


def _add_looking(routes: Public, looking: Looking) -> None:
    @routes.get("/sequences/{id}/statistics", right=Right.READ_CAMPAIGNS, noun="sequence")
    async def show_sequence_statistics(sequence_id: Id, actor: Acting) -> SequenceStatisticsView:
        """How many are in it, were through it and were stopped, and what came of each step."""
        found = await looking.statistics(sequence_id, actor)
        return SequenceStatisticsView(
            runs=found.runs, steps=[StatisticsView.model_validate(one) for one in found.steps]
        )

    @routes.get(
        "/sequences/{id}/runs",
        right=Right.READ_CAMPAIGNS,
        noun="client",
        action="read",
        answer=SequenceRunList,
    )
    async def list_sequence_runs(
        sequence_id: Id, query: Annotated[SequenceRunQuery, Query()], actor: Acting
    ) -> Response:
        """Clients in it whom you see, by state, if one is named; who entered last first."""
        return await listed(
            lambda limit: looking.runs(sequence_id, query.state, actor, limit=limit, after=query.after),
            each(SequenceRunView.of),
            limit=query.limit,
        )

    @routes.get("/sequences/{id}/why/{client}", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def explain_sequence(sequence_id: Id, client: str, actor: Acting) -> WhyView:
        """What a client got of it, and why no more."""
        return WhyView(lines=await looking.why(sequence_id, client, actor))
