"""Mails that somebody posts, as a script of an old mail system does; taken over as those that are fetched."""

import re
from dataclasses import replace
from typing import Literal, Protocol

from hub.api.forms import View
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput
from hub.store.base import Document
from services.email.inbound.service import Intake
from services.email.models import FetchedMail, Mailbox

_HEADER = re.compile(rb"(?:From [^\r\n]*\r?\n)?[A-Za-z][A-Za-z0-9_-]*[ \t]*:")
"""A field name (RFC 5322), behind the line that a file of mails (mbox) begins with."""
_NO_UID = 0


class Boxes(Protocol):
    """Our mailboxes."""

    async def get(self, account: str) -> Document:
        """Raises NotFound."""
        ...

    def opened(self, document: Document) -> Mailbox: ...

    async def note_posted(self, account: str, at: str) -> None: ...


class PostedView(View):
    """What became of a posted mail."""

    state: Literal["taken", "known", "parked"]
    """known: it was here, or it is one that we sent; parked: it could not be read, and is a dead letter."""
    interaction_id: str | None = None
    reason: str = ""


class Posted:
    """Takes posted mails. The same one again, by its Message-ID and what it says, is known."""

    def __init__(self, *, mailboxes: Boxes, intake: Intake, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._intake = intake
        self._clock = clock

    async def take(self, mailbox_id: str, raw: bytes) -> PostedView:
        """When it returns, the bytes are durable and the event is on the bus.

        Raises:
            NotFound: no such mailbox.
            InvalidInput: this is no mail.
        """
        mailbox = self._mailboxes.opened(await self._mailboxes.get(mailbox_id))
        if not _HEADER.match(raw):
            fix = "this does not begin as a mail does, with a line as From: anna@example.com; post the mail as it is"
            raise InvalidInput(f"body: {fix}", fields={"body": fix})
        now = self._clock.now()
        mail = FetchedMail(uid=_NO_UID, uid_validity=_NO_UID, at=now, raw=raw)
        # What is posted may be of any age: nobody is told by himself that it has come.
        (reading,) = readings = await self._intake.read(replace(mailbox, auto_reply=""), [mail])
        taken = await self._intake.take(readings)
        await self._mailboxes.note_posted(mailbox_id, iso(now))
        if reading.normalised is None:
            return PostedView(state="parked", reason=reading.reason)
        return PostedView(state="taken" if taken else "known", interaction_id=reading.normalised.event.id)
