"""What the interactions service does: links what arrives, follows deliveries."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from hub.bus.base import Bus
from hub.contracts.base import Envelope, Event
from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import (
    Delivery,
    DeliveryRecorded,
    DeliveryState,
    Interaction,
    InteractionChanged,
    InteractionLinked,
    InteractionReceived,
)
from hub.kit.clock import Clock
from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.interactions.bounces import Bounces
from services.interactions.contacts import Contacts
from services.interactions.courtesy import Courtesy
from services.interactions.linking import Decision, Rules, link
from services.interactions.models import (
    attachment_documents,
    chain_from,
    client_from,
    interaction_document,
    interaction_from,
    interaction_of,
    name_document,
)
from services.interactions.news import NEWS, News
from services.interactions.repository import Repository, amend

log = Log(__name__)
SOURCE = "omnihub/interactions"
PLAIN = Rules()
_TRIES = 20
_PAUSE = 0.01
"""Seconds that the pause between two tries grows by at most."""


class Interactions:
    """Links arrivals and records what became of deliveries; everything may be told twice."""

    def __init__(
        self,
        repository: Repository,
        bus: Bus,
        clock: Clock,
        *,
        rules: Rules = PLAIN,
        courtesy: Courtesy | None = None,
    ) -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock
        self._rules = rules
        self._bounces = Bounces(repository)
        self._courtesy = courtesy or Courtesy(repository, bus, clock)
        self._contacts = Contacts(repository)
        self._news = News(repository, bus, clock)

    async def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Links a batch of `InteractionReceived`, stores it and publishes what follows."""
        causes: dict[str, Envelope] = {}
        arrivals = []
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionReceived):
                causes.setdefault(envelope.event.id, envelope)
                arrivals.append(envelope.event)
        first = {arrival.id: arrival for arrival in reversed(arrivals)}
        known = await self._repository.interactions.get_many(first)
        linked = await self._link([event for i, event in reversed(first.items()) if i not in known])
        all_of_them = [*linked, *(interaction_from(document) for document in known.values())]
        # Together: the store writes while the facts are made ready, and both are durable before anything is told.
        _, facts = await asyncio.gather(self._store(linked), self._facts(all_of_them))
        seam("interactions.after_state")
        returned = await self._bounces.record(all_of_them)
        more = [
            a
            for a in arrivals
            if a.account not in (known[a.id]["accounts"] if a.id in known else (first[a.id].account,))
        ]
        changed = [*(after for _, after in returned), *await self._with_accounts(more)]
        returning = {after.interaction.id: causes[notice] for notice, after in returned}
        await self._publish([*facts, *changed], {**returning, **causes})
        seam("interactions.after_publish")
        await self._contacts.take([interaction for interaction in all_of_them if interaction.contacts])
        await self._courtesy.answer(all_of_them, first)
        await self._news.take([envelope for envelope in envelopes if isinstance(envelope.event, NEWS)])

    async def _link(self, arrivals: Sequence[InteractionReceived]) -> list[Interaction]:
        if not arrivals:
            return []
        decisions, addresses = await self._decide(arrivals)
        seam("interactions.after_claims")
        return [interaction_of(decision, addresses) for decision in decisions]

    async def _store(self, interactions: Sequence[Interaction]) -> None:
        attachments = [document for i in interactions for document in attachment_documents(i)]
        if attachments:
            await self._repository.attachments.insert_many(attachments)
        await self._repository.interactions.insert_many([interaction_document(i) for i in interactions])

    async def _decide(self, arrivals: Sequence[InteractionReceived]) -> tuple[list[Decision], Mapping[str, str]]:
        for attempt in range(_TRIES):
            stored = await self._repository.stored(arrivals)
            decisions = link(arrivals, stored.known, self._rules)
            opens = {d.client_id for d in decisions if d.new_chain}
            early = any(d.early and d.client_id not in opens for d in decisions)
            if not early and await self._repository.claim(decisions, stored):
                opened = {d.address.address: d.client_id for d in decisions if d.new_address and d.address}
                return decisions, {**stored.addresses, **opened}
            log.debug("link.contended", arrivals=len(arrivals))
            await asyncio.sleep(random.uniform(0, _PAUSE * attempt))
        raise StoreUnavailable("linking: others change the same clients at once")

    async def _with_accounts(self, arrivals: Iterable[InteractionReceived]) -> list[InteractionChanged]:
        """One mail to several of our mailboxes is one interaction that all of them have."""
        changed = []
        for arrival in arrivals:
            document = await self._repository.interactions.get(arrival.id)
            if document is None or arrival.account in document["accounts"]:
                continue
            after = await amend(self._repository.interactions, document, partial(with_account, arrival.account))
            changed.append(InteractionChanged(interaction=interaction_from(after), revision=after["_v"]))
        return changed

    async def _facts(self, interactions: Sequence[Interaction]) -> list[Event]:
        """What is to be told about these: also what a crash may have kept from being told."""
        openers = {i.id for i in interactions}
        chains, clients = await asyncio.gather(
            self._repository.touch_chains(interactions),
            self._repository.clients.get_many({i.client_id for i in interactions}),
        )
        facts: list[Event] = []
        facts += [ClientOpened(client=client_from(c)) for c in clients.values() if c["opened_by"] in openers]
        facts += [ChainOpened(chain=chain_from(c)) for c in chains.values() if c["opened_by"] in openers]
        facts += [InteractionLinked(interaction=i) for i in interactions]
        return facts

    async def _publish(self, facts: Sequence[Event], causes: Mapping[str, Envelope]) -> None:
        now = self._clock.now()
        envelopes = []
        for fact in facts:
            cause = causes.get(_about(fact))
            envelopes.append(
                cause.caused(fact, source=SOURCE, time=now)
                if cause
                else Envelope(event=fact, source=SOURCE, time=now)
            )
        if envelopes:
            await self._bus.publish(envelopes)

    async def record_deliveries(self, envelopes: Sequence[Envelope]) -> None:
        """Takes `DeliveryRecorded` into the interactions; a delivery never moves backwards."""
        told = [(e, e.event) for e in envelopes if isinstance(e.event, DeliveryRecorded)]
        documents = await self._repository.interactions.get_many({event.interaction_id for _, event in told})
        changes: list[Envelope] = []
        for envelope, event in told:
            document = documents.get(event.interaction_id)
            if document is None:
                log.warning("delivery.unmatched", interaction_id=event.interaction_id)
                continue
            documents[event.interaction_id] = after = await self._record(document, event)
            change = InteractionChanged(interaction=interaction_from(after), revision=after["_v"])
            changes.append(envelope.caused(change, source=SOURCE, time=self._clock.now()))
        if changes:
            await self._bus.publish(changes)

    async def _record(self, document: Document, event: DeliveryRecorded) -> Document:
        """The stored document after the event; the same one when it told nothing new."""
        await self._claim_keys(document, event)
        return await amend(self._repository.interactions, document, partial(with_delivery, event))

    async def _claim_keys(self, document: Document, event: DeliveryRecorded) -> None:
        """What the provider calls the message leads to its chain."""
        names = [key for key in event.keys if key not in document["keys"]]
        if names:
            await self._repository.claims.insert_many([name_document(name, document) for name in names])


