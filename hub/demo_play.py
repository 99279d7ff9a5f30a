"""Something that happens once in the demo, by the services' own operations, as the workspace would do it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

import httpx

from hub.api.actor import HEADER, Actor
from hub.contracts.scope import EVERYTHING
from hub.footing import Footing
from hub.kit.log import Log

PAUSE = 1.0
"""Seconds between two looks."""
log = Log(__name__)


class DemoPlay(ABC):
    """A play in one act."""

    name: ClassVar[str]
    """In the log, where it failed."""
    peers: ClassVar[tuple[str, ...]]
    """Services that are asked."""
    first: ClassVar[float]
    """Seconds after the start."""
    looks: ClassVar[int]
    """How often it is looked for anything that comes about by itself."""

    def __init__(self, footing: Footing, played: Path) -> None:
        """`played` is a file that remembers that it was."""
        self._footing = footing
        self._played = played
        self._actor = Actor(login="admin", reach=(EVERYTHING,), reads=(EVERYTHING,))
        self._peers: dict[str, httpx.AsyncClient] = {}

    async def play(self) -> None:
        """Whatever fails is told in the log: the demo goes on without."""
        if self._played.exists():
            return
        await asyncio.sleep(self.first)
        try:
            async with AsyncExitStack() as stack:
                for peer in self.peers:
                    self._peers[peer] = await stack.enter_async_context(self._footing.peer(peer))
                await self.act()
        except (httpx.HTTPError, TimeoutError, ValueError) as exc:
            log.warning(f"demo.{self.name}_unplayed", error=f"{type(exc).__name__}: {exc}"[:300])

    @abstractmethod
    async def act(self) -> None:
        """What happens; touches the file once it would be wrong to do it again."""

    async def ask(self, peer: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {HEADER: self._footing.seal.header(self._actor)}
        answer = await self._peers[peer].request(method, path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def until(self, fits: Callable[[], Awaitable[bool]]) -> None:
        """Raises TimeoutError."""
        for _ in range(self.looks):
            if await fits():
                return
            await asyncio.sleep(PAUSE)
        raise TimeoutError(f"what the demo's {self.name} wait for did not come")

    async def client(self, name: str, address: str, about: Mapping[str, Any]) -> None:
        card = {"name": name, "addresses": [{"address": address}]}
        made = (await self.ask("interactions", "POST", "/clients", card))["id"]
        await self.ask("interactions", "PATCH", f"/clients/{made}", about)

    async def segment(self, name: str, tree: Mapping[str, Any], *, count: int) -> str:
        """Its id, once it has so many clients."""
        made = str((await self.ask("campaigns", "POST", "/segments", {"name": name, "include": tree}))["id"])

        async def counted() -> bool:
            found = await self.ask("campaigns", "GET", f"/segments/{made}/count")
            return bool(found["count"] == count)

        await self.until(counted)
        return made
