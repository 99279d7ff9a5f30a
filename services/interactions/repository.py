"""Every query of the interactions service."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.contracts.interaction import Interaction, InteractionReceived, Participant
from hub.kit.clock import iso
from hub.kit.errors import Conflict, StoreUnavailable
from hub.kit.ids import derive, moment_of
from hub.store.base import Collection, Document, Page, Range, Store, Where
from services.interactions.linking import Claim, Decision, Known, counterpart, line_of
from services.interactions.models import (
    ADDRESSES,
    ATTACHMENTS,
    CHAINS,
    CLAIMS,
    CLIENTS,
    INTERACTIONS,
    address_of,
    chain_document,
    claim_document,
    claim_from,
    client_document,
    heads_of,
    name_document,
    with_head,
)

_TRIES = 20
_INTERACTION_REF = "interaction:"


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known for a batch: for the linking rules, and as documents to swap."""

    known: Known
    claims: Mapping[str, Document]
    clients: Mapping[str, Document]
    addresses: Mapping[str, str]
    """Client id of every address that takes part, counterpart or not."""


class Repository:
    """Clients, addresses, interactions, chains and the references that lead to them."""

    def __init__(self, store: Store) -> None:
        self.interactions = store.collection(INTERACTIONS)
        self.attachments = store.collection(ATTACHMENTS)
        self.chains = store.collection(CHAINS)
        self.clients = store.collection(CLIENTS)
        self.addresses = store.collection(ADDRESSES)
        self.claims = store.collection(CLAIMS)

    async def stored(self, arrivals: Sequence[InteractionReceived]) -> Stored:
        """All that linking needs to know about these arrivals, in bulk."""
        names = {name for a in arrivals for name in (*a.refs, *a.keys)}
        claims, answered, addresses = await asyncio.gather(
            self.claims.get_many(names),
            self._claims_of_interactions(names),
            self.addresses.get_many(
                {p.address for a in arrivals for p in a.participants if not p.ours and p.address}
            ),
        )
        named = {claim["_id"]: claim_from(claim) for claim in claims.values()} | answered
        owners = {address: document["client_id"] for address, document in addresses.items()}
        others = {other.address for a in arrivals if (other := counterpart(a.participants))}
        clients = await self.clients.get_many({*owners.values(), *(claim.client_id for claim in named.values())})
        known = Known(
            clients={address: owner for address, owner in owners.items() if address in others},
            claims=named,
            heads={client_id: heads_of(client) for client_id, client in clients.items()},
        )
        return Stored(known, claims, clients, owners)

    async def _claims_of_interactions(self, names: Iterable[str]) -> dict[str, Claim]:
        """References that name one of our interactions by its id need no claim."""
        ids = {name.removeprefix(_INTERACTION_REF): name for name in names if name.startswith(_INTERACTION_REF)}
        found = await self.interactions.get_many(ids) if ids else {}
        return {ids[i]: claim_from(name_document(ids[i], doc)) for i, doc in found.items()}

    async def claim(self, decisions: Sequence[Decision], stored: Stored) -> bool:
        """Makes the decisions hold against everybody else; False when somebody decided otherwise meanwhile."""
        claimed = await asyncio.gather(self._claim_addresses(decisions), self._claim_names(decisions, stored))
        return all(claimed) and await self._claim_clients(decisions, stored)

    async def _claim_addresses(self, decisions: Sequence[Decision]) -> bool:
        new = [
            {**address_of(d), "_id": d.address.address, "client_id": d.client_id}
            for d in decisions
            if d.new_address and d.address
        ]
        return not new or len(await self.addresses.insert_many(new)) == len(new)

    async def _claim_names(self, decisions: Sequence[Decision], stored: Stored) -> bool:
        wanted: dict[str, Document] = {}
        for decision in decisions:
            for name in decision.arrival.refs:
                if not name.startswith(_INTERACTION_REF):
                    wanted.setdefault(name, claim_document(name, decision, bears=False))
            for name in decision.arrival.keys:
                earlier = wanted.get(name)
                if earlier is None or earlier["interaction_id"] is None:
                    wanted[name] = claim_document(name, decision, bears=True)
        missing = [document for name, document in wanted.items() if name not in stored.claims]
        new = await self.claims.insert_many(missing) if missing else set()
        taken = {name: document for name, document in wanted.items() if name not in new}
        return await self._settle(taken, stored) if taken else True

    async def _settle(self, wanted: Mapping[str, Document], stored: Stored) -> bool:
        """Names that were claimed before: ours are brought up to date, another's must agree with us."""
        unread = [name for name in wanted if name not in stored.claims]
        claims = {**stored.claims, **(await self.claims.get_many(unread) if unread else {})}
        updates = []
        for name, document in wanted.items():
            claim = claims.get(name)
            if claim is None or (name in unread and _leads(claim) != _leads(document)):
                return False
            fills = claim["interaction_id"] is None and document["interaction_id"] is not None
            if fills or (claim["by"] == document["by"] and _leads(claim) != _leads(document)):
                updates.append({**document, "_v": claim["_v"]})
        return not updates or len(await self.claims.swap_many(updates)) == len(updates)

    async def _claim_clients(self, decisions: Sequence[Decision], stored: Stored) -> bool:
        """Takes the chains into the documents of their clients; whoever changed one meanwhile wins."""
        changed: dict[str, Document] = {}
        for d in decisions:
            before = changed.get(d.client_id) or stored.clients.get(d.client_id) or client_document(d)
            at = iso(d.arrival.at)
            changed[d.client_id] = with_head(
                before, d.arrival.id, d.chain_id, d.arrival.subject, at, line_of(d.arrival.channel, d.arrival.account)
            )
        old = [client for client in changed.values() if "_v" in client]
        new = [client for client in changed.values() if "_v" not in client]
        inserted, swapped = await asyncio.gather(self.clients.insert_many(new), self.clients.swap_many(old))
        return len(inserted) + len(swapped) == len(changed)

    async def touch_chains(self, interactions: Sequence[Interaction]) -> dict[str, Document]:
        """Makes the chains these interactions are in, and moves them on to the newest of them."""
        parts: dict[str, list[Interaction]] = {}
        for interaction in interactions:
            parts.setdefault(interaction.chain_id, []).append(interaction)
        left = set(parts)
        touched: dict[str, Document] = {}
        for _ in range(_TRIES):
            now = await self.chains.get_many(left)
            moved = {chain_id: _moved(now.get(chain_id), parts[chain_id]) for chain_id in left}
            touched |= moved
            old = [c for i, c in moved.items() if "_v" in c and c != now[i]]
            new = [c for c in moved.values() if "_v" not in c]
            swapped, inserted = await asyncio.gather(self.chains.swap_many(old), self.chains.insert_many(new))
            left = {c["_id"] for c in (*old, *new)} - swapped - inserted
            if not left:
                return touched
        raise StoreUnavailable("chains are changed by too many at once")

    async def page(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        order: str,
        since: str | None,
        limit: int,
        after: str | None,
    ) -> Page:
        """Newest first. `where` without the conditions that are None."""
        conditions: dict[str, Any] = {key: value for key, value in where.items() if value is not None}
        if since:
            conditions[order] = Range(since=since)
        found: Where = conditions
        source = {"interactions": self.interactions, "chains": self.chains, "clients": self.clients}[collection]
        return await source.find(found, order=order, descending=True, limit=limit, after=after)

    async def addresses_of(self, clients: Iterable[Document]) -> dict[str, Document]:
        """The documents of the addresses that these clients list."""
        return await self.addresses.get_many({one["address"] for client in clients for one in client["addresses"]})

    async def client_for(self, party: Participant, *, opened_by: str, at: str) -> tuple[Document, bool]:
        """The client an address belongs to, and whether he is new; whoever claims the address first opens him."""
        wanted: Document = {
            "_id": derive("cl", opened_by, party.address, at=moment_of(opened_by)),
            "name": party.name or party.raw,
            "addresses": [{"address": party.address, "raw": party.raw, "name": party.name}],
            "opened_at": at,
            "opened_by": opened_by,
            "open_chains": [],
        }
        known = await self.addresses.get(party.address)
        if known is None:
            claim = {**wanted["addresses"][0], "_id": party.address, "client_id": wanted["_id"]}
            await self.addresses.insert(claim)
            known = await self.addresses.get(party.address) or claim
        is_new = known["client_id"] == wanted["_id"] and await self.clients.insert(wanted)
        return await self.clients.get(known["client_id"]) or {**wanted, "_id": known["client_id"]}, is_new

    async def redirect(self, names: Sequence[str], interaction: Document) -> None:
        """References to a message lead to the chain that it is in now."""
        claims = await self.claims.get_many(names)
        moved = [{**name_document(name, interaction), "_v": claim["_v"]} for name, claim in claims.items()]
        if len(await self.claims.swap_many(moved)) < len(moved):
            raise Conflict

    async def due(self, now: str, limit: int = 50) -> list[Document]:
        """Planned messages whose time came before `now`, the oldest first."""
        where: Where = {"planned": True, "due_at": Range(until=now)}
        return (await self.interactions.find(where, order="due_at", limit=limit)).items

    async def planned(self, where: Mapping[str, Any], *, limit: int, after: str | None) -> Page:
        """Planned messages, the next one first. `where` without the conditions that are None."""
        given = {key: value for key, value in where.items() if value is not None}
        found: Where = {"planned": True, **given}
        return await self.interactions.find(found, order="due_at", limit=limit, after=after)

    async def newest_of_client(self, client_id: str, limit: int = 100) -> list[Document]:
        """The newest interactions of a client, newest first."""
        page = await self.page(
            "interactions", {"client_id": client_id}, order="at", since=None, limit=limit, after=None
        )
        return page.items

    async def newest_of_chain(self, chain_id: str, limit: int = 50) -> list[Document]:
        """The newest interactions of a chain, newest first."""
        page = await self.page(
            "interactions", {"chain_id": chain_id}, order="at", since=None, limit=limit, after=None
        )
        return page.items


async def amend(collection: Collection, document: Document, change: Callable[[Document], Document]) -> Document:
    """The document as it then is, changed whoever else changes it meanwhile."""
    for _ in range(_TRIES):
        after = change(document)
        if after is document:
            return document
        if await collection.swap(after):
            return {**after, "_v": document["_v"] + 1}
        document = await collection.get(document["_id"]) or document
    raise StoreUnavailable("a document is changed by too many at once")


def _leads(claim: Document) -> tuple[str, str]:
    return claim["chain_id"], claim["client_id"]


def _moved(chain: Document | None, parts: Sequence[Interaction]) -> Document:
    chain = chain or chain_document(min(parts, key=lambda part: part.at))
    newest = max(parts, key=lambda part: part.at)
    at = iso(newest.at)
    return {**chain, "last_at": at, "last_id": newest.id} if at > chain["last_at"] else chain
