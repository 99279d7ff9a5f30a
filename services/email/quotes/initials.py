"""Finds quotes whose lines begin with the initials of whom they quote ("AO> When?"), as The Bat! marks them."""

import re
from collections.abc import Sequence

from services.email.quotes.headers import header_at

_INITIALS = re.compile(r" {0,2}(?P<who>[^\W\d_]{1,4})>{1,9}(?:\s|$)")


def initialed(texts: Sequence[str]) -> list[int]:
    """The lines that begin with initials, if the first of them stands right under an attribution; else none.

    Without an attribution they are as likely the prompt of a program ("SQL> select 1").
    """
    found = [at for at, line in enumerate(texts) if ">" in line[:16] and _INITIALS.match(line)]
    return found if found and _is_attributed(texts, found[0]) else []


def _is_attributed(texts: Sequence[str], first: int) -> bool:
    before = texts[:first]
    above = first - 1
    while above >= 0 and first - above <= 3 and not texts[above].strip():
        above -= 1
    return above >= 0 and any(
        (header := header_at(before, at)) is not None and at + header.height == above + 1
        for at in range(max(0, above - 2), above + 1)
    )
