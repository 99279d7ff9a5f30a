"""Drafts over HTTP."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BaseModel

from hub.api.actor import Acting, Actor
from hub.api.forms import Id
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import SHOWN, Shown
from hub.kit.errors import Conflict
from hub.store.base import Document, Page
from services.interactions.drafts.approval import version_of
from services.interactions.drafts.forms import (
    ApproveForm,
    DraftForm,
    DraftKind,
    DraftList,
    DraftQuery,
    DraftView,
    ReturnForm,
    ReviewForm,
)
from services.interactions.drafts.service import Drafts
from services.interactions.handover import Handover
from services.interactions.seen import Seen, sifted

Kind = Annotated[DraftKind, Path(alias="kind")]


def add(routes: Public, drafts: Drafts, seen: Seen, handover: Handover) -> None:
    _add_reading(routes, drafts, seen)
    _add_asking(routes, drafts, seen, handover)
    _add_reviewing(routes, drafts, seen)

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


def _add_asking(routes: Public, drafts: Drafts, seen: Seen, handover: Handover) -> None:
    @routes.post(
        "/chains/{id}/draft-review",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="add",
        refuses=[Conflict],
        repeatable=False,
    )
    async def ask_review(chain_id: Id, form: ReviewForm, actor: Acting) -> DraftView:
        """Ask colleagues to approve the answer that you write, as it stands, before it leaves: any one of them.

        What is changed after it was approved asks anew. They may read the chain from then on.
        """
        await seen.whole_chain(actor, chain_id)
        show = partial(handover.show, chain_id, form.reviewers, by=actor.login, named=False)
        draft = await drafts.ask(
            actor.login, chain_id, form.reviewers, version=form.version, comment=form.comment, show=show
        )
        return _shown(draft)

    @routes.delete(
        "/chains/{id}/draft-review", right=Right.WRITE_MESSAGES, noun="message", action="add", refuses=[Conflict]
    )
    async def withdraw_review(chain_id: Id, actor: Acting) -> DraftView:
        """Ask nobody any more; where its account wants a second person, it does not leave all the same."""
        return _shown(await drafts.withdraw(actor.login, chain_id))


def _add_reviewing(routes: Public, drafts: Drafts, seen: Seen) -> None:
    async def found(draft_id: str, actor: Actor) -> Document:
        draft = await drafts.get(draft_id)
        await seen.whole_chain(actor, draft["chain_id"])
        return draft

    @routes.get("/drafts/{id}", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def show_draft(draft_id: Id, actor: Acting) -> DraftView:
        """A draft in a chain that you see."""
        return _shown(await found(draft_id, actor))

    @routes.put(
        "/drafts/{id}",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="add",
        refuses=[Conflict],
        repeatable=False,
    )
    async def edit_draft(draft_id: Id, form: DraftForm, actor: Acting) -> DraftView:
        """Change a colleague's draft that you are asked to approve."""
        await found(draft_id, actor)
        return _shown(await drafts.edit(draft_id, form, by=actor.login))

    @routes.post("/drafts/{id}/approve", right=Right.WRITE_MESSAGES, noun="message", action="add", refuses=[Conflict])
    async def approve_draft(draft_id: Id, form: ApproveForm, actor: Acting) -> DraftView:
        """It may leave, exactly as it is in this version; its author sends it."""
        await found(draft_id, actor)
        return _shown(await drafts.approve(draft_id, by=actor.login, version=form.version))

    @routes.post("/drafts/{id}/return", right=Right.WRITE_MESSAGES, noun="message", action="add", refuses=[Conflict])
    async def return_draft(draft_id: Id, form: ReturnForm, actor: Acting) -> DraftView:
        """It does not leave so: say what is to be otherwise."""
        await found(draft_id, actor)
        return _shown(await drafts.send_back(draft_id, by=actor.login, version=form.version, comment=form.comment))


def _add_reading(routes: Public, drafts: Drafts, seen: Seen) -> None:
    @routes.get("/drafts", right=Right.WRITE_MESSAGES, noun="message", action="add", answer=DraftList)
    async def list_drafts(query: Annotated[DraftQuery, Query()], actor: Acting) -> Response:
        """What you are writing, in all chains, the newest first; or what waits for your approval."""

        async def find(limit: int, after: str | None) -> Page:
            which = drafts.to_review if query.review else drafts.of
            return await which(actor.login, limit=limit, after=after)

        async def keep(documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
            found = await seen.interactions(actor, documents)
            return [each for each in found if each[1] == SHOWN[0]] if query.review else found

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
    return DraftView.model_validate({**view, "id": document["_id"], "version": version_of(document)})
