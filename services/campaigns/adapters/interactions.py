"""Asks the interactions service for a client, on behalf of whoever wants to see him."""

from collections.abc import Callable

import httpx

from hub.api.actor import HEADER, Actor, Seal
from hub.kit.errors import NotFound, TransientError
from hub.store.base import Document
from services.campaigns.people import variables_of

_PATIENCE = 10.0


class InteractionsPeer:
    """By HTTP, as everything between services; see `services.campaigns.templates.endpoints.People`."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient], seal: Seal) -> None:
        self._client = peer("interactions")
        self._seal = seal

    async def close(self) -> None:
        await self._client.aclose()

    async def variables(self, client_id: str, actor: Actor) -> Document:
        """What templates may say of a client. Raises NotFound and TransientError."""
        shown = await self._get(f"/clients/{client_id}", actor)
        return variables_of(shown, [one["address"] for one in shown["addresses"]])

    async def _get(self, path: str, actor: Actor) -> Document:
        try:
            answer = await self._client.get(path, timeout=_PATIENCE, headers={HEADER: self._seal.header(actor)})
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise NotFound("there is no such client")
            answer.raise_for_status()
        except httpx.HTTPError as exc:
            raise TransientError(f"the service interactions does not answer: {type(exc).__name__}") from exc
        found: Document = answer.json()
        return found
