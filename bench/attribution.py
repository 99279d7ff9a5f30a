"""Ten million touches and a million deals: all sums made anew, and a report of a year by five models beside it."""

import asyncio
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from hub.testing.fakes import FakeBus
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.attribution.models import ReportQuery
from services.campaigns.attribution.service import Attribution, Policy
from services.campaigns.attribution.sql import MODELS

NAME = "attribution"
GOAL = "10,000,000 touches and 1,000,000 deals by five models within 60 s, a report within 1 s"

CLIENTS, TOUCHES, DEALS, SOURCES, ROUNDS = 700_000, 10_000_000, 1_000_000, 400, 10
_FILL = f"""
INSERT INTO people SELECT i + 1, 'cl_' || i, 0, ['team:'], 1 FROM range({CLIENTS}) t(i);
INSERT INTO holds SELECT hash(i), i + 1 FROM range({CLIENTS}) t(i);
INSERT INTO nodes SELECT i + 1, 'src_' || i, ['channel', 'source', 'campaign'][CASE WHEN i < 8 THEN 1 WHEN i < 80
  THEN 2 ELSE 3 END], CASE WHEN i < 8 THEN 0 WHEN i < 80 THEN 1 + i % 8 ELSE 9 + i % 72 END, 'source ' || i, '', 0, 1
  FROM range({SOURCES}) t(i);
INSERT INTO touches SELECT hash(i * 11), 'touch_' || i, CASE WHEN i % 3 = 0 THEN hash(hash(i * 7) % {CLIENTS})
  ELSE 1 + hash(i * 7) % {CLIENTS} END, 1 + hash(i * 3) % {SOURCES},
  TIMESTAMP '2025-01-01' + to_seconds(hash(i * 5) % 31536000), 'page', '', '', i % 9 = 0 FROM range({TOUCHES}) t(i);
INSERT INTO deals SELECT hash(i * 13), 'deal_' || i, 1 + hash(i * 17) % {CLIENTS}, moment, moment + INTERVAL 3 DAY,
  'won', 100 + hash(i) % 10000000, 'RUB', 1
  FROM (SELECT i, TIMESTAMP '2025-02-01' + to_seconds(hash(i * 19) % 28000000) AS moment FROM range({DEALS}) t(i));
INSERT INTO costs SELECT i + 1, 'cost_' || i, 1 + i % {SOURCES}, 'fact', DATE '2025-01-01', DATE '2025-12-31',
  1000000 + i, 'RUB', false, 1 FROM range(2000) t(i);
INSERT INTO written VALUES (1, 1)
"""


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        return await _run(Path(name))


async def _run(folder: Path) -> dict[str, float | str]:
    books = LeadTables(folder, "x/bench", FakeBus())
    policy = Policy(currency="RUB", lookback=timedelta(days=90), half_life=timedelta(days=7))
    for statement in _FILL.strip().split(";\n"):
        await books.ask(statement, {})
    started = time.perf_counter()
    await books.make(policy.name, policy.given, wait=True)
    made = time.perf_counter() - started
    query = ReportQuery(since=date(2025, 1, 1), until=date(2025, 12, 31), by="campaign", model=MODELS)
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        report = await Attribution(books, policy).report(query)
        took.append(time.perf_counter() - started)
    sums = {sum(line.shares[model].minor for line in report.lines if model in line.shares) for model in MODELS}
    await books.close()
    return {
        "recomputed s": round(made, 1),
        "report p50 ms": round(statistics.median(took) * 1000),
        "report max ms": round(max(took) * 1000),
        "sums of five models": len(sums),
    }


if __name__ == "__main__":
    print(asyncio.run(run()))
