"""The HTTP door: bots, how they are, and what providers post."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from hub.channels.views import ChannelList
from services.messaging.bots.models import BotChange, BotInput, BotPage, BotView
from services.messaging.bots.service import Bots
from services.messaging.telegram.line import TelegramLine

Limit = Annotated[int, Query(ge=1, le=500)]


def router(bots: Bots, telegram: TelegramLine) -> APIRouter:
    """The service's routes."""
    routes = APIRouter()
    _add_bots(routes, bots)

    @routes.get("/channels")
    async def list_channels() -> ChannelList:
        return ChannelList(items=await bots.channels())

    @routes.post("/hooks/telegram/{bot_id}")
    async def telegram_hook(bot_id: str, request: Request) -> dict[str, bool]:
        await telegram.post(bot_id, await request.body(), request.headers)
        return {"ok": True}

    return routes


def _add_bots(routes: APIRouter, bots: Bots) -> None:
    @routes.get("/bots")
    async def list_bots(limit: Limit = 100, after: str | None = None) -> BotPage:
        page = await bots.page(limit=limit, after=after)
        return BotPage(items=[BotView.of(document) for document in page.items], next=page.next)

    @routes.post("/bots", status_code=201)
    async def add_bot(given: BotInput) -> BotView:
        return BotView.of(await bots.add(given))

    @routes.get("/bots/{bot_id}")
    async def get_bot(bot_id: str) -> BotView:
        return BotView.of(await bots.get(bot_id))

    @routes.patch("/bots/{bot_id}")
    async def change_bot(bot_id: str, change: BotChange) -> BotView:
        return BotView.of(await bots.change(bot_id, change))

    @routes.delete("/bots/{bot_id}", status_code=204)
    async def remove_bot(bot_id: str) -> None:
        await bots.remove(bot_id)
