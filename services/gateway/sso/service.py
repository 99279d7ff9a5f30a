"""The rules of the single sign-on: whom the provider's word lets in, as whom, and when it ends."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Protocol

from hub.api.rights import Role
from hub.kit.clock import Clock
from hub.kit.errors import InvalidInput
from hub.kit.log import Log
from services.gateway.access.models import Granted
from services.gateway.access.service import Desk
from services.gateway.access.spent import Spent
from services.gateway.employees.models import LOGIN, Changes, Employee
from services.gateway.employees.service import Employees
from services.gateway.errors import LoginTaken, NotLetIn, NotVerified
from services.gateway.sso.flow import Flow
from services.gateway.sso.models import Claims, Identity, Mapped
from services.gateway.sso.tokens import Tokens

log = Log(__name__)
_LOGOUT_KEPT = timedelta(hours=1)


class Exchange(Protocol):
    """The provider, as far as the rules see it."""

    async def exchange(self, code: str, flow: Flow) -> tuple[str, str]:
        """The id token and the access token; raises NotVerified, ProviderUnavailable."""
        ...


class SingleSignOn:
    """Logs people in on the word of one provider."""

    def __init__(
        self,
        provider: Exchange,
        tokens: Tokens,
        mapped: Mapped,
        employees: Employees,
        desk: Desk,
        spent: Spent,
        clock: Clock,
        *,
        link_by_login: bool,
        roles: Callable[[], Collection[str]],
    ) -> None:
        """`roles` are those that there are now. With `link_by_login` an account that is here already is his whose
        login the provider says it is."""
        self._provider = provider
        self._tokens = tokens
        self._mapped = mapped
        self._employees = employees
        self._desk = desk
        self._spent = spent
        self._clock = clock
        self._link = link_by_login
        self._roles = roles

    async def log_in(self, code: str, flow: Flow, *, address: str, program: str) -> tuple[Granted, Employee]:
        """A session of a browser.

        Raises:
            NotVerified: the code or the token is not good, or the flow was used before.
            NotLetIn: he is known, and may not come in.
            ProviderUnavailable: it does not answer.
        """
        if not await self._spent.first("state", flow.state, until=flow.until):
            raise NotVerified("this login came back already; begin again")
        id_token, access_token = await self._provider.exchange(code, flow)
        claims = await self._tokens.id_token(id_token, nonce=flow.nonce, access_token=access_token)
        identity = self._mapped.identity(claims)
        employee = await self._employee(identity)
        granted = await self._desk.admit(
            employee, address=address, program=program, factor=identity.factor, sid=identity.sid
        )
        if identity.sid and await self._spent.was("logout", identity.sid):
            # It was ended there while it began here.
            await self._desk.forget(granted.token)
            raise NotVerified("the session at the provider is over; log in there again")
        return granted, employee

    async def log_out(self, token: str) -> str:
        """Ends the sessions that the provider says are over; whose they were.

        Raises:
            NotVerified: the token is not good, or came before.
        """
        claims = await self._tokens.logout_token(token)
        until = self._clock.now() + _LOGOUT_KEPT
        if not await self._spent.first("jti", str(claims["jti"]), until=until):
            raise NotVerified("this token came already")
        sid = self._mapped.session_of(claims.get("sid"))
        if sid:
            await self._spent.first("logout", sid, until=self._clock.now() + self._desk.session_lifetime)
        login = await self._login(claims)
        await self._desk.end_elsewhere(login, sid)
        return login or ""

    async def _login(self, claims: Claims) -> str | None:
        found = await self._employees.by_sso(self._mapped.key_of(claims["sub"])) if claims.get("sub") else None
        return found.login if found else None

    async def _employee(self, identity: Identity) -> Employee:
        """As he is from now on: made, linked, or with the role that the provider says.

        Raises:
            NotLetIn.
            LastAdministrator: his role would be another, and nobody would be left.
        """
        known = await self._employees.by_sso(identity.key)
        if identity.role is None:
            if known is not None:
                await self._desk.ended(await self._employees.end(known.login))
            raise NotLetIn
        if identity.role not in self._roles():
            raise NotLetIn(f"[gateway] oidc_roles gives you the role {identity.role}, and there is no such role here")
        employee = known or await self._new(identity, identity.role)
        if not employee.active:
            raise NotLetIn("you are switched off here; ask an administrator")
        if employee.role == identity.role:
            return employee
        return await self._employees.change(employee.login, Changes(role=identity.role))

    async def _new(self, identity: Identity, role: str) -> Employee:
        if not LOGIN.fullmatch(identity.login):
            claim = self._mapped.login_claim
            raise NotLetIn(f"the token has no {claim} that can be a login (a-z 0-9 . _ @ -), or it is not verified")
        try:
            return await self._employees.create(
                identity.login, name=identity.name, role=role, password=None, sso=identity.key
            )
        except LoginTaken as exc:
            if not self._link:
                log.warning("sso.login_taken", login=identity.login)
                raise NotLetIn(
                    f"there is an employee {identity.login} already, with a password; an administrator removes him,"
                    " or sets [gateway] oidc_link_by_login"
                ) from exc
        there = await self._employees.get(identity.login)
        if there.role == Role.ADMINISTRATOR:
            # Whoever could choose his login at the provider would choose this one.
            raise NotLetIn(f"{identity.login} is an administrator: his account is not given away by its login")
        try:
            return await self._employees.link(identity.login, identity.key)
        except InvalidInput as exc:
            raise NotLetIn(str(exc)) from exc
