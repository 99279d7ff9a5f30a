"""Periods that were closed, and what restated them since: a difference told deal by deal, and signed.

A statement keeps what each source got of each deal and payment, by every model, and what it cost. Compared with what
is known now, each difference has its reason: a deal that came or went, that is worth something else, or whose share
moved, for its client was merged, a touch came to light, or a source was read as another one.
"""

import hmac
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.attribution.models import Model, NewStatement, Period
from services.campaigns.attribution.report import UNKNOWN, Tree, money, percent, romi
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.attribution.service import Attribution
from services.campaigns.attribution.sql import MODELS
from services.campaigns.belonging import belongs, page_of, seen

MOST_LINES = 2_000
"""Reasons that are told; all are counted."""
Items = dict[str, dict[str, int]]
"""By deal or payment what each source got, hundredths."""
NONE = ""
"""The source of what no touch is known of."""


class Statements:
    """All of them."""

    def __init__(self, repository: MoneyRepository, attribution: Attribution, clock: Clock, key: bytes) -> None:
        """`key` signs differences."""
        self._repository = repository
        self._attribution = attribution
        self._clock = clock
        self._key = key

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.statements, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.statements, given, actor, "statement")

    async def close(self, given: NewStatement, *, actor: Actor, key: str | None) -> Document:
        """Keeps a period's numbers as they are now."""
        made = derive("stm", actor.login, key) if key else fresh("stm")
        if await self._repository.statements.get(made):
            return await self.get(made, actor)  # what was kept stays
        kept = await self._now(given)
        blob = f"statements/{made}"
        await self._repository.blobs.put(blob, json.dumps(kept).encode())
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            "name": given.name,
            "since": given.since.isoformat(),
            "until": given.until.isoformat(),
            "currency": self._attribution.policy.currency,
            "deals": len(kept["models"]["last"]),
            "revenue": str(money(_sum(kept["models"]["last"]))),
            "cost": str(money(sum(kept["costs"].values()))),
            "blob": blob,
            **belongs(actor.login, None),
        }
        await self._repository.statements.insert(document)
        return await self.get(made, actor)

    async def _now(self, period: Period) -> dict[str, Any]:
        tree = await self._attribution.tree()
        names = {NONE: "–"}
        models: dict[str, Items] = {}
        for model in MODELS:
            found: Items = defaultdict(dict)
            for conv, node, credit in await self._attribution.items(period, model):
                source = _named(tree, node, names)
                found[conv][source] = found[conv].get(source, 0) + credit
            models[model] = dict(found)
        costs: dict[str, int] = defaultdict(int)
        for node, kind, minor, _ in await self._attribution.costs(period):
            costs[_named(tree, node, names)] += int(minor) if kind == "fact" else 0
        return {"models": models, "costs": dict(costs), "names": names}

    async def difference(self, given: str, model: Model, actor: Actor) -> tuple[dict[str, Any], str]:
        """What a period was and is now, source by source, with the reasons; and its signature. Raises NotFound."""
        statement = await self.get(given, actor)
        before = json.loads(await self._repository.blobs.get(statement["blob"]))
        period = Period.model_validate({name: statement[name] for name in ("since", "until")})
        told = compared(before, await self._now(period), model)
        about = {
            "statement": statement["_id"],
            "name": statement["name"],
            "since": statement["since"],
            "until": statement["until"],
            "currency": statement["currency"],
            "model": model,
            "closed_at": statement["at"],
            "compared_at": iso(self._clock.now()),
        }
        whole = {**about, **told}
        return whole, signature(self._key, whole)

    def verify(self, difference: Mapping[str, Any], signed: str) -> bool:
        """Whether a difference is as it was told."""
        try:
            return hmac.compare_digest(signature(self._key, difference), signed)
        except orjson.JSONEncodeError:
            return False  # nothing that was told has such numbers or texts


