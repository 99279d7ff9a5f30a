"""The search over HTTP: an operation for each kind of thing, all asked alike."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor
from hub.api.forms import Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedWords
from hub.contracts.shown import View
from services.interactions.search.projection import Projection
from services.interactions.search.service import Hit, Search


class SearchQuery(Paging):
    """What is looked for; all of it must be there."""

    q: str = Field(
        min_length=1,
        max_length=400,
        description=(
            'Words in any form, beginnings, "phrases", -words that must not be there, numbers by any of their last'
            " digits, and filters: from: to: with: state: channel: type: owner: author: team: tag: has:file client:"
            " chain: after: before: on:, also in Russian. The last word may be unfinished, unless a space follows it"
        ),
        examples=['from:смирнова state:open has:file after:2026-03-01 "шкаф купе"'],
    )


class PieceView(View):
    """A stretch of a text."""

    text: str
    hit: bool = Field(description="Whether it is what was looked for")


class HitView(View):
    """One thing that was found."""

    kind: str = Field(examples=["interaction"])
    id: str
    at: datetime = Field(description="Of a message and its files when it came; of a chain its newest; else: opened")
    title: MaskedWords
    fragment: list[PieceView]
    chain_id: str | None = None
    client_id: str | None = None
    interaction_id: str | None = Field(default=None, description="Of a file: the message that it came with")
    channel: str | None = None
    direction: str | None = None
    state: str | None = None


class HitList(View):
    items: list[HitView]
    next: str | None


class SearchState(View):
    """How fresh the search is."""

    behind: int = Field(description="Changes that came and are not found yet")
    unread_files: int = Field(description="Files whose words are still being read")
    anew: int | None = Field(
        description="While an index is made anew beside the one that is asked: changes that it lacks"
    )


def add(routes: Public, search: Search, projection: Projection) -> None:
    ask = partial(_ask, search)

    @routes.get("/search/messages", right=Right.READ_CORRESPONDENCE, noun="interaction", answer=HitList)
    async def search_messages(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Messages and files, newest first: by their words, people, numbers, and the words of PDF, DOCX and XLSX."""
        return await ask(query, actor, "interaction", "file")

    @routes.get(
        "/search/calls", right=Right.PLAY_RECORDINGS, noun="recording", action="play", audited=True, answer=HitList
    )
    async def search_calls(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Calls by what was said in them, newest first, for whom their recordings may be played."""
        return await ask(query, actor, "transcript")

    @routes.get("/search/chains", right=Right.READ_CORRESPONDENCE, noun="chain", answer=HitList)
    async def search_chains(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Chains by their subject and client, newest first."""
        return await ask(query, actor, "chain")

    @routes.get("/search/clients", right=Right.READ_CORRESPONDENCE, noun="client", answer=HitList)
    async def search_clients(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Clients by what is on their cards, newest first."""
        return await ask(query, actor, "client")

    @routes.get("/search/tasks", right=Right.READ_CORRESPONDENCE, noun="task", answer=HitList)
    async def search_tasks(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Tasks, newest first."""
        return await ask(query, actor, "task")

    @routes.get("/search/deals", right=Right.READ_CORRESPONDENCE, noun="deal", answer=HitList)
    async def search_deals(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Deals, newest first."""
        return await ask(query, actor, "deal")

    @routes.get("/search/claims", right=Right.READ_CORRESPONDENCE, noun="claim", answer=HitList)
    async def search_claims(query: Annotated[SearchQuery, Query()], actor: Acting) -> Response:
        """Claims, newest first."""
        return await ask(query, actor, "claim")

    @routes.get("/search/state", right=Right.READ_CORRESPONDENCE, noun="interaction")
    async def show_search_state() -> SearchState:
        """How far the search is behind."""
        return await _state(projection)

    @routes.post("/search/anew", right=Right.MANAGE_JOBS, noun="interaction", action="rebuild", status=202)
    async def make_search_anew() -> SearchState:
        """Make the index anew, in each copy of the service: from the first record on, beside the one that is asked
        until the new one has as much. Asked again meanwhile, the same goes on.
        """
        await projection.rebuild()
        return await _state(projection)


async def _state(projection: Projection) -> SearchState:
    return SearchState(
        behind=await projection.behind(), unread_files=projection.unread_files, anew=await projection.rising()
    )


async def _ask(search: Search, query: SearchQuery, actor: Actor, *kinds: str) -> Response:
    return await listed(
        lambda limit: search.find(actor, query.q, kinds=kinds, limit=limit, after=query.after),
        each(_shown),
        limit=query.limit,
    )


def _shown(hit: Hit) -> HitView:
    document, file = hit.document, hit.attachment
    title = file["filename"] if file else document.get("subject") or document.get("title") or document.get("name")
    return HitView(
        kind=hit.kind,
        id=file["id"] if file else document["_id"],
        at=document.get("at") or document.get("last_at") or document["opened_at"],
        title=title or "",
        fragment=_pieces(hit),
        chain_id=document["_id"] if hit.kind == "chain" else document.get("chain_id"),
        client_id=document["_id"] if hit.kind == "client" else document.get("client_id"),
        interaction_id=document["_id"] if file else None,
        **{name: document.get(name) for name in ("channel", "direction", "state")},
    )


def _pieces(hit: Hit) -> Sequence[PieceView]:
    return [PieceView(text=piece.text, hit=piece.hit) for piece in hit.fragment]
