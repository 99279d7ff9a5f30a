"""The job that counts classes: one question to the tables, whose answer is kept as a file of its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from hub.jobs.models import Args, ItemResult, Step
from hub.kit.clock import from_iso
from hub.kit.errors import NotFound, PermanentError, TransientError
from hub.kit.reasons import reason_of
from hub.store.base import Document
from services.campaigns.attribution.report import money
from services.campaigns.classes.repository import DONE, ClassRepository
from services.campaigns.classes.service import Classifications
from services.campaigns.classes.sql import classed, given_of, naive, unworth
from services.campaigns.segments.projection import Row
from services.campaigns.segments.sql import among

MOST = 2_000_000
"""Clients in one run."""


class Facts(Protocol):
    """The tables that are counted."""

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]: ...

    async def export(self, sql: str, given: Mapping[str, Any], *, most: int) -> tuple[bytes, int]:
        """The answer as a Parquet file, and how many rows it has; none of it where there are more than `most`."""
        ...


class Classify:
    """Counts a run; arguments: `run`."""

    kind = "classify"
    sends = False

    def __init__(
        self,
        repository: ClassRepository,
        classifications: Classifications,
        *,
        books: Facts,
        columns: Facts,
        currency: str,
    ) -> None:
        """`books` have deals and payments, `columns` who wrote and called; revenue is told in `currency`."""
        self._repository = repository
        self._classifications = classifications
        self._books = books
        self._columns = columns
        self._currency = currency

    async def total(self, args: Args) -> int | None:
        """One: it is one question."""
        del args
        return 1

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises NotFound for a run that is gone, PermanentError where it has too many clients."""
        del cursor
        run = await self._repository.runs.get(args["run"])
        if run is None:
            raise NotFound(f"there is no run {args['run']}")
        if run["state"] != "counting":
            return Step()
        try:
            return await self._counted(run)
        except TransientError:
            raise
        except Exception as exc:
            reason = reason_of(exc)
            await self._repository.amend_run(run["_id"], lambda now: {**now, "state": "failed", "reason": reason})
            raise

    async def _counted(self, run: Document) -> Step:
        tables = self._columns if run["measure"] == "interactions" else self._books
        sql, given = self.question(run)
        rows, count = await tables.export(sql, given, most=MOST)
        if count > MOST:
            raise PermanentError(f"it has {count:,} clients, over the limit of {MOST:,}")
        left_out = [] if run["measure"] != "revenue" else await self._unworth(run)

        async def act() -> None:
            await self._repository.keep(run["_id"], rows)
            over = {"state": DONE, "clients": count, "unworth": left_out, "currency": self._currency}
            await self._repository.amend_run(run["_id"], lambda now: {**now, **over})
            await self._classifications.forget_old(run["classification"])

        return Step([ItemResult("counted", {"clients": count, "bytes": len(rows)})], None, act)

    def question(self, run: Document) -> tuple[str, dict[str, Any]]:
        """SQL with its parameters."""
        given = {**self._times(run), **given_of(run["limits"], run["parts"])}
        seen = among(run["reach"], given)
        sql = classed(run["measure"], seen, len(run["limits"]["rfm"]))
        return sql, {name: value for name, value in given.items() if f"${name}" in sql}

    def _times(self, run: Document) -> dict[str, Any]:
        until, length = naive(from_iso(run["until"])), timedelta(days=run["days"])
        return {
            "until": until,
            "since": until - length,
            "before": until - 2 * length,
            "currency": self._currency,
        }

    async def _unworth(self, run: Document) -> list[list[Any]]:
        """What the sums leave out: currency, how much of it, and how often."""
        given = {name: value for name, value in self._times(run).items() if name != "before"}
        sql = unworth(among(run["reach"], given))
        found = await self._books.ask(sql, given)
        return [[currency, str(money(int(minor))), count] for currency, minor, count in found]
