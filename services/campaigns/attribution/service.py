"""Reports of sources: what they cost, who came, what came of it by each model, and what is behind every number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.contracts.scope import reaches
from hub.kit.errors import InvalidInput
from hub.store.base import Page
from services.campaigns.attribution import sql
from services.campaigns.attribution.models import Amount, DrillQuery, Period, ReportQuery
from services.campaigns.attribution.report import UNKNOWN, Found, Line, Tree, money, rolled
from services.campaigns.segments.projection import Row, key_of
from services.campaigns.segments.sql import among

_CENT = Decimal("0.01")
MOST_TOUCHES = 1_000
"""Of one client that are shown."""


class Books(Protocol):
    """The tables."""

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]:
        """Of all that was there when it was asked. Raises StoreUnavailable."""
        ...

    async def make(self, setting: str, given: Mapping[str, Any], *, wait: bool = False) -> None:
        """Sums by source and day are as now, or are being made so. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """By what everything is counted."""

    currency: str
    lookback: timedelta
    half_life: timedelta

    @property
    def given(self) -> dict[str, Any]:
        days = max(1, round(self.lookback / timedelta(days=1)))
        return {"currency": self.currency, "lookback": days, "half": self.half_life / timedelta(days=1)}

    @property
    def name(self) -> str:
        return f"{self.currency} {self.lookback} {self.half_life}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Of a period."""

    lines: Sequence[Line]
    currency: str
    as_of: datetime
    unworth: Sequence[tuple[str, Decimal, int]]
    """Currencies without a rate: how much revenue of how many is left out."""
    costs_unworth: int


