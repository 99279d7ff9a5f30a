"""Tokens of the provider, verified: OpenID Connect Core 1.0, 3.1.3.7, and Back-Channel Logout 1.0, 2.6.

The library for signatures is loaded at the first use.
"""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import new as digest
from typing import Any

import orjson

from hub.kit.clock import Clock
from hub.kit.errors import ProviderUnavailable
from services.gateway.errors import NotVerified
from services.gateway.sso.models import Claims

Jwk = dict[str, Any]
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Public keys alone: with HS256 the secret of the client would sign, with `none` anybody."""
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_LEEWAY = timedelta(seconds=60)
_LATEST_LOGOUT = timedelta(minutes=10)
_LARGEST = 100_000
"""Characters of a token."""
_RSA = range(340, 1_400)
"""Characters of a modulus: 2,048 to 8,192 bits."""
AGAIN = timedelta(seconds=30)
"""Keys are fetched at most so often, however many tokens name one that is not known."""
_KEPT = timedelta(hours=1)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Keys:
    """The provider's public keys, fetched when one is named that is not known, and every hour."""

    def __init__(self, fetch: Callable[[], Awaitable[list[Jwk]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[Jwk] = []
        self._tried_at: datetime | None = None
        self._fetched_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def fitting(self, kid: object, alg: str) -> Jwk:
        """Raises NotVerified: there is none, or several; ProviderUnavailable."""
        if not self._within(_KEPT, self._fetched_at) or len(_fitting(self._keys, kid, alg)) != 1:
            await self._look_again()
        found = _fitting(self._keys, kid, alg)
        current = self._within(_KEPT, self._fetched_at)
        if current and len(found) == 1:
            return found[0]
        if not current or self._fetched_at != self._tried_at:
            raise ProviderUnavailable(
                f"the provider's keys could not be fetched; try again in {AGAIN.seconds} seconds"
            )
        raise NotVerified("signed with a key that the provider does not publish")

    async def _look_again(self) -> None:
        async with self._lock:
            if not self._within(AGAIN, self._tried_at):
                self._tried_at = now = self._clock.now()
                self._keys = await self._fetch()
                self._fetched_at = now

    def _within(self, age: timedelta, since: datetime | None) -> bool:
        """A moment that is to come is one of a clock that was wrong."""
        return since is not None and since <= self._clock.now() < since + age


class Tokens:
    """Of one issuer, for this client."""

    def __init__(self, keys: Keys, clock: Clock, *, issuer: str, client_id: str) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._client_id = client_id

    async def id_token(self, text: str, *, nonce: str, access_token: str) -> Claims:
        """What it claims; raises NotVerified, ProviderUnavailable."""
        alg, claims = await self._signed(text)
        self._check(claims)
        if self._moment(claims, "exp") <= self._clock.now() - _LEEWAY:
            raise NotVerified("the token is over")
        if not _same(claims.get("nonce"), nonce):
            raise NotVerified("the nonce is of another login")
        if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(alg, access_token)):
            raise NotVerified("the access token is of another login")
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            raise NotVerified("it does not say who it is about (sub)")
        return claims

    async def logout_token(self, text: str) -> Claims:
        """Whose session ended, by `sub`, `sid` or both; raises NotVerified, ProviderUnavailable."""
        _, claims = await self._signed(text)
        self._check(claims)
        events, now = claims.get("events"), self._clock.now()
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise NotVerified("it is no logout token")
        if self._moment(claims, "iat") < now - _LATEST_LOGOUT:
            raise NotVerified("the token is too old")
        if "exp" in claims and self._moment(claims, "exp") <= now - _LEEWAY:
            raise NotVerified("the token is over")
        if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "sid", "jti")) or not claims.get("jti"):
            raise NotVerified("sub, sid or jti is no text, or there is no jti")
        if not (claims.get("sub") or claims.get("sid")):
            raise NotVerified("it names nobody: neither sub nor sid")
        return claims

    async def _signed(self, text: str) -> tuple[str, Claims]:
        if not 0 < len(text) <= _LARGEST:
            raise NotVerified("there is no token, or it is too long")
        head = await asyncio.to_thread(_checked, _head, text)
        alg = head.get("alg")
        if not isinstance(alg, str) or alg not in ALGORITHMS or "crit" in head:
            raise NotVerified(f"signed by a method that is not taken; these are: {', '.join(ALGORITHMS)}")
        key = await self._keys.fitting(head.get("kid"), alg)
        return alg, await asyncio.to_thread(_checked, _payload, text, key, alg)

    def _check(self, claims: Claims) -> None:
        """What both kinds have to say."""
        if claims.get("iss") != self._issuer:
            raise NotVerified("it is of another issuer")
        audience = claims.get("aud")
        heard = [audience] if isinstance(audience, str) else audience
        if not isinstance(heard, list) or self._client_id not in heard:
            raise NotVerified("it is for another client (aud)")
        if claims.get("azp", self._client_id if len(heard) == 1 else None) != self._client_id:
            raise NotVerified("it was given to another client (azp)")
        if self._moment(claims, "iat") > self._clock.now() + _LEEWAY:
            raise NotVerified("it is of the future: one of the clocks is wrong")

    def _moment(self, claims: Claims, name: str) -> datetime:
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NotVerified(f"{name} is missing, or no number")
        try:
            return datetime.fromtimestamp(value, tz=self._clock.now().tzinfo)
        except (ValueError, OverflowError, OSError) as exc:
            raise NotVerified(f"{name} is no moment") from exc


def _checked(look: Callable[..., Any], *given: Any) -> Any:
    try:
        return look(*given)
    except Exception as exc:
        # What is read here anybody may have written; the library raises errors of many kinds.
        raise NotVerified(f"{type(exc).__name__}") from exc


def _head(text: str) -> dict[str, Any]:
    from joserfc.jws import extract_compact

    return dict(extract_compact(text.encode()).headers())


def _payload(text: str, key: Jwk, alg: str) -> dict[str, Any]:
    from joserfc.jwk import import_key
    from joserfc.jws import JWSRegistry, deserialize_compact

    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    signed = deserialize_compact(text, import_key(key), algorithms=[alg], registry=registry)
    found = orjson.loads(signed.payload)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _fitting(keys: list[Jwk], kid: object, alg: str) -> list[Jwk]:
    return [key for key in keys if _fits(key, alg) and (kid is None or key.get("kid") == kid)]


def _fits(key: Jwk, alg: str) -> bool:
    kind = _KINDS[alg[:2]]
    strong = kind != "RSA" or (isinstance(key.get("n"), str) and len(key["n"]) in _RSA)
    return (
        strong
        and key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and "d" not in key
    )


def _half_hash(alg: str, access_token: str) -> str:
    whole = digest(f"sha{alg[2:]}", access_token.encode()).digest()
    return urlsafe_b64encode(whole[: len(whole) // 2]).decode().rstrip("=")


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
