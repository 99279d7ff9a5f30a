"""Asks the interactions service who may be calling."""

import httpx

from hub.contracts.ring import RingingClient
from services.telephony.errors import ExchangeUnavailable


class Interactions:
    """By HTTP, as everything between services."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def close(self) -> None:
        await self._client.aclose()

    async def callers(self, address: str) -> list[RingingClient]:
        """See `services.telephony.calls.rings.Directory`."""
        try:
            answer = await self._client.post("/callers", json={"address": address})
            answer.raise_for_status()
            return [RingingClient.model_validate(one) for one in answer.json()["clients"]]
        except (httpx.HTTPError, ValueError, KeyError) as exc:
            raise ExchangeUnavailable("the interactions service does not answer now") from exc
