"""How we name ourselves to a mail server: by a name that it may not refuse (RFC 5321, 2.3.5 and 4.1.3)."""

import re
from ipaddress import ip_address

_LABEL = r"(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,255}}\Z)(?:[A-Za-z0-9]{_LABEL}\.)*[A-Za-z]{_LABEL}")


def ehlo_name(*names: str, here: str) -> str:
    """The first of these that is a name at all; else the address that we speak from, as a literal."""
    for name in names:
        if _NAME.fullmatch(bare := name.strip().rstrip(".")):
            return bare
    try:
        address = ip_address(here.partition("%")[0])
    except ValueError:
        return "localhost"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
