"""The HTTP door of sources, marks, touches and leads."""

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.lead import SourceLevel
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from services.campaigns.sources.models import MergeSource, NewLead, NewMark, NewSource, NewTouch, SourceChange
from services.campaigns.sources.service import Sources
from services.campaigns.sources.touches import Touches


class SourceView(View):
    """Where leads come from."""

    id: str
    level: SourceLevel
    parent: str | None
    name: str
    reference: str
    into: str | None = Field(description="The one that it is read as")
    at: str

    @classmethod
    def of(cls, stored: Document) -> "SourceView":
        return cls.model_validate({"into": None, **stored, "id": stored["_id"]})


class SourceList(View):
    items: list[SourceView]
    next: str | None


class PathView(SourceView):
    """With its place."""

    path: list[str] = Field(description="From the channel down, as it is read now", examples=[["paid", "yandex"]])


class MarkView(View):
    """What shows a source."""

    id: str
    kind: Literal["line", "start", "promo", "answer", "mailing"]
    value: str
    source: str
    at: str

    @classmethod
    def of(cls, stored: Document) -> "MarkView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class MarkList(View):
    items: list[MarkView]
    next: str | None


class TouchView(View):
    """Somebody met a source."""

    id: str
    whose: MaskedAddress
    source: str
    kind: str
    value: MaskedWords


class LeadView(View):
    """The contact that it became."""

    id: str = Field(description="Of the interaction")


def public(sources: Sources, touches: Touches) -> Public:
    """The operations."""
    routes = Public("sources")
    _add_directory(routes, sources)
    _add_merging(routes, sources)
    _add_marks(routes, sources)
    _add_touches(routes, touches)
    return routes


def _add_directory(routes: Public, sources: Sources) -> None:
    @routes.get("/sources", right=Right.READ_CAMPAIGNS, noun="source", answer=SourceList)
    async def list_sources(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """The directory of sources, the newest first."""
        return await listed(
            lambda limit: sources.page(actor, limit=limit, after=query.after), each(SourceView.of), limit=query.limit
        )

    @routes.post("/sources", right=Right.MANAGE_CAMPAIGNS, noun="source", status=201, refuses=[Conflict])
    async def add_source(given: NewSource, actor: Acting) -> SourceView:
        """Add a source with all above it; one that is there stays as it is."""
        return SourceView.of(await sources.add(given, actor=actor))

    @routes.get("/sources/{id}", right=Right.READ_CAMPAIGNS, noun="source")
    async def show_source(source_id: Id, actor: Acting) -> PathView:
        """A source and its place."""
        found = await sources.get(source_id, actor)
        return PathView.model_validate({**SourceView.of(found).model_dump(), "path": await sources.names_of(found)})

    @routes.patch("/sources/{id}", right=Right.MANAGE_CAMPAIGNS, noun="source")
    async def change_source(source_id: Id, change: SourceChange, actor: Acting) -> SourceView:
        """Give it another name or reference; tags with the old name still mean it."""
        return SourceView.of(await sources.change(source_id, change, actor=actor))


def _add_merging(routes: Public, sources: Sources) -> None:
    @routes.post(
        "/sources/{id}/merge", right=Right.MANAGE_CAMPAIGNS, noun="source", action="change", refuses=[Conflict]
    )
    async def merge_source(source_id: Id, given: MergeSource, actor: Acting) -> SourceView:
        """Read it, and what is below it, as another one of its level; reports are restated at once."""
        return SourceView.of(await sources.merge(source_id, given.into, actor=actor))

    @routes.post(
        "/sources/{id}/part", right=Right.MANAGE_CAMPAIGNS, noun="source", action="change", refuses=[Conflict]
    )
    async def part_source(source_id: Id, actor: Acting) -> SourceView:
        """Undo a merge, as if it had not been."""
        return SourceView.of(await sources.part(source_id, actor=actor))


def _add_marks(routes: Public, sources: Sources) -> None:
    @routes.get("/source-marks", right=Right.READ_CAMPAIGNS, noun="source", answer=MarkList)
    async def list_source_marks(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Numbers, payloads, codes, answers and mailings that show a source."""
        return await listed(
            lambda limit: sources.marks(actor, limit=limit, after=query.after), each(MarkView.of), limit=query.limit
        )

    @routes.post("/source-marks", right=Right.MANAGE_CAMPAIGNS, noun="source", status=201, refuses=[Conflict])
    async def add_source_mark(given: NewMark, actor: Acting) -> MarkView:
        """Say what shows a source: whoever dials that number, names that code, came from it, from now on."""
        return MarkView.of(await sources.add_mark(given, actor=actor))

    @routes.delete("/source-marks/{id}", right=Right.MANAGE_CAMPAIGNS, noun="source", status=204, refuses=[Conflict])
    async def remove_source_mark(mark_id: Id, actor: Acting) -> None:
        """It shows nothing from now on; what it showed stays."""
        await sources.remove_mark(mark_id, actor=actor)


def _add_touches(routes: Public, touches: Touches) -> None:
    @routes.post("/touches", right=Right.WRITE_TASKS, noun="touch", status=201, refuses=[NotFound])
    async def note_touch(given: NewTouch, actor: Acting, key: Key = None) -> TouchView:
        """Write down how somebody heard of us, or a code that he named."""
        told = await touches.note(given, actor=actor, key=key)
        evidence = told.evidence
        return TouchView(id=told.id, whose=told.whose, source=told.source, kind=evidence.kind, value=evidence.value)

    @routes.post("/leads", right=Right.MANAGE_CAMPAIGNS, noun="lead", status=202)
    async def post_lead(given: NewLead, actor: Acting) -> LeadView:
        """Take over somebody who asks for something, from a form or a program of yours: it becomes a contact in its
        client's chain, with where he came from and what he agreed to. The same `external_id`, or the same words of
        one day, are one lead.
        """
        return LeadView(id=(await touches.lead(given, by=actor.login)).id)
