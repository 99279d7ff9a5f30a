"""The HTTP door of classes."""

from typing import Annotated, Any

from fastapi import Query, Response

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict
from services.campaigns.classes.looking import Looking
from services.campaigns.classes.models import (
    ClassRelease,
    MovesQuery,
    NewClassCorrection,
    NewClassification,
    NewClassRun,
    RunQuery,
)
from services.campaigns.classes.service import Classifications
from services.campaigns.classes.views import (
    ClassCorrectionList,
    ClassCorrectionView,
    ClassGroupView,
    ClassificationList,
    ClassificationView,
    ClassMatrixView,
    ClassMoverView,
    ClassMovesView,
    ClassMoveView,
    ClassRunList,
    ClassRunView,
    ClassStoryList,
    ClassStoryView,
)


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
