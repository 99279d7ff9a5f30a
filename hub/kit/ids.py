"""Identifiers: derived from what identifies a thing at its origin, or fresh."""

import secrets
from hashlib import blake2b

_SEPARATOR = b"\x1f"


def derive(kind: str, *parts: str | bytes) -> str:
    """The same id for the same parts, always: `kind_` and 32 hexadecimal digits (128 bits of BLAKE2b).

    Parts are length-framed, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = blake2b(digest_size=16, person=kind.encode()[:16])
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(str(len(raw)).encode() + _SEPARATOR + raw)
    return f"{kind}_{digest.hexdigest()}"


def fresh(kind: str) -> str:
    """An id that nobody can guess."""
    return f"{kind}_{secrets.token_hex(16)}"
