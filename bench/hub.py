"""A whole hub beside a simulated mail server: start to ready, memory when idle, answer accepted to mail delivered."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from hub.channels.simulators.mail import Account, MailSimulator
from hub.testing.processes import Api, HubProcess, embedded
from hub.testing.waiting import until

NAME = "hub"
GOAL = "ready under 1.2 s, idle under 110 MB, answer to delivery p95 under 100 ms"

ANSWERS = 200
_QUIET = 5
"""Seconds before memory is looked at."""
OURS = Account(address="support@shop.example", user="support", password="ours")
CLIENT = Account(address="anna@mail.example", user="anna", password="hers", open_sender=True)
MAIL = b"From: Anna <anna@mail.example>\r\nTo: support@shop.example\r\nSubject: When?\r\n\r\nWhen will it come?\r\n"


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        async with MailSimulator([OURS, CLIENT]) as simulator:
            hub = embedded(Path(name), forked=False)
            started = time.perf_counter()
            await asyncio.to_thread(hub.start)
            ready = time.perf_counter() - started
            try:
                client = await asyncio.to_thread(Api, hub.facts()["api"])
                await asyncio.to_thread(_add_mailbox, client, simulator)
                await asyncio.sleep(_QUIET)
                idle = _megabytes(hub)
                delays = await _answer(client, simulator)
                await asyncio.sleep(_QUIET)
                after = _megabytes(hub)
            finally:
                await asyncio.to_thread(hub.stop)
    return {
        "ready s": round(ready, 2),
        "idle MB": round(idle),
        f"after {ANSWERS} answers MB": round(after),
        "answer to delivery p50 ms": round(statistics.median(delays) * 1000, 1),
        "p95 ms": round(statistics.quantiles(delays, n=20)[18] * 1000, 1),
    }


def _add_mailbox(client: Api, simulator: MailSimulator) -> None:
    def server(port: int) -> dict[str, Any]:
        login = {"user": OURS.user, "password": OURS.password}
        return {"host": simulator.host, "port": port, "security": "plain", **login}

    servers = {"imap": server(simulator.imap_port), "smtp": server(simulator.smtp_port)}
    client.post("/mailboxes", json={"address": OURS.address, "name": "Support", **servers})


async def _answer(client: Api, simulator: MailSimulator) -> list[float]:
    """Seconds from before each POST to the moment the mail server has taken the mail."""
    simulator.deliver(OURS.address, MAIL)
    (first,) = await asyncio.to_thread(until, lambda: client.get("/interactions")["items"])
    path = f"/chains/{first['chain_id']}/messages"
    delays = []
    for number in range(ANSWERS):
        before = len(simulator.sent)
        started = time.perf_counter()
        await asyncio.to_thread(client.post, path, json={"text": f"Answer {number}"})
        await asyncio.to_thread(until, lambda before=before: len(simulator.sent) > before, pause=0.001)
        delays.append(time.perf_counter() - started)
    return delays


def _megabytes(hub: HubProcess) -> float:
    """Resident memory of the process."""
    pages = int(Path(f"/proc/{hub.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000
