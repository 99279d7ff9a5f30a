"""Bots in the store, tokens sealed."""

from typing import Any

from hub.channels.accounts import AccountRepository
from hub.channels.belonging import Line
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Index, Store
from services.messaging.models import Bot

BOTS = CollectionSpec("bots", (Index("state"),))


class BotRepository(AccountRepository):
    """A document for each bot."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        super().__init__(store, BOTS, noun="bot")
        self._secrets = secrets

    def sealed(self, *, token: str, secret: str) -> dict[str, Any]:
        """As they are stored."""
        return {"token": self._secrets.seal(token), "secret": self._secrets.seal(secret)}

    def opened(self, document: Document) -> Bot:
        """The bot with its token in clear."""
        return Bot(
            id=document["_id"],
            channel="telegram",
            address=document["address"],
            name=document["name"],
            line=Line.of(document),
            revision=document.get("_v", 0),
            username=document["address"].removeprefix("@"),
            token=self._secrets.unseal(document["token"]),
            secret=self._secrets.unseal(document["secret"]),
            api_url=document["api_url"],
            mode=document["mode"],
            groups=document["groups"],
            region=document.get("region", "RU"),
        )
