"""Asks the service of calls who is there for a call list."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx

from hub.api.actor import Actor
from hub.kit.clock import from_iso, iso
from hub.kit.errors import TransientError
from hub.store.base import Document
from services.campaigns.calllists.hours import Lasted

_PATIENCE = 5.0


class Crew:
    """See `services.campaigns.calllists.endpoints.Crew`."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient]) -> None:
        self._client = peer("telephony")

    async def close(self) -> None:
        await self._client.aclose()

    async def join(self, list_id: str, *, after_call: float, actor: Actor) -> Document:
        return await self._joins(list_id, actor, {"joins": True, "after_call": after_call})

    async def leave(self, list_id: str, *, actor: Actor) -> Document:
        return await self._joins(list_id, actor, {"joins": False, "after_call": 0.0})

    async def dials(self, list_id: str, ids: Sequence[str]) -> Document:
        """See `services.campaigns.calllists.dialler.Floor`."""
        told: Document = await self._post(f"/call-lists/{list_id}/dials", {"ids": list(ids)})
        return told

    async def durations(self, interactions: Sequence[str]) -> dict[str, Lasted]:
        """See `services.campaigns.calllists.hours.Durations`."""
        found = await self._post("/calls/durations", {"ids": list(interactions)})
        return {one["id"]: Lasted(one["talk"], one["ended_at"] and from_iso(one["ended_at"])) for one in found}

    async def day(self, list_id: str, since: datetime, until: datetime) -> Document:
        """See `services.campaigns.calllists.days.Recorder`."""
        told: Document = await self._post(f"/call-lists/{list_id}/day", {"since": iso(since), "until": iso(until)})
        return told

    async def _joins(self, list_id: str, actor: Actor, said: Document) -> Document:
        found = await self._post(
            f"/call-lists/{list_id}/agents", {"login": actor.login, "teams": actor.teams, **said}
        )
        return {name: found[name] for name in ("login", "state", "call_lists")}

    async def _post(self, path: str, body: Document) -> Any:
        try:
            answer = await self._client.post(path, json=body, timeout=_PATIENCE)
            answer.raise_for_status()
        except httpx.HTTPError as exc:
            raise TransientError(f"the service telephony does not answer: {type(exc).__name__}") from exc
        return answer.json()
