"""An operation that several services answer: their lists as one, or the answer of the one that has it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
from fastapi import Response

from hub.kit.errors import HubError
from services.gateway.errors import PeerUnavailable
from services.gateway.peers.forward import Peer, passed_on
from services.gateway.peers.table import Way

Send = Callable[[Peer], Awaitable[httpx.Response]]
_LIMIT = 50
"""Items of a list that says nothing else."""


async def put_together(way: Way, query: str, send: Send, missing: Sequence[str]) -> Response:
    """`items` of all, and `silent`: the names of those that do not answer, and of those that have told nothing yet.

    Raises:
        PeerUnavailable: none does.
    """
    answers = await _asked(way, send)
    refused = [one for one in answers.values() if one and 400 <= one.status_code < 500]
    if refused:
        return passed_on(refused[0])
    told = [orjson.loads(one.content) for one in answers.values() if one and one.is_success]
    if not told:
        raise PeerUnavailable("no service that knows answers now; try again in a few seconds")
    silent = [name for name, one in answers.items() if one is None or not one.is_success]
    page = {**_page(way.operation.order, query, told), "silent": [*silent, *missing]}
    return Response(orjson.dumps(page), media_type="application/json")


async def of_the_owner(way: Way, send: Send, missing: Sequence[str]) -> Response:
    """Of the only one that does not say 404.

    Raises:
        PeerUnavailable: none has it, and one that may have it does not answer.
    """
    answers = list((await _asked(way, send)).values())
    for answer in answers:
        if answer and answer.status_code != httpx.codes.NOT_FOUND:
            return passed_on(answer)
    if answers[0] is None or None in answers or missing:
        raise PeerUnavailable
    return passed_on(answers[0])


async def _asked(way: Way, send: Send) -> dict[str, httpx.Response | None]:
    """None for who does not answer."""

    async def asked(peer: Peer) -> httpx.Response | None:
        try:
            return await send(peer)
        except HubError:
            return None

    found = await asyncio.gather(*map(asked, way.peers))
    return {peer.name: answer for peer, answer in zip(way.peers, found, strict=True)}


def _page(order: str, query: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    items = [item for one in told for item in one["items"]]
    if not order:
        return {"items": items, "next": None}
    limit = int(parse_qs(query).get("limit", [str(_LIMIT)])[-1])
    items.sort(key=lambda item: str(item[order]), reverse=True)
    more = len(items) > limit or any(one["next"] for one in told)
    items = items[:limit]
    return {"items": items, "next": items[-1][order] if more and items else None}
