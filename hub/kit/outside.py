"""Addresses that the hub calls because somebody named them: which of them are open to it, and the way there.

What is checked is the address that is connected to, after the name was resolved: a name that leads elsewhere at the
next look leads nowhere. The hub's own services, store and bus are named by its settings and do not come this way.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from hub.kit.restraint import Restraint

Address = IPv4Address | IPv6Address
AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""As `getaddrinfo` gives it: family, type, protocol, canonical name, socket address."""
_KINDS = {
    "this machine": ("127.0.0.0/8", "::1/128"),
    "no address of anybody": ("0.0.0.0/8", "::/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "in a private network": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    "in a network of a carrier (CGNAT)": ("100.64.0.0/10",),
    "in a network behind a NAT64 of one's own": ("64:ff9b:1::/48",),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": (
        "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        "100::/64", "2001:db8::/32",
    ),
}  # fmt: skip
_CLOSED = tuple((ip_network(text), kind) for kind, texts in _KINDS.items() for text in texts)
"""https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry"""
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_LAST = 0xFFFF_FFFF


class ForbiddenAddress(OSError):
    """The address is not open to the hub. An error of sockets, so that every library on the way treats it as one."""

    def __init__(self, address: str, kind: str) -> None:
        bits = 128 if ":" in address else 32
        fix = f'to let accounts name it, add "{address}/{bits}" to [hub] allowed_networks'
        super().__init__(f"{address} is {kind}, and is not called; {fix}")


class Outside:
    """Where the hub may connect to: public addresses, networks opened by the settings, simulators of this process."""

    def __init__(self, allowed: Sequence[str] = (), restraint: Restraint | None = None) -> None:
        """`allowed` are networks like `10.1.0.0/16`; raises ValueError for what is none."""
        self._allowed = tuple(ip_network(text) for text in allowed)
        self._restraint = restraint or Restraint()

    def check(self, address: str, port: int) -> None:
        """Raises ForbiddenAddress for a literal address that is not open."""
        bare = address.partition("%")[0]
        whole = ip_address(bare)
        if self._is_open(whole) or self._restraint.is_simulator(bare, port):
            return
        for one in (whole, *_within(whole)):
            if (kind := _kind(one)) and not self._is_open(one):
                raise ForbiddenAddress(bare, kind)

    async def addresses(self, host: str, port: int) -> list[AddrInfo]:
        """Those of a host that are open, in the order to try them.

        Raises:
            ForbiddenAddress: none is.
            OSError: there is no such host.
        """
        infos = await _resolved(host, port)
        refusals = []
        for info in list(infos):
            try:
                self.check(str(info[4][0]), port)
            except ForbiddenAddress as exc:
                infos.remove(info)
                refusals.append(exc)
        if refusals and not infos:
            raise refusals[0]
        return infos

    async def connected(self, host: str, port: int) -> socket.socket:
        """A connection to the first address of a host that takes it; the caller closes it, and sets the time limit.

        Raises:
            OSError: as `addresses`, or nothing takes it.
        """
        failure: OSError | None = None
        for info in await self.addresses(host, port):
            try:
                return await _connected(info)
            except OSError as exc:
                failure = failure or exc
        raise failure or socket.gaierror(socket.EAI_NONAME, "no such host")

    def _is_open(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


def _kind(address: Address) -> str:
    return next((kind for network, kind in _CLOSED if address in network), "")


def _within(address: Address) -> Sequence[IPv4Address]:
    """The IPv4 addresses that an IPv6 one leads to: mapped, 6to4, Teredo, NAT64 (RFC 6052), ISATAP (RFC 5214)."""
    if isinstance(address, IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    number = int(address)
    if address in _NAT64 or address in _COMPATIBLE or (number >> 32) & _LAST in _ISATAP:
        found.append(IPv4Address(number & _LAST))
    return [one for one in found if one is not None]


async def _resolved(host: str, port: int) -> list[AddrInfo]:
    loop = asyncio.get_running_loop()
    try:
        return list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except UnicodeError as exc:
        raise socket.gaierror(socket.EAI_NONAME, "no such host") from exc


async def _connected(info: AddrInfo) -> socket.socket:
    family, kind, protocol, _, where = info
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, where)
    except BaseException:
        made.close()
        raise
    return made
