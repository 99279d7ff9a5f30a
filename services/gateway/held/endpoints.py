"""Held after a restore: what would go out, and letting it go."""

from hub.api.actor import Actor
from hub.api.rights import Right
from hub.held import HeldItem, HeldView
from hub.kit.errors import NotFound
from services.gateway.guard import Acting, Write, needs, router
from services.gateway.parts import Hub, Parts
from services.gateway.peers.forward import Peer

routes = router("held")


@routes.get("/held", operation_id="showHeld", dependencies=[needs(Right.READ_CHANNELS)])
async def show_held(actor: Acting, hub: Hub) -> HeldView:
    """Whether the hub is held, as it is after a restore: it receives, and sends and fires nothing; and what waits."""
    return _together([await _held(peer, actor) for peer in hub.table.peers], hub)


@routes.post("/held/release", operation_id="releaseHeld", dependencies=[needs(Right.MANAGE_CHANNELS)])
async def release_held(actor: Acting, write: Write, hub: Hub) -> HeldView:
    """Let it go: what waits is sent from now on. Look at `GET /held` before."""
    for peer in hub.table.peers:
        await peer.send("POST", "/held/release", actor=actor, headers={"Idempotency-Key": write.key})
    hub.restraint.release()
    return await show_held(actor, hub)


async def _held(peer: Peer, actor: Actor) -> HeldView:
    """Of a service that holds nothing back: nothing. Raises PeerUnavailable."""
    try:
        return HeldView.model_validate_json(await peer.ask("/held", actor=actor))
    except NotFound:
        return HeldView(held=False, items=[])


def _together(views: list[HeldView], hub: Parts) -> HeldView:
    counts: dict[str, int] = {}
    for item in (item for view in views for item in view.items):
        counts[item.kind] = counts.get(item.kind, 0) + item.count
    held = hub.restraint.held or any(view.held for view in views)
    return HeldView(held=held, items=[HeldItem(kind=kind, count=count) for kind, count in counts.items()])
