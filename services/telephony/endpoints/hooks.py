"""Where providers post what happens with calls."""

from fastapi import Request, Response

from hub.api.public import CALLER, Public
from hub.vendors.twilio import HEADER
from services.telephony.exchanges.proofs import HEADERS
from services.telephony.hooks import Asked, WebhookDoor
from services.telephony.twilio.door import TwilioDoor

_TWILIO = (HEADER, "i-twilio-idempotency-token")


def add(routes: Public, webhooks: WebhookDoor, twilio: TwilioDoor) -> None:
    @routes.hook("/hooks/calls/{exchange_id}", headers=(*HEADERS, CALLER))
    async def calls_hook(exchange_id: str, request: Request) -> dict[str, bool]:
        await webhooks.post(exchange_id, _asked(request))
        return {"ok": True}

    @routes.hook("/hooks/calls/{exchange_id}/{kind}", headers=(*HEADERS, CALLER))
    async def calls_hook_of_kind(exchange_id: str, kind: str, request: Request) -> dict[str, bool]:
        del kind
        return await calls_hook(exchange_id, request)

    @routes.hook("/hooks/calls/{exchange_id}/{kind}/{more}", headers=(*HEADERS, CALLER))
    async def calls_hook_of_a_finer_kind(exchange_id: str, kind: str, more: str, request: Request) -> dict[str, bool]:
        del kind, more
        return await calls_hook(exchange_id, request)

    @routes.hook("/hooks/voice/{exchange_id}", headers=_TWILIO)
    async def voice_hook(exchange_id: str, request: Request) -> Response:
        return _twiml(await twilio.post(exchange_id, "call", _asked(request)))

    @routes.hook("/hooks/voice/{exchange_id}/{kind}", headers=_TWILIO)
    async def voice_hook_of_kind(exchange_id: str, kind: str, request: Request) -> Response:
        return _twiml(await twilio.post(exchange_id, kind, _asked(request)))


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml")


def _asked(request: Request) -> Asked:
    query = request.url.query
    path = f"{request.url.path}?{query}" if query else request.url.path
    return Asked(path, request.query_params, request.headers, request.body)
