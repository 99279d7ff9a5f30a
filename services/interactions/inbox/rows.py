"""A chain as a row of the inbox shows it: its client's name, its newest words, whether you have read them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from hub.api.actor import Actor
from hub.contracts.interaction import DeliveryState, Direction
from hub.contracts.masks import MaskedWords
from hub.contracts.scope import Shown
from hub.contracts.shown import ChainView, Moment, View
from hub.store.base import Document
from services.interactions.drafts.service import Drafts
from services.interactions.inbox.reads import Reads
from services.interactions.models import chain_view
from services.interactions.repository import Repository
from services.interactions.roots import roots

BEGINNING = 160
"""Characters of the newest words."""


class NewestView(View):
    """The newest interaction of a chain."""

    id: str
    at: Moment
    channel: str
    type: str
    direction: Direction
    author: str | None = None
    words: MaskedWords = Field(default="", description="The beginning of what it says")
    files: int = 0
    delivery: DeliveryState | None = None


class RowView(View):
    chain: ChainView
    client_id: str
    client_name: MaskedWords
    client_kind: Literal["person", "organisation"] | None = None
    newest: NewestView | None
    unread: bool = Field(description="Its newest words are a client's, and you have not read them")
    read_at: Moment | None = Field(description="When that was said up to which you have read it")
    draft: bool = Field(description="You are writing in it")


class RowList(View):
    items: list[RowView]
    next: str | None


class Rows:
    """Each question once for all rows."""

    def __init__(self, repository: Repository, reads: Reads, drafts: Drafts) -> None:
        self._repository = repository
        self._reads = reads
        self._drafts = drafts

    async def of(self, actor: Actor, found: Sequence[tuple[Document, Shown]]) -> list[RowView]:
        chains = [chain for chain, _ in found]
        ids = [chain["_id"] for chain in chains]
        # None waits for another: beside a busy hub each has to wait for its turn.
        clients, newest, reads, drafts = await asyncio.gather(
            roots(self._repository.clients, {chain["client_id"] for chain in chains}),
            self._repository.interactions.get_many({chain["last_id"] for chain in chains}),
            self._reads.of(actor.login, ids),
            self._drafts.begun(actor.login, ids),
        )
        return [
            _row(
                ChainView.model_validate(chain_view(chain)).narrowed(level),
                clients.get(chain["client_id"]),
                newest.get(chain["last_id"]) if level == "full" else None,
                reads.get(chain["_id"]),
                draft=chain["_id"] in drafts,
            )
            for chain, level in found
        ]


def _row(
    chain: ChainView,
    client: Document | None,
    newest: Document | None,
    read: Mapping[str, str] | None,
    *,
    draft: bool,
) -> RowView:
    return RowView(
        chain=chain,
        client_id=client["_id"] if client else chain.client_id,
        client_name=client["name"] if client else "?",
        client_kind=(client or {}).get("kind"),
        newest=_newest(newest) if newest else None,
        unread=newest is not None
        and newest["direction"] == Direction.IN
        and (read or {}).get("upto") != newest["_id"],
        read_at=read["at"] if read else None,
        draft=draft,
    )


def _newest(interaction: Document) -> NewestView:
    words = interaction.get("new_text") or interaction["text"]
    return NewestView(
        id=interaction["_id"],
        at=interaction["at"],
        channel=interaction["channel"],
        type=interaction["type"],
        direction=interaction["direction"],
        author=interaction.get("author"),
        words=" ".join(words.split())[:BEGINNING],
        files=len(interaction["attachments"]),
        delivery=(interaction.get("delivery") or {}).get("state"),
    )
