"""What an authenticator answered, checked by py_webauthn (https://www.w3.org/TR/webauthn-3/, 7.1 and 7.2).

The library takes a third of a second to load: it is loaded at the first use, in the thread that checks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from hub.kit.log import Log
from services.gateway.errors import NotThisPasskey
from services.gateway.passkeys.models import Ceremony, raw_of, texted

T = TypeVar("T")
log = Log(__name__)
ALGORITHMS = (-8, -7, -257)
"""Of COSE: EdDSA, ES256, RS256 (Windows Hello)."""
_FORMATS = ("none", "packed")
"""No attestation was asked for; self-attestation may come all the same."""
LONGEST_KEY = 600
"""Bytes; RSA of 4,096 bits. A longer one would make each login dear."""
LONGEST_ID = 1023
"""Bytes of a credential's id, as WebAuthn has it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new key."""

    credential: str
    key: str
    count: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Signed:
    count: int
    synced: bool


async def made(credential: dict[str, Any], ceremony: Ceremony) -> Made:
    """Raises NotThisPasskey."""
    return await _checked(lambda: _made(credential, ceremony))


async def signed(credential: dict[str, Any], ceremony: Ceremony, key: str) -> Signed:
    """That the holder of the key signed this challenge; how often it was used is for the caller to compare.

    Raises:
        NotThisPasskey.
    """
    return await _checked(lambda: _signed(credential, ceremony, key))


async def _checked(look: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(look)
    except NotThisPasskey:
        raise
    except Exception as exc:
        # Strangers write these bytes, and the libraries below (CBOR, X.509, curves) raise whatever they like.
        log.info("passkey.refused", reason=type(exc).__name__)
        raise NotThisPasskey(f"this passkey is refused: {exc}"[:300]) from exc


def _made(credential: dict[str, Any], ceremony: Ceremony) -> Made:
    from webauthn import verify_registration_response  # type: ignore[attr-defined,unused-ignore]
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    _refuse_frames(credential)
    found = verify_registration_response(
        credential=credential,
        expected_challenge=ceremony.challenge,
        expected_rp_id=ceremony.place.name,
        expected_origin=ceremony.place.origin,
        require_user_verification=True,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
    )
    if found.fmt not in _FORMATS:
        raise NotThisPasskey(f"attestation {found.fmt}: none was asked for; give it without")
    if len(found.credential_public_key) > LONGEST_KEY or len(found.credential_id) > LONGEST_ID:
        raise NotThisPasskey(f"its key has more than {LONGEST_KEY} bytes, or its id more than {LONGEST_ID}")
    return Made(
        texted(found.credential_id), texted(found.credential_public_key), found.sign_count, found.credential_backed_up
    )


def _signed(credential: dict[str, Any], ceremony: Ceremony, key: str) -> Signed:
    from webauthn import verify_authentication_response

    _refuse_frames(credential)
    found = verify_authentication_response(
        credential=credential,
        expected_challenge=ceremony.challenge,
        expected_rp_id=ceremony.place.name,
        expected_origin=ceremony.place.origin,
        credential_public_key=raw_of(key),
        credential_current_sign_count=0,  # compared where it is stored, after the signature
        require_user_verification=True,
    )
    return Signed(found.new_sign_count, found.credential_backed_up)


def _refuse_frames(credential: dict[str, Any]) -> None:
    """Our pages are in no frame: what was signed in one was signed for somebody else's page."""
    client = orjson.loads(raw_of(credential["response"]["clientDataJSON"]))
    if client.get("crossOrigin"):
        raise NotThisPasskey("signed in a frame of another page")
