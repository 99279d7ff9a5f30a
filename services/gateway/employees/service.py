"""The rules about employees: logins are unique, passwords are hashed, one administrator always stays."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from hub.api.rights import Right, Role
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document, Store
from services.gateway.employees.factors import has_factor
from services.gateway.employees.models import Changes, Employee
from services.gateway.employees.passwords import Passwords
from services.gateway.employees.repository import EmployeesRepository, Roster
from services.gateway.errors import LoginTaken

FIRST = "admin"
_PAGE = 500
Rights = Callable[[str], frozenset[Right]]


@dataclass(frozen=True, slots=True)
class EmployeePage:
    items: list[Employee]
    next: str | None


class Employees:
    """Makes, changes and removes employees."""

    def __init__(self, store: Store, passwords: Passwords, clock: Clock, *, rights: Rights) -> None:
        """`rights` are those of a role, now."""
        self._rights = rights
        self._repository = EmployeesRepository(store)
        self._roster = Roster(store)
        self._passwords = passwords
        self._clock = clock

    async def open(self, given_password: str | None) -> str | None:
        """Makes the first administrator at the first start, once, however many gateways start together.

        Returns:
            The password, if it was made up here; it cannot be shown again.
        """
        await self._roster.open(FIRST)
        if FIRST not in await self._roster.logins():
            return None
        made_up = given_password is None
        password = given_password or secrets.token_urlsafe(12)
        if await self._repository.get(FIRST) is None:
            document = await self._document(FIRST, "Administrator", Role.ADMINISTRATOR, password)
            if await self._repository.insert({**document, "made_up": made_up}):
                return password if made_up else None
        if given_password is not None:
            await self._replace_unused(given_password)
        return None

    async def get(self, login: str) -> Employee:
        """Raises NotFound."""
        found = await self.known(login)
        if found is None:
            raise NotFound(f"there is no employee {login!r}; GET /api/v1/employees lists all")
        return found

    async def known(self, login: str) -> Employee | None:
        # Each request asks; one after the other would cost it a tenth of a millisecond more.
        document, administrators = await asyncio.gather(self._repository.get(login), self._roster.logins())
        return self._employee(document, administrators) if document else None

    async def known_many(self, logins: Iterable[str]) -> dict[str, Employee]:
        """Those that exist, by login."""
        documents = await self._repository.get_many(logins)
        administrators = await self._roster.logins()
        return {login: self._employee(document, administrators) for login, document in documents.items()}

    async def page(self, *, limit: int, after: str | None) -> EmployeePage:
        page = await self._repository.page(limit=limit, after=after)
        administrators = await self._roster.logins()
        return EmployeePage([self._employee(document, administrators) for document in page.items], page.next)

    async def by_sso(self, key: str) -> Employee | None:
        """Who this is at the single sign-on."""
        document = await self._repository.by("sso", key)
        return self._employee(document, await self._roster.logins()) if document else None

    async def link(self, login: str, key: str) -> Employee:
        """From now on the single sign-on lets him in, too.

        Raises:
            InvalidInput: somebody else there is linked to him.
        """

        def linked(stored: Document) -> Document | None:
            if stored.get("sso") not in (None, key):
                raise InvalidInput(f"{login} is linked to somebody else at the single sign-on")
            return {**stored, "sso": key}

        await self._repository.amend(login, linked)
        return await self.get(login)

    async def end(self, login: str) -> Employee:
        """All that was granted to him ends."""
        await self._repository.amend(
            login, lambda stored: {**stored, "epoch": stored.get("epoch", 0) + 1, "spared": None}
        )
        return await self.get(login)

    async def create(
        self, login: str, *, name: str, role: str, password: str | None, key: str = "", sso: str | None = None
    ) -> Employee:
        """The same `key` again (a repeated request), or `sso`, finds the employee that the first one made.

        Without a password the single sign-on lets him in, where he is `sso`.

        Raises:
            LoginTaken: somebody else has this login, or had it.
        """
        if await self._repository.has_left(login):
            raise LoginTaken(fields={"login": "of somebody who left: what was his would be yours; choose another"})
        document = {**await self._document(login, name, role, password), "key": key}
        if not await self._repository.insert({**document, "sso": sso} if sso else document):
            stored = await self._repository.get(login) or {}
            if not (key and stored.get("key") == key) and not (sso and stored.get("sso") == sso):
                raise LoginTaken(fields={"login": "taken; choose another"})
        if role == Role.ADMINISTRATOR:
            await self._roster.join(login)
        return await self.get(login)

    async def change(
        self, login: str, changes: Changes, *, epoch: int | None = None, spared: str | None = None
    ) -> Employee:
        """A new password, or being switched off, ends all that was granted to him, but for the session `spared`.

        Raises:
            NotFound: there is no such employee.
            LastAdministrator: nobody would be left.
            Conflict: his password was changed since `epoch`.
        """
        before = await self.get(login)
        role = changes.role or before.role
        active = before.active if changes.active is None else changes.active
        stays = role == Role.ADMINISTRATOR and active
        if not stays:
            await self._roster.leave(login)
        await self._store(login, changes, epoch, spared)
        if stays:
            await self._roster.join(login)
        return await self.get(login)

    async def delete(self, login: str) -> None:
        """Raises NotFound, LastAdministrator."""
        await self.get(login)
        await self._roster.leave(login)
        await self._repository.delete(login)

    async def proven(self, login: str, password: str, *, known: bool = False) -> Employee | None:
        """The employee whose password it is, as he was when it was looked at.

        It takes as long for an unknown login as for a known one. Who is `known` there does not wait behind strangers.

        Raises:
            TooManyRequests: too many strangers wait.
        """
        document = await self._repository.get(login)
        right = await self._passwords.matches(document["password"] if document else None, password, known=known)
        return self._employee(document, await self._roster.logins()) if document and right else None

    async def away(self, logins: Collection[str]) -> set[str]:
        """Those of them who are absent, switched off or gone."""
        known = await self.known_many(logins)
        return {login for login in logins if login not in known or known[login].absent or not known[login].active}

    async def holder(self, role: str) -> str | None:
        """Somebody who has this role."""
        after: str | None = None
        while True:
            page = await self.page(limit=_PAGE, after=after)
            if found := next((each.login for each in page.items if each.role == role), None):
                return found
            if (after := page.next) is None:
                return None

    async def _document(self, login: str, name: str, role: str, password: str | None) -> Document:
        hashed = None if password is None else await self._passwords.hash(password)
        created_at = iso(self._clock.now())
        return {
            "_id": login,
            "name": name,
            "role": str(role),
            "active": True,
            "password": hashed,
            "created_at": created_at,
        }

    async def _store(self, login: str, changes: Changes, epoch: int | None, spared: str | None) -> None:
        given: Document = {
            "name": changes.name,
            "role": changes.role,
            "active": changes.active,
            "signature": changes.signature,
            "absent": changes.absent,
            "languages": None if changes.languages is None else list(changes.languages),
            "skills": None if changes.skills is None else list(changes.skills),
        }
        if changes.password is not None:
            given |= {"password": await self._passwords.hash(changes.password), "made_up": False}
        new = {name: value for name, value in given.items() if value is not None}
        ends = changes.password is not None or changes.active is False

        def changed(stored: Document) -> Document:
            if epoch not in (None, stored.get("epoch", 0)):
                raise Conflict("the password was changed meanwhile; log in with the new one")
            ended = {"epoch": stored.get("epoch", 0) + 1, "spared": spared} if ends else {}
            return {**stored, **new, **ended}

        await self._repository.amend(login, changed)

    async def _replace_unused(self, password: str) -> None:
        """A made-up password that was lost can be set by the setting, as long as nobody chose one since."""
        stored = await self._repository.get(FIRST)
        if stored is None or not stored.get("made_up"):
            return
        hashed = await self._passwords.hash(password)
        await self._repository.amend(
            FIRST,
            lambda now: (
                {**now, "password": hashed, "made_up": False, "epoch": now.get("epoch", 0) + 1}
                if now.get("made_up")
                else None
            ),
        )

    def _employee(self, document: Document, administrators: frozenset[str]) -> Employee:
        """The roster is the truth about administrators: who is on it is one, who is not has no rights as one."""
        login, role, active = str(document["_id"]), str(document["role"]), bool(document["active"])
        if login in administrators:
            role, active = Role.ADMINISTRATOR.value, True
        elif role == Role.ADMINISTRATOR:
            active = False
        return Employee(
            login=login,
            name=document["name"],
            role=role,
            rights=self._rights(role),
            active=active,
            created_at=from_iso(document["created_at"]),
            signature=document.get("signature", ""),
            absent=document.get("absent", False),
            languages=tuple(document.get("languages", ())),
            skills=tuple(document.get("skills", ())),
            second_factor=has_factor(document),
            application=bool(document.get("totp")),
            passkeys=len(document.get("passkeys", ())),
            recovery_codes=len(document.get("recovery", ())),
            epoch=document.get("epoch", 0),
            spared=document.get("spared"),
        )
