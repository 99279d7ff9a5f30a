"""Idempotency keys: the same write again gets the first result, and two at once are done once."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput, StoreUnavailable
from hub.kit.ids import derive, fresh
from hub.kit.log import Log
from hub.kit.reasons import reason_of
from hub.kit.seams import seam
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Index, Store
from hub.store.sweep import sweep

log = Log(__name__)

KEYS = CollectionSpec("idempotency", (Index("until"),))
WINDOW = timedelta(hours=24)
"""How long results are kept, if nothing else is said."""
LEASE = timedelta(seconds=5)
"""After a crash a repeated request waits at most this long for the lost one."""
_RENEW = LEASE.total_seconds() / 2
_POLL = 0.05
MAX_KEY = 255
_MOMENTARY = frozenset({408, 409, 423, 425, 429})
"""What may be otherwise a moment later, as all from 500 on."""


class OtherEyes(Conflict):
    """This was done under the same Idempotency-Key, when you were shown other things than now; read it anew."""


class KeyReused(InvalidInput):
    """This Idempotency-Key was used with a different request; take a fresh key for a new request."""


@dataclass(frozen=True, slots=True)
class Result:
    """An HTTP answer that can be given again."""

    status: int
    headers: dict[str, str]
    body: bytes


Act = Callable[[str], Awaitable[Result]]
"""Given the name of this use of the key, for the ids of what it makes: the same while the key is remembered, also
after a crash, and another one when the key comes again later. Nobody can guess it."""


class Keys:
    """Remembers the results of writes, for each employee and key, for `window`."""

    def __init__(self, store: Store, clock: Clock, *, service: str, window: timedelta = WINDOW) -> None:
        self._keys = store.collection(KEYS)
        self._service = service
        self._clock = clock
        self._window = window

    async def once(self, login: str, key: str, *, request: bytes, act: Act, eyes: str = "") -> tuple[Result, bool]:
        """Does `act`, or returns what it gave the first time; the second value says which of the two.

        `eyes` names what he who asks is shown: an answer is given again to the same alone.

        Results that may be otherwise a moment later (408, 409, 423, 425, 429, from 500 on) are not kept: a later
        retry is done anew, as after a crash.

        Raises:
            InvalidInput: the key is empty, too long or not printable ASCII.
            KeyReused: the key came with another request before.
            OtherEyes: it was done, and he may since see less, or more.
        """
        check_key(key)
        claim = self._claim(login, key, request, eyes)
        while True:
            stored = await self._take(claim)
            if stored["runner"] == claim["runner"]:
                return await self._act(stored, act), False
            if stored["fingerprint"] != claim["fingerprint"]:
                raise KeyReused(fields={"Idempotency-Key": "used with a different request; take a fresh one"})
            if stored["state"] == "done":
                if stored.get("eyes", eyes) != eyes:
                    raise OtherEyes
                return _result(stored), True
            await asyncio.sleep(_POLL)

    async def sweep(self) -> None:
        await sweep(self._keys, "until", self._clock.now())

    def _claim(self, login: str, key: str, request: bytes, eyes: str) -> Document:
        now = self._clock.now()
        # Keyed by a text that is stored nowhere: the request may hold a password, which a plain hash would betray.
        fingerprint = blake2b(request, key=blake2b(key.encode()).digest()).hexdigest()
        return {
            "_id": derive("key", login, key),
            "fingerprint": fingerprint,
            "eyes": eyes,
            "state": "running",
            "runner": fresh("run"),
            "use": fresh("use"),
            "lease": iso(now + LEASE),
            "until": iso(now + self._window),
        }

    async def _take(self, claim: Document) -> Document:
        """What is there now: it is ours if its runner is."""
        if await self._keys.insert(claim):
            return claim
        stored = await self._keys.get(claim["_id"])
        if stored is None:
            return await self._take(claim)
        if not self._free(stored, claim):
            return stored
        use = claim["use"] if self._over(stored) else stored.get("use", claim["use"])
        renewed = {**claim, "use": use, "lease": iso(self._clock.now() + LEASE), "_v": stored["_v"]}
        return renewed if await self._keys.swap(renewed) else await self._take(claim)

    def _over(self, stored: Document) -> bool:
        return from_iso(stored["until"]) <= self._clock.now()

    def _free(self, stored: Document, claim: Document) -> bool:
        if self._over(stored):
            return True
        same = stored["fingerprint"] == claim["fingerprint"]
        return same and stored["state"] == "running" and from_iso(stored["lease"]) <= self._clock.now()

    async def _act(self, claim: Document, act: Act) -> Result:
        over: Document = {"lease": iso(self._clock.now())}
        try:
            async with self._held(claim):
                result = await act(claim["use"])
        except BaseException:
            await self._note(claim, over)
            raise
        seam(f"{self._service}.before_note")
        await self._note(claim, _done(result) if _lasts(result.status) else over)
        return result

    async def _note(self, claim: Document, new: Document) -> None:
        """What was done is answered also where it could not be noted."""
        try:
            await self._amend_ours(claim, new)
        except StoreUnavailable as exc:
            log.warning("answer.not_noted", service=self._service, reason=str(exc))

    async def _amend_ours(self, claim: Document, new: Document) -> None:
        """Writes to the claim, unless another took over since."""
        ours = claim["runner"]
        await amend(self._keys, claim["_id"], lambda stored: {**stored, **new} if stored["runner"] == ours else None)

    @asynccontextmanager
    async def _held(self, claim: Document) -> AsyncIterator[None]:
        """Keeps the claim while the work takes longer than a lease."""
        renewing = asyncio.create_task(self._renew(claim))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _renew(self, claim: Document) -> None:
        while True:
            await asyncio.sleep(_RENEW)
            try:
                await self._amend_ours(claim, {"lease": iso(self._clock.now() + LEASE)})
            except Exception as exc:
                # Without the lease somebody else would do the same at the same time.
                log.warning("lease.not_renewed", service=self._service, reason=reason_of(exc))


def check_key(key: str) -> None:
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise InvalidInput(
            f"Idempotency-Key: 1 to {MAX_KEY} printable ASCII characters, such as a UUID",
            fields={"Idempotency-Key": f"1 to {MAX_KEY} printable ASCII characters"},
        )


def _lasts(status: int) -> bool:
    return status < 500 and status not in _MOMENTARY


def _done(result: Result) -> Document:
    body = b64encode(result.body).decode()
    return {"state": "done", "status": result.status, "headers": result.headers, "body": body}


def _result(stored: Document) -> Result:
    return Result(stored["status"], dict(stored["headers"]), b64decode(stored["body"]))
