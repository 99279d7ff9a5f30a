"""Every query about sessions, tokens and login tries."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from secrets import token_hex

from hub.api.rights import Right
from hub.kit.clock import from_iso, iso
from hub.kit.errors import StoreUnavailable
from hub.kit.every import every, pages
from hub.kit.ids import derive
from hub.store.amend import Change, amend, upsert
from hub.store.base import CollectionSpec, Document, In, Index, Page, Store
from hub.store.sweep import PAGE, sweep
from services.gateway.access.models import SESSIONS, Access, Began, Extent, Kind

ACCESS = CollectionSpec(
    "access", (Index("login", "kind", "created_at"), Index("expires_at"), Index("sid", sparse=True))
)
TRIES = CollectionSpec("tries", (Index("until"),))
KNOWN = CollectionSpec("known", (Index("until"),))
_SALT = "salt"


class AccessRepository:
    """Sessions and tokens by the id that their secret text gives."""

    def __init__(self, store: Store) -> None:
        self._access = store.collection(ACCESS)

    async def get(self, access_id: str) -> Document | None:
        return await self._access.get(access_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._access.get_many(ids)

    async def insert(self, access: Access, *, employee_since: datetime) -> None:
        await self._access.insert(_document(access, employee_since))

    async def page(self, login: str, kinds: Collection[Kind], *, limit: int, after: str | None) -> Page:
        named = In(kind.value for kind in kinds)
        return await self._access.find(
            {"login": login, "kind": named}, order="created_at", descending=True, limit=limit, after=after
        )

    async def of_sid(self, sid: str) -> list[Document]:
        """Those that began with this session at the single sign-on: one for each browser, a few."""
        return (await self._access.find({"sid": sid}, limit=PAGE)).items

    async def used(self, document: Document, at: datetime) -> None:
        """Notes the use; that this is lost does no harm."""
        with suppress(StoreUnavailable):
            await self._access.swap({**document, "last_used_at": iso(at)})

    async def delete(self, access_id: str) -> None:
        await self._access.delete_many([access_id])

    async def delete_many(self, ids: Iterable[str]) -> None:
        await self._access.delete_many(ids)

    async def began(self, login: str, how: Began) -> list[Document]:
        """His sessions that began so."""
        found = await every(lambda after: self.page(login, SESSIONS, limit=PAGE, after=after))
        return [document for document in found if document.get("began") == how]

    async def delete_expired(self, now: datetime) -> None:
        await sweep(self._access, "expires_at", now)

    async def renew(self, access_id: str, epoch: int) -> None:
        """It counts as granted in this epoch."""
        await amend(self._access, access_id, lambda stored: {**stored, "epoch": epoch})

    async def delete_all(self, login: str, kinds: Collection[Kind], *, before: int | None = None) -> None:
        """With `before`, those that were granted in an epoch before that."""
        async for found in pages(lambda after: self.page(login, kinds, limit=PAGE, after=after)):
            await self._access.delete_many(
                str(document["_id"]) for document in found if before is None or document.get("epoch", 0) < before
            )


class TriesRepository:
    """Counts of login tries, and the networks that logins are known at."""

    def __init__(self, store: Store) -> None:
        self._tries = store.collection(TRIES)
        self._known = store.collection(KNOWN)
        self._salt: bytes | None = None

    async def upsert(self, fresh: Document, change: Change) -> Document:
        return await upsert(self._tries, fresh, change)

    async def amend(self, doc_id: str, change: Change) -> None:
        await amend(self._tries, doc_id, change)

    async def salt(self) -> bytes:
        """A secret that all gateways share, drawn at the first login ever."""
        if self._salt is None:
            await self._tries.insert({"_id": _SALT, "salt": token_hex(32), "until": None})
            stored = await self._tries.get(_SALT)
            assert stored is not None
            self._salt = bytes.fromhex(stored["salt"])
        return self._salt

    async def knows(self, login: str, network: str, now: datetime) -> bool:
        stored = await self._known.get(derive("known", login, network))
        return stored is not None and from_iso(stored["until"]) > now

    async def know(self, login: str, network: str, now: datetime, lifetime: timedelta, every: timedelta) -> None:
        """From now on, for a `lifetime`; written again at most once in `every`."""
        until = now + lifetime
        fresh: Document = {"_id": derive("known", login, network), "until": iso(until)}

        def longer(stored: Document) -> Document | None:
            return {**stored, "until": iso(until)} if until - from_iso(stored["until"]) >= every else None

        await upsert(self._known, fresh, longer)

    async def delete_over(self, now: datetime) -> None:
        await sweep(self._tries, "until", now)
        await sweep(self._known, "until", now)


def access_of(document: Document) -> Access:
    expires_at = document["expires_at"]
    return Access(
        id=str(document["_id"]),
        kind=Kind(document["kind"]),
        login=document["login"],
        name=document["name"],
        address=document["address"],
        created_at=from_iso(document["created_at"]),
        expires_at=from_iso(expires_at) if expires_at else None,
        last_used_at=from_iso(document["last_used_at"]),
        epoch=document.get("epoch", 0),
        scope=Extent(document.get("scope", Extent.WRITE)),
        rights=None if (rights := document.get("rights")) is None else frozenset(map(Right, rights)),
        began=Began(document.get("began", Began.PASSWORD)),
        factor=document.get("factor", False),
        sid=document.get("sid"),
    )


def _document(access: Access, employee_since: datetime) -> Document:
    # Without the field where there is none: the index is of those that have it.
    elsewhere = {"sid": access.sid} if access.sid else {}
    return elsewhere | {
        "_id": access.id,
        "kind": access.kind.value,
        "login": access.login,
        "name": access.name,
        "address": access.address,
        "created_at": iso(access.created_at),
        "expires_at": iso(access.expires_at) if access.expires_at else None,
        "last_used_at": iso(access.last_used_at),
        "employee_since": iso(employee_since),
        "epoch": access.epoch,
        "scope": access.scope.value,
        "rights": None if access.rights is None else sorted(access.rights),
        "began": access.began.value,
        "factor": access.factor,
    }
