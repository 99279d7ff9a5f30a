"""10,000 people say no while a mailing runs: what is handed over to whom, and when he had said it."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from bench._sink import Sinking, sink
from bench.mailing import TOPIC, address, written
from hub.testing.processes import Api, HubProcess, embedded, simulators
from hub.testing.waiting import until

NAME = "opt_outs"
GOAL = "of 10,000 no's against a running mailing of twice as many none is followed by a mail: 0 handed over later"

LEAVERS = int(os.environ.get("OPT_OUTS", "10000"))
_RECIPIENTS = 2 * LEAVERS
_AT_ONCE, _TRIED = 4, 40
"""No's at a time; and so many before, which say how fast the mailing has to be so that both take as long."""


async def run() -> dict[str, float | str]:
    return await asyncio.to_thread(_run)


def _run() -> dict[str, float | str]:
    with (
        sink() as taking,
        tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name,
        simulators(Path(name) / "outside") as outside,
        embedded(Path(name) / "hub", forked=False) as hub,
    ):
        return _measure(hub, outside.facts(), taking)


def _measure(hub: HubProcess, mail: dict[str, Any], taking: Sinking) -> dict[str, float | str]:
    api = Api(hub.facts()["api"])
    api.post("/topics", json={"id": TOPIC, "title": {"ru": "Акции"}, "requires": "not_withdrawn"})
    _, rate = _leave(api, range(_RECIPIENTS, _RECIPIENTS + _TRIED))
    mailing = written(api, mail, taking.port, recipients=_RECIPIENTS, per_second=max(round(2 * rate, 1), 1))
    api.post(f"/mailings/{mailing}/launch")
    until(lambda: api.get(f"/mailings/{mailing}")["state"] != "freezing", pause=0.1)
    leaving = Random(7).sample(range(_RECIPIENTS), LEAVERS)
    said, rate = _leave(api, leaving)
    while api.get(f"/mailings/{mailing}")["state"] != "done":
        time.sleep(1)
    begun = taking.begun()
    late = [begun[one] - at for one, at in said.items() if begun.get(one, 0) > at]
    sums = api.get(f"/mailings/{mailing}/statistics")
    assert sums["sent"] == len(begun)
    return {
        "no's": len(said),
        "no's/s": round(rate),
        "who had it before": sum(one in begun for one in said) - len(late),
        "suppressed": sums["suppressed"],
        "handed over later": len(late),
        "latest, ms": round(1000 * max(late, default=0), 1),
    }


def _leave(api: Api, numbers: Sequence[int]) -> tuple[dict[str, float], float]:
    """By address when each was answered, and how many a second."""
    started = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = dict(pool.map(lambda number: _said(api, address(number)), numbers))
    return said, len(said) / (time.monotonic() - started)


def _said(api: Api, to: str) -> tuple[str, float]:
    """He said no, and was answered at that moment."""
    api.post("/consents", json={"address": to, "topic": TOPIC, "state": "withdrawn", "words": "stop"})
    return to, time.monotonic()
