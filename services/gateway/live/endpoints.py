"""The HTTP door of the live stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from hub.api.rights import Right
from hub.kit.http import ABORT
from services.gateway.access.browser import refuse_foreign
from services.gateway.access.models import Kind
from services.gateway.guard import MyAccess, listening, needs, router
from services.gateway.live.shown import About
from services.gateway.live.waiting import Waiting
from services.gateway.parts import Hub

routes = router("live")


class EventStream(StreamingResponse):
    """Server-sent events; the connection of a client that does not read is aborted, with all that waits in it."""

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: AsyncIterator[str],
        waiting: Waiting,
        abort: Callable[[], None] | None,
        status_code: int = 200,
    ) -> None:
        super().__init__(pieces, status_code, headers={"X-Accel-Buffering": "no"})
        self._waiting = waiting
        self._abort = abort

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with self._waiting.sending():
                await send(message)

        pieces = self.body_iterator
        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            await self._cut_off()
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def _cut_off(self) -> None:
        """A mere close would wait for ever until the client reads what was written before."""
        if self._abort is not None:
            self._abort()
            # The server is told of it in the next round of the loop.
            await asyncio.sleep(0)


@routes.get(
    "/live",
    operation_id="listenLive",
    response_class=EventStream,
    dependencies=[needs(Right.READ_CORRESPONDENCE)],
)
async def listen_live(
    request: Request,
    mine: MyAccess,
    hub: Hub,
    channel: str | None = None,
    chain_id: str | None = None,
    client_id: str | None = None,
    last_event_id: Annotated[str | None, Header(max_length=2_000, description="Go on after this event")] = None,
) -> EventStream:
    """What happens, as it happens: server-sent events, a sign of life every 15 s.

    `event` is the type (`interaction.linked.v1`, `interaction.planned.v1`, `interaction.changed.v1`,
    `client.opened.v1`, `client.changed.v1`, `chain.opened.v1`, `chain.changed.v1`, `task.opened.v1`,
    `task.changed.v1`, `job.progressed.v1`; for you alone `task.reminded.v1`, `notice.given.v1`,
    `notification.given.v1`, `notification.changed.v1`, `draft.moved.v1` and, while your phone rings,
    `call.ringing.v1`), `data` the JSON of it, as much as you see of it elsewhere. Reconnect with `Last-Event-ID` and
    nothing is missed or told twice. The last event of a stream is `cut_off`, `logged_out` or `stopping`, with the
    reason.
    """
    if mine.kind is Kind.BROWSER:
        refuse_foreign(request, proof=True)
    place = await hub.live.place(last_event_id)
    wanted = About(channel=channel, chain_id=chain_id, client_id=client_id)
    pieces = hub.live.events(place, wanted, access_id=mine.id, who=listening(request))
    return EventStream(pieces, hub.live.waiting, request.scope.get("extensions", {}).get(ABORT))
