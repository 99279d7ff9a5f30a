"""The guard of every route: who is it, may he, is it small enough, was it done before; and the audit of writes."""

import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.exceptions import HTTPException

from hub.api.actor import Actor
from hub.api.late import LateRoute
from hub.api.parameters import built, query_names, refuse_unknown_parameters, taken
from hub.api.problems import PROBLEMS
from hub.api.rights import Right, roles_with
from hub.idempotency import Result, check_key
from hub.kit.errors import Forbidden, HubError, InvalidInput, Unauthenticated
from hub.kit.http import body_of, problem_of
from hub.kit.ids import derive, fresh
from services.gateway.access.browser import SESSION, refuse_foreign
from services.gateway.access.models import Access, Began, Extent, Kind
from services.gateway.audit.changes import Change, given
from services.gateway.audit.service import Deed
from services.gateway.employees.models import Employee
from services.gateway.errors import ForeignPage, PersonsOnly
from services.gateway.parts import Parts, parts_of
from services.gateway.staff.service import Staff

BASE = "/api/v1"
NOBODY = "-"
"""As a login in the audit: nobody was logged in."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
FORM_OVERHEAD = 64 * 1024
"""Bytes that a form may add to the file in it."""
READS = frozenset({"GET", "HEAD"})
LACKS = dict.fromkeys(
    Began, "your role takes a second factor: POST /api/v1/me/second-factor or /api/v1/me/passkeys sets one up"
) | {
    Began.SSO: "your role takes a second factor, and the single sign-on did not say that it asked for one (`amr`);"
    " where it always does, an administrator sets [gateway] oidc_second_factor"
}
_NO_JSON = "no JSON of RFC 8259; send it as UTF-8 without a byte order mark, NaN, or halves of characters"
_KEPT_HEADERS = ("content-type", "location", "retry-after")
_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="From POST /api/v1/sessions or /api/v1/tokens"
)
_cookie = APIKeyCookie(
    name=f"__Host-{SESSION}",
    auto_error=False,
    scheme_name="browser",
    description="From POST /api/v1/sessions/browser",
)


@dataclass(slots=True)
class WriteInHand:
    """The write that a request asks for. For the audit a route may name its `target`, where the path does not, and
    what it changed, where that is more than the request says."""

    login: str
    key: str
    """Of this use of the caller's Idempotency-Key, or of this request; not what he sent, which he may send again."""
    target: str | None = None
    changes: list[Change] | None = None

    @property
    def id(self) -> str:
        """The same for the same write repeated."""
        return derive("w", self.login, self.key)


@dataclass(frozen=True, slots=True)
class Rule:
    """Stands next to its route: the right it needs, or one of `also`; none for all comers.

    `secret`: the answer is shown once and never stored. `upload`: the request may be as large as an attachment.
    `streamed`: the body goes through unread, and whoever answers keeps the answer under the Idempotency-Key.
    `audited`: it is in the audit although it only reads. `personal`: it is not, although it writes.
    `person`: a personal token is not enough, it takes a session, which began with the password.
    """

    right: Right | None
    secret: bool = False
    upload: bool = False
    streamed: bool = False
    audited: bool = False
    personal: bool = False
    person: bool = False
    also: tuple[Right, ...] = ()

    async def __call__(self) -> None:
        """The guard enforces it, before the body is read."""


def needs(right: Right, *also: Right, secret: bool = False, upload: bool = False, person: bool = False) -> Any:
    """The rule of a route, for its `dependencies`; one of several rights is enough."""
    return Depends(Rule(right, secret=secret, upload=upload, person=person, also=also))


def open_to_all(*, secret: bool = False) -> Any:
    """The rule of a route that needs no login."""
    return Depends(Rule(None, secret=secret))


def router(tag: str) -> APIRouter:
    """A router whose routes are all guarded."""
    late: Any = GuardedRoute  # makes an APIRoute, which is what the router needs
    return APIRouter(prefix=BASE, tags=[tag], route_class=late, responses=PROBLEMS)


class GuardedRoute(LateRoute):
    """The place of a route behind the guard."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Sequence[str], **options: Any) -> None:
        rules = [found.dependency for found in options["dependencies"] if isinstance(found.dependency, Rule)]
        if not rules:
            raise TypeError(f"{sorted(methods)} {path} does not say which right it needs")
        self.rule = rules[0]
        make = partial(_Guarded, path, endpoint, rule=self.rule, methods=methods, **options)
        super().__init__(path, endpoint, methods=methods, name=endpoint.__name__, make=make)


class _Guarded(APIRoute):
    """A route behind the guard."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, rule: Rule, **options: Any) -> None:
        options["summary"] = options.get("summary") or endpoint.__name__.replace("_", " ").capitalize()
        if rule.right is not None:
            described = options.get("description") or inspect.getdoc(endpoint) or ""
            persons = " Not with a personal token." if rule.person else ""
            options["description"] = for_whom(described, rule.right, *rule.also) + persons
            options["dependencies"] = [*options["dependencies"], Security(_bearer), Security(_cookie)]
        self._rule = rule
        super().__init__(path, built(endpoint), **options)

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        known = query_names(self.dependant)

        async def checked(request: Request) -> Response:
            refuse_unknown_parameters(request, known)
            return await handler(request)

        return guarded(checked, self._rule, self)


