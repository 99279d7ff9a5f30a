"""Who is silent, who waits for an answer, what came of plans: counted by manager, of what whoever asks sees."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, iso
from hub.store.base import Document, Page, Range
from services.interactions.analysis.forms import PlanFactQuery, SilentQuery, UnansweredQuery
from services.interactions.analysis.rows import plan_rows, silent_rows, unanswered_rows
from services.interactions.analysis.views import PlanFact, SilentClients, UnansweredChains
from services.interactions.chains.state import ASKED, OPEN_STATES
from services.interactions.models import SILENT
from services.interactions.repository import Repository
from services.interactions.roots import members
from services.interactions.seen import Seen
from services.interactions.tokens import Tokens

MOST = 5_000
"""Records that are looked at for one answer."""
_AT_ONCE = 500
Find = Callable[[str | None], Awaitable[Page]]


class Analysis:
    """Whoever sees all is answered from an index of what is asked; who sees some, from that of what he sees."""

    def __init__(self, repository: Repository, seen: Seen, tokens: Tokens, clock: Clock) -> None:
        self._repository = repository
        self._seen = seen
        self._tokens = tokens
        self._clock = clock

    async def silent(self, query: SilentQuery, *, actor: Actor) -> SilentClients:
        """Clients without an interaction for so long, by who looks after them."""
        until = iso(self._clock.now() - timedelta(days=query.days))

        async def find(after: str | None) -> Page:
            if EVERYTHING in actor.reach:
                bounds = {SILENT: Range(since="", until=until)}
                return await self._repository.clients.find(bounds, order=SILENT, limit=_AT_ONCE, after=after)
            page = self._tokens.page
            return await page("clients", actor.reach, {}, order="opened_at", limit=_AT_ONCE, after=after)

        def asked(client: Document) -> bool:
            silent = not client.get("into") and (client.get(SILENT) or "9") < until
            return (
                silent and query.owner in (None, client.get("owner")) and query.status in (None, client.get("status"))
            )

        found, more = await _looked_at(find, asked)
        found = await self._seen.clients(actor, await self._without_spoken(found, until))
        return SilentClients(items=silent_rows(found), total=len(found), more=more)

    async def _without_spoken(self, clients: Sequence[Document], until: str) -> list[Document]:
        """But for those with whom somebody spoke as with one who was merged into them."""
        merged = await members(self._repository.clients, [client["_id"] for client in clients]) if clients else {}
        spoken = {root for root, member in merged.values() if (member.get(SILENT) or "") >= until}
        return [client for client in clients if client["_id"] not in spoken]

    async def unanswered(self, query: UnansweredQuery, *, actor: Actor) -> UnansweredChains:
        """Chains in which we owe an answer for longer, by whose they are."""
        until = iso(self._clock.now() - timedelta(hours=query.hours))

        async def find(after: str | None) -> Page:
            if EVERYTHING in actor.reach:
                bounds = {ASKED: Range(since="", until=until)}
                return await self._repository.chains.find(bounds, order=ASKED, limit=_AT_ONCE, after=after)
            where, page = {"state": OPEN_STATES}, self._tokens.page
            return await page("chains", actor.reach, where, order="last_at", limit=_AT_ONCE, after=after)

        def asked(chain: Document) -> bool:
            waits = not chain.get("auto") and (chain.get(ASKED) or "9") < until
            team = query.team is None or (query.team or None) == chain.get("team")
            return waits and team and query.owner in (None, chain.get("owner"))

        found, more = await _looked_at(find, asked)
        shown = [chain for chain, _ in await self._seen.chains(actor, found)]
        return UnansweredChains(items=unanswered_rows(shown), total=len(shown), more=more)

    async def plan_fact(self, query: PlanFactQuery, *, actor: Actor) -> PlanFact:
        """Contacts that were planned for a time, and what became of them, by who took part."""
        bounds = {"plan_at": Range(since=iso(query.since), until=iso(query.until))}
        find = self._repository.interactions.find

        async def page(after: str | None) -> Page:
            return await find(bounds, order="plan_at", limit=_AT_ONCE, after=after)

        found, more = await _looked_at(page, lambda one: not query.login or bool({*query.login} & {*one["diary"]}))
        shown = [one for one, level in await self._seen.interactions(actor, found) if level == "full"]
        return PlanFact(items=plan_rows(shown, query.login, now=self._clock.now()), more=more)


async def _looked_at(find: Find, asked: Callable[[Document], bool]) -> tuple[list[Document], bool]:
    """What is asked for among the first records, and whether there are more."""
    found: list[Document] = []
    looked, after = 0, None
    while looked < MOST:
        page = await find(after)
        looked += len(page.items)
        found += [one for one in page.items if asked(one)]
        if (after := page.next) is None:
            return found, False
    return found, True
