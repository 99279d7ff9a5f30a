"""What the services behind the gateway declare, learnt from themselves, and found again by method and path."""

import asyncio
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import orjson
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.api.operation import Declaration, Description, Hook, Operation, Spread, Told
from hub.api.rights import Right
from hub.kit.errors import HubError, NotFound
from hub.kit.log import Log
from services.gateway.errors import PeerUnavailable
from services.gateway.peers.forward import Peer

log = Log(__name__)
T = TypeVar("T", bound=Told)
US = Actor.service("gateway")
_HAS_CHAINS = "interactions"
_FIRST, _LONGEST, _AGAIN = 0.5, 10.0, 30.0
"""Seconds between looks: at a service that has told nothing yet, with back-off; and at one that has."""
_AT_START = 3.0
"""Seconds that a start waits for the services; those that are later are looked for beside it."""
_WORD = r"[^/?#%\\\x00-\x1f\x7f]+"
_PATH = r"[^?#%\\\x00-\x1f\x7f]+"
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True)
class Way:
    """An operation and the services that declare it."""

    operation: Operation
    right: Right
    peers: list[Peer]
    pattern: re.Pattern[str]

    def parameters(self, path: str) -> dict[str, str] | None:
        """Of a path of this operation. A segment of points alone would lead elsewhere."""
        match = self.pattern.fullmatch(path)
        if match is None or any(part in (".", "..") for part in path.split("/")):
            return None
        return match.groupdict()

    def url(self, parameters: Mapping[str, str], query: str) -> str:
        """Where the service answers it; what callers gave is quoted, so that it leads to no other address."""
        path = _PARAMETER.sub(lambda found: quote(parameters[found[1]], safe=""), self.operation.path)
        return f"{path}?{query}" if query else path


@dataclass(slots=True)
class _Known:
    """What a service told last, with the ETag of each."""

    declaration: Declaration | None = None
    description: Description | None = None
    etags: dict[str, str] = field(default_factory=dict)