class Attribution:
    """All reports."""

    def __init__(self, books: Books, policy: Policy) -> None:
        self._books = books
        self._policy = policy

    @property
    def policy(self) -> Policy:
        return self._policy

    async def report(self, query: ReportQuery) -> Report:
        """By sources of a level; of very many touches as of when sums were made last. Raises StoreUnavailable."""
        policy = self._policy
        await self._books.make(policy.name, policy.given)
        days = {"first": query.since, "final": query.until}
        sums = [row for row in await self._books.ask(sql.SUMS, days) if row[0] in query.model]
        costs = await self._books.ask(sql.COSTS, {**days, "currency": policy.currency})
        met = await self._books.ask(sql.MET, _moments(query)) if query.allocate == "touches" else []
        found = Found(sums=sums, leads=await self._books.ask(sql.LEADS, _moments(query)), touches=met, costs=costs)
        made = await self._books.ask("SELECT max(moment) FROM made", {})
        return Report(
            lines=rolled(await self.tree(), found, query.by, query.allocate),
            currency=policy.currency,
            as_of=made[0][0].replace(tzinfo=UTC) if made[0][0] else datetime.now(UTC),
            unworth=[
                (one, money(int(minor)), count) for one, minor, count in await self._books.ask(sql.LEFT_OUT, days)
            ],
            costs_unworth=sum(row[3] for row in costs),
        )

    async def met(self, period: Period) -> list[Row]:
        """How many touches there were of each source, as it was met. Raises StoreUnavailable."""
        return await self._books.ask(sql.MET, _moments(period))

    async def worth(self, amount: Amount, day: date) -> Decimal | None:
        """In the currency of reports, by the newest rate up to a day; none where there is no rate."""
        if amount.currency == self._policy.currency:
            return amount.value
        found = await self._books.ask(sql.RATE_ON, {"of": amount.currency, "day": day})
        return (amount.value * found[0][0]).quantize(_CENT) if found else None

    async def tree(self) -> Tree:
        return Tree(await self._books.ask(sql.NODES, {}))

    async def drill(self, query: DrillQuery, actor: Actor) -> tuple[list[Row], Tree]:
        """The deals and payments behind a source's number, of clients that somebody sees. Raises InvalidInput."""
        tree = await self.tree()
        below = self._below(tree, query.source) if query.source else [UNKNOWN]
        given = {**self._policy.given, **_moments(query), "below": below, "most": query.limit}
        text = sql.drilled(query.model, among(actor.reach, given))
        wanted = {name: value for name, value in given.items() if f"${name}" in text}
        return await self._books.ask(text, wanted), tree

    async def touched(
        self, period: Period, actor: Actor, *, source: str, leads: bool, most: int
    ) -> tuple[list[Row], Tree]:
        """Touches of a source and all below it, or of all, by clients that somebody sees. Raises InvalidInput."""
        tree = await self.tree()
        given: dict[str, Any] = {**_moments(period), "most": most}
        if source:
            given["below"] = self._below(tree, source)
        text = sql.touched(among(actor.reach, given), leads=leads, within=bool(source))
        return await self._books.ask(text, given), tree

    @staticmethod
    def _below(tree: Tree, source: str) -> list[int]:
        if below := tree.below(key_of(source)):
            return below
        fix = f"there is no source {source}"
        raise InvalidInput(f"source: {fix}", fields={"source": fix})

    async def items(self, period: Period, model: str) -> list[Row]:
        """Of each deal and payment what each source got: id, source as it was met, hundredths."""
        given = {**self._policy.given, **_moments(period)}
        return await self._books.ask(sql.items(model), given)

    async def costs(self, period: Period) -> list[Row]:
        given = {"first": period.since, "final": period.until, "currency": self._policy.currency}
        return await self._books.ask(sql.COSTS, given)

    async def seen_of(self, page: Page, actor: Actor) -> Page:
        """Of a page of payments those of clients that somebody sees, and of nobody that is known."""
        found = await self._seen([key_of(one["whose"]) for one in page.items], actor)
        return Page([one for one in page.items if key_of(one["whose"]) in found], page.next)

    async def _seen(self, keys: Sequence[int], actor: Actor) -> set[int]:
        """Of clients and addresses those of clients that somebody sees, and of nobody that is known."""
        given: dict[str, Any] = {"whose": list(keys)}
        text = sql.whose_seen(among(actor.reach, given))
        return {row[0] for row in await self._books.ask(text, given)}

    async def unseen_whose(self, whose: Sequence[str], actor: Actor) -> set[str]:
        """Of ids of clients and addresses those of clients that somebody does not see, and ids that are none's."""
        clients = [key_of(one) for one in whose if one.startswith("cl_")]
        known = {row[0] for row in await self._books.ask(sql.KNOWN_CLIENTS, {"clients": clients})}
        visible = (await self._seen([key_of(one) for one in whose], actor)) - (set(clients) - known)
        return {one for one in whose if key_of(one) not in visible}

    async def unseen_deals(self, deals: Sequence[str], actor: Actor) -> set[str]:
        """Of deals those that are known, and are of clients that somebody does not see."""
        rows = await self._books.ask(sql.CLIENTS_OF_DEALS, {"deals": [key_of(one) for one in deals]})
        found: dict[int, int] = dict(rows)
        visible = await self._seen(list(found.values()), actor)
        return {one for one in deals if key_of(one) in found and found[key_of(one)] not in visible}

    async def touches_of(self, client: str) -> list[Row]:
        """All touches of a client, whoever he was then, the first one first."""
        return await self._books.ask(sql.TOUCHES_OF, {"client": key_of(client), "most": MOST_TOUCHES})

    async def last_source_of(self, whose: str) -> str | None:
        """See `services.campaigns.sources.touches.Before`."""
        found = await self._books.ask(sql.LAST_SOURCE, {"w": key_of(whose)})
        return str(found[0][0]) if found else None

    async def sees(self, client: str, actor: Actor) -> bool:
        """Whether somebody sees a client."""
        found = await self._books.ask("SELECT seen_by FROM people WHERE k = $client", {"client": key_of(client)})
        return bool(found) and reaches(actor.reach, found[0][0])


def _moments(period: Period) -> dict[str, datetime]:
    last = min(period.until, date.max - timedelta(days=1))
    return {"since": _midnight(period.since), "until": _midnight(last + timedelta(days=1))}


def _midnight(day: date) -> datetime:
    """As the tables have moments: in UTC, without saying so."""
    return datetime.combine(day, time())
