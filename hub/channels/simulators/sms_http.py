"""A small SMS provider on a real socket, as there are many: one request sends, one receipt tells."""

from itertools import count
from typing import Any, Self

from aiohttp import web


class SmsHttpSimulator:
    """Takes `POST /send` with JSON or a form and a bearer token, and answers with an id."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.sent: list[dict[str, Any]] = []
        self.down = False
        self._numbers = count(1)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/send", self._send)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        assert self._runner
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return web.Response(status=503, text="maintenance")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401, text="who are you?")
        given = await request.json() if request.content_type == "application/json" else dict(await request.post())
        self.sent.append({**request.query, **given})
        return web.json_response({"messages": [{"id": f"m-{next(self._numbers)}"}]})
