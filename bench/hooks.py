"""SMS posted to a hub as Twilio posts them: over sockets, through the gateway, signed, until they are to be seen."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from hub.kit.ids import derive
from hub.testing.messengers import Outside
from hub.testing.outside import OPEN
from hub.testing.processes import Api, embedded, simulators
from hub.vendors.twilio import HEADER, signature

NAME = "hooks"
GOAL = "answered within 20 ms p99 at 200 a second, none lost"

POSTS, A_SECOND, WARM = 2_000, 200, 100
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
    """At an even rate, whether the one before is answered or not; from the call to the answer."""
    number_id = derive("num", f"phone:{twilio['number']}")
    hook = f"{url}/hooks/sms/{number_id}"
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=_PATIENCE, limits=limits) as http:

        async def post(number: int, at: float) -> float:
            form = _sms(number, twilio)
            signed = signature(hook, {name: [value] for name, value in form.items()}, token=twilio["auth_token"])
            await asyncio.sleep(at - time.perf_counter())
            begun = time.perf_counter()
            answer = await http.post(hook, data=form, headers={HEADER: signed})
            assert answer.status_code == httpx.codes.OK, answer.text
            return time.perf_counter() - begun

        start = time.perf_counter() + 0.5
        posts = [post(number, start + number / A_SECOND) for number in range(WARM + POSTS)]
        return (await asyncio.gather(*posts))[WARM:]


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
