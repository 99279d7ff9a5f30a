"""What ends a run before its last step: asked of the tables right before each step, and said by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.campaigns.segments.models import Condition
from services.campaigns.segments.projection import Row, key_of
from services.campaigns.segments.service import Columns, Segments

_ASKED = "(SELECT unnest($keys::UBIGINT[]) AS k, unnest($since::TIMESTAMP[]) AS since) g"
_MERGED = f"SELECT g.k FROM {_ASKED} JOIN merged m ON m.k = g.k"
_REPLIED = f"""
SELECT g.k, min(a.happened) FROM acts a LEFT JOIN merged m ON m.k = a.k
JOIN {_ASKED} ON g.k = coalesce(m.root, a.k) AND a.happened >= g.since WHERE a.kind IN (0, 1) GROUP BY 1
"""
"""He wrote or called; acts of machines are none."""
_DEAL = f"""
SELECT g.k, min(CASE WHEN d.opened >= g.since THEN d.opened ELSE d.closed END) FROM deals d
LEFT JOIN merged m ON m.k = d.client JOIN {_ASKED} ON g.k = coalesce(m.root, d.client)
WHERE d.opened >= g.since OR (d.state = 'won' AND d.closed >= g.since) GROUP BY 1
"""


class Deals(Protocol):
    """The tables of attribution."""

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]: ...


class Stopping:
    """Asks; changes nothing."""

    def __init__(self, columns: Columns, deals: Deals, segments: Segments) -> None:
        self._columns = columns
        self._deals = deals
        self._segments = segments

    async def reasons(self, sequence: Document, runs: Sequence[Document]) -> dict[str, str]:
        """By client why his run ends; of what was told before it was asked. Raises StoreUnavailable."""
        named = {key_of(run["client_id"]): run["client_id"] for run in runs}
        since = [from_iso(run["at"]).replace(tzinfo=None) for run in runs]
        given = {"keys": list(named), "since": since}
        found: dict[str, str] = {}
        if "left" in sequence["stop_on"]:
            stay = await self._members(sequence, list(named))
            found |= dict.fromkeys(set(named.values()) - stay, "he left the segment")
        if "deal" in sequence["stop_on"]:
            for k, at in await self._deals.ask(_DEAL, given):
                found[named[k]] = f"a deal of his was opened or won at {at.isoformat()[:16]}"
        if "reply" in sequence["stop_on"]:
            for k, at in await self._columns.ask(_REPLIED, given):
                found[named[k]] = f"he wrote or called at {at.isoformat()[:16]}"
        merged = await self._columns.ask(_MERGED, given)
        return found | {named[row[0]]: "he was merged into another client" for row in merged}

    async def _members(self, sequence: Document, keys: Sequence[int]) -> set[str]:
        whose = Actor(login=sequence["owner"], reach=tuple(sequence["reach"]))
        text, given = await self._segments.question(Condition(segment=sequence["segment"]), None, whose)
        rows = await self._columns.ask(
            f"SELECT c.id FROM clients c WHERE {text} AND c.k IN (SELECT unnest($keys::UBIGINT[]))",
            {**given, "keys": list(keys)},
        )
        return {row[0] for row in rows}
