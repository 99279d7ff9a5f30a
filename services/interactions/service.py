"""What the interactions service does: links what arrives, follows deliveries."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from services.interactions.linking import Decision, Rules, link, new_chain_id, new_client_id
from services.interactions.models import attachment_documents, interaction_name, linked
from services.interactions.news import NEWS, News
from services.interactions.repository import SOURCE, Repository, Stored
from services.interactions.tokens import Tokens

log = Log(__name__)
PLAIN = Rules()
_TRIES = 20
_PATIENT = 12
"""Tries for which a message waits for one that it refers to and that is being linked at this moment."""
_PAUSE = 0.01
"""Seconds that the pause between two tries grows by at most."""
GROUP = "interactions"
"""Of the bus; and of the dead letters of news that waited in vain."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What holds against everybody else, the interactions it makes, and their clients."""

    decisions: list[Decision]
    documents: list[Document]
    clients: dict[str, Document]
    given_up: set[str]
    """Clients that were opened by earlier tries, which somebody made void."""


@dataclass(slots=True)
class Linked:
    """Interactions as they are stored, their clients and chains, which may owe, and what is told of them."""

    stored: dict[str, Document] = field(default_factory=dict)
    clients: dict[str, Document] = field(default_factory=dict)
    chains: dict[str, Document] = field(default_factory=dict)
    facts: list[Envelope] = field(default_factory=list)

    def __add__(self, other: "Linked") -> "Linked":
        return Linked(
            self.stored | other.stored,
            self.clients | other.clients,
            self.chains | other.chains,
            self.facts + other.facts,
        )


