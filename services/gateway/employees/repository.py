"""Every query about employees, and the roster that says who is an administrator."""

from collections.abc import Iterable

from hub.store.amend import Change, amend, upsert
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from services.gateway.errors import LastAdministrator

EMPLOYEES = CollectionSpec("employees", (Index("handle", sparse=True), Index("sso", sparse=True)))
"""`handle` is what passkeys know him by; `sso` says who he is at the single sign-on."""
FORMER = CollectionSpec("former_employees")
"""Logins of those who left. Nobody gets one again: what was his is read by it."""
ROSTERS = CollectionSpec("rosters")
_ROSTER = "administrators"


class EmployeesRepository:
    """Employees by login."""

    def __init__(self, store: Store) -> None:
        self._employees = store.collection(EMPLOYEES)
        self._former = store.collection(FORMER)

    async def get(self, login: str) -> Document | None:
        return await self._employees.get(login)

    async def get_many(self, logins: Iterable[str]) -> dict[str, Document]:
        return await self._employees.get_many(logins)

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._employees.find({}, limit=limit, after=after)

    async def by(self, field: str, value: str) -> Document | None:
        """The one with this `handle` or `sso`."""
        found = await self._employees.find({field: value}, limit=1)
        return found.items[0] if found.items else None

    async def insert(self, document: Document) -> bool:
        return await self._employees.insert(document)

    async def amend(self, login: str, change: Change) -> Document | None:
        return await amend(self._employees, login, change)

    async def delete(self, login: str) -> None:
        await self._former.insert({"_id": login})
        await self._employees.delete_many([login])

    async def has_left(self, login: str) -> bool:
        return await self._former.get(login) is not None


class Roster:
    """The logins of the active administrators, in one document.

    It alone says who is one, so that "one stays" is a single compare-and-swap however many change roles at once.
    """

    def __init__(self, store: Store) -> None:
        self._rosters = store.collection(ROSTERS)

    async def open(self, login: str) -> None:
        """The first start: this one, unless there is a roster already."""
        await self._rosters.insert({"_id": _ROSTER, "logins": [login]})

    async def logins(self) -> frozenset[str]:
        document = await self._rosters.get(_ROSTER)
        return frozenset(document["logins"] if document else ())

    async def join(self, login: str) -> None:
        def add(document: Document) -> Document | None:
            return None if login in document["logins"] else {**document, "logins": [*document["logins"], login]}

        await upsert(self._rosters, {"_id": _ROSTER, "logins": [login]}, add)

    async def leave(self, login: str) -> None:
        """Nothing happens if he is not on it.

        Raises:
            LastAdministrator: nobody would be left.
        """

        def remove(document: Document) -> Document | None:
            if login not in document["logins"]:
                return None
            if document["logins"] == [login]:
                raise LastAdministrator
            return {**document, "logins": [other for other in document["logins"] if other != login]}

        await amend(self._rosters, _ROSTER, remove)
