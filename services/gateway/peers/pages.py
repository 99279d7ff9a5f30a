"""Pages for customers, below /m: links in mailings, unsubscribing, preferences.

Without a login: each address is signed by the service that made it, which checks it.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response

from hub.api.operation import CALLER, PAGES
from hub.kit.http import body_of
from services.gateway.parts import Hub
from services.gateway.peers.forward import as_they_came, shown_on

PAGE_LIMIT = 64 * 1024
"""Bytes of a form that a customer sends."""
_HEADERS = ("content-type", "user-agent", "accept-language", "purpose", "sec-purpose")
Kind = Annotated[str, Path(pattern=r"^[a-z]{1,20}$")]
Rest = Annotated[str, Path(pattern=r"^[A-Za-z0-9_/-]{1,4000}$")]
routes = APIRouter()


@routes.api_route(f"{PAGES}/{{kind}}/{{rest:path}}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
async def page(kind: Kind, rest: Rest, request: Request, hub: Hub) -> Response:
    """Whatever a customer opened."""
    peer = await hub.table.page(kind)
    connected = request.client.host if request.client else None
    headers = as_they_came(request, _HEADERS)
    headers[CALLER.encode()] = hub.hops.caller(connected, request.headers).encode()
    content = await body_of(request, PAGE_LIMIT, words="a form may have 64 kB") if request.method == "POST" else None
    answer = await peer.send(
        request.method, f"{PAGES}/{kind}/{quote(rest)}", actor=None, headers=headers, content=content
    )
    return shown_on(answer)
