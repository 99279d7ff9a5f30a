"""One mailbox as a channel of the hub."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from hub.channels.base import Health, Intent, Outcome
from hub.channels.bodies import with_bodies
from hub.channels.health import HealthNotes, judge
from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.safe_html import sanitise
from services.email.compose import compose
from services.email.inbound.poller import Poller
from services.email.models import Mailbox, OutgoingMail
from services.email.settings import Settings


class Outlet(Protocol):
    """A way out by SMTP."""

    async def send(self, mail: OutgoingMail, intent: Callable[[], Awaitable[None]]) -> Outcome:
        """May raise LoginRefused or MailServerUnavailable: then nothing was handed over."""
        ...

    async def probe(self) -> None:
        """Connects and logs in; raises as `send`."""
        ...

    async def close(self) -> None: ...


class EmailChannel:
    """Receives by a poller, sends through an outlet; see `hub.channels.base.Channel`."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        poller: Poller,
        outlet: Outlet,
        blobs: Blobs,
        notes: HealthNotes,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self.mailbox = mailbox
        self.poller = poller
        self.outlet = outlet
        self._blobs = blobs
        self._notes = notes
        self._clock = clock
        self._settings = settings

    async def receive(self) -> None:
        await self.poller.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """`at` is the Date of the mail; now, if none is given."""
        del keys  # a mail has no parts that could have been taken before
        return await self.outlet.send(await self.mail(message, at or self._clock.now()), intent)

    async def mail(self, message: SendMessage, at: datetime) -> OutgoingMail:
        """The mail of a message, the same bytes each time.

        Raises:
            NotFound: an attachment, or the text, is not in the blobs.
        """
        message = await _safe(await with_bodies(message, self._blobs))
        content = {attachment.blob: await self._blobs.get(attachment.blob) for attachment in message.attachments}
        return compose(message, self.mailbox, at=at, attachments=content)

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._settings.silence)


async def _safe(message: SendMessage) -> SendMessage:
    """HTML that the ledger did not hold was not made safe when the message was accepted."""
    if message.content or not message.html_blob or not message.html:
        return message
    html = await asyncio.to_thread(sanitise, message.html, images=True)  # a large one takes its time
    return message.model_copy(update={"html": html.html})
