"""The guard of every route: who is it, may he, is it small enough, was it done before; and the audit of writes."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from hub.api.actor import Actor
from hub.api.parameters import query_names, refuse_unknown_parameters
from hub.idempotency import Result
from hub.kit.errors import Forbidden, HubError, TooLarge, Unauthenticated
from hub.kit.http import problem_of
from hub.kit.ids import derive, fresh
from services.gateway.access.models import Access
from services.gateway.audit.service import Deed
from services.gateway.employees.models import Employee
from services.gateway.parts import Parts, parts_of
from services.gateway.rights import Right, roles_with
from services.gateway.views import PROBLEMS

BASE = "/api/v1"
NOBODY = "-"
"""As a login in the audit: nobody was logged in."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
FORM_OVERHEAD = 64 * 1024
"""Bytes that a form may add to the file in it."""
READS = frozenset({"GET", "HEAD"})
_TOLD_OF_STRANGERS = frozenset({201, 401})
_KEPT_HEADERS = ("content-type", "location", "retry-after")
_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="From POST /api/v1/sessions or /api/v1/tokens"
)


@dataclass(slots=True)
class WriteInHand:
    """The write that a request asks for. A route may name its `target`, for the audit, where the path does not."""

    login: str
    key: str
    """The caller's Idempotency-Key, or a fresh one."""
    target: str | None = None

    @property
    def id(self) -> str:
        """The same for the same write repeated."""
        return derive("w", self.login, self.key)


@dataclass(frozen=True, slots=True)
class Rule:
    """Stands next to its route: the right it needs, none for all comers.

    `secret`: the answer is shown once and never stored. `upload`: the request may be as large as an attachment.
    `streamed`: the body goes through unread, and whoever answers keeps the answer under the Idempotency-Key.
    """

    right: Right | None
    secret: bool = False
    upload: bool = False
    streamed: bool = False

    def __call__(self) -> None:
        """The guard enforces it, before the body is read."""


def needs(right: Right, *, secret: bool = False, upload: bool = False) -> Any:
    """The rule of a route, for its `dependencies`."""
    return Depends(Rule(right, secret=secret, upload=upload))


def open_to_all(*, secret: bool = False) -> Any:
    """The rule of a route that needs no login."""
    return Depends(Rule(None, secret=secret))


def rule_of(route: APIRoute) -> Rule:
    """The rule that stands next to a route; TypeError without one, so that no route is open by oversight."""
    for depends in route.dependencies:
        if isinstance(depends.dependency, Rule):
            return depends.dependency
    raise TypeError(f"{sorted(route.methods or ())} {route.path} does not say which right it needs")


def router(tag: str) -> APIRouter:
    """A router whose routes are all guarded."""
    return APIRouter(prefix=BASE, tags=[tag], route_class=GuardedRoute, responses=PROBLEMS)


class GuardedRoute(APIRoute):
    """A route behind the guard."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["summary"] = options.get("summary") or endpoint.__name__.replace("_", " ").capitalize()
        right = next((d.dependency.right for d in options["dependencies"] if isinstance(d.dependency, Rule)), None)
        if right is not None:
            described = options.get("description") or inspect.getdoc(endpoint) or ""
            options["description"] = for_whom(described, right)
            options["dependencies"] = [*options["dependencies"], Security(_bearer)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        handler, rule = super().get_route_handler(), rule_of(self)
        known = query_names(self.dependant)

        async def checked(request: Request) -> Response:
            refuse_unknown_parameters(request, known)
            return await handler(request)

        return guarded(checked, rule, path=self.path)


def guarded(handler: Handler, rule: Rule, *, path: str) -> Handler:
    """The handler behind the guard; `path` is that of its route, for the audit."""

    async def behind(request: Request) -> Response:
        parts = parts_of(request)
        await _admit(request, parts, rule, path)
        if request.method in READS:
            response = await handler(request)
        else:
            response = await _write(request, parts, rule, path, handler)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return behind


def for_whom(description: str, right: Right) -> str:
    """A description with the roles that may."""
    return f"{description}\n\nFor: {_roles(right)}.".strip()


def bearer(request: Request) -> str:
    """The text after `Bearer`; raises Unauthenticated without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip()


