"""Clients taken over from a table and written into one, on the embedded footing, with their events out."""

import random
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench._people import People, russian_in_one_line
from hub.api.actor import Actor
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.scope import EVERYTHING
from hub.jobs.asked import who
from hub.jobs.models import JobKind
from hub.kit.apart import Apart
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.tables.writing import delimited
from hub.store.sqlite import SqliteStore
from services.interactions.duplicates.repository import DuplicateRepository
from services.interactions.duplicates.service import Duplicates
from services.interactions.exchange.exporting import COLUMNS, Exporting
from services.interactions.exchange.importing import Importing
from services.interactions.exchange.repository import ExchangeRepository
from services.interactions.reach import Accounts
from services.interactions.repository import Repository
from services.interactions.seen import Seen
from services.interactions.tokens import Tokens

NAME = "exchange"
GOAL = "10,000 rows a second in and out"

_ROWS = 50_000
_ACTOR = Actor(login="anna", reach=(EVERYTHING,), reads=(EVERYTHING,))
_ASKED: dict[str, Any] = {
    "charset": "",
    "delimiter": "",
    "mapping": None,
    "policy": "skip",
    "rows": {},
    "similar": False,
}


class _Directory:
    async def accounts(self) -> Accounts:
        return Accounts()


async def run() -> dict[str, float | str]:
    """Rows a second by the wall clock: from the bytes of a file to the last event, and from the store to a file."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        async with _kinds(Path(name)) as (importing, exporting, blobs):
            await blobs.put("uploads/table", _table())
            args = {**_ASKED, "dry_run": False, "owner": None, "team": None, "region": "RU", "blob": "uploads/table"}
            taken = await _seconds(importing, {**args, "run": "imp_1", "who": who(_ACTOR)})
            asked = {"run": "exp_1", "columns": list(COLUMNS), "hides": [], "who": who(_ACTOR)}
            csv = await _seconds(exporting, {**asked, "format": "csv"})
            xlsx = await _seconds(exporting, {**asked, "format": "xlsx", "run": "exp_2"})
    return {"imported/s": round(_ROWS / taken), "CSV/s": round(_ROWS / csv), "XLSX/s": round(_ROWS / xlsx)}


def _table() -> bytes:
    chance = random.Random(1)
    cards = People(1, russian=True, share=0).cards(_ROWS, russian_in_one_line)
    rows = [{**row, "Телефон": f"8{9000000000 + n}", "Почта": ""} for n, row in enumerate(cards.rows[:_ROWS])]
    chance.shuffle(rows)
    return delimited([list(rows[0]), *(list(row.values()) for row in rows)])


@asynccontextmanager
async def _kinds(folder: Path) -> Any:
    log, clock, apart = Log(folder / "bus.sqlite"), SystemClock(), Apart(processes=1)
    await log.open()
    store, bus, blobs = (
        SqliteStore(folder / "interactions.sqlite"),
        EmbeddedBus(log, "bench", clock),
        FolderBlobs(folder / "blobs"),
    )
    repository = Repository(store)
    repository.on(bus, clock)
    seen = Seen(repository, _Directory())
    duplicates = Duplicates(DuplicateRepository(store), repository, seen, clock)
    exchange = ExchangeRepository(store, repository)
    await store.start()
    await bus.start()
    importing = Importing(exchange, repository, seen, duplicates, blobs=blobs, apart=apart, clock=clock)
    yield importing, Exporting(repository, Tokens(repository), blobs=blobs), blobs
    await bus.stop()
    await store.stop()
    await apart.stop()
    await log.close()


async def _seconds(kind: JobKind, args: dict[str, Any]) -> float:
    """As the runner does it, without what the job itself keeps."""
    started, cursor = time.perf_counter(), None
    while True:
        step = await kind.step(args, cursor)
        if step.act:
            await step.act()
        if (cursor := step.cursor) is None:
            return time.perf_counter() - started
