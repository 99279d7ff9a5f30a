"""Makes calls of call lists: the interactions service plans them, as whenever an operator calls a client.

So every attempt is an interaction in the client's chain, within the hours for calls, refused to those who said no.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import httpx

from hub.api.actor import HEADER, Actor, Seal
from hub.kit.errors import Conflict, TransientError
from hub.store.base import Document

_PATIENCE = 10.0
_REFUSED = frozenset((403, 404, 409, 422))


class Whose(Protocol):
    """Whose addresses are."""

    async def client_of(self, address: str) -> str | None: ...


class Dialling:
    """See `services.campaigns.calllists.ringing.Dials`."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient], seal: Seal, whose: Whose) -> None:
        self._client = peer("interactions")
        self._seal = seal
        self._whose = whose

    async def close(self) -> None:
        await self._client.aclose()

    async def dial(self, entry: Document, *, line: str, actor: Actor, key: str, dropped_to: str) -> str:
        """The interaction; the same key is the same call. Raises Conflict where it is refused, and TransientError."""
        known = entry["client"] or await self._whose.client_of(entry["number"])
        client = known or await self.opened(entry["number"], entry["name"], actor=actor, key=key)
        wanted: dict[str, Any] = {"address": entry["number"], **({"line": line} if line else {})}
        if not actor.is_service:
            return str((await self._post(f"/clients/{client}/calls", wanted, actor, key))["id"])
        wanted |= {"call_list": entry["list"], "dropped_to": dropped_to, "key": key}
        return str((await self._post(f"/clients/{client}/dials", wanted, actor, key))["id"])

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None:
        """See `services.campaigns.calllists.following.Chains`."""
        chain = (await self._get(f"/interactions/{interaction}", actor))["chain_id"]
        await self._post(f"/chains/{chain}/notes", {"text": text}, actor, key)

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:
        await self._post("/tasks", {**given, "interaction_id": interaction}, actor, key)

    async def deal(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:
        wanted = {name: value for name, value in given.items() if value is not None}
        await self._post("/deals", {**wanted, "interaction_id": interaction}, actor, key)

    async def channel_of(self, interaction: str, *, actor: Actor) -> str:
        """See `services.campaigns.policies.service.Chains`."""
        return str((await self._get(f"/interactions/{interaction}", actor))["channel"])

    async def add_task(self, given: Document, *, actor: Actor, key: str) -> None:
        await self._post("/tasks", given, actor, key)

    async def contact(self, client: str, given: Document, *, actor: Actor, key: str) -> str:
        """See `services.campaigns.marketingevents.following.Chains`."""
        return str((await self._post("/interactions", {**given, "client_id": client}, actor, key))["id"])

    async def opened(self, address: str, name: str, *, actor: Actor, key: str) -> str:
        """The client of an address that is nobody's yet."""
        card = {"name": name or None, "addresses": [{"address": address}]}
        asking = replace(actor, session="")  # what he is opened for has a source of its own
        made = await self._post("/clients", {n: v for n, v in card.items() if v}, asking, f"{key}-client")
        return str(made["id"])

    async def _get(self, path: str, actor: Actor) -> Document:
        return await self._ask("GET", path, actor, refused="it is not shown")

    async def _post(self, path: str, body: Document, actor: Actor, key: str) -> Document:
        return await self._ask("POST", path, actor, refused="the call is refused", key=key, body=body)

    async def _ask(
        self, method: str, path: str, actor: Actor, *, refused: str, key: str = "", body: Document | None = None
    ) -> Document:
        """Raises Conflict, in the words of the service or else `refused`; and TransientError."""
        headers = {HEADER: self._seal.header(actor), **({"Idempotency-Key": key} if key else {})}
        try:
            answer = await self._client.request(method, path, json=body, headers=headers, timeout=_PATIENCE)
            if answer.status_code in _REFUSED:
                raise Conflict(str(answer.json().get("detail") or refused))
            answer.raise_for_status()
        except httpx.HTTPError as exc:
            raise TransientError(f"the service interactions does not answer: {type(exc).__name__}") from exc
        told: Document = answer.json()
        return told
