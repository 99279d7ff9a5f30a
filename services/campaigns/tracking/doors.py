"""The customers' door of links and pictures: an address says where it leads, so nothing is looked up on the way."""

from base64 import b64decode
from hashlib import blake2b
from typing import Protocol

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from hub.api.operation import CALLER
from hub.api.public import Public
from hub.channels.marks import Mark, read_click, read_mark
from hub.contracts.campaign import HitRecorded
from hub.kit.clock import Clock
from services.campaigns.consent import pages
from services.campaigns.tracking.judging import is_machine
from services.campaigns.tracking.recorder import Recorder

_POINT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NOT_KEPT = {
    "Cache-Control": "no-store, max-age=0",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_PICTURE = {**_NOT_KEPT, "Cross-Origin-Resource-Policy": "cross-origin"}
_LETTER = (
    "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; font-src https:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Of a letter that is shown on a page: styles stand in its tags; no scripts, forms or frames."""
_AGENT, _URL = 200, 500


class Letters(Protocol):
    """What recipients got."""

    async def html(self, mark: Mark) -> str | None:
        """None: it is not known any more, or has no page."""
        ...


def public(recorder: Recorder, letters: Letters, clock: Clock, master: bytes) -> Public:
    """`master` is what the keys of mailings are derived from."""
    routes = Public("tracking")

    @routes.page("/m/l/{mark}/{target}", methods=["GET", "HEAD"])
    async def follow(mark: str, target: str, request: Request) -> Response:
        """A link: counted, and on to where it leads."""
        found = read_click(master, mark, target)
        if found is None:
            return _unknown(request)
        read, url = found
        recorder.note(_hit("clicked", read, request, clock, url=url))
        return RedirectResponse(url, 302, headers=_NOT_KEPT)

    @routes.page("/m/o/{mark}", methods=["GET", "HEAD"])
    async def opened(mark: str, request: Request) -> Response:
        """The picture of one point."""
        read = read_mark(master, "o", mark)
        if read is not None:
            recorder.note(_hit("opened", read, request, clock))
        return Response(_POINT, media_type="image/gif", headers=_PICTURE)

    @routes.page("/m/v/{mark}")
    async def view(mark: str, request: Request) -> Response:
        """The letter as a page."""
        read = read_mark(master, "view", mark)
        html = await letters.html(read) if read else None
        if html is None:
            return _unknown(request)
        return HTMLResponse(html, headers={**_NOT_KEPT, "Content-Security-Policy": _LETTER})

    return routes


def _hit(kind: str, mark: Mark, request: Request, clock: Clock, *, url: str = "") -> HitRecorded:
    agent, purpose = request.headers.get("user-agent", ""), request.headers.get("sec-purpose", "")
    opened = kind == "opened"
    known = is_machine(agent[:1000], opened=opened, purpose=purpose or request.headers.get("purpose", ""))
    return HitRecorded(
        kind="opened" if opened else "clicked",
        mailing=mark.mailing,
        recipient=mark.recipient,
        link=mark.link,
        url=url[:_URL],
        at=clock.now(),
        agent=agent[:_AGENT],
        caller=_marked(request.headers.get(CALLER, "")),
        machine=known or request.method == "HEAD",
    )


def _marked(text: str) -> str:
    """Tells one address from another, and is none."""
    return blake2b(text.encode(), digest_size=4).hexdigest() if text else ""


def _unknown(request: Request) -> Response:
    language = pages.language_of(request.headers.get("accept-language", ""))
    return HTMLResponse(pages.unknown(language), 404, headers=pages.HEADERS)
