"""Exchanges in the store; what they want kept secret is sealed."""

from typing import Any

import orjson
from pydantic import SecretStr

from hub.channels.accounts import AccountRepository
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Index, Store
from services.telephony.exchanges.models import FORMS, SECRETS, AmiInput, Exchange, TwilioInput, WebhookInput

EXCHANGES = CollectionSpec("exchanges", (Index("state"),))


class ExchangeRepository(AccountRepository):
    """A document for each exchange."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        super().__init__(store, EXCHANGES, noun="exchange")
        self._secrets = secrets

    def stored(self, connection: AmiInput | WebhookInput | TwilioInput) -> dict[str, Any]:
        """`connection`, that may be shown, and `sealed`, that may not."""
        shown = connection.model_dump(mode="json", exclude=set(SECRETS))
        hidden = {
            name: value.get_secret_value()
            for name in SECRETS
            if isinstance(value := getattr(connection, name, None), SecretStr)
        }
        return {"connection": shown, "sealed": self._secrets.seal(orjson.dumps(hidden).decode())}

    def secrets_of(self, document: Document) -> dict[str, str]:
        """Raises ConfigurationError where the key does not open them."""
        found: dict[str, str] = orjson.loads(self._secrets.unseal(document["sealed"]))
        return found

    def opened(self, document: Document) -> Exchange:
        """The exchange with its secrets in clear."""
        kind = document["kind"]
        connection = FORMS[kind].model_validate({**document["connection"], **self.secrets_of(document)})
        return Exchange(
            id=document["_id"],
            kind=kind,
            name=document["name"],
            address=document["address"],
            region=document["region"],
            connection=connection,
            revision=document.get("_v", 0),
        )
