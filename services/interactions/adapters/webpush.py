"""Push services of browsers, by RFC 8030: whoever runs one gets bytes that the browser alone can read."""

import asyncio
import secrets
from hashlib import blake2b

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from hub.kit.clock import Clock
from hub.kit.log import Log
from hub.kit.outside import Outside
from hub.kit.outside_http import client
from hub.store.base import Document
from services.interactions.push.sealing import CURVE, authorization, decoded, encoded, public_bytes, sealed
from services.interactions.push.sending import Outcome

log = Log(__name__)
PATIENCE = 10.0
"""Seconds for the whole of it."""
_KEPT = 86_400
"""Seconds for which a push service keeps it for a browser that is away."""
_LATER = {408, 413, 425, 429}


class WebPush:
    """See `services.interactions.push.sending.Post`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, *, contact: str, outside: Outside, clock: Clock) -> None:
        self._key = key
        self._contact = contact
        self._clock = clock
        self._http = client(outside, patience=PATIENCE)

    @property
    def public_key(self) -> str:
        """By which browsers know the hub."""
        return encoded(public_bytes(self._key))

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, device: Document, content: bytes, *, topic: str) -> Outcome:
        """Of one topic a browser that was away shows the newest."""
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._posted(device, content, topic)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as exc:
            log.warning("push.waiting", device=device["_id"], reason=f"{type(exc).__name__} {exc}"[:200])
            return Outcome.LATER
        except ValueError as exc:
            log.warning("push.refused", device=device["_id"], reason=str(exc)[:200])
            return Outcome.GONE
        return self._outcome(device, answer.status_code)

    async def _posted(self, device: Document, content: bytes, topic: str) -> httpx.Response:
        key, secret = decoded(device["key"]), decoded(device["secret"])
        once, salt = ec.generate_private_key(CURVE), secrets.token_bytes(16)
        endpoint = device["endpoint"]
        return await self._http.post(
            endpoint,
            content=sealed(content, key=key, secret=secret, once=once, salt=salt),
            headers={
                "Authorization": authorization(endpoint, key=self._key, contact=self._contact, now=self._clock.now()),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(_KEPT),
                "Urgency": "high",
                "Topic": encoded(blake2b(topic.encode(), digest_size=20).digest()),
            },
        )

    def _outcome(self, device: Document, status: int) -> Outcome:
        if 200 <= status < 300:
            return Outcome.TAKEN
        if status in (404, 410):
            return Outcome.GONE
        log.warning("push.refused", device=device["_id"], status=status)
        return Outcome.LATER if status >= 500 or status in _LATER else Outcome.NEVER
