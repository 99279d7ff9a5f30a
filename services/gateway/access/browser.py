"""A browser's access: the cookie it keeps, and the proof that a request was made by our own page.

The cookie is HttpOnly, SameSite=Strict and Secure, and named `__Host-…`, which a neighbouring host cannot set. It is
not Secure, and named otherwise, only where the request came in plain HTTP from this machine to a loopback address.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request, Response

from services.gateway.access.hops import Hops, is_loopback_host
from services.gateway.errors import ForeignPage

SESSION = "omnihub"
_SAFE_SITES = frozenset({"same-origin", "none"})
"""Of `Sec-Fetch-Site`: our page, or the person himself."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Puts cookies on answers, and reads them from requests."""

    hops: Hops

    def plain(self, request: Request) -> bool:
        """Whether the request needs no encryption: plain HTTP within this machine."""
        connected = request.client.host if request.client else None
        return (
            request.url.scheme == "http"
            and not request.headers.get("Origin", "").startswith("https:")
            and is_loopback_host(request.headers.get("Host", ""))
            and self.hops.at_home(connected, request.headers)
        )

    def read(self, request: Request, name: str) -> str | None:
        """The text of a cookie of ours; a plain one counts only where we set plain ones."""
        return request.cookies.get(self._named(request, name))

    def put(
        self,
        request: Request,
        response: Response,
        name: str,
        text: str,
        *,
        lifetime: timedelta,
        same_site: Literal["strict", "lax"] = "strict",
    ) -> None:
        response.set_cookie(
            self._named(request, name),
            text,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=not self.plain(request),
            httponly=True,
            samesite=same_site,
        )

    def clear(self, request: Request, response: Response, name: str) -> None:
        response.delete_cookie(
            self._named(request, name),
            path="/",
            secure=not self.plain(request),
            httponly=True,
            samesite="strict",
        )

    def _named(self, request: Request, name: str) -> str:
        return name if self.plain(request) else f"__Host-{name}"


def refuse_foreign(request: Request, *, proof: bool) -> None:
    """For a request that comes with a cookie, which browsers send along whoever made them ask.

    With `proof` it must say that our own page made it; without, it must not say otherwise.

    Raises:
        ForeignPage: another page made it, or nobody says who did.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        fine = site == "same-origin" if proof else site in _SAFE_SITES
    elif origin is not None:
        fine = _is_own(origin, request)
    else:
        fine = not proof
    if not fine:
        raise ForeignPage


def _is_own(origin: str, request: Request) -> bool:
    """The scheme is not compared: whether a proxy speaks TLS is not known here."""
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return bool(host) and host == request.headers.get("Host", "").lower()
