"""Puts the email service together."""

import asyncio
import ssl

from fastapi import FastAPI

from hub.bus.base import Bus
from hub.footing import Footing
from hub.kit.errors import ConfigurationError
from hub.kit.http import service_app
from hub.store.base import Document, Store
from hub.store.leases import LEASES, Leases
from services.email.adapters.imap import open_inbox, open_sent
from services.email.adapters.smtp import SmtpOutlet
from services.email.adapters.trial import LoginTrial
from services.email.channel import EmailChannel
from services.email.endpoints import router
from services.email.handlers import subscribe
from services.email.health import HealthNotes
from services.email.inbound.poller import Poller
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake
from services.email.mailboxes.repository import MailboxRepository
from services.email.mailboxes.service import Mailboxes, OwnMail
from services.email.outbound.copier import Copier
from services.email.outbound.repository import SendRepository
from services.email.outbound.sender import Sender
from services.email.outbound.service import Ledger
from services.email.owner import Owner
from services.email.settings import Settings
from services.email.worker import MailboxWorker
from services.email.workers import Workers


class EmailService:
    """Mailboxes: mail in, mail out."""

    name = "email"

    def __init__(self, http: FastAPI, *, bus: Bus, store: Store, workers: Workers, owner: Owner) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._workers = workers
        self._owner = owner

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        await self._workers.start()

    async def stop(self) -> None:
        await self._workers.stop()
        await self._bus.stop()
        await self._store.stop()
        self._owner.release()


def build(footing: Footing) -> EmailService:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store, clock = footing.bus("email"), footing.store("email"), footing.clock
    mailboxes = MailboxRepository(store, footing.secrets)
    inbound, sends = InboundRepository(store), SendRepository(store)
    owner = Owner(footing.data)
    leases = Leases(store.collection(LEASES), clock, owner.name, settings.lease)
    ledger = Ledger(sends=sends, mailboxes=mailboxes, bus=bus, clock=clock, settings=settings)
    own = OwnMail(mailboxes, sends)
    intake = Intake(bus=bus, blobs=footing.blobs, index=inbound, own=own, clock=clock, settings=settings)
    tls = _tls(settings)
    hiring = Hiring(footing, settings, mailboxes=mailboxes, inbound=inbound, intake=intake, ledger=ledger, tls=tls)
    workers = Workers(repository=mailboxes, leases=leases, hire=hiring.hire, clock=clock, lease_ttl=settings.lease)
    subscribe(bus, ledger=ledger, intake=intake, wake=workers.wake)
    service = Mailboxes(
        repository=mailboxes,
        sends=sends,
        ledger=ledger,
        trial=LoginTrial(patience=settings.trial_timeout.total_seconds(), tls=tls),
        clock=clock,
        settings=settings,
        changed=workers.look,
    )
    http = service_app("omnihub email", checks={"store": store.ping, "bus": bus.ping, "blobs": footing.blobs.ping})
    http.include_router(router(service))
    return EmailService(http, bus=bus, store=store, workers=workers, owner=owner)


class Hiring:
    """Makes the worker of a mailbox."""

    def __init__(
        self,
        footing: Footing,
        settings: Settings,
        *,
        mailboxes: MailboxRepository,
        inbound: InboundRepository,
        intake: Intake,
        ledger: Ledger,
        tls: ssl.SSLContext,
    ) -> None:
        self._footing = footing
        self._settings = settings
        self._mailboxes = mailboxes
        self._inbound = inbound
        self._intake = intake
        self._ledger = ledger
        self._tls = tls

    def hire(self, document: Document, note: Document | None) -> MailboxWorker:
        """The worker of a mailbox, from its document and the note on how it was."""
        notes = HealthNotes(document["_id"], self._footing.clock, note)
        channel = self._channel(document, notes)
        copies = asyncio.Event()
        sender = Sender(channel, ledger=self._ledger, health=notes, settings=self._settings, copies=copies)
        copier = Copier(
            channel,
            open_sent=lambda: open_sent(channel.mailbox.imap, patience=self._patience, tls=self._tls),
            ledger=self._ledger,
            settings=self._settings,
            woken=copies,
        )
        return MailboxWorker(channel, sender=sender, copier=copier, notes=notes, repository=self._mailboxes)

    def _channel(self, document: Document, notes: HealthNotes) -> EmailChannel:
        mailbox = self._mailboxes.opened(document)
        settings, patience = self._settings, self._patience
        poller = Poller(
            mailbox,
            open_inbox=lambda: open_inbox(mailbox.imap, patience=patience, tls=self._tls),
            intake=self._intake,
            repository=self._inbound,
            health=notes,
            settings=settings,
        )
        outlet = SmtpOutlet(mailbox.smtp, patience=patience, tls=self._tls, keep=settings.smtp_idle.total_seconds())
        return EmailChannel(
            mailbox,
            poller=poller,
            outlet=outlet,
            blobs=self._footing.blobs,
            notes=notes,
            clock=self._footing.clock,
            settings=settings,
        )

    @property
    def _patience(self) -> float:
        return self._settings.timeout.total_seconds()


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigurationError(f"[email] ca_file: {settings.ca_file} is no file of certificates (PEM)") from exc
    return context
