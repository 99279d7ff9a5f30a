"""Contacts that employees write down, plan and report on; notes to colleagues."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from hub.api.actor import Actor
from hub.contracts.appointment import Fact, Series
from hub.contracts.interaction import Direction, Interaction, Link, Participant
from hub.contracts.notice import NoticeGiven
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from hub.store.told import Owing
from services.interactions.addresses import Addresses
from services.interactions.byhand.forms import ByHandForm, FactForm, Note, Person, PlanForm
from services.interactions.byhand.models import (
    ACCOUNT,
    RULE,
    happened,
    interaction_of,
    is_moved,
    mention,
    plan_of,
    planned_anew,
    planned_with,
    settled,
)
from services.interactions.calendars.repository import Calendars
from services.interactions.handover import ChainChange, Handover
from services.interactions.invitations.models import called_off, moved
from services.interactions.linking import new_chain_id
from services.interactions.models import interaction_document
from services.interactions.origins import Origins
from services.interactions.outgoing import Outgoing, fingerprint, same_request
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import Seen
from services.interactions.series.models import FOLLOWED, begun

_NOTE = "note"
_SKEW = timedelta(minutes=10)
"""Of clocks."""


class ByHand:
    """Everything here may be asked twice with one key."""

    def __init__(
        self,
        repository: Repository,
        seen: Seen,
        handover: Handover,
        addresses: Addresses,
        clock: Clock,
        calendars: Calendars,
        origins: Origins | None = None,
    ) -> None:
        self._origins = origins or Origins()
        self._repository = repository
        self._seen = seen
        self._handover = handover
        self._addresses = addresses
        self._clock = clock
        self._calendars = calendars
        self._outgoing = Outgoing(repository)

    async def add(self, form: ByHandForm, *, actor: Actor, key: str | None) -> Document:
        """The contact, in its chain.

        Raises:
            NotFound: client, chain or cause are not there for him.
            Forbidden: he does not see what they say.
            InvalidInput: nobody says whose contact it is, or an address is none.
            Conflict: the key was used for something else.
        """
        actor = actor.reading
        now, interaction_id = self._clock.now(), self._id(actor, key)
        if earlier := await self._repository.interactions.get(interaction_id):
            stored = await self._store(same_request(earlier, fingerprint(form)))
            await self._settle(form, stored, actor)
            return stored
        self._check_times(form)
        series = await self._series(form.plan, actor) if form.plan else None
        plan = plan_of(form.plan, series) if form.plan else None
        people = [self._person(person) for person in form.participants]
        client_id, chain_id = await self._place(form, people, interaction_id, actor)
        ids = (interaction_id, chain_id or new_chain_id(interaction_id), client_id)
        document = interaction_document(interaction_of(form, ids, people, plan=plan, author=actor.login, now=now))
        document = settled({**document, "request": fingerprint(form)})
        stored = await self._store(document, also=planned_with(document, by=actor.login, now=now))
        await self._settle(form, stored, actor)
        return stored

    async def note(self, chain_id: str, note: Note, *, actor: Actor, key: str | None) -> Document:
        """Words to colleagues in a chain; whom it mentions is told, and sees it from then on. Errors as `add`."""
        interaction_id = self._id(actor, key)
        chain = await self._seen.whole_chain(actor.reading, chain_id)
        chain = (await roots(self._repository.chains, [chain["_id"]]))[chain["_id"]]
        if earlier := await self._repository.interactions.get(interaction_id):
            await self._repository.interactions.tell(same_request(earlier, fingerprint(note)))
            return earlier
        now = self._clock.now()
        interaction = Interaction(
            id=interaction_id,
            channel=_NOTE,
            type=_NOTE,
            direction=Direction.OUT,
            accounts=(ACCOUNT,),
            at=now,
            client_id=chain["client_id"],
            chain_id=chain["_id"],
            text=note.text,
            attachments=note.attachments,
            link=Link(rule=RULE, evidence=f"written down by {actor.login}"),
            author=actor.login,
            mentions=tuple(note.named),
        )
        document = {**interaction_document(interaction), "request": fingerprint(note)}
        also = (mention(document, note.named, now=now),) if note.named else ()
        if note.named:
            # Before it is stored: what is owed is told also after a crash, and whoever hears of it finds it.
            await self._handover.show(chain["_id"], note.named, by=actor.login)
        stored, _ = await self._repository.interactions.insert(document, also=also)
        await self._repository.interactions.tell(stored)
        return stored

    async def plan(self, interaction_id: str, form: PlanForm, *, actor: Actor) -> Document:
        """The contact at its new time; with another rule its series begins anew there.

        Raises:
            NotFound: it is not there for him.
            Conflict: it was no plan, it is over, or its series goes on from a later one.
            InvalidInput: the rule is none.
        """
        begins = await self._series(form, actor)

        def change(document: Document) -> Owing:
            if not document.get("plan") or document.get("fact"):
                raise Conflict("only what is planned, and not over yet, is planned anew")
            if form.repeats is not None and document.get(FOLLOWED):
                raise Conflict("its series goes on from the next one; say there how it comes again")
            known = document["plan"].get("series") if form.repeats is None else None
            series = Series.model_validate(known) if known else begins
            after = planned_anew(document, plan_of(form, series))
            now = self._clock.now()
            told = planned_with(after, by=actor.login, now=now) if is_moved(document, after) else ()
            return Owing(moved(document, after, by=actor.login, at=now), told)

        return await self._changed(interaction_id, change, actor)

    async def fact(self, interaction_id: str, form: FactForm, *, actor: Actor) -> Document:
        """The contact with what became of it. Raises NotFound; Conflict: it was not written down by hand."""
        self._check_times(form)

        def change(document: Document) -> Owing:
            if ACCOUNT not in document["accounts"] or document["channel"] == _NOTE:
                raise Conflict("what a channel told of is as it was; only what was written down by hand has a result")
            now = self._clock.now()
            planned = min(from_iso(document["plan"]["at"]), now) if document.get("plan") else now
            fact = Fact(held=form.held, at=form.at or planned, minutes=form.minutes, result=form.result)
            off = not form.held and document.get("plan") and from_iso(document["plan"]["at"]) > now
            after = happened(called_off(document, by=actor.login, at=now) if off else document, fact)
            return Owing(after, planned_with(document, by=actor.login, now=now) if off else ())

        return await self._changed(interaction_id, change, actor)

    async def _series(self, form: PlanForm, actor: Actor) -> Series | None:
        """By the days of whoever plans it."""
        return begun(form.repeats, form.at, (await self._calendars.of(actor.login)).zone) if form.repeats else None

    async def _changed(self, interaction_id: str, change: Callable[[Document], Owing], actor: Actor) -> Document:
        found = await self._seen.whole_interaction(actor.reading, interaction_id)
        after = await self._repository.interactions.amend(interaction_id, change) or found
        await self._repository.interactions.tell(after)
        if after.get("fact"):
            await self._outgoing.move_on(after)
        return after

    def _check_times(self, form: ByHandForm | FactForm) -> None:
        """What was does not lie ahead, or nothing that follows would be newer; what shall come back does."""
        now = self._clock.now()
        if form.at and form.at > now + _SKEW:
            raise InvalidInput(fields={"at": "lies ahead; plan it instead: plan"})
        if isinstance(form, ByHandForm) and form.return_on and form.return_on <= now:
            raise InvalidInput(fields={"return_on": "has passed; leave it out"})

    def _id(self, actor: Actor, key: str | None) -> str:
        at = int(self._clock.now().timestamp())
        return derive("in", "by_hand", actor.login, key) if key else fresh("in", at=at)

    def _person(self, person: Person) -> Participant:
        if person.login:
            return Participant(role=person.role, address=f"employee:{person.login}", login=person.login, ours=True)
        address = self._addresses.normalised(person.address) if person.address else ""
        return Participant(role=person.role, address=address, raw=person.address, name=person.name)

    async def _place(
        self, form: ByHandForm, people: list[Participant], interaction_id: str, actor: Actor
    ) -> tuple[str, str | None]:
        """Client, and chain if it is not a new one."""
        if form.chain_id:
            chain = await self._seen.whole_chain(actor, form.chain_id)
            return chain["client_id"], chain["_id"]
        if form.cause_id:
            cause = await self._seen.whole_interaction(actor, form.cause_id)
            return cause["client_id"], cause["chain_id"]
        if form.client_id:
            return (await self._seen.client(actor, form.client_id))["_id"], None
        known = next((person for person in people if person.address and not person.ours), None)
        if known is None:
            fix = "give client_id, chain_id, cause_id, or the address of somebody who takes part"
            raise InvalidInput(fields={"client_id": fix})
        at = (form.at or self._clock.now()).isoformat()
        owned = await self._repository.addresses.get(known.address)
        new = not (owned and owned["client_id"])
        also = await self._origins.said(form.source, form.type, actor) if new else {}
        client = await self._repository.client_for(known, opened_by=interaction_id, at=at, also=also)
        await self._repository.clients.tell(client)
        return client["_id"], None

    async def _store(self, document: Document, *, also: Sequence[NoticeGiven] = ()) -> Document:
        stored, _ = await self._repository.interactions.insert(document, also=also)
        chains = await self._repository.touch_chains([stored])
        await self._repository.chains.tell(*chains.values())
        await self._repository.interactions.tell(stored)
        await self._outgoing.move_on(stored)
        return stored

    async def _settle(self, form: ByHandForm, stored: Document, actor: Actor) -> None:
        """What the form says about the chain."""
        reviewed = "nobody" if form.reviewed else None
        if reviewed or form.return_on:
            change = ChainChange(awaits=reviewed, snooze_until=form.return_on)
            await self._handover.chain(stored["chain_id"], change, actor=actor)
