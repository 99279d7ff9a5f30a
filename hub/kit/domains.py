"""Domains as they are asked for: ASCII by IDNA 2008 (RFC 5891), as registries and mail programs have it today.

`faß.example` is `xn--fa-hia.example`, not `fass.example`: the codec of Python is of 2003. Labels that IDNA 2008 does
not allow (emoji) are tried by the older rules, which some registries sold them by.
"""

import idna


def ascii_domain(domain: str) -> str:
    """With `xn--` where it must be, an ASCII one as it is; raises UnicodeError for what is no domain."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return domain.encode("idna").decode("ascii").lower()
