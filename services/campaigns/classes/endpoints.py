"""The HTTP door of classes."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedWords
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.classes.looking import Group, Looking, Mover
from services.campaigns.classes.models import (
    ClassKind,
    ClassLimits,
    ClassRelease,
    Measure,
    MovesQuery,
    NewClassCorrection,
    NewClassification,
    NewClassRun,
    RunQuery,
)
from services.campaigns.classes.service import Classifications


class ClassificationView(View):
    """By what clients are classed."""

    id: str
    name: str
    measure: Measure
    days: int
    parts: int
    limits: ClassLimits
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "ClassificationView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class ClassificationList(View):
    items: list[ClassificationView]
    next: str | None


class WithoutRateView(View):
    """Revenue that has no rate to the currency of reports: it is in no class."""

    currency: str
    value: Decimal
    times: int


class ClassRunView(View):
    """Classes as of a moment."""

    id: str
    classification: str
    state: Literal["counting", "done", "failed"]
    reason: str = Field(description="Why it failed")
    until: str = Field(description="When the period ended")
    by: str
    at: str
    clients: int | None = Field(description="How many did anything in the period, of those whom `by` sees")
    left_out: list[WithoutRateView]

    @classmethod
    def of(cls, stored: Document) -> "ClassRunView":
        names = ("currency", "value", "times")
        left_out = [dict(zip(names, one, strict=True)) for one in stored["unworth"]]
        return cls.model_validate({**stored, "id": stored["_id"], "left_out": left_out})


class ClassRunList(View):
    items: list[ClassRunView]
    next: str | None


class ClassGroupView(View):
    """Clients who are of the same classes; of a client who was corrected by hand some may be empty."""

    classes: dict[str, str] = Field(examples=[{"abc": "A", "xyz": "X"}])
    count: int
    amount: Decimal = Field(description="What they brought: revenue, deals or interactions")

    @classmethod
    def of(cls, group: Group) -> "ClassGroupView":
        return cls(classes=dict(group.classes), count=group.count, amount=group.amount)


class ClassMatrixView(View):
    """How many clients are what, of those that you see."""

    run: ClassRunView
    abc_xyz: list[ClassGroupView]
    bcg: list[ClassGroupView]
    rfm: list[ClassGroupView]


class ClassMoveView(View):
    before: str = Field(description="Empty: he was in no class", examples=["A"])
    after: str = Field(examples=["B"])
    count: int


class ClassMoverView(View):
    id: str
    name: MaskedWords
    before: str
    after: str

    @classmethod
    def of(cls, one: Mover) -> "ClassMoverView":
        return cls(id=one.id, name=one.name, before=one.was, after=one.now)


class ClassMovesView(View):
    """Between two runs, of the clients that you see."""

    moves: list[ClassMoveView] = Field(description="Those who stayed what they were among them")
    clients: list[ClassMoverView] = Field(description="The first 100 who are something else")


class CorrectionWordView(View):
    """A correction: what somebody said, and until when it held."""

    value: str
    by: str
    why: MaskedWords
    since: str
    until: str | None = None
    released_by: str | None = None


class ClassCorrectionView(View):
    client: str
    kind: ClassKind
    words: list[CorrectionWordView] = Field(description="The newest last")

    @classmethod
    def of(cls, stored: Document) -> "ClassCorrectionView":
        return cls.model_validate(stored)


class ClassCorrectionList(View):
    items: list[ClassCorrectionView]
    next: str | None


class ClassesThenView(View):
    run: str
    until: str
    classes: dict[str, str] = Field(examples=[{"abc": "A", "xyz": "Y", "recency": "5"}])


class ClientCorrectionView(CorrectionWordView):
    kind: ClassKind


class ClassStoryView(View):
    """What a client was by one classification."""

    classification: str
    name: str
    runs: list[ClassesThenView] = Field(description="The newest 12, the newest first, with what was corrected then")
    corrections: list[ClientCorrectionView]


class ClassStoryList(View):
    items: list[ClassStoryView] = Field(description="Of the newest 20 classifications")


def public(classifications: Classifications, looking: Looking, jobs: Jobs) -> Public:
    """The operations."""
    routes = Public("classes")
    _add_keeping(routes, classifications)
    _add_running(routes, classifications, jobs)
    _add_correcting(routes, classifications)
    _add_looking(routes, looking)
    return routes


def _add_keeping(routes: Public, classifications: Classifications) -> None:
    @routes.get("/classifications", right=Right.READ_CAMPAIGNS, noun="classification", answer=ClassificationList)
    async def list_classifications(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """By what clients are classed, the newest first."""
        return await listed(
            lambda limit: classifications.page(actor, limit=limit, after=query.after),
            each(ClassificationView.of),
            limit=query.limit,
        )

    @routes.post("/classifications", right=Right.MANAGE_CAMPAIGNS, noun="classification", status=201)
    async def add_classification(given: NewClassification, actor: Acting, key: Key = None) -> ClassificationView:
        """Say by what clients shall be classed. Nothing is counted before a run."""
        return ClassificationView.of(await classifications.add(given, actor=actor, key=key))

    @routes.get("/classifications/{id}", right=Right.READ_CAMPAIGNS, noun="classification")
    async def show_classification(classification_id: Id, actor: Acting) -> ClassificationView:
        """A classification."""
        return ClassificationView.of(await classifications.get(classification_id, actor))

    @routes.delete("/classifications/{id}", right=Right.MANAGE_CAMPAIGNS, noun="classification", status=204)
    async def remove_classification(classification_id: Id, actor: Acting) -> None:
        """Take a classification away; segments that name it mean nobody any more, and say so."""
        await classifications.remove(classification_id, actor=actor)


def _add_running(routes: Public, classifications: Classifications, jobs: Jobs) -> None:
    @routes.get("/classifications/{id}/runs", right=Right.READ_CAMPAIGNS, noun="classification", answer=ClassRunList)
    async def list_class_runs(classification_id: Id, query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """When classes were counted, the newest first; 60 that are over are kept."""
        return await listed(
            lambda limit: classifications.runs(classification_id, actor, limit=limit, after=query.after),
            each(ClassRunView.of),
            limit=query.limit,
        )

    @routes.post("/classifications/{id}/runs", right=Right.MANAGE_CAMPAIGNS, noun="client", action="read", status=202)
    async def count_classes(
        classification_id: Id, given: NewClassRun, actor: Acting, key: Key = None
    ) -> ClassRunView:
        """Count the classes of the clients that you see, as of now or of an earlier day. A job does it."""
        run = await classifications.begin(classification_id, given, actor=actor, key=key)
        if run["state"] == "counting":
            await jobs.begin("classify", {"run": run["_id"]}, by=actor.login, key=run["_id"])
        return ClassRunView.of(run)


def _add_correcting(routes: Public, classifications: Classifications) -> None:
    @routes.get(
        "/classifications/{id}/corrections",
        right=Right.READ_CAMPAIGNS,
        noun="client",
        action="read",
        answer=ClassCorrectionList,
    )
    async def list_class_corrections(
        classification_id: Id, query: Annotated[Paging, Query()], actor: Acting
    ) -> Response:
        """What was corrected by hand, by whom and why, the newest first; of clients that you see."""
        return await listed(
            lambda limit: classifications.corrections(classification_id, actor, limit=limit, after=query.after),
            each(ClassCorrectionView.of),
            limit=query.limit,
        )

    @routes.post(
        "/classifications/{id}/corrections",
        right=Right.MANAGE_CAMPAIGNS,
        noun="client",
        action="classify",
        refuses=[Conflict],
    )
    async def correct_class(classification_id: Id, given: NewClassCorrection, actor: Acting) -> ClassCorrectionView:
        """Say what a client is, whatever is counted now or later, until it is released."""
        return ClassCorrectionView.of(await classifications.correct(classification_id, given, actor=actor))

    @routes.post(
        "/classifications/{id}/corrections/release",
        right=Right.MANAGE_CAMPAIGNS,
        noun="client",
        action="classify",
    )
    async def release_class(classification_id: Id, given: ClassRelease, actor: Acting) -> ClassCorrectionView:
        """End a correction: from now on what is counted holds again."""
        return ClassCorrectionView.of(await classifications.release(classification_id, given, actor=actor))


def _add_looking(routes: Public, looking: Looking) -> None:
    @routes.get("/classifications/{id}/matrix", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def show_class_matrix(
        classification_id: Id, query: Annotated[RunQuery, Query()], actor: Acting
    ) -> ClassMatrixView:
        """How many clients are what, in the newest run or in another one."""
        run, groups = await looking.matrix(classification_id, query.run, actor)
        shown: dict[str, Any] = {name: [ClassGroupView.of(one) for one in found] for name, found in groups.items()}
        return ClassMatrixView(run=ClassRunView.of(run), **shown)

    @routes.get("/classifications/{id}/moves", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def compare_class_runs(
        classification_id: Id, query: Annotated[MovesQuery, Query()], actor: Acting
    ) -> ClassMovesView:
        """Who went from which class to which between two runs."""
        moves, movers = await looking.moves(classification_id, query.kind, query.before, query.after, actor)
        return ClassMovesView(
            moves=[ClassMoveView(before=was, after=now, count=count) for was, now, count in moves],
            clients=[ClassMoverView.of(one) for one in movers],
        )

    @routes.get("/clients/{id}/classes", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def list_classes_of_client(client_id: Id, actor: Acting) -> ClassStoryList:
        """What a client was, by each classification that you see, run by run."""
        found = await looking.of_client(client_id, actor)
        return ClassStoryList(items=[ClassStoryView.model_validate(one) for one in found])
