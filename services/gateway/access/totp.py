"""Codes that an authenticator application shows: RFC 6238 (TOTP) on RFC 4226 (HOTP), SHA-1, 6 digits, 30 seconds."""

import hmac
import secrets
from base64 import b32decode, b32encode
from datetime import datetime
from hashlib import sha1
from urllib.parse import quote

PERIOD = 30
"""Seconds."""
DIGITS = 6
_SECRET = 20
"""Bytes, as RFC 4226 recommends."""
_EARLIER_AND_LATER = (0, -1, 1)
"""Steps that a clock may be off, and a person slow."""

_SET_BACK = 120
"""Steps, an hour: clocks differ by less."""


def new_secret() -> str:
    """In base 32, as applications take it."""
    return b32encode(secrets.token_bytes(_SECRET)).decode()


def uri(secret: str, login: str) -> str:
    """What a QR code for the application holds."""
    return f"otpauth://totp/omnihub:{quote(login, safe='')}?secret={secret}&issuer=omnihub"


def code_at(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of the step with this number since 1970."""
    digest = hmac.digest(b32decode(secret), step.to_bytes(8), sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(secret: str, code: str, now: datetime, *, after: int = -1) -> int | None:
    """The step whose code this is; none when it is not of now, nor later than `after`, the last one used.

    One that was used hours from now was used before the clock was set back: it counts no more.
    """
    current = int(now.timestamp()) // PERIOD
    after = after if after <= current + _SET_BACK else -1
    given = "".join(code.split()).encode()
    for shift in _EARLIER_AND_LATER:
        step = current + shift
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), given):
            return step
    return None
