"""The providers' door: what they post goes on as it is, and the channel's service checks whom it is from."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response

from hub.api.public import CALLER
from hub.kit.http import pieces_of
from services.gateway.parts import Hub, Parts
from services.gateway.peers.forward import as_they_came, passed_on

HOOK_LIMIT = 4 * 2**20
"""Bytes of one call; Telegram's updates and Twilio's forms are far smaller."""
Word = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,80}$")]
routes = APIRouter()


@routes.post("/hooks/{channel}/{account}", include_in_schema=False)
async def hook(channel: Word, account: Word, request: Request, hub: Hub) -> Response:
    """A message or an update."""
    return await _passed_on(channel, f"/hooks/{channel}/{account}", request, hub)


@routes.post("/hooks/{channel}/{account}/{kind}", include_in_schema=False)
async def hook_of_kind(channel: Word, account: Word, kind: Word, request: Request, hub: Hub) -> Response:
    """What became of a message, or whatever else the channel has a word for."""
    return await _passed_on(channel, f"/hooks/{channel}/{account}/{kind}", request, hub)


@routes.post("/hooks/{channel}/{account}/{kind}/{more}", include_in_schema=False)
async def hook_of_a_finer_kind(
    channel: Word, account: Word, kind: Word, more: Word, request: Request, hub: Hub
) -> Response:
    """Where a provider adds two words to the address it was given."""
    return await _passed_on(channel, f"/hooks/{channel}/{account}/{kind}/{more}", request, hub)


async def _passed_on(channel: str, path: str, request: Request, hub: Parts) -> Response:
    peer, hook = await hub.table.hook(channel)
    query = quote(request.url.query, safe="=&%+-_.~:,;@!$'()*/?")
    headers = as_they_came(request, {"content-type", *hook.headers} - {CALLER})
    if CALLER in hook.headers:
        connected = request.client.host if request.client else None
        headers[CALLER.encode()] = hub.hops.caller(connected, request.headers).encode()
    url = f"{path}?{query}" if query else path
    # As it comes: whose it is, is checked before anything of it is kept.
    content = pieces_of(request, HOOK_LIMIT, words=f"a call may have {HOOK_LIMIT // 2**20} MB")
    return passed_on(await peer.send("POST", url, actor=None, headers=headers, content=content))
