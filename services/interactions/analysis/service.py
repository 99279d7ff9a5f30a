"""Who is silent, who waits for an answer, what came of plans: counted by manager, of what whoever asks sees."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, iso
from hub.store.base import Document, Page, Range, Where
from hub.store.told import Told
from services.interactions.analysis.forms import PlanFactQuery, SilentQuery, UnansweredQuery
from services.interactions.analysis.rows import plan_rows, silent_rows, unanswered_rows
from services.interactions.analysis.views import PlanFact, SilentClients, UnansweredChains
from services.interactions.chains.state import ASKED, OPEN_STATES
from services.interactions.models import SILENT
from services.interactions.repository import Repository
from services.interactions.roots import members
from services.interactions.seen import Seen

MOST = 5_000
"""Records that are looked at for one answer."""
_AT_ONCE = 500
_NEVER = "9"
"""After every moment."""
_KEPT = ("_id", "owner", "team", SILENT, ASKED, "diary", "plan", "fact")
"""Of each that counts: what rows are made of."""
Find = Callable[[int, str | None], Awaitable[Page]]
Keep = Callable[[Sequence[Document]], Awaitable[Sequence[Document]]]


class Analysis:
    """Whoever sees all is answered from an index of what is asked; who sees some, from that of what he sees."""

    def __init__(self, repository: Repository, seen: Seen, clock: Clock) -> None:
        self._repository = repository
        self._seen = seen
        self._clock = clock

    async def silent(self, query: SilentQuery, *, actor: Actor) -> SilentClients:
        """Clients without an interaction for so long, by who looks after them."""
        until = iso(self._clock.now() - timedelta(days=query.days))

        def asked(one: Document) -> bool:
            silent = not one.get("into") and (one.get(SILENT) or _NEVER) < until
            return silent and query.owner in (None, one.get("owner")) and query.status in (None, one.get("status"))

        async def keep(clients: Sequence[Document]) -> Sequence[Document]:
            found = await self._without_spoken([one for one in clients if asked(one)], until)
            return await self._seen.clients(actor, found)

        ways = _ways(self._repository.clients, actor, SILENT, until, [{}], "opened_at")
        found, more = await _looked_at(ways, keep)
        return SilentClients(items=silent_rows(found), total=len(found), more=more)

    async def _without_spoken(self, clients: Sequence[Document], until: str) -> list[Document]:
        """But for those with whom somebody spoke as with one who was merged into them."""
        merged = await members(self._repository.clients, [client["_id"] for client in clients]) if clients else {}
        spoken = {root for root, member in merged.values() if (member.get(SILENT) or "") >= until}
        return [client for client in clients if client["_id"] not in spoken]

    async def unanswered(self, query: UnansweredQuery, *, actor: Actor) -> UnansweredChains:
        """Chains in which we owe an answer for longer, by whose they are."""
        until = iso(self._clock.now() - timedelta(hours=query.hours))

        def asked(one: Document) -> bool:
            waits = not one.get("auto") and (one.get(ASKED) or _NEVER) < until
            team = query.team is None or (query.team or None) == one.get("team")
            return waits and team and query.owner in (None, one.get("owner"))

        async def keep(chains: Sequence[Document]) -> Sequence[Document]:
            return [one for one, _ in await self._seen.chains(actor, [one for one in chains if asked(one)])]

        states = [{"state": state} for state in OPEN_STATES]
        ways = _ways(self._repository.chains, actor, ASKED, until, states, "last_at")
        found, more = await _looked_at(ways, keep)
        return UnansweredChains(items=unanswered_rows(found), total=len(found), more=more)

    async def plan_fact(self, query: PlanFactQuery, *, actor: Actor) -> PlanFact:
        """Contacts that were planned for a time, and what became of them, by who took part."""
        bounds = {"plan_at": Range(since=iso(query.since), until=iso(query.until))}
        logins = {*query.login}

        async def find(limit: int, after: str | None) -> Page:
            return await self._repository.interactions.find(bounds, order="plan_at", limit=limit, after=after)

        async def keep(contacts: Sequence[Document]) -> Sequence[Document]:
            asked = [one for one in contacts if not logins or logins & {*one["diary"]}]
            return [one for one, level in await self._seen.interactions(actor, asked) if level == "full"]

        found, more = await _looked_at([find], keep)
        return PlanFact(items=plan_rows(found, query.login, now=self._clock.now()), more=more)


def _ways(
    told: Told, actor: Actor, field: str, until: str, wheres: Sequence[Mapping[str, str]], order: str
) -> list[Find]:
    """The longest first, for who sees all; else the newest that list each of his tokens."""
    if EVERYTHING in actor.reach:
        return [partial(_found, told, {field: Range(since="", until=until)}, field, False)]
    tokens = dict.fromkeys(actor.reach)
    return [partial(_found, told, {**where, "seen_by": token}, order, True) for token in tokens for where in wheres]


async def _found(told: Told, where: Where, order: str, descending: bool, limit: int, after: str | None) -> Page:
    return await told.find(where, order=order, descending=descending, limit=limit, after=after)


async def _looked_at(ways: Sequence[Find], keep: Keep) -> tuple[list[Document], bool]:
    """What counts among the first records of each way, each once, and whether there are more."""
    found: dict[str, Document] = {}
    share = max(MOST // max(1, len(ways)), 1)
    rest = [await _look(find, keep, share, found) for find in ways]
    return list(found.values()), any(rest)


async def _look(find: Find, keep: Keep, most: int, found: dict[str, Document]) -> bool:
    """Whether one way has more than was looked at."""
    looked, after = 0, None
    while looked < most:
        page = await find(min(_AT_ONCE, most - looked), after)
        looked += len(page.items)
        for one in await keep([one for one in page.items if one["_id"] not in found]):
            found[one["_id"]] = {name: one[name] for name in _KEPT if name in one}
        if (after := page.next) is None:
            return False
    return True
