"""Network addresses as they are counted: who has one IPv6 address has all of its /64."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
_SITE_PREFIX = 64
"""Bits of an IPv6 address that one customer of a provider is given at the least: whoever has one has all below."""


def parsed(text: str) -> Address | None:
    """An address, also as `[2001:db8::1]:443` or `192.0.2.7:443`; an IPv4 address written as IPv6 is one."""
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare.partition("%")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def network_of(address: str) -> str:
    """What is counted as one: an IPv4 address, or the /64 of an IPv6 address."""
    found = parsed(address)
    if not isinstance(found, IPv6Address):
        return str(found or address)
    return str(ip_network((int(found) >> _SITE_PREFIX << _SITE_PREFIX, _SITE_PREFIX)))
