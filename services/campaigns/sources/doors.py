"""The visitors' door: the script that pages of ours load, and what it tells.

Whoever wants can tell anything here, as with any counter of visits; it makes a touch of a visitor, which is worth
something only when a lead comes from him, and the number of sources that come by themselves has an end.
"""

from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import Field, ValidationError

from hub.api.forms import Form
from hub.api.public import Public
from hub.kit.errors import InvalidInput
from services.campaigns.sources.script import script
from services.campaigns.sources.touches import Touches
from services.campaigns.tracking.judging import is_machine

_SCRIPT = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Sites other than ours load it: without the second one their browsers would refuse it."""
_NAME = r"^[A-Za-z0-9_-]{8,64}$"


class Hit(Form):
    """A page that was opened."""

    v: str = Field(pattern=_NAME)
    n: str = Field(pattern=_NAME)
    u: str = Field(max_length=8_000)
    r: str = Field(default="", max_length=8_000)


def public(touches: Touches) -> Public:
    """The pages."""
    routes = Public("visits")

    @routes.page("/m/visits/script")
    async def load() -> Response:
        """What pages load."""
        return Response(script(), media_type="text/javascript; charset=utf-8", headers=_SCRIPT)

    @routes.page("/m/visits/hit", methods=["POST"])
    async def hit(request: Request) -> Response:
        """What it tells; machines are not counted."""
        told = _read(await request.body())
        if not is_machine(request.headers.get("user-agent", "")[:1000]):
            await touches.visited(told.v, told.n, told.u, told.r)
        return Response(status_code=204)

    return routes


def _read(body: bytes) -> Hit:
    try:
        given: Any = orjson.loads(body)
        return Hit.model_validate(given)
    except (orjson.JSONDecodeError, ValidationError) as exc:
        raise InvalidInput("send what the script sends: v, n, u and r as JSON") from exc
