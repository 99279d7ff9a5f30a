"""The job that takes costs, payments or orders over from a file: read apart, weighed row by row, stored in bulk."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from hub.jobs.asked import actor_of
from hub.jobs.models import Args, ItemResult, Step
from hub.jobs.telling import within
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs, packed
from hub.kit.errors import InvalidInput
from hub.kit.tables.apart import read_apart
from hub.kit.tables.writing import delimited, header
from services.campaigns.moneyfiles.columns import FIELDS
from services.campaigns.moneyfiles.models import Options, Weighed
from services.campaigns.moneyfiles.reading import Prepared, rows_in
from services.campaigns.moneyfiles.weighing import Rows, Weighing

PREPARE = "services.campaigns.moneyfiles.reading:prepare"
_CPU = 300.0
"""Seconds of CPU time that reading a file may take; a step of a job has ten minutes."""
_PART = "part-"
_TITLES = {"client": "client_id"}
"""Where a field's own name is no title that is known: a column `client` may hold names."""


class TakeMoney:
    """Arguments: `run`, `subject`, `blob`, `charset`, `delimiter`, `mapping`, `currency`, `zone`, `month_first`,
    `dry_run`, and `who`.
    """

    kind = "money.import"
    sends = False

    def __init__(self, weighing: Weighing, *, blobs: Blobs, apart: Apart) -> None:
        self._weighing = weighing
        self._blobs = blobs
        self._apart = apart

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        """Not known before the file was read."""
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        if cursor is None:
            return Step(cursor="0") if await self._read(args) else Step()
        parts: list[str] = orjson.loads(await self._blobs.get(_key(args["run"], "index")))
        at, actor = int(cursor), actor_of(args)
        rows = rows_in(await self._blobs.get(parts[at]))
        weighed = await self._weighing.weigh(args["subject"], rows, actor)
        await self._keep_rejected(args, at, rows, weighed)

        async def act() -> None:
            if not args["dry_run"]:
                await self._weighing.store(args["subject"], weighed, actor)

        following = str(at + 1) if at + 1 < len(parts) else None
        return Step([_told(at, weighed)], following, act)

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:
        """What was kept beside the results; the file itself is an upload."""
        rejected = [rejected_key(args["run"], int(one.id.removeprefix(_PART))) for one in results]
        await self._blobs.delete([_key(args["run"], "rows"), _key(args["run"], "index"), *rejected])

    async def _read(self, args: Args) -> int:
        """How many parts there are. Raises InvalidInput: it is no table; and TooLarge."""
        content = await self._blobs.get(args["blob"])
        found: Prepared = await read_apart(self._apart, PREPARE, content, options_of(args), cpu=_CPU)
        if found.refused:
            raise InvalidInput(found.refused)
        names, together = packed(_key(args["run"], "rows"), found.parts)
        if names:
            await self._blobs.put_many({_key(args["run"], "rows"): together})
        await self._blobs.put_many({_key(args["run"], "index"): orjson.dumps(names)})
        return len(names)

    async def _keep_rejected(self, args: Args, at: int, rows: Rows, weighed: Sequence[Weighed]) -> None:
        reasons = {one.n: one.reason for one in weighed if one.action == "reject"}
        fields = FIELDS[args["subject"]]
        lines = [
            [str(row["n"]), reasons[row["n"]], *(row["row"].get(field, "") for field in fields)]
            for row in rows
            if row["n"] in reasons
        ]
        if lines:
            await self._blobs.put(rejected_key(args["run"], at), delimited(lines))


def options_of(args: Args) -> Options:
    names = ("subject", "charset", "delimiter", "mapping", "currency", "zone", "month_first")
    return replace(Options(args["subject"]), **{name: args[name] for name in names if name in args})


def rejected_header(subject: Any) -> bytes:
    """Of the file, which an import takes as it is."""
    return header(["row", "reason", *(_TITLES.get(field, field) for field in FIELDS[subject])])


def rejected_key(run: str, part: int) -> str:
    return _key(run, f"rejected-{part}")


def _key(run: str, name: str) -> str:
    return f"money/{run}/{name}"


def _told(part: int, weighed: Sequence[Weighed]) -> ItemResult:
    """How many rows of a part became what, and which of them were not simply added."""
    told = [
        {"row": one.n, "action": one.action, **({"reason": one.reason} if one.reason else {})}
        for one in weighed
        if one.action != "add"
    ]
    counts = Counter(one.action for one in weighed)
    detail = {"first": weighed[0].n, "rows": len(weighed), "counts": dict(counts), "told": within(told)}
    return ItemResult(f"{_PART}{part}", detail)
