"""The HTTP door of the live stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from services.gateway.access.browser import refuse_foreign
from services.gateway.access.models import Kind
from services.gateway.guard import MyAccess, needs, router
from services.gateway.live.shown import About
from services.gateway.parts import Parts, parts_of
from services.gateway.rights import Right

routes = router("live")
_PATIENCE = 30.0
"""Seconds that a client may leave its end of the connection unread."""


class EventStream(StreamingResponse):
    """Server-sent events; a connection whose client does not read is dropped."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_PATIENCE):
                await send(message)

        pieces = self.body_iterator
        try:
            with suppress(TimeoutError):
                await super().stream_response(send_in_time)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()


@routes.get(
    "/live",
    operation_id="listenLive",
    response_class=EventStream,
    dependencies=[needs(Right.READ_CORRESPONDENCE)],
)
async def listen_live(
    request: Request,
    mine: MyAccess,
    hub: Annotated[Parts, Depends(parts_of)],
    channel: str | None = None,
    chain_id: str | None = None,
    client_id: str | None = None,
    last_event_id: Annotated[str | None, Header(max_length=2_000, description="Go on after this event")] = None,
) -> EventStream:
    """What happens, as it happens: server-sent events, a sign of life every 15 s.

    `event` is the type (`interaction.linked.v1`, `interaction.planned.v1`, `interaction.changed.v1`,
    `client.opened.v1`, `chain.opened.v1`, `job.progressed.v1`), `data` the JSON of it. Reconnect
    with `Last-Event-ID` and nothing is missed or told twice. The last event of a stream is `cut_off`, `logged_out`
    or `stopping`, with the reason.
    """
    if mine.kind is Kind.BROWSER:
        refuse_foreign(request, proof=True)
    place = await hub.live.place(last_event_id)
    wanted = About(channel=channel, chain_id=chain_id, client_id=client_id)
    pieces = hub.live.events(place, wanted, access_id=mine.id)
    return EventStream(pieces, headers={"X-Accel-Buffering": "no"})