def with_account(account: str, interaction: Document) -> Document:
    """The interaction as one that this account of ours has too; the same document when it had it."""
    accounts = interaction["accounts"]
    return interaction if account in accounts else {**interaction, "accounts": [*accounts, account]}


def with_delivery(event: DeliveryRecorded, interaction: Document) -> Document:
    """The interaction after what was told of its delivery; the same document when that is nothing new."""
    before = Delivery.model_validate(interaction["delivery"]) if interaction["delivery"] else None
    after = delivery_after(before, event).model_dump(mode="json")
    keys = [*interaction["keys"], *(key for key in event.keys if key not in interaction["keys"])]
    if after == interaction["delivery"] and keys == interaction["keys"]:
        return interaction
    return {**interaction, "delivery": after, "keys": keys}


def _moves(before: Delivery, event: DeliveryRecorded) -> bool:
    """A state of lower rank changes nothing; but a receipt may say that what was sent did not arrive, and then only
    a later one that it did.
    """
    arrived = (DeliveryState.DELIVERED, DeliveryState.READ)
    if before.receipt and before.state is DeliveryState.FAILED:
        return event.state in arrived
    if event.receipt and event.state is DeliveryState.FAILED:
        return before.state not in (*arrived, DeliveryState.BOUNCED)
    return event.state.rank >= before.state.rank


def delivery_after(before: Delivery | None, event: DeliveryRecorded) -> Delivery:
    """The delivery after what was told; a state of lower rank than the present one changes nothing."""
    moves = before is None or _moves(before, event)
    return Delivery(
        receipt=event.receipt if before is None or moves else before.receipt,
        state=event.state if before is None or moves else before.state,
        reason=event.reason if before is None or (moves and event.state != before.state) else before.reason,
        copy_state=event.copy_state or (before.copy_state if before else None),
        copy_reason=event.copy_reason if event.copy_state else (before.copy_reason if before else None),
    )


def _about(fact: Event) -> str:
    match fact:
        case ClientOpened(client=client):
            return client.opened_by
        case ChainOpened(chain=chain):
            return chain.opened_by
        case InteractionLinked(interaction=interaction) | InteractionChanged(interaction=interaction):
            return interaction.id
        case _:
            return ""