class Table:
    """The operations of all peers."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self.peers = tuple(peers)
        self._known = {peer.name: _Known() for peer in peers}
        self._ways: dict[str, list[Way]] = {}
        """By the first word of the path, those with fewer parameters first."""
        self._hooks: dict[str, tuple[Peer, Hook]] = {}
        self._pages: dict[str, Peer] = {}
        self._looking: list[asyncio.Task[None]] = []
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when every service was asked, or has let us wait."""
        await self.refresh()
        self._looking = [asyncio.create_task(self._follow(peer)) for peer in self.peers]

    async def refresh(self) -> None:
        """Asks every service, and waits for those that answer soon."""
        await self._ask(self.peers)

    async def look_again(self) -> None:
        """Asks those that are missing, at once: somebody may want what one of them does. Callers share one look."""
        if self._refreshing is None or self._refreshing.done():
            missing = [peer for peer in self.peers if peer.name in self.missing]
            self._refreshing = asyncio.create_task(self._ask(missing))
        await asyncio.wait([self._refreshing])

    async def _ask(self, peers: Iterable[Peer]) -> None:
        looks = [asyncio.create_task(self._look(peer)) for peer in peers]
        if looks:
            await asyncio.wait(looks, timeout=_AT_START)
        for look in looks:
            look.cancel()

    async def stop(self) -> None:
        for task in self._looking:
            task.cancel()
        if self._looking:
            await asyncio.wait(self._looking)

    @property
    def missing(self) -> list[str]:
        """Services that have not told yet what they do."""
        return [name for name, known in self._known.items() if known.declaration is None]

    @property
    def nouns(self) -> set[str]:
        """What operations are about."""
        return {way.operation.noun for ways in self._ways.values() for way in ways}

    @property
    def ways(self) -> list[Way]:
        """All operations, each service's in its own order."""
        found = {(w.operation.method, w.operation.path): w for ways in self._ways.values() for w in ways}
        told = [known.declaration for known in self._known.values() if known.declaration]
        named = dict.fromkeys((one.method, one.path) for declaration in told for one in declaration.operations)
        return [found[name] for name in named if name in found]

    def at(self, path: str) -> list[tuple[Way, dict[str, str]]]:
        """The operations of a path, whatever their method, with what the path gives."""
        ways = self._ways.get(path.strip("/").partition("/")[0], ())
        found = [(way, parameters) for way in ways if (parameters := way.parameters(path)) is not None]
        # A path without parameters is nobody's id: /chains/changes is no chain.
        return [(way, parameters) for way, parameters in found if not parameters] or found

    async def hook(self, channel: str) -> tuple[Peer, Hook]:
        """Who takes what the providers of a channel post.

        Raises:
            NotFound: nobody.
            PeerUnavailable: one that may is not known yet; providers come again.
        """
        if channel not in self._hooks and self.missing:
            await self.look_again()
        if channel in self._hooks:
            return self._hooks[channel]
        if self.missing:
            raise self.unknown()
        raise NotFound

    async def page(self, kind: str) -> Peer:
        """Who has the pages of a kind. Raises as `hook`."""
        if kind not in self._pages and self.missing:
            await self.look_again()
        if kind in self._pages:
            return self._pages[kind]
        if self.missing:
            raise self.unknown()
        raise NotFound

    async def scopes(self, chains: list[str], clients: list[str]) -> dict[str, Any]:
        """Who sees these chains and clients, as the service tells that has them. Raises PeerUnavailable."""
        peer = next((peer for peer in self.peers if peer.name == _HAS_CHAINS), None)
        if peer is None:
            raise PeerUnavailable(f"{_HAS_CHAINS} does not run here")
        content = orjson.dumps({"chains": chains, "clients": clients})
        headers = {"Content-Type": "application/json"}
        answer = await peer.send("POST", "/scopes", actor=US, headers=headers, content=content)
        if not answer.is_success:
            raise PeerUnavailable(f"{_HAS_CHAINS} does not say who sees what: {answer.status_code}")
        told: dict[str, Any] = orjson.loads(answer.content)
        return told

    def unknown(self) -> PeerUnavailable:
        return PeerUnavailable(f"{', '.join(self.missing)}: not there yet; try again in a few seconds")

    async def descriptions(self) -> list[tuple[Peer, Description]]:
        """As they are now; those of a service that does not answer as they were."""
        await asyncio.gather(*map(self._describe, self.peers))
        known = ((peer, self._known[peer.name].description) for peer in self.peers)
        return [(peer, description) for peer, description in known if description]

    async def _follow(self, peer: Peer) -> None:
        pause = _FIRST
        while True:
            await asyncio.sleep(_AGAIN if self._known[peer.name].declaration else pause)
            pause = min(pause * 2, _LONGEST)
            try:
                await self._look(peer)
            except Exception as exc:
                # One answer that nobody foresaw must not end the looking.
                log.error("operations.not_read", exc=exc, peer=peer.name)

    async def _look(self, peer: Peer) -> None:
        known = self._known[peer.name]
        if told := await self._told(peer, "/operations", Declaration):
            known.declaration = told
            self._arrange()
            log.info("operations.known", peer=peer.name, operations=len(told.operations))

    async def _describe(self, peer: Peer) -> None:
        known = self._known[peer.name]
        known.description = await self._told(peer, "/operations/described", Description) or known.description

    async def _told(self, peer: Peer, path: str, kind: type[T]) -> T | None:
        """None: as before, or nothing that can be read."""
        etags = self._known[peer.name].etags
        try:
            answer = await peer.send("GET", path, actor=US, headers={"If-None-Match": etags.get(path, "")})
            if answer.status_code == httpx.codes.NOT_FOUND and kind is Declaration:
                return kind.model_validate({"service": peer.name, "operations": ()})
            if answer.status_code != httpx.codes.OK:
                return None
            told = kind.model_validate_json(answer.content)
        except (HubError, ValidationError) as exc:
            log.warning("operations.unread", peer=peer.name, reason=type(exc).__name__)
            return None
        etags[path] = answer.headers.get("ETag", "")
        return told

    def _arrange(self) -> None:
        ways: dict[tuple[str, str], Way] = {}
        hooks: dict[str, tuple[Peer, Hook]] = {}
        pages: dict[str, Peer] = {}
        for peer in self.peers:
            if declaration := self._known[peer.name].declaration:
                for operation in declaration.operations:
                    _add(ways, operation, peer)
                for hook in declaration.hooks:
                    hooks.setdefault(hook.channel, (peer, hook))
                for kind in declaration.pages:
                    pages.setdefault(kind, peer)
        self._ways, self._hooks, self._pages = _by_head(ways.values()), hooks, pages


def _add(ways: dict[tuple[str, str], Way], operation: Operation, peer: Peer) -> None:
    """The first who declares an operation has it, unless all say that it is spread."""
    place = (operation.method, operation.path)
    known = ways.get(place)
    if known and known.operation.spread is operation.spread and operation.spread is not Spread.ONE:
        known.peers.append(peer)
        return
    with suppress(ValueError):
        if known is None:
            ways[place] = Way(operation, Right(operation.right), [peer], _pattern(operation.path))
            return
    log.error("operation.left_out", peer=peer.name, operation=operation.id, fix="another right, or another path")


def _by_head(ways: Iterable[Way]) -> dict[str, list[Way]]:
    heads: dict[str, list[Way]] = {}
    for way in sorted(ways, key=lambda way: way.operation.path.count("{")):
        heads.setdefault(way.operation.path.split("/")[1], []).append(way)
    return heads


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    end, parts = 0, []
    for found in _PARAMETER.finditer(path):
        parts += [re.escape(path[end : found.start()]), f"(?P<{found[1]}>{_PATH if found[2] else _WORD})"]
        end = found.end()
    return re.compile("".join((*parts, re.escape(path[end:]))))
