"""A segment counted over 700,000 clients and 20 million acts: the tables of columns alone, filled in one go."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import SystemClock
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus
from services.campaigns.adapters.columns import Columns
from services.campaigns.segments.models import Condition
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.service import Segments

NAME = "segments"
GOAL = "a count over 700,000 clients and 20,000,000 acts within 1 s (p95)"

CLIENTS, ACTS, ROUNDS = 700_000, 20_000_000, 8
_FILL = f"""
INSERT INTO clients SELECT 'cl_' || i, i + 1, 'Клиент ' || i, 'Europe/Moscow', '', 'o' || (i % 50), '',
  TIMESTAMP '2024-01-01' + INTERVAL (i % 700) DAY, 0, ['team:'],
  '{{"status": "' || ['lead', 'customer', 'partner'][1 + i % 3] || '"}}', 1 FROM range({CLIENTS}) t(i);
INSERT INTO acts SELECT hash(i), 1 + hash(i * 7) % {CLIENTS}, hash(i * 3) % 9,
  CAST(now() AS TIMESTAMP) - INTERVAL (hash(i * 5) % 700) DAY, hash(i) % 40 FROM range({ACTS}) t(i);
INSERT INTO owned SELECT 'email:a' || i || '@example.com', i + 1, 'email', '' FROM range({CLIENTS}) t(i)
"""
QUESTIONS: tuple[Any, ...] = (
    {"all": [{"did": "clicked", "within_days": 90}, {"field": "status", "value": "customer"}]},
    {"all": [{"has": "email"}, {"not": {"silent_days": 30}}]},
    {"any": [{"did": "wrote", "within_days": 14}, {"did": "replied", "times": 2, "within_days": 365}]},
)


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        return await _run(Path(name))


async def _run(folder: Path) -> dict[str, float | str]:
    store, columns = SqliteStore(folder / "x.sqlite"), Columns(folder, "x/bench", FakeBus())
    segments = Segments(SegmentRepository(store), columns, SystemClock())
    await store.start()
    for statement in _FILL.strip().split(";\n"):
        await columns.ask(statement, {})
    actor = Actor(login="bench", reach=(EVERYTHING,))
    took, counts = [], []
    for round_ in range(ROUNDS * len(QUESTIONS)):
        tree = Condition.model_validate(QUESTIONS[round_ % len(QUESTIONS)])
        started = time.perf_counter()
        counts.append(await segments.count(tree, None, actor))
        took.append(time.perf_counter() - started)
    await columns.close()
    await store.stop()
    return {
        "p50 ms": round(statistics.median(took) * 1000),
        "p95 ms": round(sorted(took)[int(len(took) * 0.95)] * 1000),
        "clients in the first": counts[0],
    }


if __name__ == "__main__":
    print(asyncio.run(run()))
