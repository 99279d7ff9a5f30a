"""Every query of the interactions service."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.client import ClientOpened
from hub.contracts.interaction import InteractionReceived, Participant
from hub.contracts.scope import OPEN, seen_by, strictest, with_team
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import StoreUnavailable
from hub.kit.ids import derive, moment_of
from hub.kit.seams import seam
from hub.store.amend import TRIES, contended
from hub.store.base import Document, In, Page, Range, Store, Where
from hub.store.told import Causes, Owing, Told
from services.interactions import facts
from services.interactions.chains.state import queued, said
from services.interactions.linking import INTERACTION_REF, Claim, Decision, Head, Known, counterpart, line_of, told_of
from services.interactions.models import (
    ADDRESSES,
    ATTACHMENTS,
    CHAINS,
    CLAIMS,
    CLIENTS,
    INTERACTIONS,
    SILENT,
    TAKEN_OUT,
    UNCOUNTED,
    WAITING_NEWS,
    address_of,
    answered_as,
    beside,
    chain_document,
    claim_document,
    claim_from,
    client_document,
    heads_of,
    name_document,
    with_head,
)
from services.interactions.roots import members, roots

SOURCE = "omnihub/interactions"


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known for a batch: for the linking rules, and as documents to swap."""

    known: Known
    claims: Mapping[str, Document]
    clients: Mapping[str, Document]
    owners: Mapping[str, str]
    """Client id of every address that takes part and is somebody's, counterpart or not."""
    unowned: Mapping[str, Document]
    """Addresses that are kept although they are nobody's."""


