"""The accounts of a channel (mailboxes, bots, numbers) and how they are, in the store of its service."""

from collections.abc import Iterable, Sequence

from hub.channels.belonging import Line, Lines
from hub.kit.errors import NotFound
from hub.kit.every import every
from hub.store.base import CollectionSpec, Document, Page, Store

HEALTH = CollectionSpec("health")
_ALL = 1000


class AccountRepository:
    """A document for each account; one that was removed stays, with its history."""

    def __init__(self, store: Store, spec: CollectionSpec, *, noun: str) -> None:
        """`spec` has an index on `state`; `noun` is what an account is called in errors."""
        self._accounts = store.collection(spec)
        self._health = store.collection(HEALTH)
        self._noun = noun

    async def add(self, document: Document) -> bool:
        """Whether the id was free."""
        return await self._accounts.insert(document)

    async def save(self, document: Document) -> bool:
        """False when somebody else was faster."""
        return await self._accounts.swap(document)

    async def find(self, account: str) -> Document | None:
        """In whatever state."""
        return await self._accounts.get(account)

    async def get(self, account: str) -> Document:
        """One that is active.

        Raises:
            NotFound: there is none.
        """
        document = await self._accounts.get(account)
        if document is None or document["state"] != "active":
            raise NotFound(f"no {self._noun} {account}")
        return document

    async def ever(self, account: str) -> Document:
        """One that is, or was: what it brought can still be read.

        Raises:
            NotFound: there never was one.
        """
        document = await self.find(account)
        if document is None:
            raise NotFound(f"no {self._noun} {account}")
        return document

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._accounts.find({"state": "active"}, limit=limit, after=after)

    async def active(self) -> list[Document]:
        return await every(lambda after: self.page(limit=_ALL, after=after))

    async def lines(self, accounts: Iterable[str]) -> Lines:
        """Whose these are, also of those that were removed."""
        return {account: Line.of(found) for account, found in (await self._accounts.get_many(accounts)).items()}

    async def health(self, ids: Iterable[str]) -> dict[str, Document]:
        """The notes, with what came in by post at any copy of the hub."""
        wanted = list(ids)
        found = await self._health.get_many([*wanted, *map(_posted, wanted)])
        notes = {one: found[one] for one in wanted if one in found}
        for account, note in notes.items():
            if posted := found.get(_posted(account)):
                notes[account] = {**note, "last_in": max(note.get("last_in") or "", posted["last_in"])}
        return notes

    async def note_posted(self, account: str, at: str) -> None:
        """Beside the note, which belongs to the copy that looks after the account."""
        await self._health.put_many([{"_id": _posted(account), "last_in": at}])

    async def save_healths(self, documents: Sequence[Document]) -> None:
        """In one write, however many there are."""
        await self._health.put_many(documents)


def _posted(account: str) -> str:
    return f"{account}#posted"
