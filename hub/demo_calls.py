"""The demo's call list: six people are dialled by themselves; what comes of it is in chains, tasks and a deal.

The administrator takes the calls; his telephone is a simulated one, which answers by itself. It is played once.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.demo_play import PAUSE, DemoPlay
from hub.footing import Footing

PLAYED = "calls.played"
"""A file of this name beside the demo's mail: the list was dialled before."""
PEOPLE = ("Олег Зайцев", "Нина Белова", "Глеб Орлов", "Ирина Мухина", "Павел Седов", "Роза Гусева")
NUMBERS = tuple(f"+79167001{digit}0{digit}" for digit in (1, 2, 3, 7, 8, 9))
"""The last digit says how they behave: see `hub.channels.simulators.pbx`."""
_ZONES = ("Europe/Moscow", "Asia/Vladivostok", "America/New_York", "Pacific/Honolulu")
_ALWAYS = {"since": "00:00", "until": "24:00", "weekend_since": "00:00", "weekend_until": "24:00", "sun": True}
_QUIET = 12
"""Looks at which nobody was left to be dialled: the list is over."""
_SOLD = {"deal": {"title": "Букет по подписке", "amount": {"value": "4900", "currency": "RUB"}}}
_ASKED = {"task": {"title": "Прислать каталог", "due_within": 480}}


class DemoCalls(DemoPlay):
    """Six clients, and a list that dials them."""

    name, peers, first, looks = "calls", ("interactions", "campaigns", "telephony"), 8.0, 180

    def __init__(self, footing: Footing, state: Path) -> None:
        """`state` is a folder that remembers what was played."""
        super().__init__(footing, state / PLAYED)

    async def act(self) -> None:
        for number, name in zip(NUMBERS, PEOPLE, strict=True):
            await self.client(name, number, {"time_zone": _by_day(), "custom": {"subscribes": "flowers"}})
        tree = {"field": "custom.subscribes", "value": "flowers"}
        segment = await self.segment("Цветы", tree, count=len(NUMBERS))
        form: dict[str, Any] = {
            "name": "Цветы по подписке",
            "segment": segment,
            "mode": "predictive",
            "after_call": "PT2S",
        }
        form |= {"hours": {**_ALWAYS, "holidays": ""}, "pacing": {"lines": 2.0, "limit": "average", "cap": 0.1}}
        made = (await self.ask("campaigns", "POST", "/call-lists", form))["id"]
        await self.until(lambda: self._loaded(made))
        self._played.touch()
        await self.ask("campaigns", "POST", f"/call-lists/{made}/start")
        await self._take_calls(made)

    async def _take_calls(self, made: str) -> None:
        """As an agent does: says that he is there, and what came of each call."""
        settled = quiet = 0
        await self.ask("campaigns", "POST", f"/call-lists/{made}/agents/me")
        for _ in range(self.looks):
            await self.ask("telephony", "PUT", "/agents/me", {"state": "available"})
            mine = (await self.ask("campaigns", "GET", "/call-entries/mine"))["items"]
            for entry in mine:
                given = (
                    {"disposition": "sale", **_SOLD} if settled == 0 else {"disposition": "not_interested", **_ASKED}
                )
                await self.ask("campaigns", "POST", f"/call-entries/{entry['id']}/outcome", given)
                settled += 1
            funnel = await self.ask("campaigns", "GET", f"/call-lists/{made}/funnel")
            # Whom the list rings at this moment may still answer.
            quiet = 0 if mine or funnel["dialable"] else quiet + 1
            if quiet >= _QUIET and settled:
                break
            await asyncio.sleep(PAUSE)
        await self.ask("campaigns", "POST", f"/call-lists/{made}/pause")
        await self.ask("telephony", "PUT", "/agents/me", {"state": "away"})

    async def _loaded(self, made: str) -> bool:
        return bool((await self.ask("campaigns", "GET", f"/call-lists/{made}"))["loaded_at"])


def _by_day() -> str:
    """A time zone in which people may be called now."""
    return next((zone for zone in _ZONES if 10 <= datetime.now(ZoneInfo(zone)).hour < 20), _ZONES[0])
