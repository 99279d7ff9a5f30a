"""Who asks: the network address behind proxies that are trusted, and whether it is this very machine."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from starlette.datastructures import Headers

from hub.kit.networks import Address, parsed

Network = IPv4Network | IPv6Network
UNKNOWN = "-"
"""Where a connection has no address, as that of a Unix socket."""
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


class Hops:
    """Reads the way that a request took, of which only what trusted proxies wrote is believed."""

    def __init__(self, trusted: Sequence[Network], *, header: str) -> None:
        """`header` is the one that the proxies set, `x-forwarded-for` or `forwarded` (RFC 7239). The other one is
        what a stranger may have written, which they pass on."""
        self._trusted = tuple(trusted)
        self._header = header

    def caller(self, connected: str | None, headers: Headers) -> str:
        """The address that is nearest to us and no trusted proxy's.

        The header may come in several lines: some proxies add one of their own behind what a stranger sent.
        """
        current = parsed(connected or "")
        if current is None:
            return connected or UNKNOWN
        for word in reversed(_listed(",".join(headers.getlist(self._header)), self._header)):
            if not self._trusts(current):
                break
            hop = parsed(word)
            if hop is None:
                break
            current = hop
        return str(current)

    def is_proxy(self, connected: str) -> bool:
        """Whether it is a trusted proxy, behind which there are many."""
        address = parsed(connected)
        return address is not None and self._trusts(address)

    def at_home(self, connected: str | None, headers: Mapping[str, str]) -> bool:
        """Whether the request comes from this machine, and from no proxy on it that says so."""
        address = parsed(connected or "")
        return address is not None and address.is_loopback and not any(name in headers for name in _PROXIED)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def networks(texts: Iterable[str]) -> list[Network]:
    """Raises ValueError, with the fix."""
    made = []
    for text in texts:
        try:
            made.append(ip_network(text.strip()))
        except ValueError as exc:
            raise ValueError(f"{text!r} is no network; write it as 10.0.0.0/8, or 192.0.2.7/32") from exc
    return made


def is_loopback_host(host: str) -> bool:
    """Whether the `Host` of a request names this machine, with or without a port."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.strip("[]").lower() == "localhost":
        return True
    address = parsed(name)
    return address is not None and address.is_loopback


def _listed(value: str, header: str) -> list[str]:
    words = [word.strip() for word in value.split(",") if word.strip()]
    return words if header != "forwarded" else [_for(word) for word in words]


def _for(element: str) -> str:
    """`192.0.2.7` of `for=192.0.2.7;proto=https`."""
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""
