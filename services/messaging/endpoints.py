"""The HTTP door: bots and numbers, how they are, and what providers post."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request, Response

from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.channels.endpoints import add_channels
from hub.channels.trials import TrialView
from hub.channels.views import ChannelView
from hub.kit.errors import Conflict, NotFound
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

_TWILIO = ("x-twilio-signature", "i-twilio-idempotency-token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the routes lead to."""

    bots: Bots
    numbers: Numbers
    telegram: TelegramLine
    sms: SmsLine
    wake: Callable[[str], None]
    """Called with a number that has something to send once more."""


def public(doors: Doors) -> Public:
    """The service's operations, and the doors that providers post to."""
    routes = Public("bots and numbers")
    _add_bots(routes, doors.bots)
    _add_numbers(routes, doors.numbers)
    _add_hooks(routes, doors)

    async def channels() -> list[ChannelView]:
        return [*await doors.bots.channels(), *await doors.numbers.channels()]

    add_channels(routes, channels)
    return routes


def _add_bots(routes: Public, bots: Bots) -> None:
    @routes.get("/bots", right=Right.READ_CHANNELS, noun="bot", answer=BotPage)
    async def list_bots(query: Annotated[Paging, Query()]) -> Response:
        """Our Telegram bots."""
        return await listed(
            lambda limit: bots.page(limit=limit, after=query.after), each(BotView.of), limit=query.limit
        )

    @routes.post("/bots", right=Right.MANAGE_CHANNELS, noun="bot", status=201, refuses=[Conflict])
    async def add_bot(given: BotInput) -> BotView:
        """Add a Telegram bot; its token is tried first."""
        return BotView.of(await bots.add(given))

    @routes.get("/bots/{id}", right=Right.READ_CHANNELS, noun="bot")
    async def show_bot(bot_id: Id) -> BotView:
        """One bot."""
        return BotView.of(await bots.get(bot_id))

    @routes.patch("/bots/{id}", right=Right.MANAGE_CHANNELS, noun="bot", refuses=[Conflict])
    async def change_bot(bot_id: Id, change: BotChange) -> BotView:
        """Change a bot; a new token is tried first."""
        return BotView.of(await bots.change(bot_id, change))

    @routes.post("/bots/{id}/try", right=Right.MANAGE_CHANNELS, noun="bot", action="try", repeatable=False)
    async def try_bot(bot_id: Id) -> TrialView:
        """Ask Telegram for the bot, by the token that is kept, and say what does not work. Nothing is sent."""
        return await bots.tried(bot_id)

    @routes.delete("/bots/{id}", right=Right.MANAGE_CHANNELS, noun="bot", status=204)
    async def remove_bot(bot_id: Id) -> None:
        """Receive and send by this bot no more; what it brought stays."""
        await bots.remove(bot_id)


def _add_numbers(routes: Public, numbers: Numbers) -> None:
    @routes.get("/numbers", right=Right.READ_CHANNELS, noun="number", answer=NumberPage)
    async def list_numbers(query: Annotated[Paging, Query()]) -> Response:
        """Our numbers and sender names for SMS."""
        return await listed(
            lambda limit: numbers.page(limit=limit, after=query.after), each(NumberView.of), limit=query.limit
        )

    @routes.post("/numbers", right=Right.MANAGE_CHANNELS, noun="number", status=201, refuses=[Conflict])
    async def add_number(given: NumberInput) -> NumberView:
        """Add a number; a login at Twilio is tried first. Let Twilio post messages to PUBLIC_URL/hooks/sms/ID."""
        return NumberView.of(await numbers.add(given))

    @routes.get("/numbers/{id}", right=Right.READ_CHANNELS, noun="number")
    async def show_number(number_id: Id) -> NumberView:
        """One number."""
        return NumberView.of(await numbers.get(number_id))

    @routes.patch("/numbers/{id}", right=Right.MANAGE_CHANNELS, noun="number", refuses=[Conflict])
    async def change_number(number_id: Id, change: NumberChange) -> NumberView:
        """Change a number; new logins are tried first."""
        return NumberView.of(await numbers.change(number_id, change))

    @routes.post("/numbers/{id}/try", right=Right.MANAGE_CHANNELS, noun="number", action="try", repeatable=False)
    async def try_number(number_id: Id) -> TrialView:
        """Ask the providers of a number, as they are kept, and say what does not work. Nothing is sent."""
        return await numbers.tried(number_id)

    @routes.delete("/numbers/{id}", right=Right.MANAGE_CHANNELS, noun="number", status=204)
    async def remove_number(number_id: Id) -> None:
        """Send from this number no more; what it brought stays."""
        await numbers.remove(number_id)

    @routes.post("/sms/preview", right=Right.READ_CHANNELS, noun="sms", action="preview", refuses=[NotFound])
    async def preview_sms(given: PreviewInput) -> Preview:
        """How a text would be sent: encoding, segments, price. Nothing leaves."""
        return Preview.model_validate(await numbers.preview(given))


def _add_hooks(routes: Public, doors: Doors) -> None:
    @routes.hook("/hooks/telegram/{bot_id}", headers=["x-telegram-bot-api-secret-token"])
    async def telegram_hook(bot_id: str, request: Request) -> dict[str, bool]:
        await doors.telegram.post(bot_id, request.body, request.headers)
        return {"ok": True}

    @routes.hook("/hooks/sms/{number_id}", headers=_TWILIO)
    async def sms_hook(number_id: str, request: Request) -> Response:
        await doors.sms.post(number_id, _asked(request), request.body, request.headers)
        return Response("<Response/>", media_type="text/xml")

    @routes.hook("/hooks/sms/{number_id}/status", headers=_TWILIO, status_code=204)
    async def sms_receipt(number_id: str, request: Request) -> None:
        query = request.query_params
        again = await doors.sms.receipt(number_id, _asked(request), query, request.body, request.headers)
        if again:
            doors.wake(again)


def _asked(request: Request) -> str:
    """The path with its query, as it was called."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
