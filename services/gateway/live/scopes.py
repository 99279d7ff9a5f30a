"""Who sees the chains and clients that events are about: asked of the service that has them, kept for a second."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.api.actor import Actor
from hub.contracts.scope import Shown, reaches, shown_to
from hub.kit.errors import HubError
from services.gateway.errors import PeerUnavailable
from services.gateway.live.shown import Telling

KEPT = 1.0
"""Seconds: whoever loses sight of something hears of it no longer than that."""
MOST = 10_000
Ask = Callable[[list[str], list[str]], Awaitable[Mapping[str, Mapping[str, Any]]]]
"""Of chains and clients, by their ids: `seen_by`, `private` and `others`. Raises PeerUnavailable."""


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    scope: Mapping[str, Any] | None
    """None: there is no such thing (any more)."""


class Scopes:
    """One for all listeners of a gateway."""

    def __init__(self, ask: Ask, now: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking = asyncio.Lock()
        self._refused = (0.0, "")
        """When nothing was told last, and why."""

    async def know(self, tellings: Iterable[Telling]) -> None:
        """Asks for those of which nothing, or only something old, is known. Raises PeerUnavailable.

        All listeners hear of an event at once: the first one asks, the others wait for what he is told.
        """
        wanted, came_at = list(tellings), self._now()
        if not any(self._unknown(wanted, came_at - KEPT)):
            return
        async with self._asking:
            refused_at, reason = self._refused
            chains, clients = self._unknown(wanted, came_at - KEPT)
            if (chains or clients) and reason and refused_at >= came_at:
                raise PeerUnavailable(reason)
            await self._ask_for(chains, clients)

    def _unknown(self, tellings: Iterable[Telling], since: float) -> tuple[list[str], list[str]]:
        """Chains and clients."""
        chains: dict[str, None] = {}
        clients: dict[str, None] = {}
        for telling in tellings:
            wanted = _key(telling) if telling.tokens is None else ""
            if wanted and not ((known := self._known.get(wanted)) and known.at >= since):
                (chains if telling.about.chain_id else clients)[wanted] = None
        return list(chains), list(clients)

    async def _ask_for(self, chains: list[str], clients: list[str]) -> None:
        if not chains and not clients:
            return
        asked_at = self._now()
        try:
            found = await self._ask(chains, clients)
        except HubError as exc:
            self._refused = (self._now(), str(exc))
            raise
        for wanted in (*chains, *clients):
            self._known[wanted] = _Known(asked_at, found.get(wanted))
            self._known.move_to_end(wanted)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def level(self, telling: Telling, actor: Actor) -> Shown:
        """How much of a known one somebody is shown."""
        if telling.to is not None and actor.login not in telling.to:
            return "nothing"
        if telling.tokens is not None:
            return "full" if reaches(actor.reach, telling.tokens) else "nothing"
        known = self._known.get(_key(telling))
        if known is None or known.scope is None:
            return "nothing"
        scope = known.scope
        return shown_to(
            actor.login,
            actor.teams,
            actor.reach,
            tokens=scope["seen_by"],
            private=scope["private"],
            others=scope["others"],
        )


def _key(telling: Telling) -> str:
    return telling.about.chain_id or telling.about.client_id or ""
