"""2,000 letters as people send them, from a real Dovecot to visible interactions: the whole hub."""

import asyncio
import os
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from bench._letters import letters
from hub.channels.simulators.mail import Account, MailSimulator
from hub.testing.processes import Api, HubProcess, embedded
from hub.testing.servers import dovecot
from hub.testing.servers.process import HOST
from hub.testing.waiting import until

NAME = "letters"
GOAL = "2,000 letters visible within 4 s on two cores"

LETTERS = 2_000
USER, PASSWORD = "support@shop.example", "ours"
_TICKS = os.sysconf("SC_CLK_TCK")


async def run() -> dict[str, float | str]:
    if reason := dovecot.missing():
        return {"skipped": f"Dovecot: {reason}"}
    async with MailSimulator([Account(address=USER, user=USER, password=PASSWORD)]) as outlet:
        return await asyncio.to_thread(_run, outlet.smtp_port)


def _run(smtp_port: int) -> dict[str, float | str]:
    server = dovecot.start_dovecot({USER: PASSWORD})
    try:
        with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name, embedded(Path(name), forked=False) as hub:
            return _measure(hub, server, smtp_port)
    finally:
        server.remove()


def _measure(hub: HubProcess, server: dovecot.DovecotServer, smtp_port: int) -> dict[str, float | str]:
    api = Api(hub.facts()["api"])
    api.post("/mailboxes", json={"address": USER, "imap": _at(server.port), "smtp": _at(smtp_port)})
    server.put(USER, [letters(1, to=USER, seed=7)[0].raw])
    until(lambda: _visible(hub) == 1)  # what reads letters is awake
    made = letters(LETTERS, to=USER)
    deliver = server.staged(USER, [letter.raw for letter in made])
    time.sleep(2)
    used, started = _cpu(hub.pid), time.perf_counter()
    deliver()
    until(lambda: _visible(hub) > LETTERS, pause=0.1)
    took, used = time.perf_counter() - started, _cpu(hub.pid) - used
    assert len(api.get("/interactions")["items"]) > 1
    return {
        "seconds": round(took, 2),
        "letters/s": round(LETTERS / took),
        "CPU ms a letter": round(used / LETTERS * 1000, 2),
        "bytes a letter": round(sum(len(letter.raw) for letter in made) / LETTERS),
        "chains": _count(hub, "chains"),
    }


def _at(port: int) -> dict[str, Any]:
    return {"host": HOST, "port": port, "security": "plain", "user": USER, "password": PASSWORD}


def _visible(hub: HubProcess) -> int:
    return _count(hub, "interactions")


def _count(hub: HubProcess, collection: str) -> int:
    """Beside the API, so that asking costs the hub nothing."""
    with sqlite3.connect(f"file:{hub.data / 'interactions.sqlite'}?mode=ro", uri=True) as store:
        return int(store.execute(f"SELECT count(*) FROM {collection}").fetchone()[0])


def _cpu(pid: int) -> float:
    """Seconds of the process, its threads and its children."""
    family = [pid, *_children(pid)]
    return sum(_seconds(one) for one in family)


def _children(pid: int) -> list[int]:
    found = [(task / "children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in found for child in children]


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