def signature(key: bytes, difference: Mapping[str, Any]) -> str:
    """HMAC-SHA256 (RFC 2104) of it as JSON, its names in order."""
    return hmac.new(key, orjson.dumps(difference, option=orjson.OPT_SORT_KEYS), sha256).hexdigest()


def _named(tree: Tree, node: int, names: dict[str, str]) -> str:
    path = tree.path(node) if node != UNKNOWN else ()
    if not path:
        return NONE
    names[path[-1].id] = " > ".join(one.name for one in path)
    return path[-1].id


def _sum(items: Items) -> int:
    return sum(sum(shares.values()) for shares in items.values())


def compared(before: Mapping[str, Any], after: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Sources whose numbers differ, and every reason, the largest first. Pure."""
    was, now = before["models"][model], after["models"][model]
    names = {**before["names"], **after["names"]}
    reasons = [line for conv in sorted({*was, *now}) for line in _reasons(conv, was.get(conv, {}), now.get(conv, {}))]
    reasons += _cost_reasons(before["costs"], after["costs"])
    reasons.sort(key=lambda one: (-abs(one["change"]), one["source"], one["because"]))
    sources = sorted({one["source"] for one in reasons})
    return {
        "sources": [_line(source, names, (before, was), (after, now)) for source in sources],
        "reasons": [{**one, "source": one["source"] or None, "change": str(money(one["change"]))} for one in reasons][
            :MOST_LINES
        ],
        "reasons_in_all": len(reasons),
        "revenue_before": str(money(_sum(was))),
        "revenue_after": str(money(_sum(now))),
    }


def _reasons(conv: str, was: Mapping[str, int], now: Mapping[str, int]) -> list[dict[str, Any]]:
    """Of one deal or payment, a line for each source that it means something else for."""
    if was == now:
        return []
    if not was or not now:
        word = "is new" if not was else "is gone"
    else:
        same = sum(was.values()) == sum(now.values())
        word = (
            "moved" if same else "is worth something else" if was.keys() == now.keys() else "is worth else and moved"
        )
    changes = {source: now.get(source, 0) - was.get(source, 0) for source in (*was, *now)}
    return [
        {"source": source, "change": change, "because": f"{conv} {word}", "of": "revenue"}
        for source, change in changes.items()
        if change
    ]


def _cost_reasons(was: Mapping[str, int], now: Mapping[str, int]) -> list[dict[str, Any]]:
    changes = {source: now.get(source, 0) - was.get(source, 0) for source in (*was, *now)}
    return [
        {"source": source, "change": change, "because": "its cost is another", "of": "cost"}
        for source, change in changes.items()
        if change
    ]


Side = tuple[Mapping[str, Any], Items]


def _line(source: str, names: Mapping[str, str], before: Side, after: Side) -> dict[str, Any]:
    (was, items_was), (now, items_now) = before, after
    revenue = [sum(shares.get(source, 0) for shares in items.values()) for items in (items_was, items_now)]
    cost = [int(one["costs"].get(source, 0)) for one in (was, now)]
    rates = [romi(one, spent) for one, spent in zip(revenue, cost, strict=True)]
    share = percent(revenue[1] - revenue[0], revenue[0])
    return {
        "source": source or None,
        "path": names.get(source, ""),
        "revenue_before": str(money(revenue[0])),
        "revenue_after": str(money(revenue[1])),
        "cost_before": str(money(cost[0])),
        "cost_after": str(money(cost[1])),
        "romi_before": None if rates[0] is None else str(rates[0]),
        "romi_after": None if rates[1] is None else str(rates[1]),
        "change_percent": None if share is None else str(share),
    }


def lines_of(difference: Mapping[str, Any]) -> Sequence[str]:
    """As a person reads it: `web > yandex: ROMI 214.00 % became 187.00 %`."""
    return [
        f"{one['path'] or '–'}: revenue {one['revenue_before']} became {one['revenue_after']}, ROMI"
        f" {one['romi_before'] or '–'} % became {one['romi_after'] or '–'} %"
        for one in difference["sources"]
    ]
