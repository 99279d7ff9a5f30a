"""Who sees what the live stream is about: asked once for all listeners."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from hub.kit.errors import HubError
from services.gateway.errors import PeerUnavailable
from services.gateway.live.scopes import Scopes
from services.gateway.live.shown import About, Telling

TELLING = Telling("chain.changed.v1", cast(Any, None), About(chain_id="ch_1"))
SEEN = {"seen_by": ["team:"], "private": False, "others": "full"}


class Interactions:
    """Whoever is asked, slowly."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.away = False

    async def scopes(self, chains: list[str], clients: list[str]) -> Mapping[str, Mapping[str, Any]]:
        self.asked.append([*chains, *clients])
        await asyncio.sleep(0.01)
        if self.away:
            raise PeerUnavailable("interactions is away")
        return dict.fromkeys((*chains, *clients), SEEN)


async def listen(scopes: Scopes, listeners: int) -> list[Any]:
    """What becomes of each of so many listeners who hear of the same at once."""
    return await asyncio.gather(*(scopes.know([TELLING]) for _ in range(listeners)), return_exceptions=True)


async def test_of_an_event_that_many_listeners_hear_at_once_is_asked_once() -> None:
    asked = Interactions()
    assert await listen(Scopes(asked.scopes), 50) == [None] * 50
    assert asked.asked == [["ch_1"]]


async def test_while_nobody_answers_each_listener_is_told_so_at_once_and_the_next_try_asks_anew() -> None:
    asked = Interactions()
    scopes = Scopes(asked.scopes)
    asked.away = True
    refused = await listen(scopes, 50)
    assert all(isinstance(one, HubError) for one in refused)
    assert len(asked.asked) == 1
    asked.away = False
    assert await listen(scopes, 50) == [None] * 50
    assert len(asked.asked) == 2
