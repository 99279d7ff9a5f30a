"""A service answers a write that comes again with what it answered the first time.

The gateway keeps what it answered its callers; this keeps beside each service what it answered the gateway. So what a
service did is not done again because the gateway died before it had noted the answer. What remains: a service that
dies, or whose store fails, between its change and its note of the answer. These are two writes to one store, one just
after the other; after such an end the repeat is done anew.
"""

from datetime import timedelta

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.actor import HEADER, Actor, Seal
from hub.idempotency import Act, Keys, Result
from hub.kit.clock import Clock
from hub.kit.errors import HubError, StoreUnavailable, Unauthenticated
from hub.kit.http import problem_of
from hub.kit.log import Log
from hub.store.base import Store

log = Log(__name__)

SWEEP = timedelta(minutes=10)
"""A service looks at most this often for answers that are over, when it is written to."""
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEPT_HEADERS = frozenset({"content-type", "location", "retry-after"})


def answer_repeats(http: FastAPI, store: Store, clock: Clock, *, service: str, seal: Seal) -> None:
    """From now on `http` answers a write that comes again, by method, path, actor and Idempotency-Key, from here.

    The body is not compared: the gateway has done that, and makes the same request into another one when what it adds
    has changed meanwhile.
    """
    http.add_middleware(_Repeats, keys=Keys(store, clock, service=service), clock=clock, seal=seal)


class _Repeats:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, keys: Keys, clock: Clock, seal: Seal) -> None:
        self._app = app
        self._keys = keys
        self._clock = clock
        self._seal = seal
        self._swept = clock.now()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _WRITES:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key, actor = headers.get("Idempotency-Key"), self._actor(headers)
        if key is None or actor is None:
            await self._app(scope, receive, send)
            return
        who = f"{actor.login} {scope['method']} {scope['path']}"
        answer = await self._answer(who, key, actor.eyes, lambda _use: _result_of(self._app, scope, receive))
        await answer(scope, receive, send)
        await self._sweep()

    def _actor(self, headers: Headers) -> Actor | None:
        """Without one, the operation itself refuses."""
        try:
            return self._seal.read(headers.get(HEADER, ""))
        except Unauthenticated:
            return None

    async def _answer(self, who: str, key: str, eyes: str, act: Act) -> Response:
        try:
            result, _ = await self._keys.once(who, key, request=b"", act=act, eyes=eyes)
        except HubError as exc:
            return problem_of(exc)
        return Response(result.body, result.status, result.headers)

    async def _sweep(self) -> None:
        """Here rather than in a loop of its own, which each service would have to start and stop."""
        now = self._clock.now()
        if now - self._swept < SWEEP:
            return
        self._swept = now
        try:
            await self._keys.sweep()
        except StoreUnavailable as exc:
            log.warning("answers.not_swept", reason=str(exc))


async def _result_of(app: ASGIApp, scope: Scope, receive: Receive) -> Result:
    """What an application answers."""
    start: Message = {}
    parts: list[bytes] = []

    async def catch(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, receive, catch)
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Result(start["status"], {name: value for name, value in named if name in _KEPT_HEADERS}, b"".join(parts))