def current_employee(request: Request) -> Employee:
    return request.state.employee  # type: ignore[no-any-return]


def current_access(request: Request) -> Access:
    return request.state.access  # type: ignore[no-any-return]


def actor_of(request: Request) -> Actor:
    """Whom the services are told of."""
    employee, access = current_employee(request), current_access(request)
    return Actor(
        login=employee.login,
        name=employee.name,
        role=employee.role.value,
        session=access.id,
        signature=employee.signature,
    )


def current_write(request: Request) -> WriteInHand:
    return request.state.write  # type: ignore[no-any-return]


def client_address(request: Request) -> str:
    return request.client.host if request.client else NOBODY


Me = Annotated[Employee, Depends(current_employee)]
MyAccess = Annotated[Access, Depends(current_access)]
ClientAddress = Annotated[str, Depends(client_address)]
Write = Annotated[WriteInHand, Depends(current_write)]
Acting = Annotated[Actor, Depends(actor_of)]


async def _admit(request: Request, parts: Parts, rule: Rule, route: str) -> None:
    """Raises Unauthenticated, Forbidden."""
    if rule.right is None:
        return
    employee, access = await parts.desk.who(bearer(request))
    if not employee.may(rule.right):
        if request.method not in READS:
            await parts.audit.note(_deed(request, employee.login, route), Forbidden.status_code)
        raise Forbidden(f"this is for {_roles(rule.right)}; you are {employee.role}; ask an administrator")
    request.state.employee, request.state.access = employee, access


async def _write(request: Request, parts: Parts, rule: Rule, route: str, handler: Handler) -> Response:
    limit = parts.settings.attachment_limit + FORM_OVERHEAD if rule.upload else parts.settings.body_limit
    body = b"" if rule.streamed else await _read(request, limit)
    key = request.headers.get("Idempotency-Key")
    login = request.state.employee.login if rule.right else NOBODY
    write = request.state.write = WriteInHand(login, key or fresh("req"))
    deed = _deed(request, login, route)
    if rule.right is None:
        return await _open_write(request, parts, deed, handler)
    begun = await parts.audit.begin(deed)
    status = 500
    try:
        if key is None or rule.secret or rule.streamed:
            response = await _answer(request, handler)
        else:
            response = await _once(request, parts, login, key, body, handler)
        status = response.status_code
    finally:
        await parts.audit.end(begun, status, target=write.target)
    return response


async def _open_write(request: Request, parts: Parts, deed: Deed, handler: Handler) -> Response:
    """A login. What was refused unread is not noted: strangers could fill the disk with it."""
    response = await _answer(request, handler)
    if response.status_code in _TOLD_OF_STRANGERS:
        await parts.audit.note(replace(deed, target=request.state.write.target or ""), response.status_code)
    return response


async def _once(request: Request, parts: Parts, login: str, key: str, body: bytes, handler: Handler) -> Response:
    async def act() -> Result:
        response = await _answer(request, handler)
        headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        return Result(response.status_code, headers, bytes(response.body))

    try:
        result, replayed = await parts.keys.once(login, key, request=_told(request, body), act=act)
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
    """The body, which the handler then finds in the request.

    Raises:
        TooLarge: more than `limit` bytes; as soon as that is known.
    """
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    # Where Starlette's own `body()` keeps it: JSON, forms and fingerprints are all read from there.
    request._body = b"".join(chunks)
    return request._body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"a request here may have {limit} bytes; send less, or raise the limit in [gateway]")


def _deed(request: Request, login: str, route: str) -> Deed:
    target = next(iter(request.path_params.values()), "")
    return Deed(login=login, method=request.method, route=route, target=target, address=client_address(request))


def _roles(right: Right) -> str:
    return ", ".join(roles_with(right))
