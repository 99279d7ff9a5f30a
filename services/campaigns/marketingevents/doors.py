"""The guests' door: a page behind a signed link. Who only looks changes nothing: GET shows, POST answers."""

from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from hub.api.public import Public
from hub.channels.marks import read_mark
from hub.kit.clock import Clock
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.consent import pages as consent_pages
from services.campaigns.marketingevents import pages, seats
from services.campaigns.marketingevents.links import PAGE, calendar, ended
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.marketingevents.service import MarketingEvents

_ANSWERS = {"yes": "confirmed", "no": "declined"}
_BYTES = 2_000
"""Of a form that is read; the rest is left."""
_FILE = {
    "Content-Disposition": 'attachment; filename="event.ics"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def public(events: MarketingEvents, repository: EventRepository, clock: Clock, master: bytes) -> Public:
    """`master` is what the keys of links are derived from."""
    routes = Public("event pages")
    door = _Door(events, repository, clock, master)

    @routes.page("/m/e/{mark}", methods=["GET", "HEAD", "POST"])
    async def answer_invitation(mark: str, request: Request) -> Response:
        """Where he stands, and his answer."""
        return await door.answer(mark, request)

    @routes.page("/m/e/{mark}/calendar", methods=["GET", "HEAD"])
    async def load_calendar(mark: str, request: Request) -> Response:
        """The event as a file."""
        return await door.calendar(mark, request)

    return routes


class _Door:
    def __init__(self, events: MarketingEvents, repository: EventRepository, clock: Clock, master: bytes) -> None:
        self._events = events
        self._repository = repository
        self._clock = clock
        self._master = master

    async def answer(self, mark: str, request: Request) -> Response:
        found = await self._found(mark)
        if found is None:
            return _unknown(request)
        event, guest = found
        refused = False
        if request.method == "POST" and not self._over(event):
            given = parse_qs((await request.body())[:_BYTES].decode("utf-8", "replace"), max_num_fields=20)
            if said := _ANSWERS.get(given.get("answer", [""])[-1]):
                try:
                    guest = await self._events.answer(guest, said, by="", how="link")
                except Conflict:
                    refused = True
        language = consent_pages.language_of(request.headers.get("accept-language", ""))
        over = self._over(event)
        shown = pages.shown(language, event, guest, f"{mark}/calendar", over=over, refused=refused)
        return HTMLResponse(shown, headers=consent_pages.HEADERS)

    async def calendar(self, mark: str, request: Request) -> Response:
        found = await self._found(mark)
        if found is None:
            return _unknown(request)
        text = calendar(found[0], now=self._clock.now())
        return Response(text, media_type="text/calendar; charset=utf-8; method=PUBLISH", headers=_FILE)

    def _over(self, event: Document) -> bool:
        return event["state"] != seats.OPEN or ended(event, self._clock.now())

    async def _found(self, mark: str) -> tuple[Document, Document] | None:
        read = read_mark(self._master, PAGE, mark)
        event = await self._repository.events.get(read.mailing) if read else None
        if read is None or event is None or event["removed"]:
            return None
        guest = await self._repository.numbered(event["_id"], read.recipient)
        return (event, guest) if guest else None


def _unknown(request: Request) -> Response:
    language = consent_pages.language_of(request.headers.get("accept-language", ""))
    return HTMLResponse(consent_pages.unknown(language), 404, headers=consent_pages.HEADERS)
