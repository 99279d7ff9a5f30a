"""Numbers in the store; what their providers want kept secret is sealed."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import orjson

from hub.channels.accounts import AccountRepository
from hub.channels.belonging import Line
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Index, Store
from services.messaging.models import HttpProvider, Provider, SmsNumber, TwilioProvider

NUMBERS = CollectionSpec("numbers", (Index("state"),))


class NumberRepository(AccountRepository):
    """A document for each number."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        super().__init__(store, NUMBERS, noun="number")
        self._secrets = secrets

    def sealed(self, provider: Provider) -> dict[str, Any]:
        """As it is stored: what may be shown, and the whole sealed."""
        kind = "twilio" if isinstance(provider, TwilioProvider) else "http"
        shown = {"kind": kind, "name": provider.name}
        if isinstance(provider, TwilioProvider):
            shown |= {"account_sid": provider.account_sid, "service": provider.service}
        else:
            shown |= {"url": provider.url.partition("?")[0]}
        return {**shown, "sealed": self._secrets.seal(orjson.dumps(asdict(provider)).decode())}

    def opened(self, document: Document) -> SmsNumber:
        """The number with its providers' secrets in clear."""
        return SmsNumber(
            id=document["_id"],
            channel="sms",
            address=document["address"],
            name=document["name"],
            line=Line.of(document),
            revision=document.get("_v", 0),
            sender=document["sender"],
            providers=tuple(self._provider(stored) for stored in document["providers"]),
            substitute=document["substitute"],
            tariff=Decimal(document["tariff"]) if document["tariff"] is not None else None,
            region=document["region"],
        )

    def _provider(self, stored: dict[str, Any]) -> Provider:
        fields = orjson.loads(self._secrets.unseal(stored["sealed"]))
        return TwilioProvider(**fields) if stored["kind"] == "twilio" else HttpProvider(**fields)
