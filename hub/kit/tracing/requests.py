"""A request in hand, as a trace sees it.

A request does not say which trace it belongs to; what it comes to does. An operator's answer belongs to the trace of
the mail, so the request is put there once its events are published.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from hub.kit.tracing.spans import Ids, Scope, Span, now, scope, tell

_MOST = 1000
"""Events published by one request that are told under it; more of them stand beside it."""


class Request(Scope):
    """A request in hand; what it publishes is told at its end, when it is known where it belongs."""

    def __init__(self, trace: int = 0, above: int = 0) -> None:
        """`trace` and `above` are those of the request that this one is part of."""
        self.trace = trace or secrets.randbits(128) or 1
        self.id = secrets.randbits(64) or 1
        self.above = above
        self.follows = 0
        self.joined = self.over = False
        self.status = 0
        self.started = now()
        self._published: list[tuple[Ids, Span]] = []

    def publish(self, ids: Ids, span: Span) -> None:
        if self.over or len(self._published) >= _MOST:
            super().publish(ids, span)
            return
        self._published.append((ids, span))
        if not self.joined or (not self.follows and ids.before):
            # What goes on with something says more than what begins.
            self.join(ids.trace, ids.before)

    def join(self, trace: int, follows: int) -> None:
        """It belongs to this trace, after that span."""
        self.trace, self.follows, self.joined = trace, follows, True

    def end(self, span: Span) -> None:
        self.over = True
        tell(span)
        for ids, published in self._published:
            ours = (ids.trace, ids.before) == (self.trace, self.follows)
            tell(published.under(self.id if ours else ids.before))

    def span(self, service: str, connection: Mapping[str, Any], error: str) -> Span:
        """The request itself; its path as the route is declared, without ids and query."""
        route, method = getattr(connection.get("route"), "path", ""), connection["method"]
        about: dict[str, str | int] = {"http.request.method": method}
        if route:
            about["http.route"] = route
        if self.status:
            about["http.response.status_code"] = self.status
        return Span(
            service=service,
            name=f"{method} {route}".rstrip(),
            kind="server",
            trace=self.trace,
            id=self.id,
            parent=self.above or self.follows,
            started=self.started,
            ended=now(),
            attributes=about,
            error=error or (str(self.status) if self.status >= 500 else ""),
        )


def in_hand() -> Request | None:
    """The request that is being answered here; a task that it began may outlive it."""
    doing = scope.get()
    return doing if isinstance(doing, Request) and not doing.over else None
