"""The rules about getting in: log in, be recognised by a bearer text, revoke."""

import secrets
from collections.abc import Collection
from datetime import timedelta

from hub.kit.clock import Clock, from_iso
from hub.kit.errors import NotFound, Unauthenticated
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.store.base import Document, Page, Store
from services.gateway.access.models import SESSIONS, Access, Granted, Kind
from services.gateway.access.repository import AccessRepository, access_of
from services.gateway.access.throttle import Throttle
from services.gateway.employees.models import Employee
from services.gateway.employees.service import Employees

log = Log(__name__)
PREFIX = "hub_"
_NOTED_EVERY = timedelta(minutes=5)


class Desk:
    """Gives out sessions and tokens, and knows whose they are."""

    def __init__(
        self, store: Store, employees: Employees, throttle: Throttle, clock: Clock, *, session_lifetime: timedelta
    ) -> None:
        self._repository = AccessRepository(store)
        self._employees = employees
        self._throttle = throttle
        self._clock = clock
        self.session_lifetime = session_lifetime

    async def log_in(
        self, login: str, password: str, *, address: str, program: str, kind: Kind = Kind.SESSION
    ) -> tuple[Granted, Employee]:
        """A session, by bearer text or, of kind BROWSER, by a cookie.

        Raises:
            TooManyRequests: too many tries.
            Unauthenticated: wrong login or password, or the employee is not active; the answer does not say which.
        """
        right = await self.proves(login, password, address=address)
        employee = await self._employees.known(login)
        if not right or employee is None or not employee.active:
            log.warning("login.refused")
            raise Unauthenticated("login or password is wrong")
        granted = await self._grant(employee, kind, name=program, address=address, lifetime=self.session_lifetime)
        return granted, employee

    async def proves(self, login: str, password: str, *, address: str) -> bool:
        """Whether it is the password; counted as a try. Raises TooManyRequests."""
        await self._throttle.enter(login=login, address=address)
        right = await self._employees.knows_password(login, password)
        if right:
            await self._throttle.succeed(login=login, address=address)
        return right

    async def make_token(self, employee: Employee, *, name: str, address: str, lifetime: timedelta | None) -> Granted:
        return await self._grant(employee, Kind.TOKEN, name=name, address=address, lifetime=lifetime)

    async def who(self, text: str, *, kinds: Collection[Kind] = tuple(Kind)) -> tuple[Employee, Access]:
        """Whose the secret text is; raises Unauthenticated, also where it is of another kind."""
        document = await self._repository.get(derive("acc", text)) if text.startswith(PREFIX) else None
        if document is None or document["kind"] not in kinds:
            raise Unauthenticated
        return await self._standing(document)

    async def standing(self, access_id: str) -> tuple[Employee, Access]:
        """Whose the access is; raises Unauthenticated when it is over."""
        document = await self._repository.get(access_id)
        if document is None:
            raise Unauthenticated
        return await self._standing(document)

    async def _standing(self, document: Document) -> tuple[Employee, Access]:
        access, now = access_of(document), self._clock.now()
        if access.expires_at is not None and access.expires_at <= now:
            raise Unauthenticated("the session is over; log in again")
        employee = await self._owner(document)
        if now - access.last_used_at > _NOTED_EVERY:
            await self._repository.used(document, now)
        return employee, access

    async def page(self, login: str, kinds: Collection[Kind], *, limit: int, after: str | None) -> Page:
        """Documents of `login`'s sessions or tokens, newest first."""
        return await self._repository.page(login, kinds, limit=limit, after=after)

    async def forget(self, text: str) -> None:
        """Ends what this secret text opens, if anything."""
        await self._repository.delete(derive("acc", text))

    async def revoke(self, login: str, kinds: Collection[Kind], access_id: str) -> None:
        """Raises NotFound unless it is one of his."""
        document = await self._repository.get(access_id)
        if document is None or document["login"] != login or document["kind"] not in kinds:
            raise NotFound
        await self._repository.delete(access_id)

    async def end_sessions(self, login: str, *, but: str = "") -> None:
        await self._repository.delete_all(login, SESSIONS, but=but)

    async def revoke_all(self, login: str) -> None:
        await self._repository.delete_all(login, tuple(Kind))

    async def sweep(self) -> None:
        await self._repository.delete_expired(self._clock.now())

    async def _owner(self, document: Document) -> Employee:
        employee = await self._employees.known(document["login"])
        if employee is None or not employee.active or employee.created_at != from_iso(document["employee_since"]):
            raise Unauthenticated
        return employee

    async def _grant(
        self, employee: Employee, kind: Kind, *, name: str, address: str, lifetime: timedelta | None
    ) -> Granted:
        token, now = PREFIX + secrets.token_urlsafe(32), self._clock.now()
        access = Access(
            id=derive("acc", token),
            kind=kind,
            login=employee.login,
            name=name,
            address=address,
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
            last_used_at=now,
        )
        await self._repository.insert(access, employee_since=employee.created_at)
        return Granted(token=token, access=access)
