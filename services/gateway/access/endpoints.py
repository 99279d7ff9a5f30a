"""The HTTP door of sessions and tokens."""

from datetime import timedelta
from typing import Annotated

from fastapi import Header, Request, Response

from hub.api.forms import After, Id, Limit
from hub.api.problems import NOT_FOUND
from hub.api.rights import Right
from services.gateway.access.browser import SESSION, refuse_foreign
from services.gateway.access.devices import cookie_of
from services.gateway.access.models import SESSIONS, Access, Granted, Kind
from services.gateway.access.repository import access_of
from services.gateway.access.views import AccessList, AccessView, Login, NewSession, NewToken, TokenRequest
from services.gateway.audit.changes import Change, changes
from services.gateway.employees.views import EmployeeView
from services.gateway.employees.views import Login as Whose
from services.gateway.guard import ClientAddress, Me, MyAccess, Write, needs, open_to_all, router
from services.gateway.parts import Hub, Parts

routes = router("sessions and tokens")
UserAgent = Annotated[str, Header(include_in_schema=False)]
_OWN = Right.OWN_ACCOUNT
_MANAGES = needs(Right.MANAGE_EMPLOYEES, person=True)
MAX_PROGRAM = 200


@routes.post("/sessions", operation_id="logIn", status_code=201, dependencies=[open_to_all(secret=True)])
async def log_in(
    form: Login,
    hub: Hub,
    write: Write,
    address: ClientAddress,
    request: Request,
    user_agent: UserAgent = "",
) -> NewSession:
    """Log in as a program.

    After too many wrong passwords in 15 minutes comes 429: 10 for a login from one address, 100 from one address, 100
    for a login from addresses at which it has not succeeded before.
    """
    write.target = login = form.login.strip().lower()
    granted, employee = await hub.desk.log_in(
        login,
        form.password,
        address=address,
        program=user_agent[:MAX_PROGRAM],
        device=device_of(request, hub, login),
        code=form.code,
    )
    write.changes = _recovered(granted)
    return NewSession.of(granted, employee)


@routes.post(
    "/sessions/browser",
    operation_id="logInBrowser",
    status_code=201,
    dependencies=[open_to_all(secret=True)],
)
async def log_in_browser(
    form: Login,
    hub: Hub,
    write: Write,
    address: ClientAddress,
    request: Request,
    response: Response,
    user_agent: UserAgent = "",
) -> EmployeeView:
    """Log in from our own page: the session is in a cookie that no script can read, and in no answer.

    The cookie opens the whole API and the live stream, for requests that say `Sec-Fetch-Site: same-origin`, as
    browsers do by themselves, or an `Origin` that is this host. A second cookie lets the device be known, so that
    strangers who guess cannot lock it out. Both are Secure, unless the request came in plain HTTP from this machine
    to a loopback address. A session that the browser had before ends.
    """
    refuse_foreign(request, proof=False)
    write.target = login = form.login.strip().lower()
    device = device_of(request, hub, login)
    granted, employee = await hub.desk.log_in(
        login,
        form.password,
        address=address,
        program=user_agent[:MAX_PROGRAM],
        kind=Kind.BROWSER,
        device=device,
        code=form.code,
    )
    write.changes = _recovered(granted)
    await hand_over(granted, login, device, hub, request, response)
    return EmployeeView.of(employee)


@routes.get("/sessions", operation_id="listMySessions", dependencies=[needs(_OWN)])
async def list_my_sessions(me: Me, mine: MyAccess, hub: Hub, limit: Limit = 50, after: After = None) -> AccessList:
    """Where I am logged in, newest first."""
    return await _page(me.login, SESSIONS, mine, hub, limit, after)


@routes.delete("/sessions/current", operation_id="logOut", status_code=204, dependencies=[needs(_OWN, secret=True)])
async def log_out(mine: MyAccess, write: Write, hub: Hub, request: Request, response: Response) -> None:
    """End the session (or revoke the token) that this request came with; a browser's cookie is cleared."""
    write.target = mine.id
    await hub.desk.revoke(mine.login, (mine.kind,), mine.id)
    if mine.kind is Kind.BROWSER:
        hub.browser.clear(request, response, SESSION)


@routes.delete(
    "/sessions/{id}",
    operation_id="endSession",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[needs(_OWN, secret=True, person=True)],
)
async def end_session(access_id: Id, me: Me, hub: Hub) -> None:
    """End one of my sessions."""
    await hub.desk.revoke(me.login, SESSIONS, access_id)


@routes.get("/tokens", operation_id="listMyTokens", dependencies=[needs(_OWN)])
async def list_my_tokens(me: Me, mine: MyAccess, hub: Hub, limit: Limit = 50, after: After = None) -> AccessList:
    """My personal API tokens, newest first."""
    return await _page(me.login, (Kind.TOKEN,), mine, hub, limit, after)


