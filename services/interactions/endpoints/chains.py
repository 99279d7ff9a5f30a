"""Chains: read, handed over, answered in, passed on from."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Self

from fastapi import Query, Response
from pydantic import BaseModel, Field, model_validator

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import MAX_LIMIT, Form, Id, Named, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.client import Awaits, ChainState
from hub.contracts.scope import EVERYTHING, OPEN, SHOWN, Shown, of_team, owned_by
from hub.contracts.shown import ChainView, InteractionView
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict
from hub.store.base import Document, In, Page
from services.interactions.bulk import ChainsChange, ChangeChains
from services.interactions.chains.queues import MOST, VIEWS, View
from services.interactions.chains.state import OPEN_STATES
from services.interactions.endpoints.shared import Doors, chain_shown, shown
from services.interactions.forwards import Forward
from services.interactions.handover import ChainChange
from services.interactions.inbox.unseen import refuse_unseen
from services.interactions.models import CHAIN_STATES
from services.interactions.savedviews.forms import Shows
from services.interactions.seen import Found, sifted
from services.interactions.subjects.forms import Asked
from services.interactions.subjects.models import KEYS
from services.interactions.views import ChainList, QueueCounts
from services.interactions.writing import Answer

_STATES: dict[ChainState, tuple[str, ...]] = {"open": OPEN_STATES, "closed": ("closed",)}
"""The stored ones of each that is asked for."""


_COUNTED, _PAGES_COUNTED = 100, 5
"""Chains of a saved view, and pages of them that are looked through: one that fits few may have more."""


class ChainQuery(Paging):
    """Parameters of the list of chains."""

    id: Named = Field(default_factory=list)
    client_id: str | None = None
    state: ChainState | None = None
    parent: str | None = Field(default=None, description="Chains beside this one, with third parties")
    owner: str | None = Field(default=None, max_length=63, description="Those that he owns", examples=["anna"])
    team: str | None = Field(
        default=None, max_length=100, description="Those that this team has to do with; empty: those that none has"
    )
    view: View | None = Field(
        default=None,
        description="A queue of open ones: your own, those that nobody has taken, your teams', all, "
        "those in which a note names you; or put aside",
    )
    tag: str | None = Field(default=None, max_length=60, examples=["кухня"])
    awaits: Awaits | None = Field(default=None, description="Who has the next word")
    subject: Asked = None
    offered: str | None = Field(
        default=None, max_length=63, description="Those that he is offered", examples=["anna"]
    )

    @model_validator(mode="after")
    def _one_way_to_find(self) -> Self:
        if self.id and (self.client_id or self.parent):
            raise ValueError("give id, or else client_id and parent")
        return self

    @property
    def where(self) -> dict[str, Any]:
        if self.id:
            return {"_id": In(self.id)}
        state = In(_STATES[self.state]) if self.state else None
        if self.parent:
            return {"parent": self.parent, "state": state}
        if self.subject and not self.client_id:
            return {KEYS: self.subject, "state": state}
        if self.tag and not self.client_id:
            return {"tags": self.tag, "state": state}
        return {"client_id": self.client_id, "state": state or (None if self.client_id else In(CHAIN_STATES))}

    @property
    def token(self) -> str | None:
        """What they list in `seen_by`, where owner or team is asked for."""
        if found := self.owner or self.offered:
            return owned_by(found)
        return None if self.team is None else of_team(self.team)

    def fits(self, chain: Document) -> bool:
        """Beside what the store finds by."""
        tokens = chain.get("seen_by") or [OPEN]
        wanted = (owned_by(self.owner) if self.owner else None, None if self.team is None else of_team(self.team))
        asked = self.state is None or chain["state"] in _STATES[self.state]
        tagged = self.tag is None or self.tag in (chain.get("tags") or [])
        awaited = self.awaits is None or self.awaits == chain.get("awaits")
        about = self.subject is None or self.subject in (chain.get(KEYS) or [])
        offered = self.offered in (None, (chain.get("offered") or {}).get("to"))
        return (
            not chain.get("into")
            and asked
            and tagged
            and awaited
            and about
            and offered
            and all(token in tokens for token in wanted if token)
        )

    @property
    def narrow(self) -> bool:
        """Named, of one client, beside one chain, of one tag, or about one matter: few, whoever sees them."""
        return bool(self.id or self.client_id or self.parent or self.tag or self.subject)


class AnswerQuery(Form):
    seen: str | None = Field(
        default=None,
        max_length=100,
        description="The newest interaction that you saw when you pressed Send: 409 where a colleague answered since",
    )


def add(routes: Public, doors: Doors) -> None:
    _add_reading(routes, doors)
    _add_changes(routes, doors)
    _add_bulk(routes, doors.jobs)
    _add_answers(routes, doors)


async def chains_found(doors: Doors, query: ChainQuery, actor: Actor, limit: int) -> Found[tuple[Document, Shown]]:
    """A page of the chains that are asked for and that he sees."""

    async def find(limit: int, after: str | None) -> Page:
        if query.view and not query.id:
            return await doors.queues.page(actor, query.view, limit=limit, after=after)
        tokens = [query.token] if query.token else actor.reach
        if query.narrow or EVERYTHING in tokens:
            return await doors.repository.page("chains", query.where, order=order, limit=limit, after=after)
        states = _STATES[query.state] if query.state else CHAIN_STATES
        where = {"state": states}
        return await doors.tokens.page("chains", tokens, where, order="last_at", limit=limit, after=after)

    async def keep(documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
        fitting = [one for one in documents if query.fits(one) and in_view(one)]
        found = await doors.seen.chains(actor, fitting)
        # What it is about is part of what it says.
        return [each for each in found if each[1] == SHOWN[0] or not query.subject]

    def in_view(chain: Document) -> bool:
        return query.view is None or doors.queues.has(actor, query.view, chain)

    order = "_id" if query.id else "last_at"
    return await sifted(find, keep, order=order, limit=limit, after=query.after)


async def counted(doors: Doors, actor: Actor, shows: Shows) -> tuple[int, bool]:
    """How many chains a saved view has for him, up to 100, and whether there are more."""
    query = ChainQuery(**shows.model_dump(exclude_none=True), limit=_COUNTED)
    number = 0
    for _ in range(_PAGES_COUNTED):
        found = await chains_found(doors, query, actor, _COUNTED)
        number += len(found.items)
        if found.next is None or number >= _COUNTED:
            break
        query = query.model_copy(update={"after": found.next})
    return min(number, _COUNTED), found.next is not None or number > _COUNTED


def _add_reading(routes: Public, doors: Doors) -> None:
    @routes.get("/chains", right=Right.READ_CORRESPONDENCE, noun="chain", answer=ChainList)
    async def list_chains(query: Annotated[ChainQuery, Query()], actor: Acting) -> Response:
        """Chains, the one with the newest interaction first."""

        async def show(found: Sequence[tuple[Document, Shown]]) -> list[BaseModel]:
            return [chain_shown(document, level) for document, level in found]

        return await listed(lambda limit: chains_found(doors, query, actor, limit), show, limit=query.limit)

    @routes.get("/queues", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def count_queues(actor: Acting) -> QueueCounts:
        """How many chains each queue has: as many as GET /api/v1/chains?view=… lists, up to 10,000."""
        counts = await asyncio.gather(*(doors.queues.count(actor, view) for view in VIEWS))
        review = await doors.drafts.to_review(actor.login, limit=MAX_LIMIT, after=None)
        seen = await doors.seen.interactions(actor, review.items)
        waiting = sum(level == SHOWN[0] for _, level in seen)
        return QueueCounts(**dict(zip(VIEWS, counts, strict=True)), review=waiting, at_most=MOST)

    @routes.get("/chains/{id}", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def show_chain(chain_id: Id, actor: Acting) -> ChainView:
        """One chain; its interactions: GET /api/v1/interactions?chain_id=ID."""
        return chain_shown(*await doors.seen.chain(actor, chain_id))


def _add_changes(routes: Public, doors: Doors) -> None:
    @routes.patch("/chains/{id}", right=Right.WRITE_MESSAGES, noun="chain", refuses=[Conflict])
    async def change_chain(chain_id: Id, change: ChainChange, actor: Acting) -> ChainView:
        """Hand a chain over to a colleague or a team, or keep it private.

        Whom it was taken from does not see it any more, unless his role or another of its teams lets him.
        """
        await doors.seen.chain(actor, chain_id)
        after = await doors.handover.chain(chain_id, change, actor=actor)
        return chain_shown(after, doors.seen.level(actor, after))

    @routes.post("/chains/{id}/take", right=Right.WRITE_MESSAGES, noun="chain", action="change", refuses=[Conflict])
    async def take_chain(chain_id: Id, actor: Acting) -> ChainView:
        """Take a chain that nobody has: of two who do at once one has it, the other is told who."""
        await doors.seen.whole_chain(actor, chain_id)
        after = await doors.handover.take(chain_id, actor=actor)
        return chain_shown(after, doors.seen.level(actor, after))


def _add_bulk(routes: Public, jobs: Jobs) -> None:
    @routes.post("/chains/changes", right=Right.WRITE_MESSAGES, noun="chain", action="change", status=202)
    async def change_chains(change: ChainsChange, actor: Acting, key: Key = None) -> JobView:
        """Hand over many chains at once, or keep them private: a job with a result for each, and a way back."""
        return await ChangeChains.begin(jobs, change, actor, key)


def _add_answers(routes: Public, doors: Doors) -> None:
    @routes.post("/chains/{id}/messages", right=Right.WRITE_MESSAGES, noun="message", status=202, refuses=[Conflict])
    async def answer_in_chain(
        chain_id: Id, answer: Answer, query: Annotated[AnswerQuery, Query()], actor: Acting, key: Key = None
    ) -> InteractionView:
        """Answer the client. It leaves at once, or at its time; `delivery` and the live stream tell how it went.

        What a second person has to approve, or was asked to, leaves as he approved it, or is refused: 403, 409.
        Until it has left, PATCH and DELETE /api/v1/interactions/{id} change it or take it back.
        """
        await doors.seen.whole_chain(actor, chain_id)
        await refuse_unseen(doors.repository, chain_id, query.seen, by=actor.login)
        await doors.seen.check_account(actor, answer.account)
        signature = actor.signs(answer.signature)
        message = doors.answers.id_of(chain_id, actor.login, key)
        approved = await doors.drafts.cleared(actor.login, chain_id, answer, message=message)
        sent = await doors.answers.plan(
            chain_id, answer, author=actor.login, idempotency_key=key, signature=signature, approved=approved
        )
        if approved:
            await doors.drafts.sent(actor.login, chain_id, approved)
        return shown(sent)

    @routes.post(
        "/chains/{id}/forward",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="forward",
        status=202,
        refuses=[Conflict],
    )
    async def forward_message(chain_id: Id, forward: Forward, actor: Acting, key: Key = None) -> InteractionView:
        """Pass a message on to a third party, with its attachments; his answers never reach the client."""
        await doors.seen.whole_chain(actor, chain_id)
        await doors.seen.check_account(actor, forward.account)
        signature = actor.signs(forward.signature)
        return shown(
            await doors.forwards.plan(chain_id, forward, author=actor.login, idempotency_key=key, signature=signature)
        )
