"""Whose verdicts on senders a mailbox may believe, learned from what its own server writes on every mail: pure.

A server that checks senders writes on each mail who received it (`Received: … by mx.example.com`, RFC 5321, 4.4) and
what it found (`Authentication-Results: mx.example.com; …`, RFC 8601), and takes out such verdicts under its own name
that came with the mail. Anybody can write both lines, but nobody can write them on all mails of a mailbox for a week.
"""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hub.kit.clock import from_iso, iso
from services.email.mime.model import Mail

IN_A_ROW = 20
LASTING = timedelta(days=7)
"""So many mails in a row, over so long, without one that the same servers received and wrote no verdict on."""
_BY = re.compile(r"\bby\s+((?:[a-z0-9_-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62})\b", re.IGNORECASE)
_ID = re.compile(r"\s*(?:\([^()]*\)\s*)*([a-z0-9._-]{1,253})", re.IGNORECASE)
_LOOKED_AT = 2
"""Of the topmost `Received`: the first one of Gmail names no host."""
_COUNTRY_OR_SHORTER, _SHORT = 2, 3

Document = dict[str, Any]


class Evidence(NamedTuple):
    """What stands on top of a mail: the domain of the server that received it, and whether a server there wrote the
    topmost verdict. An empty domain says nothing.
    """

    domain: str
    vouched: bool


NOTHING = Evidence("", vouched=False)


def evidence_of(mail: Mail) -> Evidence:
    received = (_BY.search(value[:2_000]) for value in mail.header_all("Received")[:_LOOKED_AT])
    host = next((found[1] for found in received if found), "")
    verdict = _ID.match(next(iter(mail.header_all("Authentication-Results")), "")[:1_000])
    domain = _domain(host.lower())
    return Evidence(domain, bool(domain and verdict and is_under(verdict[1], domain)))


def is_under(host: str, domain: str) -> bool:
    """Whether a name is a domain's, or one below it."""
    return f".{host.lower()}".endswith(f".{domain}")


def with_evidence(known: Document, evidence: Evidence, at: datetime) -> Document:
    """What is known of a mailbox after one more mail; the same when that tells nothing new."""
    domain, vouched = evidence
    if not domain or (learned(known) == domain and vouched):
        return known
    if not vouched:
        return known if known.get("domain") not in ("", None, domain) else {"domain": "", "count": 0}
    if known.get("domain") != domain:
        return known if learned(known) else {"domain": domain, "count": 1, "first": iso(at), "last": iso(at)}
    moments = (known["first"], known["last"], iso(at))
    return {"domain": domain, "count": known["count"] + 1, "first": min(moments), "last": max(moments)}


def learned(known: Document) -> str:
    """The domain whose servers are believed; empty while there is none."""
    if known.get("count", 0) < IN_A_ROW:
        return ""
    lasted = from_iso(known["last"]) - from_iso(known["first"]) >= LASTING
    return str(known["domain"]) if lasted else ""


def _domain(host: str) -> str:
    """Without the names of single machines: `google.com` of `mx.google.com`, `a.co.uk` of `mx1.a.co.uk`."""
    labels = host.split(".")
    if len(labels) < _SHORT:
        return host
    common = len(labels[-1]) == _COUNTRY_OR_SHORTER and len(labels[-2]) <= _SHORT
    return ".".join(labels[-3:] if common else labels[-2:])
