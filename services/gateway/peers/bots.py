"""The HTTP doors of the messaging service's bots and numbers: checked here, answered there."""

from typing import Annotated

from fastapi import Depends, Query, Response

from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Parts, parts_of
from services.gateway.peers.documented import gives
from services.gateway.peers.views import (
    BotChanges,
    BotList,
    BotView,
    NewBot,
    NewNumber,
    NumberChanges,
    NumberList,
    NumberView,
    Paging,
    SmsPreview,
    SmsText,
)
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


@routes.get("/numbers", operation_id="listNumbers", dependencies=_READ, **gives(NumberList))
async def list_numbers(query: Annotated[Paging, Query()], me: Me, hub: Hub) -> Response:
    """Our numbers and sender names for SMS."""
    return await hub.messaging.read("/numbers", query, employee=me.login)


@routes.post("/numbers", operation_id="addNumber", dependencies=_MANAGE, **gives(NumberView, CONFLICT, status=201))
async def add_number(form: NewNumber, me: Me, write: Write, hub: Hub) -> Response:
    """Add a number; a login at Twilio is tried first. Let Twilio post messages to PUBLIC_URL/hooks/sms/ID."""
    body = form.model_dump(mode="json", exclude_unset=True)
    return await hub.messaging.write("POST", "/numbers", body, employee=me.login, key=write.key)


@routes.get("/numbers/{id}", operation_id="showNumber", dependencies=_READ, **gives(NumberView, NOT_FOUND))
async def show_number(item_id: Id, me: Me, hub: Hub) -> Response:
    """One number."""
    return await hub.messaging.read(f"/numbers/{item_id}", None, employee=me.login)


@routes.patch(
    "/numbers/{id}", operation_id="changeNumber", dependencies=_MANAGE, **gives(NumberView, NOT_FOUND, CONFLICT)
)
async def change_number(item_id: Id, form: NumberChanges, me: Me, write: Write, hub: Hub) -> Response:
    """Change a number; new logins are tried first."""
    body = form.model_dump(mode="json", exclude_unset=True)
    return await hub.messaging.write("PATCH", f"/numbers/{item_id}", body, employee=me.login, key=write.key)


@routes.delete(
    "/numbers/{id}",
    operation_id="removeNumber",
    status_code=204,
    response_class=Response,
    responses=NOT_FOUND,
    dependencies=_MANAGE,
)
async def remove_number(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Send from this number no more; what it brought stays."""
    return await hub.messaging.write("DELETE", f"/numbers/{item_id}", None, employee=me.login, key=write.key)


@routes.post(
    "/sms/preview",
    operation_id="previewSms",
    dependencies=[needs(Right.READ_CHANNELS)],
    **gives(SmsPreview, NOT_FOUND),
)
async def preview_sms(form: SmsText, me: Me, write: Write, hub: Hub) -> Response:
    """How a text would be sent: encoding, segments, price. Nothing leaves."""
    body = form.model_dump(exclude_unset=True)
    return await hub.messaging.write("POST", "/sms/preview", body, employee=me.login, key=write.key)
