"""Asks the services of the channels for their accounts."""

import asyncio
from collections.abc import Callable

import httpx

from hub.channels.registry import CHANNELS
from hub.kit.log import Log
from services.interactions.reach import Account, Accounts

_PATIENCE = 5.0
log = Log(__name__)


class Directory:
    """By HTTP, as everything between services."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient]) -> None:
        self._peers = {service: peer(service) for service in sorted({spec.service for spec in CHANNELS})}

    async def close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._peers.values()))

    async def accounts(self) -> Accounts:
        """All of ours; never raises."""
        found = await asyncio.gather(*map(self._asked, self._peers))
        known = [account for accounts in found if accounts for account in accounts]
        missing = {service for service, accounts in zip(self._peers, found, strict=True) if accounts is None}
        return Accounts(known=known, silent=[spec.name for spec in CHANNELS if spec.service in missing])

    async def _asked(self, service: str) -> list[Account] | None:
        try:
            answer = await self._peers[service].get("/channels", timeout=_PATIENCE)
            answer.raise_for_status()
            return [
                Account(
                    id=item["id"],
                    channel=item["channel"],
                    address=item["address"],
                    team=item.get("team") or None,
                    others=item.get("others", "full"),
                    approval=bool(item.get("approval")),
                )
                for item in answer.json()["items"]
            ]
        except (httpx.HTTPError, ValueError, KeyError) as exc:
            log.warning("directory.silent", service=service, error=type(exc).__name__)
            return None
