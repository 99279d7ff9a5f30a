"""Deals and claims over HTTP: the same operations for both."""

from typing import Annotated

from fastapi import Query, Response

from hub.api.actor import Acting, Key
from hub.api.forms import Id
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document, Page
from services.interactions.outcomes.forms import NewOutcome, OutcomeChange, OutcomeList, OutcomeQuery, OutcomeView
from services.interactions.outcomes.models import outcome_view
from services.interactions.outcomes.service import Outcomes


def add(routes: Public, outcomes: Outcomes) -> None:
    _add_deals(routes, outcomes)
    _add_claims(routes, outcomes)


def _add_deals(routes: Public, outcomes: Outcomes) -> None:
    @routes.get("/deals", right=Right.READ_CORRESPONDENCE, noun="deal", answer=OutcomeList)
    async def list_deals(query: Annotated[OutcomeQuery, Query()], actor: Acting) -> Response:
        """Deals, the newest first."""

        async def find(limit: int) -> Page:
            return await outcomes.page("deal", _where(query), actor=actor, limit=limit, after=query.after)

        return await listed(find, each(_shown), limit=query.limit)

    @routes.get("/deals/{id}", right=Right.READ_CORRESPONDENCE, noun="deal")
    async def show_deal(deal_id: Id, actor: Acting) -> OutcomeView:
        """One deal."""
        return _shown(await outcomes.get("deal", deal_id, actor=actor))

    @routes.post("/deals", right=Right.WRITE_MESSAGES, noun="deal", status=201, refuses=[Conflict, NotFound])
    async def open_deal(form: NewOutcome, actor: Acting, key: Key = None) -> OutcomeView:
        """Open a deal, of an interaction, a chain or a client; it is yours unless you say otherwise."""
        return _shown(await outcomes.open("deal", form, actor=actor, key=key))

    @routes.patch("/deals/{id}", right=Right.WRITE_MESSAGES, noun="deal")
    async def change_deal(deal_id: Id, form: OutcomeChange, actor: Acting) -> OutcomeView:
        """Change a deal; `state` won or lost closes it."""
        return _shown(await outcomes.change("deal", deal_id, form, actor=actor))


def _add_claims(routes: Public, outcomes: Outcomes) -> None:
    @routes.get("/claims", right=Right.READ_CORRESPONDENCE, noun="claim", answer=OutcomeList)
    async def list_claims(query: Annotated[OutcomeQuery, Query()], actor: Acting) -> Response:
        """Claims, the newest first."""

        async def find(limit: int) -> Page:
            return await outcomes.page("claim", _where(query), actor=actor, limit=limit, after=query.after)

        return await listed(find, each(_shown), limit=query.limit)

    @routes.get("/claims/{id}", right=Right.READ_CORRESPONDENCE, noun="claim")
    async def show_claim(claim_id: Id, actor: Acting) -> OutcomeView:
        """One claim."""
        return _shown(await outcomes.get("claim", claim_id, actor=actor))

    @routes.post("/claims", right=Right.WRITE_MESSAGES, noun="claim", status=201, refuses=[Conflict, NotFound])
    async def open_claim(form: NewOutcome, actor: Acting, key: Key = None) -> OutcomeView:
        """Open a claim, of an interaction, a chain or a client; it is yours unless you say otherwise."""
        return _shown(await outcomes.open("claim", form, actor=actor, key=key))

    @routes.patch("/claims/{id}", right=Right.WRITE_MESSAGES, noun="claim")
    async def change_claim(claim_id: Id, form: OutcomeChange, actor: Acting) -> OutcomeView:
        """Change a claim; `state` accepted or rejected closes it."""
        return _shown(await outcomes.change("claim", claim_id, form, actor=actor))


def _where(query: OutcomeQuery) -> dict[str, str | None]:
    return {name: getattr(query, name) for name in ("state", "client_id", "chain_id")}


def _shown(document: Document) -> OutcomeView:
    return OutcomeView.model_validate(outcome_view(document))
