"""The inbox: chains as rows, and how far somebody has read them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting
from hub.api.forms import Form, Id
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import Shown
from hub.kit.errors import NotFound
from hub.store.base import Document
from services.interactions.endpoints.chains import ChainQuery, chains_found
from services.interactions.endpoints.shared import Doors
from services.interactions.inbox.rows import RowList, RowView


class ReadForm(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"upto": "in_4k2m"}]})
    upto: str = Field(max_length=100, description="The newest interaction that you have seen")


def add(routes: Public, doors: Doors) -> None:
    @routes.get("/inbox", right=Right.READ_CORRESPONDENCE, noun="chain", answer=RowList)
    async def list_inbox(query: Annotated[ChainQuery, Query()], actor: Acting) -> Response:
        """Chains as GET /api/v1/chains lists them, each with its client's name, its newest words, and whether you
        have read them or are writing in it.
        """

        async def show(found: Sequence[tuple[Document, Shown]]) -> list[RowView]:
            return await doors.rows.of(actor, found)

        return await listed(lambda limit: chains_found(doors, query, actor, limit), show, limit=query.limit)

    @routes.get("/inbox/{id}", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def show_inbox_row(chain_id: Id, actor: Acting) -> RowView:
        """One chain as the inbox lists it."""
        (row,) = await doors.rows.of(actor, [await doors.seen.chain(actor, chain_id)])
        return row

    _add_reads(routes, doors)


def _add_reads(routes: Public, doors: Doors) -> None:
    @routes.put(
        "/chains/{id}/read",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        status=204,
        personal=True,
    )
    async def mark_read(chain_id: Id, form: ReadForm, actor: Acting) -> None:
        """You have read a chain up to this interaction; further back than you had counts for nothing."""
        await doors.seen.whole_chain(actor, chain_id)
        interaction, _ = await doors.seen.interaction(actor, form.upto)
        chains = await doors.repository.with_merged(chain_id)
        if interaction["chain_id"] not in chains:
            raise NotFound(f"{form.upto} is not in this chain")
        await doors.reads.note(actor.login, chain_id, interaction)
        await doors.notifications.read_chain(actor.login, chains)

    @routes.delete(
        "/chains/{id}/read",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        status=204,
        personal=True,
    )
    async def mark_unread(chain_id: Id, actor: Acting) -> None:
        """Count a chain as unread again."""
        await doors.seen.whole_chain(actor, chain_id)
        await doors.reads.forget(actor.login, chain_id)