class Repository:
    """Clients, addresses, interactions, chains and the references that lead to them."""

    def __init__(self, store: Store) -> None:
        self.interactions = Told(
            store.collection(INTERACTIONS),
            facts=facts.interaction_facts,
            state=facts.interaction_state,
            source=SOURCE,
        )
        self._chains = store.collection(CHAINS)
        self.chains = Told(self._chains, facts=facts.chain_facts, state=facts.chain_state, source=SOURCE)
        self.clients = Told(
            store.collection(CLIENTS), facts=facts.client_facts, state=facts.client_state, source=SOURCE
        )
        self.addresses = Told(
            store.collection(ADDRESSES), facts=facts.address_facts, state=facts.address_state, source=SOURCE
        )
        self.attachments = store.collection(ATTACHMENTS)
        self.claims = store.collection(CLAIMS)
        self.waiting = store.collection(WAITING_NEWS)

    @property
    def told(self) -> tuple[Told, ...]:
        return (self.clients, self.addresses, self.chains, self.interactions)

    def on(self, bus: Bus, clock: Clock) -> None:
        """What changes is told there."""
        for told in self.told:
            told.on(bus, clock)

    async def stored(self, arrivals: Sequence[InteractionReceived]) -> Stored:
        """All that linking needs to know about these arrivals, in bulk."""
        names = {name for a in arrivals for name in (*a.refs, *a.keys)}
        told = {address for a in arrivals for address in told_of(a)}
        parties = told | {p.address for a in arrivals for p in a.participants if not p.ours and p.address}
        claims, addresses = await asyncio.gather(self.claims.get_many(names), self.addresses.get_many(parties))
        answers = {name: answer for name, claim in claims.items() if (answer := answered_as(claim))}
        named, answered = await self._named(names, claims, answers)
        owners = {address: doc["client_id"] for address, doc in addresses.items() if doc["client_id"]}
        led = (*named.values(), *answered.values())
        found = await self._clients({*owners.values(), *(claim.client_id for claim in led)})
        others = told | {other.address for a in arrivals if (other := counterpart(a.participants))}
        known = Known(
            clients={address: owner for address, owner in owners.items() if address in others},
            claims=named,
            answered=answered,
            heads=found.heads,
            roots=found.roots,
        )
        unowned = {address: doc for address, doc in addresses.items() if not doc["client_id"]}
        return Stored(known, claims, found.documents, owners, unowned)

    async def _named(
        self, names: Iterable[str], claims: Mapping[str, Document], answers: Mapping[str, Document]
    ) -> tuple[dict[str, Claim], dict[str, Claim]]:
        """Where each reference, and each answer to a name, leads: to where its interaction is now. A reference that
        names an interaction of ours by its id needs no claim.
        """
        ids = {n.removeprefix(INTERACTION_REF): n for n in names if n.startswith(INTERACTION_REF)}
        both = (*claims.values(), *answers.values())
        wanted = {*ids, *(claim["interaction_id"] or claim["by"] for claim in both)}
        if not wanted:
            return {}, {}
        found = await self.interactions.get_many(wanted)
        named, answered = (
            {
                name: claim_from(claim, found.get(claim["interaction_id"] or claim["by"]))
                for name, claim in each.items()
            }
            for each in (claims, answers)
        )
        named |= {ids[i]: claim_from(name_document(ids[i], doc), doc) for i, doc in found.items() if i in ids}
        chains = await roots(self.chains, {claim.chain_id for claim in (*named.values(), *answered.values())})
        rooted = [
            {n: _rooted(claim, chains.get(claim.chain_id)) for n, claim in each.items()} for each in (named, answered)
        ]
        return rooted[0], rooted[1]

    async def _clients(self, ids: Iterable[str]) -> "_Clients":
        """These clients, whom they were merged into, and who was merged into those."""
        found = await roots(self.clients, ids)
        documents = {root["_id"]: root for root in found.values()}
        into = {client_id: root["_id"] for client_id, root in found.items() if root["_id"] != client_id}
        heads = {client_id: heads_of(document) for client_id, document in documents.items()}
        for member, (root, document) in (await members(self.clients, documents)).items():
            heads[root] = heads_of(document) | heads[root]
            into[member] = root
        return _Clients(documents, heads, into)

    async def claim(
        self, decisions: Sequence[Decision], stored: Stored, fresh: set[str]
    ) -> dict[str, Document] | None:
        """Makes the decisions hold against everybody else. The clients they are in, by id; none when somebody decided
        otherwise meanwhile. Those that are new owe nothing: see `opened`. Raises TooLarge; nothing is claimed then.

        Into `fresh` go the ids of the clients that are opened by this, also where the rest does not hold.
        """
        changed = _clients_of(decisions, stored)
        for client_id, client in changed.items():
            self.clients.check(stored.clients.get(client_id), client)
        claimed = await asyncio.gather(self._claim_addresses(decisions, stored), self._claim_names(decisions, stored))
        clients = await self._claim_clients(changed, stored, fresh) if all(claimed) else None
        if clients is not None:
            await self._keep_addresses(decisions)
            await self._free_addresses(decisions, stored)
        return clients

    async def _keep_addresses(self, decisions: Sequence[Decision]) -> None:
        """Whoever took our claim for one that a crash had left has set it free before our client was there."""
        ours = {d.address.address: d.client_id for d in decisions if d.new_address and d.address}
        found = await self.addresses.get_many(ours)
        for address, client_id in ours.items():
            if address in found and not found[address]["client_id"]:
                await self.addresses.amend(address, partial(_owned_by, client_id=client_id, instead_of=None))

    async def _free_addresses(self, decisions: Sequence[Decision], stored: Stored) -> None:
        """An address that was claimed for a client whom, after a crash, nobody opened, and nobody opens now."""
        for d in decisions:
            owner = stored.owners.get(d.address.address) if d.address else None
            if d.address and owner and stored.known.root(owner) not in {*stored.known.heads, d.holder}:
                await self.addresses.amend(d.address.address, partial(_owned_by, client_id=None, instead_of=owner))
                if await self.clients.get(owner):
                    # He was being opened at this moment.
                    keep = partial(_owned_by, client_id=owner, instead_of=None)
                    await self.addresses.amend(d.address.address, keep)

    async def _claim_addresses(self, decisions: Sequence[Decision], stored: Stored) -> bool:
        wanted: dict[str, Document] = {}
        for d in decisions:
            if d.new_address and d.address:
                listed = {**address_of(d), "_id": d.address.address, "client_id": d.client_id}
                wanted.setdefault(d.address.address, listed)
        new = [document for address, document in wanted.items() if address not in stored.unowned]
        old = [
            (stored.unowned[a], stored.unowned[a] | document) for a, document in wanted.items() if a in stored.unowned
        ]
        found, _ = await self.addresses.insert_many(new) if new else ({}, set())
        if old:
            taken = await self.addresses.swap_many(old)
            await self.addresses.tell(*taken.values())
            found |= taken
        return all(found.get(a, {}).get("client_id") == document["client_id"] for a, document in wanted.items())

    async def _claim_names(self, decisions: Sequence[Decision], stored: Stored) -> bool:
        wanted: dict[str, Document] = {}
        for decision in (one for one in decisions if one.leads):
            for name in decision.arrival.refs:
                if not name.startswith(INTERACTION_REF):
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
                updates.append({**_filled(claim, document), "_v": claim["_v"]})
        return not updates or len(await self.claims.swap_many(updates)) == len(updates)

    async def _claim_clients(
        self, changed: Mapping[str, Document], stored: Stored, fresh: set[str]
    ) -> dict[str, Document] | None:
        """Takes the chains into the documents of their clients; whoever changed one meanwhile wins."""
        old = [(stored.clients[client_id], client) for client_id, client in changed.items() if "_v" in client]
        new = [client for client in changed.values() if "_v" not in client]
        (found, inserted), swapped = await asyncio.gather(
            self.clients.insert_repeated(new), self.clients.swap_many(old)
        )
        fresh |= inserted
        if len(inserted) + len(swapped) < len(changed):
            return None
        return found | swapped

    async def name(self, names: Mapping[str, Document]) -> None:
        """Each name leads to its interaction from now on, if it led to none; who only named it has his cause now."""
        documents = {name: name_document(name, interaction) for name, interaction in names.items()}
        new = await self.claims.insert_many(list(documents.values()))
        earlier = await self.claims.get_many(names.keys() - new) if len(new) < len(names) else {}
        vacant = {name: claim for name, claim in earlier.items() if claim["interaction_id"] is None}
        filled = [{**_filled(claim, documents[name]), "_v": claim["_v"]} for name, claim in vacant.items()]
        if len(await self.claims.swap_many(filled)) < len(filled):
            raise StoreUnavailable("names are claimed by others at once")
        seam("interactions.after_names")
        # Also those that an earlier try filled before it was killed.
        ours = [name for name, claim in earlier.items() if claim["interaction_id"] == documents[name]["by"]]
        named = {name: claim["by"] for name, claim in vacant.items()}
        named |= {name: earlier[name]["answered"]["by"] for name in ours if earlier[name].get("answered")}
        causes = {by: partial(_caused, documents[name]["interaction_id"]) for name, by in named.items()}
        if causes:
            await self.interactions.tell(*(await self.interactions.amend_many(causes)).values())

    async def settle_claims(self, lost: Mapping[str, Document]) -> None:
        """Names that were claimed for arrivals by whoever lost lead where the winner has put them."""
        names = {name: document for document in lost.values() for name in (*document["refs"], *document["keys"])}
        claims = await self.claims.get_many(names)
        updates = []
        for name, claim in claims.items():
            document = names[name]
            right = {"chain_id": document["chain_id"], "client_id": document["client_id"]}
            if claim["by"] == document["_id"] and claim != claim | right:
                updates.append(claim | right)
        if updates and len(await self.claims.swap_many(updates)) < len(updates):
            raise StoreUnavailable("names are claimed by others at once")

    def opened(self, arrivals: Causes, clients: Iterable[Document], chains: Iterable[Document]) -> list[Envelope]:
        """What is told of the clients and chains that these arrivals opened, now or when they were linked before."""
        return [
            envelope
            for told, documents in ((self.clients, clients), (self.chains, chains))
            for envelope in told.anew(*_caused_by(arrivals, documents))
        ]

    async def touch_chains(self, interactions: Sequence[Document], *, repeated: bool = False) -> dict[str, Document]:
        """Makes the chains these interactions are in, and moves them on to the newest of them. Of `repeated` ones,
        which come again until all is done, the new chains owe nothing: see `opened`.
        """
        parts: dict[str, list[Document]] = {}
        for interaction in interactions:
            parts.setdefault(interaction["chain_id"], []).append(interaction)
        opening = {chain_id: min(each, key=lambda part: part["at"]) for chain_id, each in parts.items()}
        insert = self.chains.insert_repeated if repeated else self.chains.insert_many
        left = set(parts)
        touched: dict[str, Document] = {}
        for attempt in range(TRIES):
            now = await self.chains.get_many(left)
            opened = await self._opened_by({chain_id: opening[chain_id] for chain_id in left - now.keys()})
            new = [_moved(chain, parts[chain["_id"]]) for chain in opened]
            old = [(chain, _moved(chain, parts[chain_id])) for chain_id, chain in now.items()]
            touched |= {chain["_id"]: chain for chain, moved in old if moved is chain}
            (found, inserted), swapped = await asyncio.gather(
                insert(new),
                self.chains.swap_many([(chain, moved) for chain, moved in old if moved is not chain]),
            )
            touched |= {chain_id: chain for chain_id, chain in found.items() if chain_id in inserted} | swapped
            left -= touched.keys()
            if not left:
                return touched | await self._touch_roots(touched, parts)
            await contended(attempt)
        raise StoreUnavailable("chains are changed by too many at once")

    async def _touch_roots(
        self, touched: Mapping[str, Document], parts: Mapping[str, list[Document]]
    ) -> dict[str, Document]:
        """Those that absorbed some of these chains move on with them."""
        merged = [chain_id for chain_id, chain in touched.items() if chain.get("into")]
        if not merged:
            return {}
        found = await roots(self.chains, merged)
        ours: dict[str, list[Document]] = {}
        for chain_id in merged:
            ours.setdefault(found[chain_id]["_id"], []).extend(parts[chain_id])
        return await self.chains.amend_many({root: partial(_moved, parts=each) for root, each in ours.items()})

    async def _opened_by(self, opening: Mapping[str, Document]) -> list[Document]:
        """The chains that these interactions open."""
        links = {chain_id: interaction["link"] for chain_id, interaction in opening.items()}
        origin = {chain_id: link.get("parent") or link.get("continues") for chain_id, link in links.items()}
        wanted = {each for each in origin.values() if each}
        found = await roots(self.chains, wanted) if wanted else {}
        made = {chain_id: chain_document(interaction) for chain_id, interaction in opening.items()}
        return [
            beside(chain, found.get(origin[chain_id] or "", {}), taken_out=links[chain_id]["rule"] in TAKEN_OUT)
            for chain_id, chain in made.items()
        ]

    async def counted(self, chains: Sequence[Document]) -> None:
        """Their clients are counted as these were read; what somebody changed since is still to be counted."""
        await self._chains.unset(chains, UNCOUNTED)

    async def page(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        order: str,
        since: str | None = None,
        limit: int,
        after: str | None = None,
    ) -> Page:
        """Newest first. `where` without the conditions that are None; a client or chain has what is in those that
        were merged into it.
        """
        conditions: dict[str, Any] = {key: value for key, value in where.items() if value is not None}
        for field, merged in (("client_id", self.clients), ("chain_id", self.chains)):
            given = conditions.get(field)
            ids = [str(value) for value in (given.values if isinstance(given, In) else (given,))]
            if given and (more := await members(merged, ids)):
                conditions[field] = In([*ids, *more])
        if since:
            conditions[order] = Range(since=since)
        found: Where = conditions
        source = {"interactions": self.interactions, "chains": self.chains, "clients": self.clients}[collection]
        return await source.find(found, order=order, descending=True, limit=limit, after=after)

    async def addresses_of(self, clients: Iterable[Document]) -> dict[str, Document]:
        """The documents of the addresses that these clients list."""
        return await self.addresses.get_many({one["address"] for client in clients for one in client["addresses"]})

    async def owner_for(self, party: Participant, *, opened_by: str) -> str:
        """The id of the client that `client_for` gives, unless the address becomes somebody's first."""
        address = await self.addresses.get(party.address)
        return str(address["client_id"]) if address and address["client_id"] else _opened_client_id(party, opened_by)

    async def client_for(
        self, party: Participant, *, opened_by: str, at: str, team: str | None = None, also: Document | None = None
    ) -> Document:
        """The client an address belongs to; whoever claims the address first opens him, with what is `also` known."""
        listed = {"address": party.address, "raw": party.raw, "name": party.name}
        wanted: Document = {
            "_id": _opened_client_id(party, opened_by),
            "name": party.name or party.raw,
            "addresses": [listed],
            "opened_at": at,
            "opened_by": opened_by,
            SILENT: at,
            "open_chains": [],
            "seen_by": seen_by(None, [team]),
            **(also or {}),
        }
        self.clients.check(None, wanted)
        owner = await self.own(listed, wanted["_id"])
        client, _ = await self.clients.insert({**wanted, "_id": owner})
        return client

    async def own(self, listed: Document, client_id: str, **also: Any) -> str:
        """Whose an address is: this client's, unless it is somebody's already. `also` is known of it, too."""
        address = {**listed, **also, "_id": listed["address"], "client_id": client_id}
        stored, new = await self.addresses.insert(address)
        if not new and not stored["client_id"]:
            stored = (
                await self.addresses.amend(
                    listed["address"], lambda now: None if now["client_id"] else {**now, **address, "_v": now["_v"]}
                )
                or address
            )
        await self.addresses.tell(stored)
        return str(stored["client_id"])

    async def withdraw(self, arrival_id: str, client_id: str, chain_id: str) -> None:
        """What was reserved for a decision that lost goes again, unless others built on it: the chain, and where
        that is all that its client has, he himself; his address is nobody's then.
        """
        client = await self.clients.get(client_id)
        listed = [entry["id"] for entry in client["open_chains"]] if client else []
        used = await self.newest_of_chain(chain_id, limit=1)
        if client is None or chain_id not in listed or (used and used[0]["client_id"] == client_id):
            return
        chain = None if used else await self.chains.get(chain_id)
        if chain and chain["opened_by"] == arrival_id:
            await self.chains.remove(chain)
        alone = listed == [chain_id] and client["opened_by"] == arrival_id
        if not alone or await self.newest_of_client(client_id, limit=1) or not await self._remove_client(client):
            await self.clients.amend(client_id, lambda now: _without_head(now, chain_id))

    async def unopen(self, client_id: str) -> None:
        """A client whom the caller opened goes again, unless anybody has claimed a place in his document since."""
        client = await self.clients.get(client_id)
        if client and not (client["_v"] == 1 and await self._remove_client(client)):
            await self.tell_kept(client_id, opened_by=client["opened_by"])

    async def tell_kept(self, client_id: str, *, opened_by: str) -> None:
        """Tells of a client whose opener went elsewhere, while others stayed with him: nobody else would."""

        def owing(now: Document) -> Document | Owing:
            if now["opened_by"] != opened_by:
                return now
            return Owing({**now}, (facts.client_state(ClientOpened, now),))

        if kept := await self.clients.amend(client_id, owing):
            await self.clients.tell(kept)

    async def _remove_client(self, client: Document) -> bool:
        """His addresses first: a kill in between leaves a client to be removed, never an address of nobody."""
        addresses = [entry["address"] for entry in client["addresses"]]
        for address in addresses:
            await self.addresses.amend(address, lambda now: _owned_by(now, None, instead_of=client["_id"]))
        if await self.clients.remove(client):
            return True
        for address in addresses:
            await self.addresses.amend(address, lambda now: _owned_by(now, client["_id"], instead_of=None))
        return False

    async def planned(self, where: Mapping[str, Any], *, limit: int, after: str | None) -> Page:
        """Planned messages, the next one first. `where` without the conditions that are None."""
        given = {key: value for key, value in where.items() if value is not None}
        found: Where = {"planned": True, **given}
        return await self.interactions.find(found, order="send_at", limit=limit, after=after)

    async def newest_of_client(self, client_id: str, limit: int = 100) -> list[Document]:
        """The newest interactions of a client and of those merged into him, newest first."""
        return (await self.page("interactions", {"client_id": client_id}, order="at", limit=limit)).items

    async def with_merged(self, chain_id: str) -> set[str]:
        """The chain, and those that were merged into it."""
        return {chain_id, *await members(self.chains, [chain_id])}

    async def newest_of_chain(self, chain_id: str, limit: int = 50) -> list[Document]:
        """The newest interactions of a chain and of those merged into it, newest first."""
        return (await self.page("interactions", {"chain_id": chain_id}, order="at", limit=limit)).items


