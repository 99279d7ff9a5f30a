"""SMS posted to a hub as Twilio posts them: over sockets, through the gateway, signed, until they are to be seen."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from hub.kit.ids import derive
from hub.testing.messengers import Outside
from hub.testing.outside import OPEN
from hub.testing.processes import Api, embedded, simulators
from hub.vendors.twilio import HEADER, signature

NAME = "hooks"
GOAL = "answered within 20 ms p99 at 200 a second, none lost"

POSTS, A_SECOND, WARM = 2_000, 200, 100
CONNECTIONS = 32
_PEOPLE = 500
_PATIENCE = 120.0


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        folder = Path(name)
        os.environ.update(OPEN)
        with simulators(folder / "outside") as providers, embedded(folder / "hub", forked=False) as hub:
            client = await asyncio.to_thread(Api, hub.facts()["api"])
            facts = providers.facts()
            await asyncio.to_thread(Outside(facts).connect, client, client.url)
            seconds = await _posted(client.url, facts["twilio"])
            caught_up = await _until_seen(client)
            client.close()
    return {
        "p50 ms": round(statistics.median(seconds) * 1000, 1),
        "p99 ms": round(statistics.quantiles(seconds, n=100)[98] * 1000, 1),
        "all to be seen after s": round(caught_up, 2),
    }


async def _posted(url: str, twilio: Mapping[str, Any]) -> list[float]:
    """At an even rate, whether the one before is answered or not; from when it was due to the answer.

    Over kept connections, written by hand: a client that does more would take the machine from the hub.
    """
    where = urlsplit(url)
    hook = f"{where.path}/hooks/sms/{derive('num', 'phone:' + twilio['number'])}"
    posts = [_request(where.netloc, hook, _sms(number, twilio), twilio) for number in range(WARM + POSTS)]
    due = iter(range(WARM + POSTS))
    seconds: list[float] = [0.0] * (WARM + POSTS)
    start = time.perf_counter() + 0.5

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for number in due:
            at = start + number / A_SECOND
            await asyncio.sleep(at - time.perf_counter())
            writer.write(posts[number])
            await _answer(reader)
            seconds[number] = time.perf_counter() - at
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return seconds[WARM:]


def _request(host: str, path: str, form: Mapping[str, str], twilio: Mapping[str, Any]) -> bytes:
    signed = signature(
        f"http://{host}{path}", {name: [value] for name, value in form.items()}, token=twilio["auth_token"]
    )
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{HEADER}: {signed}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))


def _sms(number: int, twilio: Mapping[str, Any]) -> dict[str, str]:
    """Of one of many people, as https://www.twilio.com/docs/messaging/guides/webhook-request has it."""
    return {
        "MessageSid": f"SM{number:032x}",
        "AccountSid": twilio["account_sid"],
        "From": f"+7916{number % _PEOPLE:07d}",
        "To": twilio["number"],
        "Body": f"Подскажите, пожалуйста, когда привезут заказ № {number}?",
        "NumSegments": "2",
        "NumMedia": "0",
    }


async def _until_seen(client: Api) -> float:
    """Seconds after the last answer until the API shows them all."""
    started = time.perf_counter()
    while len(await asyncio.to_thread(client.all, "/interactions")) < WARM + POSTS:
        assert time.perf_counter() - started < _PATIENCE, "they do not come"
        await asyncio.sleep(0.1)
    return time.perf_counter() - started
