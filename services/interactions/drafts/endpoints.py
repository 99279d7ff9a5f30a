"""Drafts over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BaseModel

from hub.api.actor import Acting
from hub.api.forms import Id, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import Shown
from hub.kit.errors import Conflict
from hub.store.base import Document, Page
from services.interactions.drafts.forms import DraftForm, DraftKind, DraftList, DraftView
from services.interactions.drafts.service import Drafts
from services.interactions.seen import Seen, sifted

Kind = Annotated[DraftKind, Path(alias="kind")]


def add(routes: Public, drafts: Drafts, seen: Seen) -> None:
    _add_reading(routes, drafts, seen)

    @routes.put(
        "/chains/{id}/drafts/{kind}",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="add",
        refuses=[Conflict],
        repeatable=False,
        personal=True,
    )
    async def put_draft(chain_id: Id, kind: Kind, form: DraftForm, actor: Acting) -> DraftView | None:
        """Keep what you are writing; null where it says nothing any more.

        409 where it is not the `version` that you saw, because you write in two places.
        """
        await seen.whole_chain(actor, chain_id)
        document = await drafts.put(actor.login, chain_id, kind, form)
        return _shown(document) if document else None

    @routes.delete(
        "/chains/{id}/drafts/{kind}",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="add",
        status=204,
        personal=True,
    )
    async def drop_draft(chain_id: Id, kind: Kind, actor: Acting) -> None:
        """Throw your draft away; also what to do once it was sent."""
        await drafts.drop(actor.login, chain_id, kind)


def _add_reading(routes: Public, drafts: Drafts, seen: Seen) -> None:
    @routes.get("/drafts", right=Right.WRITE_MESSAGES, noun="message", action="add", answer=DraftList)
    async def list_drafts(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """What you are writing, in all chains, the newest first."""

        async def find(limit: int, after: str | None) -> Page:
            return await drafts.of(actor.login, limit=limit, after=after)

        async def keep(documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
            return await seen.interactions(actor, documents)

        async def show(found: Sequence[tuple[Document, Shown]]) -> list[BaseModel]:
            return [_shown(document) for document, _ in found]

        return await listed(
            lambda limit: sifted(find, keep, order="at", limit=limit, after=query.after), show, limit=query.limit
        )

    @routes.get("/chains/{id}/drafts", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def list_drafts_of_chain(chain_id: Id, actor: Acting) -> DraftList:
        """What you and your colleagues are writing in a chain."""
        await seen.whole_chain(actor, chain_id)
        return DraftList(items=[_shown(document) for document in await drafts.of_chain(chain_id)], next=None)


def _shown(document: Document) -> DraftView:
    view = {name: value for name, value in document.items() if not name.startswith("_")}
    view["attachments"] = [{k: v for k, v in one.items() if k != "blob"} for one in document["attachments"]]
    return DraftView.model_validate({**view, "version": document["_v"]})
