"""Identifiers: derived from what identifies a thing at its origin, or fresh."""

import secrets
from hashlib import blake2b

_MOMENT = 8
"""Digits."""


def derive(kind: str, *parts: str | bytes, at: int | None = None) -> str:
    """The same id for the same parts, always: `kind_` and 32 hexadecimal digits of BLAKE2b.

    With `at`, in seconds since 1970, the first eight digits are that moment: ids of one time lie together, so that a
    store of millions adds them to a few pages of its indexes instead of to all of them. It must be as certain as the
    parts are.

    Parts are length-framed, so that ("ab", "c") and ("a", "bc") differ.
    """
    raws = [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]
    framed = b"".join([b"%d\x1f%b" % (len(raw), raw) for raw in raws])
    return f"{kind}_{_timed(blake2b(framed, digest_size=16, person=kind.encode()[:16]).hexdigest(), at)}"


def fresh(kind: str, *, at: int | None = None) -> str:
    """An id that nobody can guess; `at` as for `derive`."""
    return f"{kind}_{_timed(secrets.token_hex(16), at)}"


def moment_of(made: str) -> int:
    """The `at` an id was made with, for ids that belong to it; some number for an id made without."""
    try:
        return int(made.partition("_")[2][:_MOMENT], 16)
    except ValueError:
        return 0


def _timed(digits: str, at: int | None) -> str:
    return digits if at is None else f"{at % 16**_MOMENT:0{_MOMENT}x}{digits[_MOMENT:]}"