@dataclass(frozen=True, slots=True)
class _Clients:
    documents: dict[str, Document]
    heads: dict[str, dict[str, Head]]
    roots: dict[str, str]


def _clients_of(decisions: Sequence[Decision], stored: Stored) -> dict[str, Document]:
    """The clients with the chains they are in by these decisions."""
    changed: dict[str, Document] = {}
    # Whose address it is opens him, also where somebody who answered stands before.
    openers = {d.holder: d for d in reversed(decisions) if _owner_by(d, stored) == d.holder}
    for d in decisions:
        before = changed.get(d.holder) or stored.clients.get(d.holder)
        before = before or client_document(openers.get(d.holder, d))
        line = line_of(d.arrival.channel, d.arrival.account)
        place = (d.arrival.id, d.chain_id, d.arrival.subject, iso(d.arrival.at), line, d.arrival.team)
        changed[d.holder] = with_head(before, *place, opens=d.new_chain)
    return changed


def _owner_by(decision: Decision, stored: Stored) -> str | None:
    """Whose the sender's address is by this decision."""
    if decision.address is None:
        return None
    return decision.client_id if decision.new_address else stored.owners.get(decision.address.address)


def _filled(claim: Document, document: Document) -> Document:
    """The claim of whoever bears the name; who answered it before it came stays known."""
    earlier = claim.get("answered")
    if claim["interaction_id"] is None and claim["by"] != document["by"]:
        earlier = {field: claim[field] for field in ("by", "chain_id", "client_id")}
    return {**document, "answered": earlier} if earlier else document