class Route(Protocol):
    """What the audit tells of an operation."""

    path: str
    operation_id: str | None


def guarded(handler: Handler, rule: Rule, route: Route) -> Handler:
    """The handler behind the guard."""

    async def behind(request: Request) -> Response:
        parts = parts_of(request)
        await _admit(request, parts, rule, route)
        if request.method in READS:
            response = await (_read_in_audit(request, parts, route, handler) if rule.audited else handler(request))
        else:
            response = await _write(request, parts, rule, route, handler)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return behind


def for_whom(description: str, *rights: Right) -> str:
    """A description with the roles that may: those that have one of these rights."""
    return f"{description}\n\nFor: {_roles(*rights)}.".strip()


async def _recognised(request: Request, parts: Parts) -> tuple[Employee, Access]:
    """By the bearer text, or without any by the cookie of a browser.

    Raises:
        Unauthenticated: there is neither, or it is over.
        ForeignPage: a browser was made to ask this by another page.
    """
    if given := request.headers.get("Authorization"):
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        return await parts.desk.who(token.strip(), kinds=(Kind.SESSION, Kind.TOKEN))
    text = parts.browser.read(request, SESSION)
    if text is None:
        raise Unauthenticated
    refuse_foreign(request, proof=request.method not in READS)
    return await parts.desk.who(text, kinds=(Kind.BROWSER,))


def current_employee(request: Request) -> Employee:
    return request.state.employee  # type: ignore[no-any-return]


def current_access(request: Request) -> Access:
    return request.state.access  # type: ignore[no-any-return]


def actor_of(request: Request) -> Actor:
    """Whom the services are told of; whose records he reaches depends on what is done: see `acting_on`."""
    return _actor(current_employee(request), current_access(request), parts_of(request).staff)


def _actor(employee: Employee, access: Access, staff: Staff) -> Actor:
    return Actor(
        login=employee.login,
        name=employee.name,
        role=employee.role,
        teams=staff.teams_of(employee.login),
        hides=staff.rules(employee.role).hides,
        session=access.id,
        signature=employee.signature,
    )


def acting_on(request: Request, noun: str, action: str) -> Actor:
    """The same, with the tokens of the records that he may do this with."""
    return acting_as(current_employee(request), current_access(request), parts_of(request).staff, noun, action)


def acting_as(employee: Employee, access: Access, staff: Staff, noun: str, action: str) -> Actor:
    """The same for somebody who was recognised otherwise."""
    actor = _actor(employee, access, staff)
    reach, reads = (staff.reach(actor.login, actor.role, *what) for what in ((noun, action), ("chain", "read")))
    return replace(actor, reach=reach, reads=reads)


def listening(request: Request) -> Callable[[str, str], Actor]:
    """Who listens, with a role that he has by now, as that role and his teams are whenever it is asked; he reaches
    whose things of a noun he would read.
    """
    employee, access, staff = current_employee(request), current_access(request), parts_of(request).staff

    def now(role: str, noun: str) -> Actor:
        role = role or employee.role
        rules, right = staff.rules(role), Right.READ_JOBS if noun == "job" else Right.READ_CORRESPONDENCE
        may = right in rules.rights and access.covers(right)
        return Actor(
            login=employee.login,
            role=role,
            teams=staff.teams_of(employee.login),
            reach=staff.reach(employee.login, role, noun, "read") if may else (),
            hides=rules.hides,
        )

    return now


def current_write(request: Request) -> WriteInHand:
    return request.state.write  # type: ignore[no-any-return]


def client_address(request: Request) -> str:
    return parts_of(request).hops.caller(request.client.host if request.client else None, request.headers)


Me = Annotated[Employee, taken(current_employee)]
MyAccess = Annotated[Access, taken(current_access)]
ClientAddress = Annotated[str, taken(client_address)]
Write = Annotated[WriteInHand, taken(current_write)]
Acting = Annotated[Actor, taken(actor_of)]


async def _admit(request: Request, parts: Parts, rule: Rule, route: Route) -> None:
    """Raises Unauthenticated, Forbidden."""
    if rule.right is None:
        return
    try:
        employee, access = await _recognised(request, parts)
    except ForeignPage:
        await parts.audit.note_refusal(_deed(request, NOBODY, route), ForeignPage.status_code)
        raise
    right = next((one for one in rule.also if employee.may(one) and access.covers(one)), rule.right)
    refusal = _refusal(rule, right, employee, access, reads=request.method in READS)
    if parts.desk.lacks_factor(employee, access, right):
        refusal = Forbidden(LACKS[access.began])
    if refusal:
        await parts.audit.note_refusal(_deed(request, employee.login, route), refusal.status_code)
        raise refusal
    request.state.employee, request.state.access = employee, access


