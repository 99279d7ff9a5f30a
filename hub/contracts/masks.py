"""What some employees are shown masked: they work with it and do not see it whole.

A field of a view is a `MaskedAddress` or `MaskedWords`; whoever shows a view says for the time being, with `hiding`,
which kinds are hidden. Texts that people wrote are never searched for such things.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Annotated, Any

from pydantic import PlainSerializer

_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())
_KEPT_DIGITS = 4
_DIGITS_OF_A_PHONE = 7
_IN_WORDS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"'@]+|\+?\d[\d\s()-]{5,}\d|telegram:@\w+/-?\d+")


class Kind(StrEnum):
    ADDRESSES = "addresses"
    """Telephone numbers, e-mail addresses and names in messengers, of customers."""


@contextmanager
def hiding(kinds: Collection[str]) -> Iterator[None]:
    before = _hidden.set(frozenset(kinds))
    try:
        yield
    finally:
        _hidden.reset(before)


def shown(text: str) -> str:
    """An address as it is shown for the time being."""
    return masked(text) if Kind.ADDRESSES in _hidden.get() else text


def words_shown(text: str) -> str:
    """Words of ours or of a server, in which there may be addresses, as they are shown for the time being."""
    return _IN_WORDS.sub(lambda found: masked(found[0]), text) if Kind.ADDRESSES in _hidden.get() else text


def has_address(text: str) -> bool:
    """Whether some of it would be masked."""
    return bool(_IN_WORDS.search(text))


MaskedAddress = Annotated[str, PlainSerializer(shown, return_type=str, when_used="json")]
"""An address as it is written, or normalised with its kind before it."""
MaskedWords = Annotated[str, PlainSerializer(words_shown, return_type=str, when_used="json")]
"""A name, or a server's words, in which there may be addresses."""


def _all_shown(told: Any) -> Any:
    """Words wherever they stand in it."""
    if isinstance(told, str):
        return words_shown(told)
    if isinstance(told, dict):
        return {name: _all_shown(each) for name, each in told.items()}
    return [_all_shown(each) for each in told] if isinstance(told, list | tuple) else told


MaskedAny = Annotated[Any, PlainSerializer(_all_shown, when_used="json")]
"""Any JSON, in which there may be addresses."""


def masked(address: str) -> str:
    """`email:anna@example.com` is `email:a***@example.com`, `phone:+79161234567` is `phone:+7***4567`.

    The host of an e-mail address stays: whoever writes to a company sees which.
    """
    kind, colon, rest = address.partition(":") if not address.startswith(("+", "tel:")) else ("", "", address)
    if not colon:
        kind, rest = "", address
    before = f"{kind}:" if colon else ""
    if "@" in rest and not rest.startswith("@"):
        name, _, host = rest.rpartition("@")
        return f"{before}{name[:1]}***@{host}"
    digits = [letter for letter in rest if letter.isdigit()]
    if len(digits) >= _DIGITS_OF_A_PHONE and kind != "telegram":
        return f"{before}{'+' if '+' in rest else ''}{digits[0]}***{''.join(digits[-_KEPT_DIGITS:])}"
    bot, slash, _ = rest.partition("/")
    return f"{before}{bot}/***" if slash else f"{before}{rest[:1]}***" if rest else address
