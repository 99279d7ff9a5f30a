"""Asks the campaigns service whether a channel needs the source of a new client."""

from collections.abc import Callable

import httpx

from hub.kit.log import Log

_PATIENCE = 5.0
log = Log(__name__)


class SourcePolicies:
    """By HTTP; see `services.interactions.origins.Policies`. Where nobody answers nothing is required."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient]) -> None:
        self._client = peer("campaigns")

    async def close(self) -> None:
        await self._client.aclose()

    async def requires(self, channel: str) -> bool:
        """Never raises: a client is opened, and whoever asks for his source has a task."""
        try:
            answer = await self._client.get("/source-policies", timeout=_PATIENCE)
            answer.raise_for_status()
            return any(one["channel"] == channel and one["rule"] == "required" for one in answer.json()["items"])
        except (httpx.HTTPError, ValueError, KeyError) as exc:
            log.warning("policies.silent", error=type(exc).__name__)
            return False
