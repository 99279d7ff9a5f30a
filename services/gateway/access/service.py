"""The rules about getting in: log in, be recognised by a bearer text, revoke."""

import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from hub.api.rights import Right, Role
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import Forbidden, InvalidInput, NotFound, TransientError, Unauthenticated
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.store.base import Document, Page, Store
from services.gateway.access.models import Access, Began, Extent, Granted, Kind, Standing
from services.gateway.access.repository import AccessRepository, access_of
from services.gateway.access.throttle import Attempt, Throttle
from services.gateway.employees.factors import WRONG, Factors, Shown
from services.gateway.employees.models import Employee
from services.gateway.employees.service import Employees
from services.gateway.errors import CodeNeeded, Elsewhere, NotThisPasskey

T = TypeVar("T")
log = Log(__name__)
PREFIX = "hub_"
NEEDED = "required; the application shows it, or give a recovery code; a passkey needs neither"
NOTED_EVERY = timedelta(minutes=1)
"""The last use of an access is written at most so often."""


class Desk:
    """Gives out sessions and tokens, and knows whose they are."""

    def __init__(
        self,
        store: Store,
        employees: Employees,
        throttle: Throttle,
        factors: Factors,
        clock: Clock,
        *,
        session_lifetime: timedelta,
        factor_roles: Collection[str] = (),
        break_glass: Collection[str] | None = None,
        ended: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Who has one of `factor_roles` may do nothing without a second factor but set one up.

        With `break_glass` people log in by the single sign-on; these administrators may do it here as well. `ended`
        tells others that somebody's epoch is another.
        """
        self._ended = ended
        self._repository = AccessRepository(store)
        self._employees = employees
        self._throttle = throttle
        self._factors = factors
        self._clock = clock
        self.session_lifetime = session_lifetime
        self._factor_roles = frozenset(factor_roles)
        self._break_glass = break_glass

    async def log_in(
        self,
        login: str,
        password: str,
        *,
        address: str,
        program: str,
        kind: Kind = Kind.SESSION,
        device: str | None = None,
        code: str | None = None,
    ) -> tuple[Granted, Employee]:
        """A session, by bearer text or, of kind BROWSER, by a cookie.

        Raises:
            TooManyRequests: too many tries.
            Unauthenticated: wrong login or password, or the employee is not active; the answer does not say which.
            CodeNeeded: the password is right, and the code of the second factor is missing or wrong.
            Elsewhere: all is right, and he is to log in by the single sign-on.
        """
        attempt = Attempt(login=login, address=address, device=device)
        known = await self._throttle.enter(attempt)
        employee = await self._employees.proven(login, password, known=known)
        if employee is None or not employee.active:
            log.warning("login.refused")
            raise Unauthenticated("login or password is wrong")
        shown = await self._second_factor(employee, code)
        self._refuse_elsewhere(employee)
        await self._throttle.succeed(attempt, known=known)
        access = _Wanted(kind, name=program, address=address, lifetime=self.session_lifetime)
        granted = await self._grant(employee, access)
        return replace(granted, recovery_left=shown.recovery_left), employee

    async def _second_factor(self, employee: Employee, code: str | None) -> Shown:
        """Raises CodeNeeded."""
        if not employee.second_factor:
            return Shown()
        shown = await self._factors.proves(employee.login, code) if code else None
        if shown is None:
            raise CodeNeeded(fields={"code": WRONG if code else NEEDED})
        return shown

    async def log_in_by_passkey(
        self, attempt: Attempt, show: Callable[[], Awaitable[object]], *, program: str, kind: Kind
    ) -> tuple[Granted, Employee]:
        """The same with a passkey of his, which `show` looks at; it is both factors.

        Raises:
            TooManyRequests: too many tries.
            NotThisPasskey: `show` says so, or he is not active.
            Elsewhere: he is to log in by the single sign-on.
        """
        # As he is before it is looked at: what ends all that was granted to him meanwhile ends this too.
        employee = await self._employees.known(attempt.login)
        await self.counted(attempt, show)
        if employee is None or not employee.active:
            log.warning("login.refused")
            raise NotThisPasskey
        self._refuse_elsewhere(employee)
        wanted = _Wanted(kind, name=program, address=attempt.address, lifetime=self.session_lifetime)
        return await self._grant(employee, replace(wanted, began=Began.PASSKEY)), employee

    def _refuse_elsewhere(self, employee: Employee) -> None:
        """Last of all, so that it says nothing about logins to who has not the password; raises Elsewhere."""
        if self._break_glass is None:
            return
        if employee.role != Role.ADMINISTRATOR or employee.login not in self._break_glass:
            raise Elsewhere

    async def admit(
        self, employee: Employee, *, address: str, program: str, factor: bool, sid: str | None
    ) -> Granted:
        """A browser's session on the word of the single sign-on."""
        wanted = _Wanted(Kind.BROWSER, name=program, address=address, lifetime=self.session_lifetime)
        return await self._grant(employee, replace(wanted, began=Began.SSO, factor=factor, sid=sid))

    async def end_elsewhere(self, login: str | None, sid: str | None) -> None:
        """Ends what began with this session at the single sign-on; without `sid`, all that his logins there began."""
        if sid is not None:
            found = await self._repository.of_sid(sid)
            ended = [each for each in found if login in (None, each["login"])]
        else:
            ended = [] if login is None else await self._repository.began(login, Began.SSO)
        await self._repository.delete_many(str(each["_id"]) for each in ended)

    async def counted(self, attempt: Attempt, look: Callable[[], Awaitable[T]]) -> T:
        """Counts a try before it is looked at, and takes it back where that raises nothing, or cannot be said now.

        Raises:
            TooManyRequests: too many tries.
        """
        known = await self._throttle.enter(attempt)
        try:
            found = await look()
        except TransientError:
            await self._throttle.take_back(attempt, known=known)
            raise
        await self._throttle.succeed(attempt, known=known)
        return found

    async def proves(self, login: str, password: str, *, address: str, device: str | None = None) -> Employee | None:
        """Whose password it is, if it is his; counted as a try.

        Raises:
            TooManyRequests: too many wrong ones, or too many strangers wait to be looked at.
        """
        attempt = Attempt(login=login, address=address, device=device)
        known = await self._throttle.enter(attempt)
        employee = await self._employees.proven(login, password, known=known)
        if employee is not None:
            await self._throttle.succeed(attempt, known=known)
        return employee

    async def make_token(
        self,
        employee: Employee,
        session: Access,
        *,
        name: str,
        address: str,
        lifetime: timedelta,
        scope: Extent = Extent.WRITE,
        rights: frozenset[Right] | None = None,
    ) -> Granted:
        """By the session that he is in: what it began with counts for the token, too.

        Raises:
            InvalidInput: the owner himself does not have one of `rights`.
        """
        if missing := sorted(right for right in rights or () if not employee.may(right)):
            fix = f"{', '.join(missing)}: not among your own; GET /api/v1/me lists them"
            raise InvalidInput(f"rights: {fix}", fields={"rights": fix})
        wanted = _Wanted(Kind.TOKEN, name=name, address=address, lifetime=lifetime, scope=scope, rights=rights)
        return await self._grant(employee, replace(wanted, began=session.began, factor=session.factor))

    async def make_feed(self, employee: Employee, session: Access, *, address: str, lifetime: timedelta) -> Granted:
        """The secret of an address that reads his calendar; as for a token, what the session began with counts."""
        rights = frozenset({Right.READ_CORRESPONDENCE})
        wanted = _Wanted(
            Kind.CALENDAR, name="calendar", address=address, lifetime=lifetime, scope=Extent.READ, rights=rights
        )
        return await self._grant(employee, replace(wanted, began=session.began, factor=session.factor))

    async def who(self, text: str, *, kinds: Collection[Kind] = tuple(Kind)) -> tuple[Employee, Access]:
        """Whose the secret text is; raises Unauthenticated, also where it is of another kind."""
        document = await self._repository.get(derive("acc", text)) if text.startswith(PREFIX) else None
        if document is None or document["kind"] not in kinds:
            raise Unauthenticated
        return await self._standing(document)

    async def _standing(self, document: Document) -> tuple[Employee, Access]:
        access, now = access_of(document), self._clock.now()
        if access.expires_at is not None and access.expires_at <= now:
            raise Unauthenticated("the session is over; log in again")
        employee = await self._employees.known(document["login"])
        if employee is None or not _stands(document, access, employee, now):
            raise Unauthenticated
        if now - access.last_used_at >= NOTED_EVERY:
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

    async def revoke_all(self, login: str, kinds: Collection[Kind] = tuple(Kind)) -> None:
        await self._repository.delete_all(login, kinds)

    async def ended(self, employee: Employee) -> None:
        """Removes what his new epoch has ended, and carries over what it spared."""
        if employee.spared is not None:
            await self._repository.renew(employee.spared, employee.epoch)
        await self._repository.delete_all(employee.login, tuple(Kind), before=employee.epoch)
        if self._ended:
            await self._ended()

    def lacks_factor(self, employee: Employee, access: Access, right: Right) -> bool:
        """Whether it takes a second factor before he may, and this access has none."""
        if right is Right.OWN_ACCOUNT or employee.role not in self._factor_roles:
            return False
        return not (access.factor if access.began is Began.SSO else employee.second_factor)

    async def standings(self, ids: Collection[str], right: Right) -> dict[str, Standing]:
        """Whether each of these gives its owner a right, and his role; two reads, however many."""
        found = await self._repository.get_many(ids)
        owners = await self._employees.known_many({document["login"] for document in found.values()})
        now, standings = self._clock.now(), dict.fromkeys(ids, Standing(refused=Unauthenticated.title))
        for access_id, document in found.items():
            access, owner = access_of(document), owners.get(document["login"])
            if owner is None or not _stands(document, access, owner, now):
                continue
            may = owner.may(right) and access.covers(right) and not self.lacks_factor(owner, access, right)
            standings[access_id] = Standing(role=owner.role, refused="" if may else Forbidden.title)
        return standings

    async def sweep(self) -> None:
        await self._repository.delete_expired(self._clock.now())

    async def _grant(self, employee: Employee, wanted: "_Wanted") -> Granted:
        token, now = PREFIX + secrets.token_urlsafe(32), self._clock.now()
        access = Access(
            id=derive("acc", token),
            kind=wanted.kind,
            login=employee.login,
            name=wanted.name,
            address=wanted.address,
            created_at=now,
            expires_at=now + wanted.lifetime,
            last_used_at=now,
            epoch=employee.epoch,
            scope=wanted.scope,
            rights=wanted.rights,
            began=wanted.began,
            factor=wanted.factor,
            sid=wanted.sid,
        )
        await self._repository.insert(access, employee_since=employee.created_at)
        return Granted(token=token, access=access)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be granted."""

    kind: Kind = field(kw_only=False)
    name: str
    address: str
    lifetime: timedelta
    scope: Extent = Extent.WRITE
    rights: frozenset[Right] | None = None
    began: Began = Began.PASSWORD
    factor: bool = False
    sid: str | None = None


def _stands(document: Document, access: Access, owner: Employee | None, now: datetime) -> bool:
    """Whether an access still lets its owner in: he works here, is the one it was given to, and nothing ended it."""
    return (
        owner is not None
        and owner.active
        and owner.created_at == from_iso(document["employee_since"])
        and owner.honours(access.id, access.epoch)
        and (access.expires_at is None or access.expires_at > now)
    )
