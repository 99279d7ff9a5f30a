"""An authenticator in software, with the browser before it: makes and shows passkeys (WebAuthn Level 3), for tests.

It is written from the standard, not from the library that checks it. What it says can be bent, as an attacker would.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ES256, EDDSA = -7, -8
"""Of COSE (RFC 9053)."""
_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
"""Bits of the flags (section 6.1)."""
Options = Mapping[str, Any]


@dataclass
class Key:
    """A passkey that it keeps."""

    id: bytes
    rp: str
    handle: str
    private: EllipticCurvePrivateKey | Ed25519PrivateKey
    count: int = 0

    def cose(self) -> bytes:
        """The public part (RFC 9053, 7)."""
        if isinstance(self.private, Ed25519PrivateKey):
            raw = self.private.public_key().public_bytes_raw()
            return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: raw})
        point = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, ECDSA(hashes.SHA256()))


@dataclass
class Bent:
    """What is said instead of the truth."""

    origin: str | None = None
    rp: str | None = None
    challenge: str | None = None
    kind: str | None = None
    count: int | None = None
    handle: str | None = None
    id: bytes | None = None
    framed: bool = False
    fmt: str = "none"


@dataclass
class Authenticator:
    """One device, and the browser at `origin`."""

    origin: str
    algorithm: int = ES256
    verifies: bool = True
    """It asked for a finger or a PIN."""
    counts: bool = True
    synced: bool = False
    keys: list[Key] = field(default_factory=list)

    def create(self, options: Options, bent: Bent | None = None) -> dict[str, Any]:
        """As `navigator.credentials.create(…).toJSON()`."""
        bent = bent or Bent()
        private = Ed25519PrivateKey.generate() if self.algorithm == EDDSA else generate_private_key(SECP256R1())
        key = Key(bent.id or secrets.token_bytes(32), options["rp"]["id"], options["user"]["id"], private)
        self.keys.append(key)
        attested = bytes(16) + len(key.id).to_bytes(2) + key.id + key.cose()
        data = self._data(bent.rp or key.rp, key, attested, bent)
        attestation = cbor2.dumps({"fmt": bent.fmt, "attStmt": {}, "authData": data})
        client = self._client(bent.kind or "webauthn.create", options, bent)
        return _credential(key, {"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def get(self, options: Options, bent: Bent | None = None) -> dict[str, Any]:
        """As `navigator.credentials.get(…).toJSON()`, with the first key that fits."""
        bent = bent or Bent()
        key = self._fitting(options["rpId"], options.get("allowCredentials", ()))
        data = self._data(bent.rp or key.rp, key, b"", bent)
        client = self._client(bent.kind or "webauthn.get", options, bent)
        signature = key.sign(data + sha256(client).digest())
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signature),
            "userHandle": bent.handle or key.handle,
        }
        return _credential(key, response)

    def _fitting(self, rp: str, allowed: Iterable[Options]) -> Key:
        named = {each["id"] for each in allowed}
        return next(key for key in self.keys if key.rp == rp and (not named or text(key.id) in named))

    def _data(self, rp: str, key: Key, attested: bytes, bent: Bent) -> bytes:
        """Authenticator data (section 6.1)."""
        key.count += self.counts
        count = key.count if bent.count is None else bent.count
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | (_ATTESTED if attested else 0)
        flags |= _ELIGIBLE | _BACKED_UP if self.synced else 0
        return sha256(rp.encode()).digest() + bytes([flags]) + count.to_bytes(4) + attested

    def _client(self, kind: str, options: Options, bent: Bent) -> bytes:
        """What the browser says beside it (section 5.8.1)."""
        said = {
            "type": kind,
            "challenge": bent.challenge or options["challenge"],
            "origin": bent.origin or self.origin,
            "crossOrigin": bent.framed,
        }
        return json.dumps(said).encode()


def text(raw: bytes) -> str:
    """In base 64 for URLs, without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(written: str) -> bytes:
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


def _credential(key: Key, response: dict[str, Any]) -> dict[str, Any]:
    named = text(key.id)
    return {
        "id": named,
        "rawId": named,
        "type": "public-key",
        "response": response,
        "clientExtensionResults": {},
        "authenticatorAttachment": "platform",
    }
