"""What a push service carries and cannot read (RFC 8291, one record of RFC 8188), and who asks it to (RFC 8292)."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RECORD = 4096
"""Bytes; a longer content would be several records."""
_VALID = timedelta(hours=12)
"""Of a token; at most a day is taken."""


def hub_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """By which browsers know that it is this hub: the same for the same seed of 32 bytes."""
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sealed(content: bytes, *, key: bytes, secret: bytes, once: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """For the browser with this public key (65 bytes) and secret (16); `once` and `salt` (16) are for this alone.

    Raises:
        ValueError: it is no key.
    """
    theirs, ours = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key), public_bytes(once)
    shared = _derived(once.exchange(ec.ECDH(), theirs), secret, b"WebPush: info\0" + key + ours, 32)
    content_key = _derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", _RECORD, len(ours)) + ours
    return head + AESGCM(content_key).encrypt(nonce, content + b"\x02", None)


def authorization(endpoint: str, *, key: ec.EllipticCurvePrivateKey, contact: str, now: datetime) -> str:
    """The header for whoever runs the push service: `contact` is where the hub is reached, if anywhere."""
    place = urlsplit(endpoint)
    claims = {"aud": f"{place.scheme}://{place.netloc}", "exp": int((now + _VALID).timestamp())}
    claims |= {"sub": contact} if contact else {}
    told = ".".join(encoded(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(key.sign(told.encode(), ec.ECDSA(SHA256())))
    signature = encoded(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={told}.{signature}, k={encoded(public_bytes(key))}"


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
