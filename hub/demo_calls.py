"""The demo's call list: six people are dialled by themselves; what comes of it is in chains, tasks and a deal.

The administrator takes the calls; his telephone is a simulated one, which answers by itself. It is played once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from hub.api.actor import HEADER, Actor
from hub.contracts.scope import EVERYTHING
from hub.footing import Footing
from hub.kit.log import Log

PLAYED = "calls.played"
"""A file of this name beside the demo's mail: the list was dialled before."""
PEOPLE = ("Олег Зайцев", "Нина Белова", "Глеб Орлов", "Ирина Мухина", "Павел Седов", "Роза Гусева")
NUMBERS = tuple(f"+79167001{digit}0{digit}" for digit in (1, 2, 3, 7, 8, 9))
"""The last digit says how they behave: see `hub.channels.simulators.pbx`."""
_ZONES = ("Europe/Moscow", "Asia/Vladivostok", "America/New_York", "Pacific/Honolulu")
_ALWAYS = {"since": "00:00", "until": "24:00", "weekend_since": "00:00", "weekend_until": "24:00", "sun": True}
_FIRST, _PAUSE, _LOOKS = 8.0, 1.0, 180
"""Seconds after the start, between two looks, and how many of them."""
_QUIET = 12
"""Looks at which nobody was left to be dialled: the list is over."""
_SOLD = {"deal": {"title": "Букет по подписке", "amount": {"value": "4900", "currency": "RUB"}}}
_ASKED = {"task": {"title": "Прислать каталог", "due_within": 480}}
log = Log(__name__)


class DemoCalls:
    """By the services' own operations, as the workspace would."""

    def __init__(self, footing: Footing, state: Path) -> None:
        """`state` is a folder that remembers what was played."""
        self._footing = footing
        self._played = state / PLAYED
        self._actor = Actor(login="admin", reach=(EVERYTHING,), reads=(EVERYTHING,))
        self._peers: dict[str, httpx.AsyncClient] = {}

    async def play(self) -> None:
        """Whatever fails is told in the log: the demo goes on without."""
        if self._played.exists():
            return
        await asyncio.sleep(_FIRST)
        try:
            async with AsyncExitStack() as stack:
                for name in ("interactions", "campaigns", "telephony"):
                    self._peers[name] = await stack.enter_async_context(self._footing.peer(name))
                await self._call_list()
        except (httpx.HTTPError, TimeoutError, ValueError) as exc:
            log.warning("demo.calls_unplayed", error=f"{type(exc).__name__}: {exc}"[:300])

    async def _call_list(self) -> None:
        for number, name in zip(NUMBERS, PEOPLE, strict=True):
            await self._client(name, number)
        tree = {"field": "custom.subscribes", "value": "flowers"}
        segment = (await self._ask("campaigns", "POST", "/segments", {"name": "Цветы", "include": tree}))["id"]
        await self._until(lambda: self._counted(segment))
        form = {"name": "Цветы по подписке", "segment": segment, "mode": "predictive", "after_call": "PT2S"}
        form |= {"hours": {**_ALWAYS, "holidays": ""}, "pacing": {"lines": 2.0, "limit": "average", "cap": 0.1}}
        made = (await self._ask("campaigns", "POST", "/call-lists", form))["id"]
        await self._until(lambda: self._loaded(made))
        self._played.touch()
        await self._ask("campaigns", "POST", f"/call-lists/{made}/start")
        await self._take_calls(made)

    async def _client(self, name: str, number: str) -> None:
        card = {"name": name, "addresses": [{"address": number}]}
        client = (await self._ask("interactions", "POST", "/clients", card))["id"]
        about = {"time_zone": _by_day(), "custom": {"subscribes": "flowers"}}
        await self._ask("interactions", "PATCH", f"/clients/{client}", about)

    async def _take_calls(self, made: str) -> None:
        """As an agent does: says that he is there, and what came of each call."""
        settled = quiet = 0
        await self._ask("campaigns", "POST", f"/call-lists/{made}/agents/me")
        for _ in range(_LOOKS):
            await self._ask("telephony", "PUT", "/agents/me", {"state": "available"})
            mine = (await self._ask("campaigns", "GET", "/call-entries/mine"))["items"]
            for entry in mine:
                given = (
                    {"disposition": "sale", **_SOLD} if settled == 0 else {"disposition": "not_interested", **_ASKED}
                )
                await self._ask("campaigns", "POST", f"/call-entries/{entry['id']}/outcome", given)
                settled += 1
            funnel = await self._ask("campaigns", "GET", f"/call-lists/{made}/funnel")
            # Whom the list rings at this moment may still answer.
            quiet = 0 if mine or funnel["dialable"] else quiet + 1
            if quiet >= _QUIET and settled:
                break
            await asyncio.sleep(_PAUSE)
        await self._ask("campaigns", "POST", f"/call-lists/{made}/pause")
        await self._ask("telephony", "PUT", "/agents/me", {"state": "away"})

    async def _counted(self, segment: str) -> bool:
        found = await self._ask("campaigns", "GET", f"/segments/{segment}/count")
        return bool(found["count"] == len(NUMBERS))

    async def _loaded(self, made: str) -> bool:
        return bool((await self._ask("campaigns", "GET", f"/call-lists/{made}"))["loaded_at"])

    async def _until(self, fits: Callable[[], Awaitable[bool]]) -> None:
        """Raises TimeoutError."""
        for _ in range(_LOOKS):
            if await fits():
                return
            await asyncio.sleep(_PAUSE)
        raise TimeoutError("the demo's list was not loaded in time")

    async def _ask(self, peer: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {HEADER: self._footing.seal.header(self._actor)}
        answer = await self._peers[peer].request(method, path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _by_day() -> str:
    """A time zone in which people may be called now."""
    return next((zone for zone in _ZONES if 10 <= datetime.now(ZoneInfo(zone)).hour < 20), _ZONES[0])
