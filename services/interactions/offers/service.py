"""Offering a chain or a task to a colleague, who accepts it or does not; until then whoever had it has it."""

from collections.abc import Callable
from typing import Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock
from hub.kit.errors import Conflict
from hub.store.base import Document
from hub.store.history import noted
from hub.store.told import Owing
from services.interactions.chains.change import NOTED as OF_CHAINS
from services.interactions.handover import ChainChange, Handover
from services.interactions.offers.forms import DeclineForm, OfferForm
from services.interactions.offers.models import Ending, ended, notice, offer_of, offered
from services.interactions.seen import Seen
from services.interactions.tasks.models import NOTED as OF_TASKS
from services.interactions.tasks.models import settled
from services.interactions.tasks.service import Tasks

Change = Callable[[Document], Document | Owing]


class Offered(Protocol):
    """What can be offered: chains, or tasks."""

    noted: tuple[str, ...]
    whose: str

    async def check(self, doc_id: str, actor: Actor) -> None: ...

    async def check_over(self, doc_id: str, actor: Actor) -> None: ...

    async def amend(self, doc_id: str, change: Change) -> Document: ...

    def follows(self, document: Document, owner: str | None) -> Document: ...


class OfChains:
    """Seen whole; handed over by whom `Handover` lets."""

    noted: tuple[str, ...] = OF_CHAINS
    whose: str = "owner"

    def __init__(self, handover: Handover, seen: Seen) -> None:
        self._handover = handover
        self._seen = seen

    async def check(self, doc_id: str, actor: Actor) -> None:
        """Raises NotFound, Forbidden."""
        await self._seen.whole_chain(actor, doc_id)

    async def check_over(self, doc_id: str, actor: Actor) -> None:
        """Raises NotFound, Forbidden: he does not hand it over."""
        chain = await self._seen.whole_chain(actor, doc_id)
        self._handover.check(chain, ChainChange(owner=actor.login), actor)

    async def amend(self, doc_id: str, change: Change) -> Document:
        return await self._handover.amend(doc_id, change)

    def follows(self, document: Document, owner: str | None) -> Document:
        """Raises Conflict: it is another chain now that would be his."""
        if document.get("into") and (owner or document.get("offered")):
            raise Conflict(f"this chain was merged into {document['into']}; part it first, or offer that one")
        return self._handover.belonging(document, {"owner": owner} if owner else {})


class OfTasks:
    """Seen by whom it concerns, and handed over by them."""

    noted: tuple[str, ...] = OF_TASKS
    whose: str = "assignee"

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def check(self, doc_id: str, actor: Actor) -> None:
        """Raises NotFound."""
        await self._tasks.get(actor, doc_id)

    async def check_over(self, doc_id: str, actor: Actor) -> None:
        """Raises NotFound."""
        await self._tasks.get(actor, doc_id)

    async def amend(self, doc_id: str, change: Change) -> Document:
        return await self._tasks.amend(doc_id, change)

    def follows(self, document: Document, owner: str | None) -> Document:
        """Raises Conflict: it is closed."""
        if document["state"] != "open" and (owner or document.get("offered")):
            raise Conflict(f"this task is {document['state']}; open it again first: state open")
        return settled({**document, **({"assignee": owner} if owner else {})})


class Offers:
    """Each step is told to whom it concerns, and stands in the history."""

    def __init__(self, kind: Offered, clock: Clock) -> None:
        self._kind = kind
        self._clock = clock

    async def offer(self, doc_id: str, form: OfferForm, *, actor: Actor) -> Document:
        """Raises NotFound, Forbidden; Conflict: it is his already, or another has it to decide on."""
        await self._kind.check_over(doc_id, actor)
        now = self._clock.now()

        def change(before: Document) -> Document | Owing:
            to, by = form.to or "", actor.login
            if before.get(self._kind.whose) == to:
                raise Conflict(f"it is {to}'s already")
            after = offered(before, to=to, by=by, comment=form.comment, at=now)
            told = noted(before, self._kind.follows(after, None), self._kind.noted, by=by, at=now)
            return Owing(told, (notice(told, [to], by=by, words=form.comment, at=now),))

        return await self._kind.amend(doc_id, change)

    async def accept(self, doc_id: str, *, actor: Actor) -> Document:
        """His. Raises NotFound; Forbidden: it was offered to another; Conflict: to nobody."""
        return await self._end(doc_id, "accepted", "", actor, owner=actor.login)

    async def decline(self, doc_id: str, form: DeclineForm, *, actor: Actor) -> Document:
        """As it was before. Errors as `accept`."""
        return await self._end(doc_id, "declined", form.reason, actor)

    async def withdraw(self, doc_id: str, *, actor: Actor) -> Document:
        """As it was before. Raises NotFound, Forbidden; Conflict: it was offered to nobody."""
        await self._kind.check_over(doc_id, actor)
        return await self._end(doc_id, "withdrawn", "", actor)

    async def _end(self, doc_id: str, how: Ending, reason: str, actor: Actor, owner: str | None = None) -> Document:
        await self._kind.check(doc_id, actor)
        now, by = self._clock.now(), actor.login

        def change(before: Document) -> Document | Owing:
            offer = offer_of(before, None if how == "withdrawn" else by)
            after = self._kind.follows({**before, "offered": None}, owner)
            told = ended(before, after, self._kind.noted, how, reason=reason, by=by, at=now)
            concerned = [who for who in (offer["by"], offer["to"], before.get(self._kind.whose)) if who]
            return Owing(told, (notice(told, concerned, by=by, words=reason, at=now),))

        return await self._kind.amend(doc_id, change)
