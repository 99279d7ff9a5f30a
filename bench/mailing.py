"""A mailing from its launch to the server that takes it: the whole hub, through real sockets."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._sink import Sinking, sink
from hub.testing.processes import Api, embedded, simulators
from hub.testing.servers.process import HOST
from hub.testing.waiting import until

NAME = "mailing"
GOAL = "10,000 personal mails of 8 KB with a tracked link, durable in the ledger: 500 a second on two cores"

RECIPIENTS = int(os.environ.get("RECIPIENTS", "10000"))
_TICKS = os.sysconf("SC_CLK_TCK")
TOPIC = "offers"
PAGE = (
    "<html><body><p>Здравствуйте, {{ first_name | default('друг') }}!</p>"
    + "<p>Весной цветут сады, и мебель дешевеет.</p>" * 95
    + '<p><a href="https://example.com/sale">Смотреть</a></p>'
    + '<a href="{{ unsubscribe_url }}">отписаться</a></body></html>'
)


@dataclass(frozen=True, slots=True)
class Running:
    """A hub: its API, and the processes that it is."""

    api: Api
    pids: Sequence[int]

    @property
    def cpu(self) -> float:
        """Seconds."""
        return sum(map(_cpu, self.pids))

    @property
    def memory(self) -> int:
        """Bytes."""
        return sum(map(_memory, self.pids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What is different from the plain one."""

    defers: int = 0
    """Of so many recipients one is answered 451 the first time."""
    environ: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Api, str], None] = lambda _api, _address: None
    """Before the mailing is written; told the address that it is from."""
    check: Callable[[Sinking], dict[str, float | str]] = lambda _: {}
    """What else there is to tell; raises AssertionError where it was another thing that was measured."""


async def run() -> dict[str, float | str]:
    return await asyncio.to_thread(measured, Variant())


def measured(variant: Variant) -> dict[str, float | str]:
    """In one process, on SQLite."""
    with (
        sink(defers=variant.defers) as taking,
        tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name,
        simulators(Path(name) / "outside") as outside,
        _embedded(Path(name) / "hub", variant) as running,
    ):
        return figures(running, outside.facts(), taking, variant)


@contextmanager
def _embedded(folder: Path, variant: Variant) -> Iterator[Running]:
    with embedded(folder, forked=False, **variant.environ) as hub:
        yield Running(Api(hub.facts()["api"]), [hub.pid])


def figures(running: Running, mail: dict[str, Any], taking: Sinking, variant: Variant) -> dict[str, float | str]:
    """Of one mailing on a hub that runs."""
    api = running.api
    variant.prepare(api, mail["mailboxes"][0]["address"])
    mailing = written(api, mail, taking.port)
    api.post(f"/mailings/{mailing}/launch")
    until(lambda: api.get(f"/mailings/{mailing}")["state"] != "freezing", pause=0.1)
    used, started = running.cpu, time.perf_counter()
    rates, before = [], 0
    while (now := taking.taken()) < RECIPIENTS:
        rates.append(now - before)
        before = now
        time.sleep(1)
    took, used = time.perf_counter() - started, running.cpu - used
    until(lambda: api.get(f"/mailings/{mailing}")["state"] == "done", pause=0.2)
    settled = time.perf_counter() - started
    sums = api.get(f"/mailings/{mailing}/statistics")
    assert (sums["sent"], taking.taken()) == (RECIPIENTS, RECIPIENTS)
    return {
        "mails/s": round(RECIPIENTS / took),
        "mails/s until every row is settled": round(RECIPIENTS / settled),
        "median of seconds": round(statistics.median(rates[1:-1] or [0])),
        "CPU ms a mail": round(used / RECIPIENTS * 1000, 2),
        "MB of memory": round(running.memory / 2**20),
        **variant.check(taking),
    }


def written(api: Api, mail: dict[str, Any], port: int, *, recipients: int = RECIPIENTS, **over: Any) -> str:
    """A draft to everybody of a list; its id."""
    ours = mail["mailboxes"][0]
    login = {"security": "plain", "user": ours["user"], "password": ours["password"]}
    host, _, imap = mail["imap"].rpartition(":")
    servers = {"imap": {"host": host, "port": int(imap), **login}, "smtp": {"host": HOST, "port": port, **login}}
    box = api.post("/mailboxes", json={"address": ours["address"], **servers})
    body = {"subject": "Скидка для {{ first_name | default('вас') }}", "html": PAGE}
    template = api.post("/templates", json={"name": "bench", "channel": "email", "bodies": {"ru": body}})
    if not api.get("/topics")["items"]:
        api.post("/topics", json={"id": TOPIC, "title": {"ru": "Акции"}, "requires": "not_withdrawn"})
    rows = "\n".join(f"{address(n)},Анна" for n in range(recipients))
    file = api.post("/attachments", files={"file": ("people.csv", f"email,name\n{rows}\n".encode(), "text/csv")})
    made = api.post("/lists", json={"name": "bench", "file": file["id"]})
    until(lambda: api.get(f"/lists/{made['id']}")["state"] == "ready", pause=0.1)
    message = {"channel": "email", "template": template["id"], "account": box["id"]}
    form = {"name": "bench", "topic": TOPIC, "messages": [message], "lists": [made["id"]], **over}
    return str(api.post("/mailings", json=form)["id"])


def address(number: int) -> str:
    return f"a{number}@client{number % 50}.example"


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
