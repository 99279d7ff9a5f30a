"""Deals and claims: opened of an interaction or a chain, changed, closed."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.outcome import OutcomeKind
from hub.contracts.scope import EVERYTHING, reaches
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page, Store
from hub.store.history import noted
from hub.store.told import Told
from services.interactions.merged import merged
from services.interactions.outcomes.forms import NewOutcome, OutcomeChange
from services.interactions.outcomes.models import NOTED, OUTCOMES, STATES, outcome_facts, outcome_state, settled
from services.interactions.outgoing import fingerprint, same_request
from services.interactions.repository import SOURCE
from services.interactions.seen import Seen

_TITLE = 300


class Outcomes:
    """What employees make of contacts."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, seen: Seen) -> None:
        self.outcomes = Told(store.collection(OUTCOMES), facts=outcome_facts, state=outcome_state, source=SOURCE)
        self.outcomes.on(bus, clock)
        self._clock = clock
        self._seen = seen

    async def open(self, kind: OutcomeKind, form: NewOutcome, *, actor: Actor, key: str | None) -> Document:
        """The deal or claim; the same key of the same author gives the same one.

        Raises:
            NotFound: client, chain or interaction are not there for him.
            Forbidden: he does not see what it says.
            Conflict: the key was used for another one.
        """
        outcome_id = derive(kind, actor.login, key) if key else fresh(kind)
        wanted = fingerprint(form)
        if earlier := await self.outcomes.get(outcome_id):
            same_request(earlier, wanted, "one")
            await self.outcomes.tell(earlier)
            return earlier
        now = iso(self._clock.now())
        blank: Document = {"title": "", "text": "", "state": "open", "reason": "", "history": [], "closed_at": None}
        blank |= {"owner": actor.login, "team": None, "amount": None, "chain_id": None, "cause_id": None}
        about = await self._about(form, actor.reading)
        document = {**blank, **about, **form.given, "_id": outcome_id, "kind": kind, "author": actor.login}
        _check(kind, document["state"])
        stored, _ = await self.outcomes.insert(settled({**document, "opened_at": now, "request": wanted}))
        await self.outcomes.tell(stored)
        return stored

    async def get(self, kind: OutcomeKind, outcome_id: str, *, actor: Actor) -> Document:
        """Raises NotFound."""
        found = await self.outcomes.get(outcome_id)
        if found is None or found["kind"] != kind or not reaches(actor.reach, found["seen_by"]):
            raise NotFound(f"there is no {kind} {outcome_id}")
        return found

    async def change(self, kind: OutcomeKind, outcome_id: str, form: OutcomeChange, *, actor: Actor) -> Document:
        """It as it is then. Raises NotFound; InvalidInput: a state of the other kind."""
        await self.get(kind, outcome_id, actor=actor)
        change = partial(self._changed, given=form.given, by=actor.login)
        after = await self.outcomes.amend(outcome_id, change) or {}
        await self.outcomes.tell(after)
        return after

    def _changed(self, outcome: Document, *, given: dict[str, Any], by: str) -> Document:
        now = self._clock.now()
        after = {**outcome, **given}
        _check(outcome["kind"], after["state"])
        if after["state"] != outcome["state"]:
            after["closed_at"] = None if after["state"] == "open" else iso(now)
        return settled(noted(outcome, after, NOTED, by=by, at=now))

    async def page(
        self, kind: OutcomeKind, where: Mapping[str, Any], *, actor: Actor, limit: int, after: str | None
    ) -> Page:
        """The newest first, those that he sees."""
        given = await self._seen.with_members(where) | {"kind": kind}
        narrow = EVERYTHING in actor.reach or given.keys() & {"client_id", "chain_id"}
        wheres = [given] if narrow else [{**given, "seen_by": token} for token in actor.reach]
        page = await merged(self.outcomes, wheres, order="opened_at", descending=True, limit=limit, after=after)
        return Page([one for one in page.items if reaches(actor.reach, one["seen_by"])], page.next)

    async def _about(self, form: NewOutcome, actor: Actor) -> Document:
        if form.interaction_id:
            cause = await self._seen.whole_interaction(actor, form.interaction_id)
            title = (cause["subject"] or cause["text"]).strip()[:_TITLE] or cause["type"]
            place = {name: cause[name] for name in ("client_id", "chain_id")}
            return {**place, "title": title, "cause_id": cause["_id"]}
        if form.chain_id:
            chain = await self._seen.whole_chain(actor, form.chain_id)
            return {
                "client_id": chain["client_id"],
                "chain_id": chain["_id"],
                "title": chain["subject"][:_TITLE] or "?",
            }
        return {"client_id": (await self._seen.client(actor, form.client_id or ""))["_id"]}


def _check(kind: str, state: str) -> None:
    if state not in STATES[kind]:
        raise InvalidInput(fields={"state": f"of a {kind} it is one of {', '.join(STATES[kind])}"})
