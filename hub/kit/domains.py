"""Domains as they are asked for: ASCII by IDNA 2008 (RFC 5891), as registries and mail programs have it today.

`faß.example` is `xn--fa-hia.example`, not `fass.example`: the codec of Python is of 2003. Labels that IDNA 2008 does
not allow (emoji) are tried by the older rules, which some registries sold them by.
"""

import unicodedata

import idna

_LONGEST = 253
"""Characters of a domain (RFC 1035, 2.3.4)."""


def ascii_domain(domain: str) -> str:
    """With `xn--` where it must be, an ASCII one as it is; raises UnicodeError for what is no domain."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return domain.encode("idna").decode("ascii").lower()


def known_domain(domain: str) -> str:
    """As `ascii_domain`; what is no domain stays, composed (NFC)."""
    if domain.isascii() or len(domain) > _LONGEST:
        return domain
    try:
        return ascii_domain(domain)
    except UnicodeError:
        return unicodedata.normalize("NFC", domain)


def mail_name(address: str) -> str:
    """A mail address in the one form that it is known by, `email:name@domain`, as mails that come in have it: lower
    case, composed (NFC), its domain in ASCII; a domain that is none stays.
    """
    local, _, domain = unicodedata.normalize("NFC", address.strip()).lower().rpartition("@")
    return f"email:{local}@{known_domain(domain)}"
