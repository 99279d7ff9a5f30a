"""Held after a restore: what would go out, and letting it go."""

from typing import Annotated

import orjson
from fastapi import Depends

from hub.held import HeldItem, HeldView
from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Parts, parts_of
from services.gateway.rights import Right

routes = router("held")
Hub = Annotated[Parts, Depends(parts_of)]


@routes.get("/held", operation_id="showHeld", dependencies=[needs(Right.READ_CHANNELS)])
async def show_held(me: Me, hub: Hub) -> HeldView:
    """Whether the hub is held, as it is after a restore: it receives, and sends and fires nothing; and what waits."""
    return _together([await peer.ask("/held", employee=me.login) for peer in hub.peers], hub)


@routes.post("/held/release", operation_id="releaseHeld", dependencies=[needs(Right.MANAGE_CHANNELS)])
async def release_held(me: Me, write: Write, hub: Hub) -> HeldView:
    """Let it go: what waits is sent from now on. Look at `GET /held` before."""
    for peer in hub.peers:
        await peer.write("POST", "/held/release", None, employee=me.login, key=write.key)
    hub.restraint.release()
    return await show_held(me, hub)


def _together(answers: list[bytes], hub: Parts) -> HeldView:
    views = [HeldView.model_validate(orjson.loads(answer)) for answer in answers]
    counts: dict[str, int] = {}
    for item in (item for view in views for item in view.items):
        counts[item.kind] = counts.get(item.kind, 0) + item.count
    held = hub.restraint.held or any(view.held for view in views)
    return HeldView(held=held, items=[HeldItem(kind=kind, count=count) for kind, count in counts.items()])
