"""The HTTP door of the messaging service's bots: checked here, answered there."""

from typing import Annotated

from fastapi import Depends, Query, Response

from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Parts, parts_of
from services.gateway.peers.documented import gives
from services.gateway.peers.views import BotChanges, BotList, BotView, NewBot, Paging
from services.gateway.rights import Right
from services.gateway.views import CONFLICT, NOT_FOUND, Id

routes = router("bots and numbers")
Hub = Annotated[Parts, Depends(parts_of)]
_READ = [needs(Right.READ_CHANNELS)]
_MANAGE = [needs(Right.MANAGE_CHANNELS)]


@routes.get("/bots", operation_id="listBots", dependencies=_READ, **gives(BotList))
async def list_bots(query: Annotated[Paging, Query()], me: Me, hub: Hub) -> Response:
    """Our Telegram bots."""
    return await hub.messaging.read("/bots", query, employee=me.login)


@routes.post("/bots", operation_id="addBot", dependencies=_MANAGE, **gives(BotView, CONFLICT, status=201))
async def add_bot(form: NewBot, me: Me, write: Write, hub: Hub) -> Response:
    """Add a Telegram bot; its token is tried first."""
    body = form.model_dump(exclude_unset=True)
    return await hub.messaging.write("POST", "/bots", body, employee=me.login, key=write.key)


@routes.get("/bots/{id}", operation_id="showBot", dependencies=_READ, **gives(BotView, NOT_FOUND))
async def show_bot(item_id: Id, me: Me, hub: Hub) -> Response:
    """One bot."""
    return await hub.messaging.read(f"/bots/{item_id}", None, employee=me.login)


@routes.patch("/bots/{id}", operation_id="changeBot", dependencies=_MANAGE, **gives(BotView, NOT_FOUND, CONFLICT))
async def change_bot(item_id: Id, form: BotChanges, me: Me, write: Write, hub: Hub) -> Response:
    """Change a bot; a new token is tried first."""
    body = form.model_dump(exclude_unset=True)
    return await hub.messaging.write("PATCH", f"/bots/{item_id}", body, employee=me.login, key=write.key)


@routes.delete(
    "/bots/{id}",
    operation_id="removeBot",
    status_code=204,
    response_class=Response,
    responses=NOT_FOUND,
    dependencies=_MANAGE,
)
async def remove_bot(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Receive and send by this bot no more; what it brought stays."""
    return await hub.messaging.write("DELETE", f"/bots/{item_id}", None, employee=me.login, key=write.key)
