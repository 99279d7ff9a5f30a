"""Asks the interactions service who may be calling, and who sees a call."""

import httpx

from hub.api.actor import HEADER, Actor, Seal
from hub.contracts.ring import RingingClient
from hub.kit.errors import InvalidInput
from hub.kit.ids import derive
from services.telephony.errors import ExchangeUnavailable


class Interactions:
    """By HTTP, as everything between services."""

    def __init__(self, client: httpx.AsyncClient, as_he_is: httpx.AsyncClient, seal: Seal) -> None:
        """`client` asks as this service; `as_he_is` as whoever is told in the header."""
        self._client = client
        self._as_he_is = as_he_is
        self._seal = seal

    async def close(self) -> None:
        await self._client.aclose()
        await self._as_he_is.aclose()

    async def sees_whole(self, actor: Actor, interaction_id: str) -> bool:
        """See `services.telephony.recordings.service.Seen`: asked as he would ask himself."""
        if actor.is_service:
            return True
        try:
            headers = {HEADER: self._seal.header(actor)}
            answer = await self._as_he_is.get(f"/interactions/{interaction_id}", headers=headers)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return False
            answer.raise_for_status()
            return bool(answer.json()["withheld"] == "")
        except (httpx.HTTPError, ValueError, KeyError) as exc:
            raise ExchangeUnavailable("the interactions service does not answer now") from exc

    async def text(self, address: str, *, account: str, text: str, key: str) -> bool:
        """See `services.telephony.courtesy.service.Writes`."""
        clients = await self.callers(address)
        sure = next((one for one in clients if one.sure), None)
        if sure is None:
            return False
        letter = {"channel": "sms", "address": address, "account": account, "text": text}
        try:
            answer = await self._client.post(
                f"/clients/{sure.client_id}/messages", json=letter, headers={"Idempotency-Key": _ascii(key)}
            )
        except httpx.HTTPError as exc:
            raise ExchangeUnavailable("the interactions service does not answer now") from exc
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ExchangeUnavailable(f"the interactions service answered {answer.status_code}")
        if answer.is_error:
            raise InvalidInput(f"not written to: {answer.text[:300]}")
        return True

    async def callers(self, address: str) -> list[RingingClient]:
        """See `services.telephony.calls.rings.Directory`."""
        try:
            answer = await self._client.post("/callers", json={"address": address})
            answer.raise_for_status()
            return [RingingClient.model_validate(one) for one in answer.json()["clients"]]
        except (httpx.HTTPError, ValueError, KeyError) as exc:
            raise ExchangeUnavailable("the interactions service does not answer now") from exc


def _ascii(key: str) -> str:
    """As a header may have it; another one for another key."""
    return derive("key", key)
