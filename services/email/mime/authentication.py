"""What the receiving server says it verified: `Authentication-Results` (RFC 8601)."""

import re
from typing import NamedTuple

_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.I)
_COMMENT = re.compile(r"\([^()]*+\)")
_ORDER = ("pass", "fail", "softfail", "permerror", "temperror", "policy", "neutral", "none")


class Authentication(NamedTuple):
    """Verdicts in lower case (`pass`, `fail`, `none`, ...), None where the server says nothing of that method."""

    spf: str | None
    dkim: str | None
    dmarc: str | None
    authserv_id: str


def parse(value: str) -> Authentication | None:
    """One header value; None where it holds no verdict. Of several DKIM signatures one that passes is enough."""
    text = _COMMENT.sub(" ", value[:20_000])
    server, _, rest = text.partition(";")
    found: dict[str, str] = {}
    for method, verdict in _RESULT.findall(rest):
        _keep(found, method.lower(), verdict.lower())
    words = server.split()
    if not found or not words:
        return None
    return Authentication(found.get("spf"), found.get("dkim"), found.get("dmarc"), words[0])


def of(values: tuple[str, ...], trusted: frozenset[str] | None = None) -> Authentication | None:
    """The topmost header that says something: lower ones may be forged. `trusted` names the servers to believe, and,
    as `.example.com`, domains whose servers are believed in the topmost header alone; None believes the top one.
    """
    for number, value in enumerate(values):
        found = parse(value)
        if found is not None and (
            trusted is None or _is_trusted(found.authserv_id.lower(), trusted, first=number == 0)
        ):
            return found
    return None


def _is_trusted(server: str, trusted: frozenset[str], *, first: bool) -> bool:
    return server in trusted or (first and any(one[0] == "." and f".{server}".endswith(one) for one in trusted))


def _keep(found: dict[str, str], method: str, verdict: str) -> None:
    before = found.get(method)
    if before is None or (verdict in _ORDER and before in _ORDER and _ORDER.index(verdict) < _ORDER.index(before)):
        found[method] = verdict
