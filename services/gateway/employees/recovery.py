"""Recovery codes: each lets somebody in once who has not his second factor at hand."""

import hmac
import secrets
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from hub.kit.secrets import SecretBox

CODES = 10
_RANDOM = 10
"""Bytes of a code, 16 letters in base 32: more than can be tried, also by whoever has the hashes."""
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """New codes, to be told once, and what is kept of them."""

    codes: tuple[str, ...]
    hashes: tuple[str, ...]


class Recovery:
    """Draws codes and finds them again by a hash that takes `secret.key` to make."""

    def __init__(self, box: SecretBox) -> None:
        self._key = box.derived("recovery codes")

    def draw(self) -> Drawn:
        codes = tuple(_grouped(b32encode(secrets.token_bytes(_RANDOM)).decode().lower()) for _ in range(CODES))
        return Drawn(codes, tuple(map(self._hash, codes)))

    def without(self, hashes: Sequence[str], code: str) -> list[str] | None:
        """The hashes that are left when this code was used; none where it is not among them."""
        given = self._hash(code)
        return [each for each in hashes if each != given] if given in hashes else None

    def _hash(self, code: str) -> str:
        plain = "".join(code.replace("-", "").split()).lower()
        return hmac.digest(self._key, plain.encode("utf-8", "surrogatepass"), sha256).hex()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
