"""Asks the channels' services which mailboxes, bots and numbers there are."""

from collections.abc import Callable, Mapping

import httpx

from hub.kit.errors import TransientError

_SERVICES = ("email", "messaging")
_PATIENCE = 10.0


class Directory:
    """See `services.campaigns.mailings.service.Accounts`."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient]) -> None:
        self._clients = {name: peer(name) for name in _SERVICES}

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def addresses(self) -> Mapping[str, tuple[str, str]]:
        """By id the channel and the address of each. Raises TransientError."""
        found: dict[str, tuple[str, str]] = {}
        for name, client in self._clients.items():
            try:
                answer = await client.get("/channels", timeout=_PATIENCE)
                answer.raise_for_status()
            except httpx.HTTPError as exc:
                raise TransientError(f"the service {name} does not answer: {type(exc).__name__}") from exc
            found |= {one["id"]: (one["channel"], one["address"]) for one in answer.json()["items"]}
        return found