def _rooted(claim: Claim, chain: Document | None) -> Claim:
    """The claim, with what is known of the chain that its own was merged into: an arrival is linked as if nothing had
    been merged, and read with that one. A chain that is not stored yet is where it says.
    """
    if chain is None or not chain.get("closed_at"):
        return claim
    return replace(claim, closed_at=from_iso(chain["closed_at"]))


def _leads(claim: Document) -> tuple[str, str]:
    return claim["chain_id"], claim["client_id"]


def _caused_by(arrivals: Causes, documents: Iterable[Document]) -> tuple[list[Document], dict[str, Envelope]]:
    """Those that these arrivals opened, and which one opened each."""
    opened = [document for document in documents if document["opened_by"] in arrivals]
    return opened, {document["_id"]: arrivals[document["opened_by"]] for document in opened}


def _moved(chain: Document, parts: Sequence[Document]) -> Document:
    newest = max(parts, key=lambda part: part["at"])
    chain = said(_seen_by_teams(chain, parts), [part for part in parts if part["at"] > chain["last_at"]])
    return {**chain, "last_at": newest["at"], "last_id": newest["_id"]} if newest["at"] > chain["last_at"] else chain


def _seen_by_teams(chain: Document, parts: Sequence[Document]) -> Document:
    """By the teams, too, whose accounts these came by; and as confidential as the strictest of those."""
    tokens, others = chain.get("seen_by") or [OPEN], chain.get("others") or "full"
    wanted = tokens
    for part in parts:
        wanted = with_team(wanted, part.get("team"))
    strict = strictest(others, *(part.get("others") for part in parts))
    if wanted == sorted(tokens) and strict == others and "seen_by" in chain:
        return chain
    team = chain.get("team") or next((team for part in parts if (team := part.get("team"))), None)
    counts = {} if wanted == chain.get("seen_by") else {UNCOUNTED: True}
    return queued({**chain, "seen_by": wanted, "others": strict, "team": team, **counts})


def _opened_client_id(party: Participant, opened_by: str) -> str:
    return derive("cl", opened_by, party.address, at=moment_of(opened_by))


def _caused(cause_id: str, interaction: Document) -> Document:
    return interaction if interaction["cause_id"] else {**interaction, "cause_id": cause_id}


def _owned_by(address: Document, client_id: str | None, *, instead_of: str | None) -> Document:
    return {**address, "client_id": client_id} if address["client_id"] == instead_of else address


def _without_head(client: Document, chain_id: str) -> Document:
    left = [entry for entry in client["open_chains"] if entry["id"] != chain_id]
    return client if len(left) == len(client["open_chains"]) else {**client, "open_chains": left}
