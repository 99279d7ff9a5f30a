"""What a form carries to show that our page was opened before it was sent: signed, with its time. Pure.

`VERSION.SECONDS.NONCE.SIGNATURE`, keyed BLAKE2b (RFC 7693) over these and the form's id.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

_TOKEN = re.compile(r"(\d{1,9})\.(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Token:
    """A page that was opened."""

    version: int
    """Of the form, as it was shown."""
    at: float
    """Seconds since 1970."""
    nonce: str


def issued(key: bytes, form: str, version: int, now: datetime) -> str:
    told = f"{version}.{int(now.timestamp())}.{secrets.token_hex(16)}"
    return f"{told}.{_signed(key, form, told)}"


def read(key: bytes, form: str, text: str) -> Token | None:
    """None: it is none of ours, or another form's."""
    if (found := _TOKEN.fullmatch(text)) is None:
        return None
    told = text[: -len(found[4]) - 1]
    if not hmac.compare_digest(found[4], _signed(key, form, told)):
        return None
    return Token(int(found[1]), float(found[2]), found[3])


def _signed(key: bytes, form: str, told: str) -> str:
    return blake2b(f"{form}/{told}".encode(), key=key[:64], digest_size=16, person=b"lead form").hexdigest()