class Interactions:
    """Links arrivals and records what became of deliveries; everything may be told twice."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock, *, rules: Rules = PLAIN) -> None:
        repository.on(bus, clock)
        self._repository = repository
        self._tokens = Tokens(repository)
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
        found = await self._link(fresh, causes) if fresh else Linked()
        if known:
            await self._clear_up(known)
            found += await self._again(known, causes)
        found.facts += repository.opened(causes, found.clients.values(), found.chains.values())
        more = await self._with_accounts(arrivals, found.stored, causes)
        debts = [(repository.clients, found.clients), (repository.chains, found.chains)]
        debts.append((repository.interactions, found.stored | more))
        await tell(*((told, documents.values()) for told, documents in debts), also=found.facts)
        seam("interactions.after_publish")
        await self._tokens.settle(found.chains.values())
        return found.stored | more

    async def _link(self, arrivals: Sequence[InteractionReceived], causes: Mapping[str, Envelope]) -> "Linked":
        found, left = Linked(), list(arrivals)
        while left:
            found += await self._link_ready(left, causes)
            left = [arrival for arrival in left if arrival.id not in found.stored]
        return found

    async def _link_ready(self, arrivals: Sequence[InteractionReceived], causes: Mapping[str, Envelope]) -> "Linked":
        """Those that need not wait for others who are being linked at this moment."""
        repository = self._repository
        decided = await self._decide(arrivals)
        documents = decided.documents
        seam("interactions.after_claims")
        storing = asyncio.ensure_future(self._insert(documents))
        await asyncio.sleep(0)  # The store's thread writes them while this one makes ready what is told.
        facts = repository.interactions.anew([{**document, "_v": 1} for document in documents], causes)
        stored, new = await storing
        seam("interactions.after_state")
        lost = [decision for decision in decided.decisions if decision.arrival.id not in new]
        for client_id in decided.given_up:
            await repository.unopen(client_id)
        if lost:
            await self._yield(lost, stored)
            return await self._again(stored, causes)
        chains = await repository.touch_chains(documents, repeated=True)
        return Linked(stored, decided.clients, chains, facts)

    async def _again(self, stored: Mapping[str, Document], causes: Mapping[str, Envelope]) -> "Linked":
        """What is told of interactions that were there before: also what a crash may have kept from being told."""
        repository = self._repository
        chains = await repository.touch_chains(list(stored.values()), repeated=True)
        clients = await repository.clients.get_many({document["client_id"] for document in stored.values()})
        return Linked(dict(stored), clients, chains, repository.interactions.anew(stored.values(), causes))

    async def _clear_up(self, known: Mapping[str, Document]) -> None:
        """What an earlier try of ours, that was killed while another copy stored these, may have left reserved."""
        await self._repository.settle_claims(known)
        opened = {new_client_id(interaction_id): interaction_id for interaction_id in known}
        for client_id in await self._repository.clients.get_many(opened):
            interaction_id = opened[client_id]
            await self._repository.withdraw(interaction_id, client_id, new_chain_id(interaction_id))
            if known[interaction_id]["client_id"] != client_id:
                await self._repository.tell_kept(client_id, opened_by=interaction_id)
        for interaction_id, document in known.items():
            if document["chain_id"] != new_chain_id(interaction_id):
                await self._repository.withdraw(interaction_id, document["client_id"], new_chain_id(interaction_id))

    async def _insert(self, documents: Sequence[Document]) -> tuple[dict[str, Document], set[str]]:
        attachments = [each for document in documents for each in attachment_documents(document)]
        if attachments:
            await self._repository.attachments.insert_many(attachments)
        return await self._repository.interactions.insert_repeated(documents, checked=True)

    async def _yield(self, lost: Sequence[Decision], stored: Mapping[str, Document]) -> None:
        """Another copy stored these first, perhaps elsewhere: what was reserved for our decisions follows its own."""
        await self._repository.settle_claims({d.arrival.id: stored[d.arrival.id] for d in lost})
        for decision in lost:
            winner = stored[decision.arrival.id]
            if (winner["chain_id"], winner["client_id"]) != (decision.chain_id, decision.client_id):
                log.info("link.yielded", interaction_id=decision.arrival.id)
                await self._repository.withdraw(decision.arrival.id, decision.holder, decision.chain_id)
            if winner["client_id"] != decision.holder:
                await self._repository.tell_kept(decision.holder, opened_by=decision.arrival.id)

    async def _decide(self, arrivals: Sequence[InteractionReceived]) -> Decided:
        """Raises TooLarge; nothing is claimed then."""
        given_up: set[str] = set()
        for attempt in range(_TRIES):
            stored = await self._repository.stored(arrivals)
            known = stored.known if attempt < _PATIENT else stored.known.without_strangers()
            decisions = link(arrivals, known, self._rules)
            opens = {d.holder for d in decisions if d.new_chain}
            ready = [d.arrival for d in decisions if not d.early or d.holder in opens]
            if ready and len(ready) < len(decisions) and attempt:
                # Whoever the rest waits for may be waiting for one of these.
                decided = await self._decide(ready)
                return replace(decided, given_up=given_up | decided.given_up)
            if len(ready) == len(decisions):
                documents, fresh = self._drafts(decisions, stored), set[str]()
                clients = await self._repository.claim(decisions, stored, fresh)
                if clients is not None:
                    return Decided(decisions, documents, clients, given_up)
                given_up |= fresh
            log.debug("link.contended", arrivals=len(arrivals))
            await asyncio.sleep(random.uniform(0, _PAUSE * attempt))
        raise StoreUnavailable("linking: others change the same clients at once")

    def _drafts(self, decisions: Sequence[Decision], stored: Stored) -> list[Document]:
        """The interactions that the decisions make; TooLarge where one could not be told."""
        owners = _owners(decisions, stored)
        documents = [linked(decision, owners) for decision in decisions]
        for document in documents:
            self._repository.interactions.check(None, document)
        return documents

    async def _with_accounts(
        self, arrivals: Iterable[InteractionReceived], stored: Mapping[str, Document], causes: Mapping[str, Envelope]
    ) -> dict[str, Document]:
        """One mail to several of our mailboxes is one interaction that all of them have."""
        more: dict[str, list[str]] = {}
        for arrival in arrivals:
            if arrival.account not in stored[arrival.id]["accounts"]:
                more.setdefault(arrival.id, []).append(arrival.account)
        await self._show_to_teams(arrivals, stored)
        if not more:
            return {}
        changes = {i: partial(with_accounts, accounts) for i, accounts in more.items()}
        return await self._repository.interactions.amend_many(changes, causes=causes, known=stored)

    async def _show_to_teams(self, arrivals: Iterable[InteractionReceived], stored: Mapping[str, Document]) -> None:
        """What another team's mailbox has, too, is in a chain that this team sees."""
        also = [
            {**stored[a.id], "team": a.team, "others": a.others}
            for a in arrivals
            if a.team and a.team != stored[a.id].get("team")
        ]
        if also:
            chains = await self._repository.touch_chains(also)
            await self._repository.chains.tell(*chains.values())
            await self._tokens.settle(chains.values())

    async def record_deliveries(self, envelopes: Sequence[Envelope]) -> None:
        """Takes `DeliveryRecorded` into the interactions; a delivery never moves backwards."""
        await self._place(envelopes)
        named = [key for e in envelopes if isinstance(e.event, DeliveryRecorded) for key in e.event.keys]
        if named:
            # What waited for the names that the provider gave.
            await self.waiting.deliver(named, self._apply)

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
