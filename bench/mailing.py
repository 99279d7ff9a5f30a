"""A mailing from its launch to the server that takes it: the whole hub, through real sockets."""

import asyncio
import os
import statistics
import tempfile
import time
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any, cast

from hub.testing.processes import Api, HubProcess, embedded, simulators
from hub.testing.servers.process import HOST
from hub.testing.waiting import until

NAME = "mailing"
GOAL = "10,000 personal mails of 8 KB with a tracked link, durable in the ledger: 500 a second on two cores"

RECIPIENTS = int(os.environ.get("RECIPIENTS", "10000"))
_TICKS = os.sysconf("SC_CLK_TCK")
PAGE = (
    "<html><body><p>Здравствуйте, {{ first_name | default('друг') }}!</p>"
    + "<p>Весной цветут сады, и мебель дешевеет.</p>" * 95
    + '<p><a href="https://example.com/sale">Смотреть</a></p>'
    + '<a href="{{ unsubscribe_url }}">отписаться</a></body></html>'
)


class Sink(asyncio.Protocol):
    """Takes everything at once, as fast as SMTP can be read; PIPELINING as real servers."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer, self._text = b"", False
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer:
            end = self._buffer.find(b"\r\n.\r\n" if self._text else b"\r\n")
            if end < 0:
                return
            if self._text:
                self._buffer, self._text = self._buffer[end + 5 :], False
                type(self).taken += 1
                self._transport.write(b"250 2.0.0 taken\r\n")
            else:
                self._command(self._buffer[:4].upper())
                self._buffer = self._buffer[end + 2 :]

    def _command(self, word: bytes) -> None:
        if word == b"EHLO":
            self._transport.write(b"250-sink\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n")
        elif word == b"AUTH":
            self._transport.write(b"235 2.7.0 ok\r\n")
        elif word == b"DATA":
            self._text = True
            self._transport.write(b"354 go on\r\n")
        else:
            self._transport.write(b"250 ok\r\n")


def serve(ports: "Queue[int]", counts: "Queue[int]", asks: "Queue[int]") -> None:
    """The sink in a process of its own; answers how many it took."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, HOST, 0)
        ports.put(server.sockets[0].getsockname()[1])
        while True:
            await loop.run_in_executor(None, asks.get)
            counts.put(Sink.taken)

    asyncio.run(main())


async def run() -> dict[str, float | str]:
    return await asyncio.to_thread(_run)


def _run() -> dict[str, float | str]:
    ports: Queue[int] = Queue()
    counts: Queue[int] = Queue()
    asks: Queue[int] = Queue()
    sink = Process(target=serve, args=(ports, counts, asks), daemon=True)
    sink.start()
    port = ports.get()

    def taken() -> int:
        asks.put(1)
        return counts.get()

    try:
        with (
            tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name,
            simulators(Path(name) / "outside") as outside,
            embedded(Path(name) / "hub", forked=False) as hub,
        ):
            return _measure(hub, outside.facts(), port, taken)
    finally:
        sink.kill()
        sink.join()


def _measure(hub: HubProcess, mail: dict[str, Any], port: int, taken: Any) -> dict[str, float | str]:
    api = Api(hub.facts()["api"])
    mailing = _written(api, mail, port)
    api.post(f"/mailings/{mailing}/launch")
    until(lambda: api.get(f"/mailings/{mailing}")["state"] != "freezing", pause=0.1)
    used, started = _cpu(hub.pid), time.perf_counter()
    rates, before = [], 0
    while (now := taken()) < RECIPIENTS:
        rates.append(now - before)
        before = now
        time.sleep(1)
    took, used = time.perf_counter() - started, _cpu(hub.pid) - used
    until(lambda: api.get(f"/mailings/{mailing}")["state"] == "done", pause=0.2)
    settled = time.perf_counter() - started
    sums = api.get(f"/mailings/{mailing}/statistics")
    assert (sums["sent"], taken()) == (RECIPIENTS, RECIPIENTS)
    return {
        "mails/s": round(RECIPIENTS / took),
        "mails/s until every row is settled": round(RECIPIENTS / settled),
        "median of seconds": round(statistics.median(rates[1:-1] or [0])),
        "CPU ms a mail": round(used / RECIPIENTS * 1000, 2),
        "MB of memory": round(_memory(hub.pid) / 2**20),
    }


def _written(api: Api, mail: dict[str, Any], port: int) -> str:
    ours = mail["mailboxes"][0]
    login = {"security": "plain", "user": ours["user"], "password": ours["password"]}
    host, _, imap = mail["imap"].rpartition(":")
    servers = {"imap": {"host": host, "port": int(imap), **login}, "smtp": {"host": HOST, "port": port, **login}}
    box = api.post("/mailboxes", json={"address": ours["address"], **servers})
    body = {"subject": "Скидка для {{ first_name | default('вас') }}", "html": PAGE}
    template = api.post("/templates", json={"name": "bench", "channel": "email", "bodies": {"ru": body}})
    api.post("/topics", json={"id": "offers", "title": {"ru": "Акции"}, "requires": "not_withdrawn"})
    rows = "\n".join(f"a{n}@client{n % 50}.example,Анна" for n in range(RECIPIENTS))
    file = api.post("/attachments", files={"file": ("people.csv", f"email,name\n{rows}\n".encode(), "text/csv")})
    made = api.post("/lists", json={"name": "bench", "file": file["id"]})
    until(lambda: api.get(f"/lists/{made['id']}")["state"] == "ready", pause=0.1)
    message = {"channel": "email", "template": template["id"], "account": box["id"]}
    form = {"name": "bench", "topic": "offers", "messages": [message], "lists": [made["id"]]}
    return str(api.post("/mailings", json=form)["id"])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
