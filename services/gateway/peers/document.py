"""The OpenAPI document (3.1): the gateway's own routes and what the services say of theirs, as one."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from hub.api.late import all_made
from hub.api.operation import Description, Operation
from hub.api.problems import Problem, problems
from services.gateway.guard import BASE, READS, for_whom
from services.gateway.parts import parts_of
from services.gateway.peers.forward import Peer
from services.gateway.peers.table import Table, Way

routes = APIRouter()
_REF = re.compile(rb'"#/components/schemas/([^"]+)"')
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key within a day gets the first answer again; with another request, 422",
}


@routes.get(f"{BASE}/openapi.json", include_in_schema=False)
async def show_document(request: Request) -> Response:
    document = await described(request.app, parts_of(request).table)
    return Response(orjson.dumps(document), media_type="application/json")


async def described(http: FastAPI, table: Table) -> dict[str, Any]:
    """The document, with what every service that is there says now."""
    routes = all_made(http.routes)
    document = get_openapi(title=http.title, version=http.version, description=http.description, routes=routes)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema()
    security = document["paths"][f"{BASE}/me"]["get"]["security"]
    told = {peer.name: description for peer, description in await table.descriptions()}
    for peer in table.peers:
        if peer.name in told:
            ours = [way for way in table.ways if way.peers[0] is peer]
            _add(document, ours, _named(peer, told[peer.name], schemas), security)
    _complete(document)
    return document


def _named(peer: Peer, description: Description, schemas: dict[str, Any]) -> Description:
    """With the service's name before those of its schemas whose names mean something else already."""
    taken = [name for name, schema in description.schemas.items() if schemas.get(name, schema) != schema]
    if not taken:
        return description
    names = {name.encode(): f"{peer.name.capitalize()}{name}".encode() for name in taken}

    def renamed(found: re.Match[bytes]) -> bytes:
        return b'"#/components/schemas/%b"' % names.get(found[1], found[1])

    said = orjson.loads(_REF.sub(renamed, orjson.dumps(description.model_dump())))
    own = {names.get(name.encode(), name.encode()).decode(): schema for name, schema in said["schemas"].items()}
    return Description(operations=said["operations"], schemas=own)


def _add(
    document: dict[str, Any], ways: Sequence[Way], description: Description, security: list[dict[str, Any]]
) -> None:
    for way in ways:
        operation = way.operation
        if said := description.operations.get(operation.id):
            path = f"{BASE}{operation.path}".replace(":path}", "}")
            shown = {**said, "description": for_whom(said.get("description", ""), way.right), "security": security}
            shown["responses"] = {**said["responses"], **_refusals(operation)}
            document["paths"].setdefault(path, {})[operation.method.lower()] = shown
    schemas = document["components"]["schemas"]
    for name in _reachable(document["paths"], description.schemas):
        schemas.setdefault(name, description.schemas[name])


def _refusals(operation: Operation) -> dict[str, Any]:
    """What the gateway itself may answer."""
    statuses = [401, 403, 422, 429, 503] + ([] if operation.method in READS else [413])
    return {str(status): said for status, said in problems(*statuses).items()}


def _complete(document: dict[str, Any]) -> None:
    """What is true of every write: it has a limit, and may be repeated under a key."""
    for methods in document["paths"].values():
        for method, operation in methods.items():
            operation["responses"] = dict(sorted(operation["responses"].items()))
            if method.upper() not in READS:
                operation["responses"] |= {"413": problems(413)[413]}
                operation.setdefault("parameters", []).append(_KEY)


def _reachable(start: Any, schemas: dict[str, Any]) -> Iterable[str]:
    """Names of the schemas that are referred to, from `start` or from each other."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in {match.decode() for match in _REF.findall(orjson.dumps(waiting.pop()))} - found:
            if name in schemas:
                found.add(name)
                waiting.append(schemas[name])
    return sorted(found)
