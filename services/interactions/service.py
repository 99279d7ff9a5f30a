"""What the interactions service does: links what arrives, follows deliveries."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.interaction import DeliveryRecorded, InteractionReceived
from hub.kit.clock import Clock
from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from hub.store.told import tell
from hub.store.waiting import Waiting
from services.interactions.deliveries import Deliveries, Missing
from services.interactions.linking import Decision, Rules, link
from services.interactions.models import attachment_documents, interaction_name, linked
from services.interactions.news import NEWS, News
from services.interactions.repository import SOURCE, Repository, Stored

log = Log(__name__)
PLAIN = Rules()
_TRIES = 20
_PAUSE = 0.01
"""Seconds that the pause between two tries grows by at most."""
GROUP = "interactions"
"""Of the bus; and of the dead letters of news that waited in vain."""


class Interactions:
    """Links arrivals and records what became of deliveries; everything may be told twice."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock, *, rules: Rules = PLAIN) -> None:
        repository.on(bus, clock)
        self._repository = repository
        self._rules = rules
        self._news = News(repository)
        self._deliveries = Deliveries(repository)
        self.waiting = Waiting(repository.waiting, bus, clock, source=SOURCE, group=GROUP)

    async def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Links a batch of `InteractionReceived`, stores it and tells what follows; then takes the news."""
        causes: dict[str, Envelope] = {}
        arrivals = []
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionReceived):
                causes.setdefault(envelope.event.id, envelope)
                arrivals.append(envelope.event)
        if arrivals:
            stored = await self._store(arrivals, causes)
            names = [name for document in stored.values() for name in _names(document)]
            await self.waiting.deliver(names, self._apply)
        await self._place([envelope for envelope in envelopes if isinstance(envelope.event, NEWS)])

    async def _store(
        self, arrivals: Sequence[InteractionReceived], causes: Mapping[str, Envelope]
    ) -> dict[str, Document]:
        """The interactions of these arrivals, linked now or before; whoever stored one first is right about it."""
        repository = self._repository
        first = {arrival.id: arrival for arrival in reversed(arrivals)}
        known = await repository.interactions.get_many(first)
        fresh = [arrival for i, arrival in reversed(first.items()) if i not in known]
        stored, clients = await self._link(fresh, causes) if fresh else ({}, {})
        if known:
            stored |= known
            clients |= await repository.clients.get_many({document["client_id"] for document in known.values()})
        chains = await repository.touch_chains(list(stored.values()), causes)
        stored |= await self._with_accounts(arrivals, stored, causes)
        debts = ((repository.clients, clients), (repository.chains, chains), (repository.interactions, stored))
        await tell(*((told, documents.values()) for told, documents in debts))
        seam("interactions.after_publish")
        return stored

    async def _link(
        self, arrivals: Sequence[InteractionReceived], causes: Mapping[str, Envelope]
    ) -> tuple[dict[str, Document], dict[str, Document]]:
        """The interactions as they are stored, and the clients they are in."""
        decisions, owners, clients = await self._decide(arrivals, causes)
        seam("interactions.after_claims")
        documents = [linked(decision, owners) for decision in decisions]
        attachments = [each for document in documents for each in attachment_documents(document)]
        if attachments:
            await self._repository.attachments.insert_many(attachments)
        stored, new = await self._repository.interactions.insert_many(documents, causes=causes)
        seam("interactions.after_state")
        lost = [decision for decision in decisions if decision.arrival.id not in new]
        if lost:
            await self._yield(lost, stored)
            clients = await self._repository.clients.get_many({d["client_id"] for d in stored.values()})
        return stored, clients

    async def _yield(self, lost: Sequence[Decision], stored: Mapping[str, Document]) -> None:
        """Another copy stored these first, perhaps elsewhere: what was reserved for our decisions follows its own."""
        elsewhere = [d for d in lost if stored[d.arrival.id]["chain_id"] != d.chain_id]
        await self._repository.settle_claims({d.arrival.id: stored[d.arrival.id] for d in lost})
        for decision in elsewhere:
            log.info("link.yielded", interaction_id=decision.arrival.id)
            await self._repository.withdraw(decision)

    async def _decide(
        self, arrivals: Sequence[InteractionReceived], causes: Mapping[str, Envelope]
    ) -> tuple[list[Decision], Mapping[str, str], dict[str, Document]]:
        for attempt in range(_TRIES):
            stored = await self._repository.stored(arrivals)
            decisions = link(arrivals, stored.known, self._rules)
            opens = {d.holder for d in decisions if d.new_chain}
            early = any(d.early and d.holder not in opens for d in decisions)
            clients = None if early else await self._repository.claim(decisions, stored, causes)
            if clients is not None:
                return decisions, _owners(decisions, stored), clients
            log.debug("link.contended", arrivals=len(arrivals))
            await asyncio.sleep(random.uniform(0, _PAUSE * attempt))
        raise StoreUnavailable("linking: others change the same clients at once")

    async def _with_accounts(
        self, arrivals: Iterable[InteractionReceived], stored: Mapping[str, Document], causes: Mapping[str, Envelope]
    ) -> dict[str, Document]:
        """One mail to several of our mailboxes is one interaction that all of them have."""
        more: dict[str, list[str]] = {}
        for arrival in arrivals:
            if arrival.account not in stored[arrival.id]["accounts"]:
                more.setdefault(arrival.id, []).append(arrival.account)
        if not more:
            return {}
        changes = {i: partial(with_accounts, accounts) for i, accounts in more.items()}
        return await self._repository.interactions.amend_many(changes, causes=causes, known=stored)

    async def record_deliveries(self, envelopes: Sequence[Envelope]) -> None:
        """Takes `DeliveryRecorded` into the interactions; a delivery never moves backwards."""
        await self._place(envelopes)

    async def _place(self, envelopes: Sequence[Envelope]) -> None:
        """News of what is stored; what is not here yet waits for it."""
        missing = await self._apply(envelopes)
        if missing:
            await self.waiting.put(missing)
            # It may have come in that moment.
            await self.waiting.deliver([name for name, _ in missing], self._apply)

    async def _apply(self, envelopes: Sequence[Envelope]) -> Missing:
        told = [(e, e.event) for e in envelopes if isinstance(e.event, DeliveryRecorded)]
        missing = await self._deliveries.record(told) if told else []
        news = [envelope for envelope in envelopes if isinstance(envelope.event, NEWS)]
        return missing + (await self._news.take(news) if news else [])


def _names(interaction: Document) -> list[str]:
    """What news about it may wait under."""
    return [interaction_name(interaction["_id"]), *interaction["keys"]]


def _owners(decisions: Sequence[Decision], stored: Stored) -> Mapping[str, str]:
    opened = {d.address.address: d.client_id for d in decisions if d.new_address and d.address}
    return {**stored.owners, **opened}


def with_accounts(accounts: Sequence[str], interaction: Document) -> Document:
    """The interaction as one that these accounts of ours have too; the same document when they had it."""
    known = interaction["accounts"]
    more = [account for account in dict.fromkeys(accounts) if account not in known]
    return {**interaction, "accounts": [*known, *more]} if more else interaction
