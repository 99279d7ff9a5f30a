"""The simulated Asterisk with a door for people: lets somebody call, shows who was rung, hands out recordings."""

import asyncio
import io
import wave
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from hub.channels.simulators.asterisk import AsteriskSimulator, Phone
from hub.channels.simulators.place import HERE, Place

USER, SECRET = "omnihub", "romashka-simulated-manager"
OUR_LINE, EXTENSION = "+74950000100", "101"
_HEARD = 3.0
"""Seconds that a caller of the demo lets it ring."""


def stranger(number: str) -> Phone:
    """How somebody behaves whom a call list dials, by the last digit of his number: 7 is busy, 8 does not answer, 9
    is a machine; the others answer.
    """
    kinds = {
        "7": Phone(answers=False, after=0.2, status="BUSY"),
        "8": Phone(answers=False, after=0.6),
        "9": Phone(after=0.2, machine=True),
    }
    return kinds.get(number[-1:], Phone(after=0.3))


class Pbx:
    """Both servers."""

    def __init__(self, *, port: int = 0, door: int = 0, place: Place = HERE) -> None:
        self.asterisk = AsteriskSimulator(USER, SECRET, port=port, place=place)
        self.asterisk.line = OUR_LINE.lstrip("+")
        self.asterisk.records = True
        self.asterisk.strangers = stranger
        self._door = door
        self._place = place
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/cast", self._calls)
        app.router.add_get("/cast", self._shows)
        app.router.add_get("/monitor/{name}", self._recording)
        await self.asterisk.start()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._place.listen, self._door).start()
        self._door = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        await self.asterisk.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def ports(self) -> tuple[int, int]:
        return self.asterisk.port, self._door

    @property
    def url(self) -> str:
        return f"http://{self._place.name}:{self._door}"

    def description(self) -> dict[str, Any]:
        return {
            "host": self._place.name,
            "port": self.asterisk.port,
            "user": USER,
            "secret": SECRET,
            "line": OUR_LINE,
            "extension": EXTENSION,
            "door": self.url,
        }

    def calls(self, number: str, *, answered: bool, patience: float = 0.2) -> None:
        """Somebody calls our line, as soon as somebody listens to us."""
        asterisk = self.asterisk

        async def story() -> None:
            asterisk.phones[EXTENSION] = Phone(answers=answered)
            await asterisk.customer_calls(number, line=OUR_LINE.lstrip("+"), patience=patience)
            asterisk.phones.pop(EXTENSION, None)

        asterisk.soon(lambda: asterisk.begin(asyncio.ensure_future(story())))

    async def _calls(self, request: web.Request) -> web.StreamResponse:
        """`{"from": "+7916…", "answered": false}`."""
        given = await request.json()
        self.calls(given["from"], answered=bool(given.get("answered")))
        return web.json_response({"ok": True})

    async def _shows(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"rung": self.asterisk.answered, "asked": len(self.asterisk.asked)})

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        known = request.match_info["name"] in self.asterisk.recorded
        return web.Response(body=_sound(), content_type="audio/wav") if known else web.Response(status=404)


class Caller:
    """The one of the cast who calls: once, and nobody answers. What was played is kept in a file."""

    def __init__(self, pbx: Pbx, number: str, *, state: Path, pace: float = 1.0) -> None:
        self._pbx = pbx
        self._number = number
        self._state = state
        self._pace = pace

    async def play(self) -> None:
        """Runs until it is cancelled."""
        if not self._state.exists():
            self._state.touch()
            self._pbx.calls(self._number, answered=False, patience=_HEARD * self._pace)
        await asyncio.Event().wait()


def _sound(seconds: int = 2) -> bytes:
    """Silence, as a WAV file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000 * seconds)
    return made.getvalue()
