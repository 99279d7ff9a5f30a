"""Identifiers: derived from what identifies a thing at its origin, or fresh."""

import secrets
from base64 import b32encode
from hashlib import blake2b

_SEPARATOR = b"\x1f"


def derive(kind: str, *parts: str | bytes) -> str:
    """The same id for the same parts, always: `kind_` and 26 characters (128 bits of BLAKE2b, base 32).

    Parts are length-framed, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = blake2b(digest_size=16, person=kind.encode()[:16])
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(str(len(raw)).encode() + _SEPARATOR + raw)
    return f"{kind}_{_text(digest.digest())}"


def fresh(kind: str) -> str:
    """An id that nobody can guess."""
    return f"{kind}_{_text(secrets.token_bytes(16))}"


def _text(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").rstrip("=").lower()
