"""Linking contacts and whole chains to what they are about; each link stands in the history, and is told."""

from functools import partial
from typing import Any, Literal

from hub.api.actor import Actor
from hub.contracts.subject import Subject
from hub.kit.clock import Clock
from hub.kit.errors import InvalidInput, NotFound
from hub.store.base import Document, In, Page
from hub.store.told import Change
from services.interactions.merged import merged
from services.interactions.outcomes.service import Outcomes
from services.interactions.repository import Repository
from services.interactions.seen import Seen
from services.interactions.subjects.forms import OWN, SubjectForm
from services.interactions.subjects.models import KEYS, linked, unlinked

Of = Literal["chains", "interactions"]
MOST_CHAINS = 200
"""Linked chains whose contacts a list of contacts finds, the newest."""


class Subjects:
    """Nobody links what he does not see whole, nor to a deal or a claim that he does not see."""

    def __init__(self, repository: Repository, seen: Seen, outcomes: Outcomes, clock: Clock) -> None:
        self._repository = repository
        self._seen = seen
        self._outcomes = outcomes
        self._clock = clock

    async def link(self, of: Of, doc_id: str, form: SubjectForm, *, actor: Actor) -> Document:
        """Raises NotFound, Forbidden; InvalidInput: no such deal or claim, or too many links."""
        await self._check(of, doc_id, actor)
        title = await self._title(form, actor.reading)
        subject = Subject(kind=form.kind, id=form.id, title=title, by=actor.login, at=self._clock.now())
        return await self._changed(of, doc_id, partial(linked, subject=subject))

    async def unlink(self, of: Of, doc_id: str, kind: str, subject_id: str, *, actor: Actor) -> Document:
        """Raises NotFound, Forbidden."""
        await self._check(of, doc_id, actor)
        now = self._clock.now()
        change = partial(unlinked, kind=kind, subject_id=subject_id, by=actor.login, at=now)
        return await self._changed(of, doc_id, change)

    async def page(self, key: str, *, limit: int, after: str | None) -> Page:
        """Contacts that are linked to it, or are in a chain that is; newest first."""
        chains = await self._repository.chains.find({KEYS: key}, order="last_at", descending=True, limit=MOST_CHAINS)
        in_chains = {"chain_id": In([chain["_id"] for chain in chains.items])}
        wheres: list[dict[str, Any]] = [{KEYS: key}, *([in_chains] if chains.items else [])]
        found = self._repository.interactions
        return await merged(found, wheres, order="at", descending=True, limit=limit, after=after)

    async def _check(self, of: Of, doc_id: str, actor: Actor) -> None:
        if of == "chains":
            await self._seen.whole_chain(actor, doc_id)
        else:
            await self._seen.whole_interaction(actor, doc_id)

    async def _title(self, form: SubjectForm, actor: Actor) -> str:
        kind = next((own for own in OWN if own == form.kind), None)
        if kind is None:
            return form.title.strip()
        try:
            found = await self._outcomes.get(kind, form.id, actor=actor)
        except NotFound as exc:
            raise InvalidInput(fields={"id": f"there is no {form.kind} {form.id}"}) from exc
        return str(found["title"])

    async def _changed(self, of: Of, doc_id: str, change: Change) -> Document:
        told = self._repository.chains if of == "chains" else self._repository.interactions
        after = await told.amend(doc_id, change)
        assert after
        await told.tell(after)
        return after
