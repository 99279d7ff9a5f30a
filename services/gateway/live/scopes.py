"""Who sees the chains and clients that events are about: asked of the service that has them, kept for a second."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.api.actor import Actor
from hub.contracts.scope import Shown, owned_by, reaches, shown_to
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

    async def know(self, tellings: Iterable[Telling]) -> None:
        """Asks for those of which nothing, or only something old, is known. Raises PeerUnavailable."""
        since = self._now() - KEPT
        chains: dict[str, None] = {}
        clients: dict[str, None] = {}
        for telling in tellings:
            wanted = _key(telling)
            if wanted and not ((known := self._known.get(wanted)) and known.at >= since):
                (chains if telling.about.chain_id else clients)[wanted] = None
        if not chains and not clients:
            return
        asked_at = self._now()
        found = await self._ask(list(chains), list(clients))
        for wanted in (*chains, *clients):
            self._known[wanted] = _Known(asked_at, found.get(wanted))
            self._known.move_to_end(wanted)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def level(self, telling: Telling, actor: Actor) -> Shown:
        """How much of a known one somebody is shown."""
        if telling.owner:
            return "full" if reaches(actor.reach, [owned_by(telling.owner)]) else "nothing"
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
