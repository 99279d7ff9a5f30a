"""The loop door: follows one INBOX, batch by batch, and moves the cursor behind what is durable and published."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from hub.channels.pause import Pause
from hub.kit.seams import seam
from hub.kit.tracing.events import receiving
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.inbound.ahead import ahead
from services.email.inbound.models import Reading
from services.email.inbound.notes import Notes, note_failure
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake
from services.email.models import Cursor, FetchedMail, Mailbox, is_wanted
from services.email.settings import Settings

_TRIES_FOR_ONE = 3


class Inbox(Protocol):
    """An INBOX, open and never changed; every method raises MailServerUnavailable when the server is gone."""

    uid_validity: int

    async def uids_above(self, uid: int, *, since: datetime | None = None) -> list[int]:
        """Mails that the server got before `since` may be left out."""
        ...

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]: ...

    async def fetch(self, uids: Sequence[int], *, headers_only: bool = False) -> list[FetchedMail]:
        """May raise MailRefusedByServer."""
        ...

    async def wait(self, *, poll: timedelta, safety: timedelta) -> None: ...


OpenInbox = Callable[[], AbstractAsyncContextManager[Inbox]]
"""Raises LoginRefused or MailServerUnavailable."""


class Poller:
    """Receives for one mailbox."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        open_inbox: OpenInbox,
        intake: Intake,
        repository: InboundRepository,
        health: Notes,
        settings: Settings,
        sent: bool = False,
    ) -> None:
        """`sent`: `open_inbox` opens the folder for what was sent, of which only what is new counts."""
        self._mailbox = mailbox
        self._sent = sent
        self._since = mailbox.sent_since if sent else mailbox.fetch_since
        self._followed = f"{mailbox.id}#sent" if sent else mailbox.id
        self._open_inbox = open_inbox
        self._intake = intake
        self._repository = repository
        self._health = health
        self._settings = settings
        self._pause = Pause(cap=settings.reconnect_cap)
        self._refusals: dict[int, int] = {}
        self.in_hand = asyncio.Lock()
        """Held while a batch is taken over."""

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong is noted, and tried again after a pause."""
        while True:
            try:
                async with self._open_inbox() as inbox:
                    await self._follow(inbox)
            except Exception as exc:
                note_failure(self._health, exc, self._mailbox.id)
            await self._pause.rest()

    async def _follow(self, inbox: Inbox) -> None:
        cursor = await self._repository.cursor(self._followed)
        if cursor.uid_validity != inbox.uid_validity:
            cursor = replace(cursor, uid_validity=inbox.uid_validity, last_uid=0)
        while True:
            cursor = await self._catch_up(inbox, cursor)
            self._health.looked()
            self._pause.reset()
            await inbox.wait(poll=self._settings.poll_interval, safety=self._settings.safety_poll)

    async def _catch_up(self, inbox: Inbox, cursor: Cursor) -> Cursor:
        while uids := await inbox.uids_above(cursor.last_uid, since=self._since):
            async with aclosing(ahead(self._read(inbox, uids))) as batches:
                async for last_uid, readings in batches:
                    async with self.in_hand:
                        cursor = await self._take(replace(cursor, last_uid=last_uid), readings)
        return cursor

    async def _read(self, inbox: Inbox, uids: list[int]) -> AsyncGenerator[tuple[int, list[Reading]], None]:
        """While one batch is published, the next one is read and the one behind it fetched."""
        async with aclosing(ahead(self._fetched(inbox, uids))) as batches:
            async for last_uid, mails in batches:
                wanted = [mail for mail in mails if is_wanted(mail, self._since)]
                yield last_uid, await self._intake.read(self._mailbox, wanted, sent=self._sent) if wanted else []

    async def _fetched(self, inbox: Inbox, uids: list[int]) -> AsyncGenerator[tuple[int, list[FetchedMail]], None]:
        """Batches of mails, each with its last UID."""
        step = self._settings.batch_mails
        limit = min(self._settings.batch_size, self._settings.max_mail_size)
        for start in range(0, len(uids), step):
            sizes = await inbox.sizes(uids[start : start + step])
            if not sizes:
                raise MailServerUnavailable("protocol", "the server tells no sizes")
            for batch in in_batches(sizes, limit=limit):
                mails = await self._fetch(inbox, batch, sizes)
                seam("email.after_fetch")
                await self._check_complete(inbox, batch, mails)
                yield batch[-1], mails

    async def _take(self, cursor: Cursor, readings: list[Reading]) -> Cursor:
        with receiving("email", channel="email", account=self._mailbox.id):
            taken = await self._intake.take(readings)
        if taken:
            self._health.received()
        seam("email.before_cursor")
        return await self._repository.move(cursor)

    async def _fetch(self, inbox: Inbox, uids: list[int], sizes: dict[int, int]) -> list[FetchedMail]:
        size, limit = sizes[uids[0]], self._settings.max_mail_size
        if size > limit:
            refused = f"{_mib(size)} MB is above the limit of {_mib(limit)} MB; headers kept"
            return [replace(mail, refused=refused) for mail in await inbox.fetch(uids, headers_only=True)]
        try:
            return await inbox.fetch(uids)
        except MailRefusedByServer as exc:
            if len(uids) == 1:
                return await self._fetch_unwilling(inbox, uids, exc)
        return [mail for uid in uids for mail in await self._fetch(inbox, [uid], sizes)]

    async def _fetch_unwilling(self, inbox: Inbox, uids: list[int], exc: MailRefusedByServer) -> list[FetchedMail]:
        """A mail that the server never hands over must not hold up those behind it: its headers have to do."""
        self._refusals[uids[0]] = self._refusals.get(uids[0], 0) + 1
        if self._refusals[uids[0]] < _TRIES_FOR_ONE:
            raise MailServerUnavailable("protocol", str(exc)) from exc
        headers = await inbox.fetch(uids, headers_only=True)
        return [replace(mail, refused=f"the server does not hand it over: {exc}") for mail in headers]

    async def _check_complete(self, inbox: Inbox, uids: list[int], mails: Sequence[FetchedMail]) -> None:
        """What did not come must be gone from the mailbox, else the cursor would jump over it."""
        missing = set(uids) - {mail.uid for mail in mails}
        if missing and missing & set(await inbox.uids_above(min(missing) - 1)):
            raise MailServerUnavailable("protocol", "the server left out mails that it has")


def in_batches(sizes: dict[int, int], *, limit: int) -> Iterator[list[int]]:
    """UIDs in order, in groups of at most `limit` bytes; a larger mail is alone."""
    batch: list[int] = []
    total = 0
    for uid in sorted(sizes):
        if batch and total + sizes[uid] > limit:
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += sizes[uid]
    if batch:
        yield batch


def _mib(size: int) -> int:
    return -(-size // 2**20)
