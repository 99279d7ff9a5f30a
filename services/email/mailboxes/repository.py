"""Mailboxes and how they are, in the store."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from hub.kit.errors import NotFound
from hub.kit.ids import derive
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from services.email.models import Mailbox, OAuth, Server

MAILBOXES = CollectionSpec("mailboxes", (Index("state"),))
HEALTH = CollectionSpec("health")
_SEALED = ("client_secret", "refresh_token")
GRANTS = CollectionSpec("grants")
_ALL = 1000


class MailboxRepository:
    """A document for each mailbox, passwords sealed; one that was removed stays, with its history."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        self._mailboxes = store.collection(MAILBOXES)
        self._health = store.collection(HEALTH)
        self._secrets = secrets

    async def add(self, document: Document) -> bool:
        """Whether the id was free."""
        return await self._mailboxes.insert(document)

    async def save(self, document: Document) -> bool:
        """False when somebody else was faster."""
        return await self._mailboxes.swap(document)

    async def find(self, mailbox_id: str) -> Document | None:
        """In whatever state."""
        return await self._mailboxes.get(mailbox_id)

    async def get(self, mailbox_id: str) -> Document:
        """One that is active.

        Raises:
            NotFound: there is none.
        """
        document = await self._mailboxes.get(mailbox_id)
        if document is None or document["state"] != "active":
            raise NotFound(f"no mailbox {mailbox_id}")
        return document

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._mailboxes.find({"state": "active"}, limit=limit, after=after)

    async def active(self) -> list[Document]:
        documents: list[Document] = []
        after: str | None = None
        while True:
            page = await self.page(limit=_ALL, after=after)
            documents += page.items
            if (after := page.next) is None:
                return documents

    def opened(self, document: Document) -> Mailbox:
        """The mailbox with its passwords in clear."""
        return Mailbox(
            id=document["_id"],
            address=document["address"],
            name=document["name"],
            imap=self._server(document["imap"]),
            smtp=self._server(document["smtp"]),
            plus_addressing=document["plus_addressing"],
            revision=document["_v"],
        )

    def sealed(self, server: Server) -> dict[str, Any]:
        """As it is stored."""
        stored: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "security": server.security,
            "user": server.user,
        }
        if server.oauth is None:
            return stored | {"password": self._secrets.seal(server.password)}
        secrets = {name: self._secrets.seal(getattr(server.oauth, name)) for name in _SEALED}
        return stored | {"oauth": {**asdict(server.oauth), **secrets}}

    async def health(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._health.get_many(ids)

    async def save_health(self, document: Document) -> None:
        await self._health.put_many([document])

    def _server(self, stored: dict[str, Any]) -> Server:
        if oauth := stored.get("oauth"):
            secrets = {name: self._secrets.unseal(oauth[name]) for name in _SEALED}
            return Server(**{**stored, "oauth": OAuth(**{**oauth, **secrets})})
        return Server(**{**stored, "password": self._secrets.unseal(stored["password"])})


class GrantRepository:
    """Refresh tokens that providers gave in place of those that were entered, sealed."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        self._grants = store.collection(GRANTS)
        self._secrets = secrets

    async def newest(self, oauth: OAuth) -> str:
        """The refresh token to be used."""
        stored = await self._grants.get(_grant_id(oauth))
        return self._secrets.unseal(stored["refresh_token"]) if stored else oauth.refresh_token

    async def renewed(self, oauth: OAuth, refresh_token: str) -> None:
        await self._grants.put_many([{"_id": _grant_id(oauth), "refresh_token": self._secrets.seal(refresh_token)}])


def _grant_id(oauth: OAuth) -> str:
    return derive("grant", oauth.token_url, oauth.client_id, oauth.refresh_token)
