"""The loop that fetches the files of messages which came before them: retried until they are here or have expired."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from hub.bus.base import Bus
from hub.channels.pause import Pause, happened
from hub.contracts.base import Envelope
from hub.contracts.interaction import Attachment, AttachmentFetched
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import SOURCE

POLL = 2.0
"""Seconds between two looks when nothing wakes us."""
_AT_ONCE = 4
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=10)
log = Log(__name__)


class FileSource(Protocol):
    """Where the provider keeps the files of messages."""

    async def file(self, reference: str, *, limit: int) -> bytes:
        """Its bytes.

        Raises:
            ProviderUnavailable: not now.
            TooLarge: more than `limit` bytes, or than the provider hands out.
            HubError: it is gone for good, in the words of the provider.
        """
        ...


class Fetcher:
    """Fetches for one account."""

    def __init__(
        self,
        account: str,
        *,
        source: FileSource,
        repository: InboundRepository,
        bus: Bus,
        blobs: Blobs,
        clock: Clock,
        limit: int,
        expiry: timedelta,
    ) -> None:
        """`limit` is in bytes; after `expiry` a file that cannot be had has failed."""
        self._account = account
        self._source = source
        self._repository = repository
        self._bus = bus
        self._blobs = blobs
        self._clock = clock
        self._limit = limit
        self._expiry = expiry
        self._pause = Pause(cap=timedelta(seconds=30))
        self.woken = asyncio.Event()
        self.in_hand = asyncio.Lock()
        """Held while files are being fetched."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._round()
                self._pause.reset()
                continue
            except TransientError as exc:
                log.warning("fetcher.paused", account=self._account, error=str(exc))
            except Exception as exc:
                log.error("fetcher.failed", exc=exc, account=self._account)
            await self._pause.rest()

    async def _round(self) -> None:
        self.woken.clear()
        due = await self._repository.due_files(self._account, iso(self._clock.now()), limit=_AT_ONCE)
        if not due:
            await happened(self.woken, within=POLL)
            return
        async with self.in_hand:
            await asyncio.gather(*map(self._fetch, due))

    async def _fetch(self, document: Document) -> None:
        attachment = Attachment.model_validate(document["attachment"])
        try:
            content = await self._source.file(document["reference"], limit=self._limit)
        except TransientError as exc:
            await self._later(document, attachment, str(exc))
            return
        except HubError as exc:
            await self._settle(document, attachment.model_copy(update={"state": "failed", "reason": str(exc)}))
            return
        except Exception as exc:
            # A fault of ours with one file must not keep the others from being fetched.
            log.error("file.failed", exc=exc, account=self._account)
            await self._later(document, attachment, type(exc).__name__)
            return
        blob = f"media/{self._account}/{sha256(content).hexdigest()[:2]}/{attachment.id}"
        await self._blobs.put(blob, content)
        ready = {"state": "ready", "reason": "", "blob": blob, "size": len(content)}
        await self._settle(document, attachment.model_copy(update=ready))

    async def _later(self, document: Document, attachment: Attachment, reason: str) -> None:
        now = self._clock.now()
        if now - from_iso(document["wanted_at"]) >= self._expiry:
            words = f"could not be fetched for {self._expiry}: {reason}"
            await self._settle(document, attachment.model_copy(update={"state": "failed", "reason": words}))
            return
        pause = min(_FIRST_PAUSE * 2 ** min(document["attempts"], 20), _LONGEST_PAUSE)
        await self._save(document, next_at=iso(now + pause), attempts=document["attempts"] + 1)

    async def _settle(self, document: Document, attachment: Attachment) -> None:
        """Told first, then noted: a crash in between tells it once more."""
        fact = AttachmentFetched(
            interaction_id=document["interaction_id"], sender=document["sender"], attachment=attachment
        )
        seam("messaging.file_fetched")
        await self._bus.publish([Envelope(event=fact, source=SOURCE, time=self._clock.now())])
        await self._save(document, state=attachment.state, attachment=attachment.model_dump(mode="json"))

    async def _save(self, document: Document, **changes: object) -> None:
        try:
            await self._repository.save_file(document, **changes)
        except Conflict:
            log.debug("file.taken", account=self._account)  # another copy of the hub has it
