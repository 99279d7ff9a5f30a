"""The HTTP door: bots and numbers, how they are, and what providers post."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.channels.views import ChannelList
from services.messaging.bots.models import BotChange, BotInput, BotPage, BotView
from services.messaging.bots.service import Bots
from services.messaging.numbers.models import (
    NumberChange,
    NumberInput,
    NumberPage,
    NumberView,
    Preview,
    PreviewInput,
)
from services.messaging.numbers.service import Numbers
from services.messaging.sms.line import SmsLine
from services.messaging.telegram.line import TelegramLine

Limit = Annotated[int, Query(ge=1, le=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the routes lead to."""

    bots: Bots
    numbers: Numbers
    telegram: TelegramLine
    sms: SmsLine
    wake: Callable[[str], None]
    """Called with a number that has something to send once more."""


def router(doors: Doors) -> APIRouter:
    """The service's routes."""
    routes = APIRouter()
    _add_bots(routes, doors.bots)
    _add_numbers(routes, doors.numbers)
    _add_hooks(routes, doors)

    @routes.get("/channels")
    async def list_channels() -> ChannelList:
        return ChannelList(items=[*await doors.bots.channels(), *await doors.numbers.channels()])

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


def _add_numbers(routes: APIRouter, numbers: Numbers) -> None:
    @routes.get("/numbers")
    async def list_numbers(limit: Limit = 100, after: str | None = None) -> NumberPage:
        page = await numbers.page(limit=limit, after=after)
        return NumberPage(items=[NumberView.of(document) for document in page.items], next=page.next)

    @routes.post("/numbers", status_code=201)
    async def add_number(given: NumberInput) -> NumberView:
        return NumberView.of(await numbers.add(given))

    @routes.get("/numbers/{number_id}")
    async def get_number(number_id: str) -> NumberView:
        return NumberView.of(await numbers.get(number_id))

    @routes.patch("/numbers/{number_id}")
    async def change_number(number_id: str, change: NumberChange) -> NumberView:
        return NumberView.of(await numbers.change(number_id, change))

    @routes.delete("/numbers/{number_id}", status_code=204)
    async def remove_number(number_id: str) -> None:
        await numbers.remove(number_id)

    @routes.post("/sms/preview")
    async def preview(given: PreviewInput) -> Preview:
        return Preview.model_validate(await numbers.preview(given))


def _add_hooks(routes: APIRouter, doors: Doors) -> None:
    @routes.post("/hooks/telegram/{bot_id}")
    async def telegram_hook(bot_id: str, request: Request) -> dict[str, bool]:
        await doors.telegram.post(bot_id, await request.body(), request.headers)
        return {"ok": True}

    @routes.post("/hooks/sms/{number_id}")
    async def sms_hook(number_id: str, request: Request) -> Response:
        await doors.sms.post(number_id, _asked(request), await request.body(), request.headers)
        return Response("<Response/>", media_type="text/xml")

    @routes.post("/hooks/sms/{number_id}/status", status_code=204)
    async def sms_receipt(number_id: str, request: Request) -> None:
        body, query = await request.body(), request.query_params
        again = await doors.sms.receipt(number_id, _asked(request), query, body, request.headers)
        if again:
            doors.wake(again)


def _asked(request: Request) -> str:
    """The path with its query, as it was called."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
