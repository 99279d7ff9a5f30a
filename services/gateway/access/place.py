"""Where people find the hub: the origin that passkeys are bound to, and that other sites send browsers back to."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request

from hub.kit.networks import parsed
from services.gateway.access.browser import Browser
from services.gateway.access.hops import is_loopback_host
from services.gateway.errors import Nameless


@dataclass(frozen=True, slots=True)
class Place:
    origin: str
    """`https://hub.example.com`, with a port where it is not the usual one."""

    @property
    def name(self) -> str:
        """The host alone: the id of the relying party."""
        return urlsplit(self.origin).hostname or ""


class Places:
    """By the setting; without it, this machine under its own name and nothing else, for a `Host` is what any caller
    says."""

    def __init__(self, browser: Browser, public_url: str) -> None:
        self._browser = browser
        self._set = Place(public_url) if public_url else None

    def of(self, request: Request) -> Place:
        """Raises Nameless."""
        if self._set is not None:
            return self._set
        if not self._browser.plain(request):
            raise Nameless
        return Place(f"http://{request.headers['Host'].lower()}")

    def named(self, request: Request) -> Place:
        """The same for passkeys, which browsers bind to a name, never to a bare address; raises Nameless."""
        place = self.of(request)
        if parsed(place.name) is not None:
            raise Nameless("passkeys are bound to a name: open http://localhost instead, or set [gateway] public_url")
        return place


def origin_of(text: str) -> str:
    """The origin of the setting; raises ValueError, with the fix."""
    parts = urlsplit(text.strip())
    local = is_loopback_host(parts.netloc)
    extra = parts.username or parts.query or parts.fragment or parts.path not in ("", "/")
    if not parts.hostname or extra or parts.scheme not in ("https", "http"):
        raise ValueError("write it as https://hub.example.com, without a path")
    if parts.scheme == "http" and not local:
        raise ValueError("must begin with https: browsers keep passkeys and cookies from anything else")
    return f"{parts.scheme}://{parts.netloc.lower()}"