@routes.post(
    "/tokens", operation_id="makeToken", status_code=201, dependencies=[needs(_OWN, secret=True, person=True)]
)
async def make_token(
    form: TokenRequest, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> NewToken:
    """Make a personal API token; it may what I may, or less. Its text is told in this answer and never again.

    With it nobody makes tokens, ends sessions, changes passwords or employees: that takes a session.
    """
    granted = await hub.desk.make_token(
        me,
        mine,
        name=form.name,
        address=address,
        lifetime=timedelta(days=form.days),
        scope=form.scope,
        rights=None if form.rights is None else frozenset(form.rights),
    )
    write.target = granted.access.id
    write.changes = changes({}, form.model_dump(mode="json", exclude_none=True))
    return NewToken.of(granted)


@routes.delete(
    "/tokens/{id}",
    operation_id="revokeToken",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[needs(_OWN, secret=True, person=True)],
)
async def revoke_token(access_id: Id, me: Me, hub: Hub) -> None:
    """Revoke one of my tokens."""
    await hub.desk.revoke(me.login, (Kind.TOKEN,), access_id)


@routes.get(
    "/employees/{login}/sessions", operation_id="listSessionsOf", responses=NOT_FOUND, dependencies=[_MANAGES]
)
async def list_sessions_of(
    login: Whose, mine: MyAccess, hub: Hub, limit: Limit = 50, after: After = None
) -> AccessList:
    """Where an employee is logged in, newest first."""
    return await _page(login, SESSIONS, mine, hub, limit, after)


@routes.delete(
    "/employees/{login}/sessions",
    operation_id="endSessionsOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MANAGES],
)
async def end_sessions_of(login: Whose, hub: Hub) -> None:
    """End all sessions of an employee."""
    await hub.desk.revoke_all((await hub.employees.get(login)).login, SESSIONS)


@routes.delete(
    "/employees/{login}/sessions/{id}",
    operation_id="endSessionOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MANAGES],
)
async def end_session_of(login: Whose, access_id: Id, write: Write, hub: Hub) -> None:
    """End one session of an employee."""
    write.changes = changes({"session": access_id}, {})
    await hub.desk.revoke(login, SESSIONS, access_id)


@routes.get("/employees/{login}/tokens", operation_id="listTokensOf", responses=NOT_FOUND, dependencies=[_MANAGES])
async def list_tokens_of(
    login: Whose, mine: MyAccess, hub: Hub, limit: Limit = 50, after: After = None
) -> AccessList:
    """The personal API tokens of an employee, newest first."""
    return await _page(login, (Kind.TOKEN,), mine, hub, limit, after)


@routes.delete(
    "/employees/{login}/tokens",
    operation_id="revokeTokensOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MANAGES],
)
async def revoke_tokens_of(login: Whose, hub: Hub) -> None:
    """Revoke all tokens of an employee, and the secret address of his calendar."""
    await hub.desk.revoke_all((await hub.employees.get(login)).login, (Kind.TOKEN, Kind.CALENDAR))


@routes.delete(
    "/employees/{login}/tokens/{id}",
    operation_id="revokeTokenOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MANAGES],
)
async def revoke_token_of(login: Whose, access_id: Id, write: Write, hub: Hub) -> None:
    """Revoke one token of an employee."""
    write.changes = changes({"id": access_id}, {})
    await hub.desk.revoke(login, (Kind.TOKEN,), access_id)


async def hand_over(
    granted: Granted, login: str, device: str | None, hub: Parts, request: Request, response: Response
) -> None:
    """Gives a browser its session, in place of one that it had, and lets the device be known."""
    if before := hub.browser.read(request, SESSION):
        await hub.desk.forget(before)
    hub.browser.put(request, response, SESSION, granted.token, lifetime=hub.desk.session_lifetime)
    sealed = hub.devices.seal(login, device)
    hub.browser.put(request, response, cookie_of(login), sealed, lifetime=hub.devices.lifetime)


def _recovered(granted: Granted) -> list[Change]:
    """For the audit: a recovery code was used."""
    left = granted.recovery_left
    return [] if left is None else changes({"recovery_codes": left + 1}, {"recovery_codes": left})


def device_of(request: Request, hub: Parts, login: str) -> str | None:
    """The device that the login is known on."""
    return hub.devices.read(login, hub.browser.read(request, cookie_of(login)))


async def _page(
    login: str, kinds: tuple[Kind, ...], mine: Access, hub: Parts, limit: int, after: str | None
) -> AccessList:
    """Raises NotFound: there is no such employee."""
    employee = await hub.employees.get(login)
    page = await hub.desk.page(employee.login, kinds, limit=limit, after=after)
    return AccessList(items=[AccessView.of(access_of(d), current=mine) for d in page.items], next=page.next)
