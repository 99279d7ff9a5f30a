"""One mailbox as a channel of the hub."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from hub.channels.base import Health, Intent, Outcome, Refused
from hub.channels.batches import Intend
from hub.channels.bodies import content_of, with_bodies
from hub.channels.health import HealthNotes, judge
from hub.channels.worker import Held
from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.errors import HubError, TransientError
from hub.kit.ids import derive
from hub.kit.safe_html import sanitise
from services.email.compose import compose
from services.email.domains.signing import Signer
from services.email.models import Mailbox, OutgoingMail
from services.email.outbound.premade import Premade
from services.email.settings import Settings

HandsOver = Callable[[Sequence[OutgoingMail]], Awaitable[list[Outcome]]]
"""Hands over mails; one outcome for each."""
Signs = Callable[[str], Awaitable[Signer | None]]
"""Who signs mail of a domain; none: nobody."""
_KEPT = 20
"""Contents of mailings that are kept encoded."""


class Receiver(Protocol):
    """A way in: by IMAP or by POP3."""

    @property
    def in_hand(self) -> Held: ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


class Outlet(Protocol):
    """A way out by SMTP."""

    async def send(self, mail: OutgoingMail, intent: Callable[[], Awaitable[None]]) -> Outcome:
        """May raise LoginRefused or MailServerUnavailable: then nothing was handed over."""
        ...

    async def probe(self) -> None:
        """Connects and logs in; raises as `send`."""
        ...

    async def close(self) -> None: ...


class MassOut(Protocol):
    """A way out by SMTP for many at once."""

    def ready(self, mails: int) -> AbstractAsyncContextManager[HandsOver]:
        """Connected; raises LoginRefused, MailServerUnavailable or OneByOne, and then nothing was handed over."""
        ...

    async def close(self) -> None: ...


class EmailChannel:
    """Receives by a poller, sends through an outlet; see `hub.channels.base.Channel`."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        poller: Receiver,
        outlet: Outlet,
        mass: MassOut,
        signs: Signs,
        blobs: Blobs,
        notes: HealthNotes,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self.mailbox = mailbox
        self.poller = poller
        self.outlet = outlet
        self.mass = mass
        self._signs = signs
        self._made: dict[str, Premade] = {}
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
        return await self._signed(compose(message, self.mailbox, at=at, attachments=content))

    async def _signed(self, mail: OutgoingMail) -> OutgoingMail:
        signer = await self._signs(self.mailbox.domain)
        return replace(mail, raw=signer.signed(mail.raw)) if signer else mail

    async def send_many(
        self, messages: Sequence[tuple[SendMessage, datetime]], intend: Intend
    ) -> Sequence[Outcome | None]:
        """See `hub.channels.batches.SendsMany`; what cannot be written is refused by itself."""
        made = [await self._premade(message, at) for message, at in messages]
        outcomes: list[Outcome | None] = [one if isinstance(one, Refused) else None for one in made]
        async with self.mass.ready(len(messages)) as lines:
            going = await intend([n for n, one in enumerate(made) if not isinstance(one, Refused)])
            mails = [one for n in going if not isinstance(one := made[n], Refused)]
            for number, outcome in zip(going, await lines(mails), strict=True):
                outcomes[number] = outcome
        return outcomes

    async def _premade(self, message: SendMessage, at: datetime) -> OutgoingMail | Refused:
        try:
            content = await content_of(message.content, self._blobs)
            premade = self._made.get(message.content)
            if premade is None:
                name = derive("p", message.content)
                premade = self._made[message.content] = Premade(content, self.mailbox, name=name)
                while len(self._made) > _KEPT:
                    del self._made[next(iter(self._made))]
            return await self._signed(premade.mail(message, at))
        except TransientError:
            raise
        except (HubError, ValueError, LookupError) as exc:
            return Refused(f"cannot be sent by email: {exc}")

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._settings.silence)


async def _safe(message: SendMessage) -> SendMessage:
    """HTML that the ledger did not hold was not made safe when the message was accepted."""
    if message.content or not message.html_blob or not message.html:
        return message
    html = await asyncio.to_thread(sanitise, message.html, images=True)  # a large one takes its time
    return message.model_copy(update={"html": html.html})
