"""The place of a route that is made at its first request, or for the document: making all of them, of all services,
would take longer than all else of a start.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class LateRoute(Route):
    """Knows its path and method; what takes its requests apart is `made` when it is asked for."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Sequence[str],
        name: str,
        make: Callable[[], APIRoute],
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods), name=name)
        self.methods = set(methods)
        """Without HEAD, which is no operation."""
        self._make = make

    @functools.cached_property
    def made(self) -> APIRoute:
        return self._make()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return match, found if match is Match.NONE else {**found, "route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.made.handle(scope, receive, send)


def all_made(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The same, each as it answers."""
    return [route.made if isinstance(route, LateRoute) else route for route in routes]
