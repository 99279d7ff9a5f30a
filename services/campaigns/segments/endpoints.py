"""The HTTP door of segments."""

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
from services.campaigns.segments.models import Draft, NewSegment, SegmentChange
from services.campaigns.segments.service import Segments, trees_of


class SegmentView(View):
    """Who is meant."""

    id: str
    name: str
    include: dict[str, Any]
    exclude: dict[str, Any] | None
    watched: bool
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "SegmentView":
        return cls.model_validate({"exclude": None, "watched": False, **stored, "id": stored["_id"]})


class SegmentList(View):
    items: list[SegmentView]
    next: str | None


class ExampleView(View):
    id: str
    name: MaskedWords


class CountView(View):
    """How many, and ten of them; of the clients that you see."""

    count: int = Field(examples=[1204])
    examples: list[ExampleView]


def public(segments: Segments) -> Public:
    """The operations."""
    routes = Public("segments")
    _add_keeping(routes, segments)
    _add_counting(routes, segments)
    return routes


def _add_keeping(routes: Public, segments: Segments) -> None:
    @routes.get("/segments", right=Right.READ_CAMPAIGNS, noun="segment", answer=SegmentList)
    async def list_segments(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Segments, the newest first."""
        return await listed(
            lambda limit: segments.page(actor, limit=limit, after=query.after),
            each(SegmentView.of),
            limit=query.limit,
        )

    @routes.post("/segments", right=Right.MANAGE_CAMPAIGNS, noun="segment", status=201)
    async def add_segment(given: NewSegment, actor: Acting, key: Key = None) -> SegmentView:
        """Keep conditions under a name."""
        return SegmentView.of(await segments.add(given, actor=actor, key=key))

    @routes.get("/segments/{id}", right=Right.READ_CAMPAIGNS, noun="segment")
    async def show_segment(segment_id: Id, actor: Acting) -> SegmentView:
        """A segment."""
        return SegmentView.of(await segments.get(segment_id, actor))

    @routes.patch("/segments/{id}", right=Right.MANAGE_CAMPAIGNS, noun="segment", refuses=[Conflict])
    async def change_segment(segment_id: Id, change: SegmentChange, actor: Acting) -> SegmentView:
        """Change a segment; mailings that were launched keep whom they had."""
        return SegmentView.of(await segments.change(segment_id, change, actor=actor))

    @routes.delete("/segments/{id}", right=Right.MANAGE_CAMPAIGNS, noun="segment", status=204, refuses=[Conflict])
    async def remove_segment(segment_id: Id, actor: Acting) -> None:
        """Take a segment out of the list."""
        await segments.remove(segment_id, actor=actor)


def _add_counting(routes: Public, segments: Segments) -> None:
    @routes.post("/segments/count", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def count_draft(given: Draft, actor: Acting) -> CountView:
        """How many clients conditions mean that are being written, and ten of them."""
        count = await segments.count(given.include, given.exclude, actor)
        return _counted(count, await segments.examples(given.include, given.exclude, actor))

    @routes.get("/segments/{id}/count", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def count_segment(segment_id: Id, actor: Acting) -> CountView:
        """How many clients are in a segment now, and ten of them."""
        segment = await segments.get(segment_id, actor)
        trees = trees_of(segment)
        count = await segments.count(*trees, actor, named=segment_id)
        return _counted(count, await segments.examples(*trees, actor, named=segment_id))


def _counted(count: int, examples: list[tuple[str, str]]) -> CountView:
    return CountView(count=count, examples=[ExampleView(id=one, name=name) for one, name in examples])
