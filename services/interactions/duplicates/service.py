"""Clients that are there twice: found among all, shown to those who see both, dismissed, and warned of before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.api.actor import Actor
from hub.contracts.base import Envelope
from hub.contracts.client import ClientChanged, ClientOpened
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.store.base import Document, Page
from services.interactions.duplicates.blocking import keys_of
from services.interactions.duplicates.levels import CERTAIN, POSSIBLE
from services.interactions.duplicates.models import likeness, pair, record
from services.interactions.duplicates.records import Record, record_of
from services.interactions.duplicates.repository import DuplicateRepository
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import Seen

if TYPE_CHECKING:
    from services.interactions.duplicates.detect import Judge

_EXPERIENCED = timedelta(minutes=10)
"""For so long the same sample stands for all clients."""
_MOST_CLIENTS = 10_000_000
_SIMILAR = 0.2
"""What may be the same is worth a warning from here on, or where a number, a phone or a mail is the same."""
_SHARED = frozenset(("id", "phone", "mail"))


def _experienced(sample: Sequence[Record], size: int) -> "Judge":
    from services.interactions.duplicates.detect import Judge  # what compares is loaded when somebody first asks

    return Judge(sample, size)


@dataclass(frozen=True, slots=True)
class Similar:
    """A client that a card may be of."""

    client: Document
    score: float
    rules: Sequence[str]


class Duplicates:
    """What employees ask, what scans do, and what is kept up to date for both."""

    def __init__(self, found: DuplicateRepository, repository: Repository, seen: Seen, clock: Clock) -> None:
        self._found = found
        self._repository = repository
        self._seen = seen
        self._clock = clock
        self._judge: tuple[datetime, Judge] | None = None

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Clients are new, or others than before."""
        events = (envelope.event for envelope in envelopes)
        ids = {event.client.id for event in events if isinstance(event, ClientOpened | ClientChanged)}
        await self.remember(list((await self._repository.clients.get_many(ids)).values()))

    async def remember(self, clients: Sequence[Document]) -> list[Document]:
        """Their likenesses, as they are stored now; who was merged into another has none."""
        alike = {client["_id"]: likeness(client) for client in clients if not client.get("into")}
        kept = [one for one in alike.values() if one]
        known = await self._found.likenesses.get_many([client["_id"] for client in clients])
        gone = [client_id for client_id in known if not alike.get(client_id)]
        changed = [one for one in kept if one != {k: v for k, v in known.get(one["_id"], {}).items() if k != "_v"}]
        if changed:
            await self._found.likenesses.put_many(changed)
        if gone:
            await self._found.likenesses.delete_many(gone)
        return kept

    async def pairs(self, clients: Sequence[Document], at_least: float = POSSIBLE) -> list[Document]:
        """The pairs of such a score in which these clients are, each once; to be kept by `keep`."""
        judge, now = await self.judge(), iso(self._clock.now())
        found: dict[str, Document] = {}
        for one in await self.remember(clients):
            card = record(one)
            for other in await self._found.alike(one["keys"], but=one["_id"]):
                score, rules = judge.verdict(card, record(other))
                if score >= at_least:
                    made = pair(one["_id"], other["_id"], score, rules, found_at=now)
                    found[made["_id"]] = made
        return list(found.values())

    async def keep(self, pairs: Sequence[Document]) -> None:
        await self._found.keep(pairs)

    async def judge(self) -> "Judge":
        """With the experience of a sample of the clients."""
        now = self._clock.now()
        if self._judge is None or now - self._judge[0] > _EXPERIENCED:
            sample = [record(one) for one in await self._found.sample()]
            size = await self._repository.clients.count({}, at_most=_MOST_CLIENTS)
            self._judge = now, await asyncio.to_thread(_experienced, sample, size)
        return self._judge[1]

    async def similar(self, actor: Actor, row: Mapping[str, str], *, limit: int) -> list[Similar]:
        """The clients that he sees and that a card with these texts may be of, the likeliest first."""
        card, judge = record_of(0, row), await self.judge()
        scored = []
        for other in await self._found.alike(keys_of(card)):
            score, rules = judge.verdict(card, record(other))
            if score >= _SIMILAR or _SHARED.intersection(rules):
                scored.append((score, other["_id"], rules))
        scored.sort(key=lambda one: (-one[0], one[1]))
        found = [(await self._client(actor, client_id), score, rules) for score, client_id, rules in scored[:50]]
        return [Similar(client, score, rules) for client, score, rules in found if client][:limit]

    async def certain(
        self, row: Mapping[str, str], *, numbers_only: bool, but: str
    ) -> tuple[str, tuple[str, ...]] | None:
        """The client that a card with these texts is of, and what agrees, where that is certain enough to act upon it
        without a person; `numbers_only` looks at those alone that have a number of it.
        """
        card = record_of(0, row)
        keys = [f"0:{one}" for one in card.ids.values()] if numbers_only else keys_of(card)
        others = await self._found.alike(keys, but=but)
        judge = await self.judge() if others else None
        scored = [(*judge.verdict(card, record(one)), one["_id"]) for one in others] if judge else []
        score, rules, client_id = max(scored, default=(0.0, (), ""))
        return (client_id, rules) if score >= CERTAIN else None

    async def _client(self, actor: Actor, client_id: str) -> Document | None:
        try:
            return await self._seen.client(actor, client_id)
        except NotFound:
            return None

    async def page(self, actor: Actor, *, state: str, client_id: str | None, limit: int, after: str | None) -> Page:
        """Pairs of which he sees both and that were not merged since: a page may have fewer than `limit`."""
        page = await self._found.page(state=state, client_id=client_id, limit=limit, after=after)
        return Page([one for one in page.items if await self._shows(actor, one)], page.next)

    async def get(self, actor: Actor, pair_id: str) -> Document:
        """Raises NotFound."""
        found = await self._found.pairs.get(pair_id)
        if found is None or not await self._shows(actor, found):
            raise NotFound(f"there is no pair {pair_id}")
        return found

    async def decide(self, actor: Actor, pair_id: str, *, dismissed: bool) -> Document:
        """Not the same, for good; or to be looked at again. Raises NotFound."""
        await self.get(actor, pair_id)
        now = iso(self._clock.now())
        after = await self._found.decide(pair_id, dismissed=dismissed, by=actor.login, at=now)
        if after is None:
            raise NotFound(f"there is no pair {pair_id}")
        return after

    async def clients(self, pairs: Sequence[Document]) -> dict[str, Document]:
        """By id, those that they were merged into."""
        return await roots(self._repository.clients, {one for found in pairs for one in found["clients"]})

    async def _shows(self, actor: Actor, found: Document) -> bool:
        both = await self.clients([found])
        if len({client["_id"] for client in both.values()}) < len(found["clients"]):
            return False
        for client_id in found["clients"]:
            if await self._client(actor, client_id) is None:
                return False
        return True
