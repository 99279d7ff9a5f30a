"""The loop door to the Sent folder: a step of its own, which never sends anything again."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from hub.channels.bell import Bell
from hub.channels.errors import LoginRefused
from hub.channels.pause import Pause
from hub.channels.states import Step
from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.log import Log
from hub.store.base import Document
from services.email.channel import EmailChannel
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.metrics import COPIES
from services.email.outbound.service import MailLedger
from services.email.settings import Settings

POLL = 2.0
"""Seconds between two looks at the ledger when nothing wakes us."""
log = Log(__name__)


class SentFolder(Protocol):
    """The folder for copies; every method may raise MailServerUnavailable."""

    async def holds(self, message_id: str) -> bool: ...

    async def append(self, mail: bytes, *, at: datetime) -> None:
        """May raise MailRefusedByServer."""
        ...


OpenSent = Callable[[], AbstractAsyncContextManager[SentFolder]]
"""Raises LoginRefused, MailServerUnavailable or MailRefusedByServer."""


class Copier:
    """Copies for one mailbox."""

    def __init__(
        self,
        channel: EmailChannel,
        *,
        open_sent: OpenSent,
        ledger: MailLedger,
        settings: Settings,
        bell: Bell,
    ) -> None:
        self._channel = channel
        self._open_sent = open_sent
        self._ledger = ledger
        self._attempts = settings.copy_attempts
        self._keep = settings.smtp_idle.total_seconds()
        self._pause = Pause(cap=settings.reconnect_cap)
        self._bell = bell
        self.in_hand = asyncio.Lock()
        """Held while a copy is being made."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                if due := await self._due(within=None):
                    await self._connected(due)
                self._pause.reset()
                continue
            except Conflict:
                continue  # another copy of the hub has it
            except TransientError as exc:
                log.warning("copier.paused", mailbox_id=self._channel.mailbox.id, error=str(exc))
            except Exception as exc:
                log.error("copier.failed", exc=exc, mailbox_id=self._channel.mailbox.id)
            await self._pause.rest()

    async def _due(self, *, within: float | None) -> list[Document]:
        """What is due; when nothing is, waits so many seconds (none: as long as it takes) and gives nothing."""
        due = await self._ledger.due(self._channel.mailbox.id, Step.COPY)
        if not due:
            await self._bell.wait(within)
        return due

    async def _connected(self, due: list[Document]) -> None:
        try:
            async with self._open_sent() as folder:
                await self._serve(folder, due)
        except (LoginRefused, MailRefusedByServer) as exc:
            for document in due:
                await self._failed(await self._ledger.begin_copy(document), exc)

    async def _serve(self, folder: SentFolder, due: list[Document]) -> None:
        """Copies what is due, and what comes while the connection is kept."""
        clock = asyncio.get_running_loop().time
        used = clock()
        while due or clock() - used < self._keep:
            for document in due:
                async with self.in_hand:
                    await self._copy(folder, document)
                used = clock()
            due = await self._due(within=POLL)

    async def _copy(self, folder: SentFolder, document: Document) -> None:
        begun = await self._ledger.begin_copy(document)
        try:
            await self._append(folder, begun)
        except MailServerUnavailable as exc:
            await self._failed(begun, exc)
            raise
        except TransientError:
            raise
        except HubError as exc:
            await self._failed(begun, exc)
        else:
            COPIES.labels(self._channel.mailbox.id, "saved").inc()
            await self._ledger.copied(begun)

    async def _append(self, folder: SentFolder, document: Document) -> None:
        # An earlier try may have got there without our learning of it.
        if document["copy_attempts"] > 1 and await folder.holds(document["message_id"]):
            return
        message = SendMessage.model_validate_json(document["command"])
        at = from_iso(document["queued_at"])
        mail = await self._channel.mail(message, at)
        await folder.append(mail.raw, at=from_iso(document["at"]))

    async def _failed(self, document: Document, exc: HubError) -> None:
        final = document["copy_attempts"] >= self._attempts
        if final:
            COPIES.labels(self._channel.mailbox.id, "failed").inc()
        await self._ledger.copy_failed(document, str(exc), final=final)
