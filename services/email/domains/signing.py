"""DKIM signatures (RFC 6376): relaxed/relaxed, RSA-SHA256, the same bytes for the same mail."""

import re
from base64 import b64encode
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SELECTOR = "omnihub"
_BITS = 2048
_SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""RFC 8058 wants the last two to be covered."""
_SPACES = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")


def new_key() -> str:
    """A private key, PEM. Takes a tenth of a second and more."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Signer:
    """Signs for one domain."""

    def __init__(self, domain: str, pem: str, *, selector: str = SELECTOR) -> None:
        key = load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self.domain = domain
        self.selector = selector

    @property
    def public(self) -> str:
        """As it is published, base 64."""
        key = self._key.public_key()
        return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def signed(self, raw: bytes) -> bytes:
        """The mail, its signature above it; lines end with CR LF."""
        head, _, body = raw.partition(b"\r\n\r\n")
        headers = _headers(head + b"\r\n")
        names = [name for name in _SIGNED if name in headers]
        # From once more than it is there: nobody can put a second one above it.
        told = b":".join([*names, b"from"])
        field = b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=%b; s=%b; h=%b; bh=%b; b=" % (
            self.domain.encode(),
            self.selector.encode(),
            told,
            b64encode(sha256(_body(body)).digest()),
        )
        covered = b"".join(b"%b:%b\r\n" % (name, headers[name]) for name in names)
        signature = self._key.sign(
            covered + b"dkim-signature:" + _SPACES.sub(b" ", field), padding.PKCS1v15(), hashes.SHA256()
        )
        folded = field.replace(b"; ", b";\r\n ") + b"\r\n ".join(_pieces(b64encode(signature)))
        return b"DKIM-Signature: " + folded + b"\r\n" + raw


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Of each name the last one, as RFC 6376, 3.4.2 has it."""
    found: dict[bytes, bytes] = {}
    for line in re.split(rb"\r\n(?![ \t])", head.rstrip(b"\r\n")):
        name, _, value = line.partition(b":")
        flat = value.replace(b"\r\n", b"")
        found[name.strip().lower()] = _SPACES.sub(b" ", flat).strip()
    return found


def _body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    lines = _SPACES.sub(b" ", _TRAILING.sub(b"", body)).rstrip(b"\r\n")
    return lines.rstrip(b" ") + b"\r\n" if lines.strip() else b""


def _pieces(text: bytes) -> list[bytes]:
    return [text[start : start + 72] for start in range(0, len(text), 72)]