def _refusal(rule: Rule, right: Right, employee: Employee, access: Access, *, reads: bool) -> Forbidden | None:
    """Why he may not, with this access; none if he may."""
    if not employee.may(right):
        return Forbidden(
            f"this takes the right {right}, which your role, {employee.role}, has not; ask an administrator"
        )
    if access.kind is Kind.TOKEN and rule.person:
        return PersonsOnly()
    if not access.covers(right):
        return Forbidden(f"this token lacks the right {right}; make one that has it, POST /api/v1/tokens")
    if access.scope is Extent.READ and not reads:
        return Forbidden("this token only reads; make one with the scope `write`, POST /api/v1/tokens")
    return None


async def _read_in_audit(request: Request, parts: Parts, route: Route, handler: Handler) -> Response:
    """Who read it is durable before he has it."""
    begun = await parts.audit.begin(_deed(request, request.state.employee.login, route))
    status = 500
    try:
        response = await _answer(request, handler)
        status = response.status_code
    finally:
        await parts.audit.end(begun, status)
    return response


async def _write(request: Request, parts: Parts, rule: Rule, route: Route, handler: Handler) -> Response:
    limit = parts.settings.attachment_limit + FORM_OVERHEAD if rule.upload else parts.settings.body_limit
    body = b"" if rule.streamed else await _read(request, limit)
    if not rule.upload:
        _refuse_other_json(body)
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        check_key(key)
    login = request.state.employee.login if rule.right else NOBODY
    write = request.state.write = WriteInHand(login, key if key and rule.streamed else fresh("req"))
    deed = _deed(request, login, route)
    if rule.right is None:
        return await _open_write(request, parts, deed, handler)
    begun = None if rule.personal else await parts.audit.begin(deed)
    status = 500
    try:
        if key is None or rule.secret or rule.streamed:
            response = await _answer(request, handler)
        else:
            response = await _once(request, parts, login, key, body, handler)
        status = response.status_code
    finally:
        if begun is not None:
            await parts.audit.end(begun, status, target=write.target, changes=_changes(write, rule, body))
    return response


def _changes(write: WriteInHand, rule: Rule, body: bytes) -> list[Change]:
    """What the route says; else what the request asks for, unless there are secrets in it."""
    if write.changes is not None:
        return write.changes
    return [] if rule.secret or rule.upload else given(body)


async def _open_write(request: Request, parts: Parts, deed: Deed, handler: Handler) -> Response:
    """A login. What was refused unread is not noted: strangers could fill the disk with it."""
    response = await _answer(request, handler)
    write = current_write(request)
    told = replace(deed, target=write.target or "", changes=write.changes or ())
    if response.status_code == Unauthenticated.status_code:
        await parts.audit.note_refusal(told, response.status_code)
    elif response.status_code == HTTPStatus.CREATED:
        await parts.audit.note(told, response.status_code)
    return response


async def _once(request: Request, parts: Parts, login: str, key: str, body: bytes, handler: Handler) -> Response:
    async def act(use: str) -> Result:
        request.state.write.key = use
        response = await _answer(request, handler)
        headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        return Result(response.status_code, headers, bytes(response.body))

    try:
        eyes = parts.staff.eyes(login, current_employee(request).role)
        result, replayed = await parts.keys.once(login, key, request=_told(request, body), act=act, eyes=eyes)
    except HubError as exc:
        return problem_of(exc)
    response = Response(result.body, result.status, result.headers)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _told(request: Request, body: bytes) -> bytes:
    """What makes two requests the same."""
    return b"\n".join([request.method.encode(), str(request.url.path).encode(), request.url.query.encode(), body])


async def _answer(request: Request, handler: Handler) -> Response:
    """The answer, also where it is a refusal."""
    try:
        return await handler(request)
    except (HubError, RequestValidationError, HTTPException) as exc:
        return problem_of(exc)


async def _read(request: Request, limit: int) -> bytes:
    """The body, which the handler then finds in the request; raises as `body_of`."""
    words = f"a request here may have {limit} bytes; send less, or raise the limit in [gateway]"
    # Where Starlette's own `body()` keeps it: JSON, forms and fingerprints are all read from there.
    request._body = await body_of(request, limit, words=words)
    return request._body


def _refuse_other_json(body: bytes) -> None:
    """What looks at a form here, names and the audit, is to read the same as whoever takes it: JSON in UTF-8, without
    a mark before it (RFC 8259, 8.1). What nobody reads is refused where it is taken.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        with suppress(ValueError, RecursionError):
            json.loads(body)
            raise InvalidInput(_NO_JSON, fields={"body": _NO_JSON}) from None


def _deed(request: Request, login: str, route: Route) -> Deed:
    return Deed(
        login=login,
        method=request.method,
        route=route.path,
        action=route.operation_id or "",
        target=next(iter(request.path_params.values()), ""),
        address=client_address(request),
    )


def _roles(*rights: Right) -> str:
    return ", ".join(dict.fromkeys(role for right in rights for role in roles_with(right)))
