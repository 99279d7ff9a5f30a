"""Binds a service's public operations to the code that answers them, and tells the gateway of them.

public = Public("mailboxes")

@public.get("/mailboxes/{id}", right=Right.READ_CHANNELS, noun="mailbox", refuses=[NotFound])
async def show_mailbox(mailbox_id: Id) -> MailboxView:
    ...
"""

import functools
from collections.abc import Callable, Coroutine, Sequence
from hashlib import blake2b
from typing import Any, TypedDict, TypeVar, Unpack

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.datastructures import Default
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from hub.api.actor import HEADER, Seal
from hub.api.late import LateRoute, all_made
from hub.api.names import named_in
from hub.api.operation import PAGES, Declaration, Description, Hook, Operation, Spread
from hub.api.parameters import built, forms_of, query_names, refuse_unknown_parameters
from hub.api.problems import Responses, refusals
from hub.api.rights import Right
from hub.api.uploads import Uploads, upload_fields
from hub.contracts.masks import hiding
from hub.kit.errors import HubError, NotFound

F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_ACTIONS = {"GET": "read", "POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "remove"}
_BYTES = {"type": "string", "format": "binary"}
_TEXT = {"type": "string"}


class How(TypedDict, total=False):
    """What an operation may say beside its right and its noun; see `hub.api.operation.Operation`."""

    id: str
    """Made of the function's name, unless it is given: list_mailboxes is listMailboxes."""
    action: str
    status: int
    """Of success; 200."""
    refuses: Sequence[type[HubError]]
    """What may come beside 401, 403, 413, 422, 429 and 503, and 404 where the path has an id."""
    answer: type[BaseModel]
    """What a function that returns bytes returns in them."""
    repeatable: bool
    upload: int
    download: str
    """Media type of the answer, which streams through."""
    audited: bool
    personal: bool
    """A read that is in the audit, each time."""
    spread: Spread
    order: str


CALLER = "x-hub-caller"
"""A header in which a hook is told the network address that it was called from; the gateway alone writes it."""


class Public:
    """Some operations of a service, under one heading of the documentation."""

    def __init__(self, tag: str, *, uploads: Uploads | None = None) -> None:
        """`uploads` is needed where forms name files."""
        self.routes: list[PublicRoute] = []
        self.hooks: list[Hook] = []
        self.pages: list[str] = []
        """Kinds of pages for customers."""
        self.doors = APIRouter()
        """Of the hooks."""
        self._tag = tag
        self._uploads = uploads

    def get(self, path: str, *, right: Right, noun: str, **how: Unpack[How]) -> Callable[[F], F]:
        return self._bound("GET", path, right, noun, how)

    def post(self, path: str, *, right: Right, noun: str, **how: Unpack[How]) -> Callable[[F], F]:
        return self._bound("POST", path, right, noun, how)

    def put(self, path: str, *, right: Right, noun: str, **how: Unpack[How]) -> Callable[[F], F]:
        return self._bound("PUT", path, right, noun, how)

    def patch(self, path: str, *, right: Right, noun: str, **how: Unpack[How]) -> Callable[[F], F]:
        return self._bound("PATCH", path, right, noun, how)

    def delete(self, path: str, *, right: Right, noun: str, **how: Unpack[How]) -> Callable[[F], F]:
        return self._bound("DELETE", path, right, noun, how)

    def hook(self, path: str, *, headers: Sequence[str] = (), **options: Any) -> Callable[[F], F]:
        """A door for what a provider posts to `/hooks/CHANNEL/…`; `headers` are those it is recognised by."""
        hook = Hook(channel=path.split("/")[2], headers=tuple(headers))
        if hook not in self.hooks:
            self.hooks.append(hook)
        return self.doors.post(path, include_in_schema=False, **options)

    def page(self, path: str, *, methods: Sequence[str] = ("GET",), **options: Any) -> Callable[[F], F]:
        """A page for customers, `/m/KIND/…`; see `hub.api.operation.PAGES`."""
        kind = path.removeprefix(f"{PAGES}/").partition("/")[0]
        if kind not in self.pages:
            self.pages.append(kind)
        return self.doors.api_route(path, methods=list(methods), include_in_schema=False, **options)

    def _bound(self, method: str, path: str, right: Right, noun: str, how: How) -> Callable[[F], F]:
        def bind(endpoint: F) -> F:
            operation = Operation(
                id=how.get("id", _camel(endpoint.__name__)),
                method=method,
                path=path,
                right=right.value,
                noun=noun,
                action=how.get("action", _ACTIONS[method]),
                repeatable=how.get("repeatable", True),
                upload=how.get("upload", 0),
                download=bool(how.get("download")),
                audited=how.get("audited", False),
                personal=how.get("personal", False),
                names=named_in(endpoint),
                spread=how.get("spread", Spread.ONE),
                order=how.get("order", ""),
            )
            taking = _with_uploads(endpoint, self._uploads)
            self.routes.append(PublicRoute(operation, taking, tag=self._tag, how=how))
            return endpoint

        return bind


class PublicRoute(LateRoute):
    """The place of an operation."""

    def __init__(self, operation: Operation, endpoint: Callable[..., Any], *, tag: str, how: How) -> None:
        make = functools.partial(_Answering, operation, endpoint, tag=tag, how=how)
        super().__init__(operation.path, endpoint, methods=[operation.method], name=operation.id, make=make)
        self.operation = operation


class _Answering(APIRoute):
    """Answers employees, through the gateway, and other services."""

    def __init__(self, operation: Operation, endpoint: Callable[..., Any], *, tag: str, how: How) -> None:
        status, bare = how.get("status"), how.get("download") or how.get("answer") or how.get("status") == 204
        super().__init__(
            operation.path,
            built(endpoint),
            methods=[operation.method],
            operation_id=operation.id,
            tags=[tag],
            summary=endpoint.__name__.replace("_", " ").capitalize(),
            status_code=status,
            responses=_answers(operation, how),
            openapi_extra=_body(operation),
            response_class=Response if bare else Default(JSONResponse),
        )

    def get_route_handler(self) -> Handler:
        handler, known = super().get_route_handler(), query_names(self.dependant)

        async def admitted(request: Request) -> Response:
            seal: Seal = request.app.state.seal
            actor = request.state.actor = seal.read(request.headers.get(HEADER, ""))
            refuse_unknown_parameters(request, known)
            with hiding(actor.hides):
                return await handler(request)

        return admitted


def publish(http: FastAPI, *publics: Public, service: str, seal: Seal) -> None:
    """Serves the operations and their hooks, and tells of them at `/operations` and `/operations/described`."""
    http.state.seal = seal
    for public in publics:
        # As they are: `include_router` would analyse every route again. Providers knock most often.
        http.router.routes.extend((*public.doors.routes, *public.routes))
    routes = [route for public in publics for route in public.routes]
    hooks = tuple(hook for public in publics for hook in public.hooks)
    declared = Declaration(
        service=service,
        operations=tuple(route.operation for route in routes),
        hooks=hooks,
        pages=tuple(kind for public in publics for kind in public.pages),
    )
    _tell(http, "/operations", lambda: declared)
    _tell(http, "/operations/described", lambda: _description(routes))


def _tell(http: FastAPI, path: str, make: Callable[[], BaseModel]) -> None:
    """Made once; whoever has it already, by its ETag, gets 304."""

    @functools.cache
    def told() -> tuple[str, bytes]:
        body = make().model_dump_json().encode()
        return f'"{blake2b(body, digest_size=8).hexdigest()}"', body

    @http.get(path, include_in_schema=False)
    async def show(request: Request) -> Response:
        version, body = told()
        if request.headers.get("If-None-Match") == version:
            return Response(status_code=304, headers={"ETag": version})
        return Response(body, media_type="application/json", headers={"ETag": version})


def _description(routes: Sequence[PublicRoute]) -> Description:
    """Taken from the service's own OpenAPI, so that nothing is written twice."""
    document = get_openapi(title="", version="", routes=all_made(routes))
    described = {
        route.operation.id: document["paths"][route.path_format][route.operation.method.lower()] for route in routes
    }
    return Description(operations=described, schemas=document.get("components", {}).get("schemas", {}))


def _answers(operation: Operation, how: How) -> Responses:
    refused = [*how.get("refuses", ()), *([NotFound] if "{" in operation.path else [])]
    status = how.get("status", 200)
    if media := how.get("download"):
        schema = _TEXT if media.startswith("text/") else _BYTES
        return {**refusals(refused), status: {"content": {media: {"schema": schema}}}}
    answer: Responses = {status: {"model": how["answer"]}} if "answer" in how else {}
    return {**refusals(refused), **answer}


def _body(operation: Operation) -> dict[str, Any] | None:
    """Of an upload, whose bytes no model describes."""
    if not operation.upload:
        return None
    content = {"application/octet-stream": {"schema": _BYTES}}
    return {"requestBody": {"required": True, "content": content}}


def _with_uploads(endpoint: Callable[..., Any], uploads: Uploads | None) -> Callable[..., Any]:
    """The same, with the files that its forms name.

    Raises:
        TypeError: a form names files, and nobody was given who knows them.
    """
    names = [name for name, form in forms_of(endpoint).items() if upload_fields(form)]
    if not names:
        return endpoint
    if uploads is None:
        raise TypeError(f"{endpoint.__name__} takes uploads; give Public(…, uploads=Uploads(blobs))")
    known = uploads

    @functools.wraps(endpoint)
    async def taking(**given: Any) -> Any:
        for name in names:
            given[name] = await known.named_in(given[name])
        return await endpoint(**given)

    return taking


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
