"""What clients are classed as: as a matrix, from one run to another, and one client through all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.api.actor import Actor
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import NotFound
from hub.kit.every import pages
from hub.store.base import Document
from services.campaigns.attribution.report import money
from services.campaigns.classes.models import KINDS
from services.campaigns.classes.service import Classifications, Tables, Whose
from services.campaigns.classes.sql import STORY, WORDS, effective, naive
from services.campaigns.segments.projection import Row, key_of
from services.campaigns.segments.sql import among

SHOWN = 100
"""Clients that moved whose names are told."""
TOLD_RUNS = 12
"""Runs of one classification in the story of a client."""
_OF, _PAGE = 20, 100
"""Classifications in it, the newest ones; and those that one look finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Clients of one place in a matrix."""

    classes: Mapping[str, str]
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A client who is something else now."""

    id: str
    name: str
    was: str
    now: str


class Looking:
    """Changes nothing; tells of clients that somebody sees alone."""

    def __init__(self, classifications: Classifications, tables: Tables, whose: Whose, clock: Clock) -> None:
        self._classifications = classifications
        self._tables = tables
        self._whose = whose
        self._clock = clock

    async def matrix(self, given: str, run: str | None, actor: Actor) -> tuple[Document, dict[str, list[Group]]]:
        """The run, and how many clients of which classes it has: ABC by XYZ, BCG, and RFM. Raises NotFound."""
        found = await self._classifications.run((await self._classifications.get(given, actor))["_id"], run)
        sides = {"abc_xyz": ("abc", "xyz"), "bcg": ("bcg",), "rfm": ("recency", "frequency", "monetary")}
        return found, {name: await self._groups(given, found, kinds, actor) for name, kinds in sides.items()}

    async def _groups(self, given: str, run: Document, kinds: tuple[str, ...], actor: Actor) -> list[Group]:
        asked = await self._asked(given, [run], actor)
        at = await self._held_at(given, run)
        asked |= {"r": key_of(run["_id"]), "at": at}
        joined = " ".join(f"LEFT JOIN ({effective(kind, 'r', 'c', 'at')}) {kind} ON {kind}.k = c.k" for kind in kinds)
        values = ", ".join(f"coalesce({kind}.v, '')" for kind in kinds)
        some = " OR ".join(f"{kind}.v IS NOT NULL" for kind in kinds)
        amounts = (
            "SELECT coalesce(m.root, q.k) AS k, sum(amount)::HUGEINT AS amount FROM classified q"
            " LEFT JOIN merged m ON m.k = q.k WHERE run = $r GROUP BY 1"
        )
        sql = (
            f"SELECT {values}, count(*), coalesce(sum(s.amount), 0)::HUGEINT FROM clients c {joined}"
            f" LEFT JOIN ({amounts}) s ON s.k = c.k WHERE c.leads_to = 0 AND {among(actor.reach, asked)}"
            f" AND ({some}) GROUP BY ALL ORDER BY ALL"
        )
        return [self._group(run, kinds, row) for row in await self._tables.ask(sql, asked)]

    def _group(self, run: Document, kinds: tuple[str, ...], row: Row) -> Group:
        amount = money(int(row[-1])) if run["measure"] == "revenue" else Decimal(int(row[-1]))
        return Group(classes=dict(zip(kinds, row, strict=False)), count=row[-2], amount=amount)

    async def _asked(self, given: str, runs: list[Document], actor: Actor) -> dict[str, Any]:
        await self._classifications.loaded(await self._classifications.get(given, actor), runs)
        return {"c": key_of(given)}

    async def _held_at(self, given: str, run: Document) -> datetime:
        """The corrections of today count in the newest run, in an older one those of its time."""
        newest = (await self._classifications.newest(given, limit=1))[0]
        return naive(self._clock.now() if newest["_id"] == run["_id"] else from_iso(run["until"]))

    async def moves(
        self, given: str, kind: str, before: str, after: str | None, actor: Actor
    ) -> tuple[list[tuple[str, str, int]], list[Mover]]:
        """From one class to another how many went between two runs (empty: none), and some of those who did.

        Raises NotFound.
        """
        await self._classifications.get(given, actor)
        was, now = await self._classifications.run(given, before), await self._classifications.run(given, after)
        asked = await self._asked(given, [was, now], actor)
        asked |= {"r0": key_of(was["_id"]), "r1": key_of(now["_id"])}
        asked |= {"at0": await self._held_at(given, was), "at1": await self._held_at(given, now)}
        text = (
            f"FROM clients c LEFT JOIN ({effective(kind, 'r0', 'c', 'at0')}) b ON b.k = c.k"
            f" LEFT JOIN ({effective(kind, 'r1', 'c', 'at1')}) a ON a.k = c.k"
            f" WHERE c.leads_to = 0 AND {among(actor.reach, asked)} AND (a.v IS NOT NULL OR b.v IS NOT NULL)"
        )
        pair = "coalesce(b.v, ''), coalesce(a.v, '')"
        counts = await self._tables.ask(f"SELECT {pair}, count(*) {text} GROUP BY ALL ORDER BY ALL", asked)
        rows = await self._tables.ask(
            f"SELECT c.id, c.name, {pair} {text} AND a.v IS DISTINCT FROM b.v ORDER BY c.id LIMIT {SHOWN}", asked
        )
        return [(row[0], row[1], row[2]) for row in counts], [
            Mover(id=row[0], name=row[1], was=row[2], now=row[3]) for row in rows
        ]

    async def of_client(self, client: str, actor: Actor) -> list[Document]:
        """By classification what a client was in each run, and what was corrected. Raises NotFound."""
        if not await self._whose.sees_client(client, actor):
            raise NotFound(f"there is no client {client}")
        newest = await self._newest(actor)
        runs = {one["_id"]: await self._classifications.newest(one["_id"], limit=TOLD_RUNS) for one in newest}
        for one in newest:
            await self._classifications.loaded(one, runs[one["_id"]])
        past = await self._past(client, runs)
        return [await self._story(one, client, runs[one["_id"]], past) for one in newest]

    async def _newest(self, actor: Actor) -> list[Document]:
        """Of those that he sees, however many of others stand before them."""
        found: list[Document] = []
        async for page in pages(lambda after: self._classifications.page(actor, limit=_PAGE, after=after)):
            found += page
            if len(found) >= _OF:
                break
        return found[:_OF]

    async def _past(self, client: str, runs: Mapping[str, Sequence[Document]]) -> "Past":
        """Two questions, however many runs there are."""
        keys = [key_of(run["_id"]) for some in runs.values() for run in some]
        his, of = {"k": key_of(client)}, [key_of(one) for one in runs]
        rows = await self._tables.ask(STORY, {**his, "runs": keys})
        return Past(rows, await self._tables.ask(WORDS, {**his, "of": of}))

    async def _story(self, classification: Document, client: str, runs: Sequence[Document], past: "Past") -> Document:
        given, now = classification["_id"], self._clock.now()
        moments = [now, *(from_iso(run["until"]) for run in runs[1:])]
        told = [
            {"run": run["_id"], "until": run["until"], "classes": past.classes(given, run["_id"], naive(at))}
            for run, at in zip(runs, moments, strict=False)
        ]
        corrected = await self._classifications.corrections_of(given, client, KINDS)
        words = [{"kind": kind, **word} for kind, one in corrected.items() for word in one["words"]]
        return {"classification": given, "name": classification["name"], "runs": told, "corrections": words}


class Past:
    """What one client was in some runs, and what was corrected of him."""

    def __init__(self, rows: Sequence[Row], words: Sequence[Row]) -> None:
        """As `STORY` and `WORDS` give them."""
        self._rows, self._words = rows, words

    def classes(self, classification: str, run: str, at: datetime) -> dict[str, str]:
        """By kind; what was corrected by that moment counts before what was counted."""
        found: dict[str, str] = {}
        for counted, *values in self._rows:
            if counted == key_of(run):
                found |= {kind: value for kind, value in zip(KINDS, values, strict=True) if value}
        for of, kind, value, since, until in self._words:
            if of == key_of(classification) and since <= at and (until is None or until > at):
                found[kind] = value
        return found
