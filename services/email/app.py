"""Puts the email service together."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from fastapi import FastAPI

from hub.api.public import publish
from hub.bus.base import Bus
from hub.channels.alarm import AccountName, Alarm
from hub.channels.base import Outcome, Sent
from hub.channels.bell import Bell
from hub.channels.deliveries import SWEEP
from hub.channels.gate import Gate, Rules
from hub.channels.health import HealthNotes
from hub.channels.hourly import Hourly
from hub.channels.keeping import Keeping
from hub.channels.ledger import Patience
from hub.channels.owner import Owner
from hub.channels.ports import ConsentRepository, GroupRepository, subscribe_gate
from hub.channels.sender import Sender
from hub.channels.sends import SendRepository
from hub.channels.slots import SWEPT_EVERY, Slots
from hub.channels.states import Step
from hub.channels.tenure import Tenure
from hub.channels.worker import AccountWorker
from hub.channels.workers import Workers
from hub.footing import Footing
from hub.held import held_routes
from hub.jobs import endpoints as job_endpoints
from hub.jobs.service import Jobs
from hub.kit.errors import ConfigurationError
from hub.kit.http import service_app
from hub.kit.loop import Loop, Runs
from hub.kit.outside import Outside
from hub.repeats import answer_repeats
from hub.settings import GateSettings
from hub.store.base import Document, Store
from hub.store.leases import LEASES
from hub.store.outbox import Sweeper
from services.email.adapters.dns import Resolver
from services.email.adapters.imap import open_inbox, open_sent, open_sent_inbox
from services.email.adapters.interactions import InteractionsPeer
from services.email.adapters.oauth import AccessTokens
from services.email.adapters.pop import open_maildrop
from services.email.adapters.smtp import SmtpOutlet
from services.email.adapters.smtp_mass import MassOutlet
from services.email.adapters.trial import LoginTrial
from services.email.channel import EmailChannel, Receiver
from services.email.domains import endpoints as domain_endpoints
from services.email.domains.service import Domains
from services.email.endpoints import public
from services.email.handlers import subscribe
from services.email.inbound.maildrop import MaildropPoller
from services.email.inbound.poller import Poller
from services.email.inbound.posted import Posted
from services.email.inbound.reader import Reader
from services.email.inbound.repository import InboundRepository, SeenRepository
from services.email.inbound.sent import SentNotes
from services.email.inbound.service import Intake
from services.email.mailboxes.repository import GrantRepository, MailboxRepository
from services.email.mailboxes.service import Mailboxes, OwnMail
from services.email.metrics import LAG, SENT, UP
from services.email.models import Mailbox, Server
from services.email.outbound.copier import POLL, Copier
from services.email.outbound.service import MailLedger, mail_delivery
from services.email.reread.job import Reread
from services.email.settings import Settings


class EmailService:
    """Mailboxes: mail in, mail out."""

    name = "email"

    def __init__(
        self,
        http: FastAPI,
        *,
        bus: Bus,
        store: Store,
        workers: Workers,
        owner: Owner,
        jobs: Jobs,
        sweepers: Sequence[Runs],
        interactions: InteractionsPeer,
    ) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._workers = workers
        self._owner = owner
        self._jobs = jobs
        self._sweepers = sweepers
        self._interactions = interactions

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        for sweeper in self._sweepers:
            await sweeper.start()
        await self._workers.start()
        await self._jobs.start()

    async def stop(self) -> None:
        await self._jobs.stop()
        await self._workers.stop()
        for sweeper in self._sweepers:
            await sweeper.stop()
        await self._bus.stop()
        await self._store.stop()
        await self._interactions.close()
        self._owner.release()


def build(footing: Footing) -> EmailService:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store, clock = footing.bus("email"), footing.store("email"), footing.clock
    mailboxes = MailboxRepository(store, footing.secrets)
    inbound = InboundRepository(store)
    sends = SendRepository(store, service="email", told=mail_delivery)
    owner = Owner(footing.data, "email")
    leases = Tenure(store.collection(LEASES), clock, owner.name, settings.lease)
    ledger = MailLedger(
        service="email", sends=sends, accounts=mailboxes, bus=bus, clock=clock, patience=_patience(settings)
    )
    consents, groups = ConsentRepository(store), GroupRepository(store)
    slots = Slots(store, sends)
    gate = Gate(
        restraint=footing.restraint,
        consents=consents,
        groups=groups,
        slots=slots,
        rules=Rules.of(GateSettings.load(footing.source)),
    )
    subscribe_gate(bus, group="email", consents=consents, groups=groups, woken=ledger.wake_group)
    own = OwnMail(mailboxes, sends)
    intake = Intake(
        bus=bus,
        blobs=footing.blobs,
        index=inbound,
        own=own,
        clock=clock,
        reader=Reader(footing.apart, limit=settings.parse_limit.total_seconds()),
        settings=settings,
    )
    tls = _tls(settings)
    tokens = AccessTokens(
        GrantRepository(store, footing.secrets),
        patience=settings.trial_timeout.total_seconds(),
        tls=tls,
        outside=footing.outside,
        pause=settings.reconnect_cap.total_seconds(),
    )
    doors = Doors(tls, tokens, footing.outside)
    domains = Domains(store, footing.secrets, Resolver(settings.dns_server), clock)
    hiring = Hiring(
        footing,
        settings,
        mailboxes=mailboxes,
        inbound=inbound,
        seen=SeenRepository(store),
        intake=intake,
        ledger=ledger,
        doors=doors,
        bus=bus,
        gate=gate,
        domains=domains,
    )
    workers = Workers(
        repository=mailboxes,
        leases=leases,
        hire=hiring.hire,
        clock=clock,
        lease_ttl=settings.lease,
        ledger=ledger,
        alarmed=hiring.alarm,
        opens=mailboxes.opened,
        troubles=footing.troubles,
        noun="mailbox",
    )
    subscribe(bus, ledger=ledger, intake=intake, mailboxes=mailboxes, wake=workers.wake)
    keeping = Keeping(
        channel="email",
        noun="mailbox",
        repository=mailboxes,
        sends=sends,
        ledger=ledger,
        clock=clock,
        silence=settings.silence,
        changed=workers.changed,
    )
    trial = LoginTrial(
        patience=settings.trial_timeout.total_seconds(), tls=tls, outside=footing.outside, tokens=tokens
    )
    service = Mailboxes(keeping=keeping, repository=mailboxes, trial=trial)
    interactions = InteractionsPeer(footing.asking("email"))
    reread = Reread(
        intake=intake, index=inbound, interactions=interactions, blobs=footing.blobs, bus=bus, clock=clock
    )
    jobs = Jobs(
        [reread],
        service="email",
        store=store,
        bus=bus,
        clock=clock,
        owner=owner.name,
        restraint=footing.restraint,
    )
    http = service_app("omnihub email", checks={"store": store.ping, "bus": bus.ping, "blobs": footing.blobs.ping})
    http.include_router(held_routes(footing.restraint, service.waiting))
    publish(
        http,
        public(
            service,
            jobs,
            Posted(mailboxes=mailboxes, intake=intake, clock=clock),
            most=int(settings.max_mail_size),
        ),
        domain_endpoints.public(domains),
        job_endpoints.public(jobs),
        service="email",
        seal=footing.seal,
    )
    answer_repeats(http, store, clock, service="email", seal=footing.seal)
    return EmailService(
        http,
        bus=bus,
        store=store,
        workers=workers,
        owner=owner,
        jobs=jobs,
        sweepers=(
            Sweeper([sends.entries], bus, clock, SWEEP),
            Loop("slots", lambda: slots.sweep(clock.now()), every=SWEPT_EVERY),
        ),
        interactions=interactions,
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """What every connection to a mail server needs."""

    tls: ssl.SSLContext
    tokens: AccessTokens
    outside: Outside

    def given(self, patience: float) -> "Given":
        """For whatever connects; `patience` is in seconds, for an answer."""
        return {"patience": patience, "tls": self.tls, "outside": self.outside, "tokens": self.tokens}


class Given(TypedDict):
    """What every adapter of a mail server takes."""

    patience: float
    tls: ssl.SSLContext
    outside: Outside
    tokens: AccessTokens


class Hiring:
    """Makes the worker of a mailbox."""

    def __init__(
        self,
        footing: Footing,
        settings: Settings,
        *,
        mailboxes: MailboxRepository,
        inbound: InboundRepository,
        seen: SeenRepository,
        intake: Intake,
        ledger: MailLedger,
        doors: Doors,
        bus: Bus,
        gate: Gate,
        domains: Domains,
    ) -> None:
        self._domains = domains
        self._footing = footing
        self._gate = gate
        self._settings = settings
        self._mailboxes = mailboxes
        self._inbound = inbound
        self._seen = seen
        self._intake = intake
        self._ledger = ledger
        self._doors = doors
        self._bus = bus

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of a mailbox, from its document and the note on how it was."""
        notes = HealthNotes(document["_id"], self._footing.clock, note)
        channel = self._channel(document, notes)
        copies = Bell(poll=POLL)
        imap = channel.mailbox.imap
        return AccountWorker(
            loops=(channel.poller, *(self._beside(channel, imap, copies, notes) if imap else ())),
            sender=self._sender(channel, notes, copies),
            notes=notes,
            alarm=self.alarm(document, notes),
            measure=lambda: _measure(channel),
            close=partial(_close, channel),
            bells={Step.COPY: copies},
        )

    def _sender(self, channel: EmailChannel, notes: HealthNotes, copies: Bell) -> Sender:
        mailbox_id = channel.mailbox.id

        def settled(outcome: Outcome) -> None:
            SENT.labels(mailbox_id, type(outcome).__name__.lower()).inc()
            if isinstance(outcome, Sent):
                copies.ring()

        return Sender(
            channel,
            mailbox_id,
            service="email",
            ledger=self._ledger,
            health=notes,
            probe=channel.outlet.probe,
            cap=self._settings.reconnect_cap,
            pace=self._pace(channel),
            many=None if channel.mailbox.per_hour else channel,
            settled=settled,
            gate=self._gate,
            endpoints=(f"{channel.mailbox.smtp.host}:{channel.mailbox.smtp.port}",),
        )

    def _pace(self, channel: EmailChannel) -> Hourly | None:
        limit = channel.mailbox.per_hour
        return (
            Hourly(channel.mailbox.id, limit, sends=self._ledger.sends, clock=self._footing.clock) if limit else None
        )

    def _beside(
        self, channel: EmailChannel, imap: Server, copies: Bell, notes: HealthNotes
    ) -> Iterator[Copier | Poller]:
        """What looks after the Sent folder."""
        yield self._copier(channel, imap, copies)
        if channel.mailbox.sent_since:
            given = self._doors.given(self._patience)
            yield Poller(
                channel.mailbox,
                open_inbox=lambda: open_sent_inbox(imap, **given),
                intake=self._intake,
                repository=self._inbound,
                health=SentNotes(notes),
                settings=self._settings,
                sent=True,
            )

    def _copier(self, channel: EmailChannel, imap: Server, copies: Bell) -> Copier:
        given = self._doors.given(self._patience)
        return Copier(
            channel,
            open_sent=lambda: open_sent(imap, **given),
            ledger=self._ledger,
            settings=self._settings,
            bell=copies,
        )

    def alarm(self, document: Document, notes: HealthNotes) -> Alarm:
        """Of a mailbox, whether or not its document can be opened."""
        return Alarm(
            AccountName(channel="email", id=document["_id"], address=document["address"], service="email"),
            notes=notes,
            repository=self._mailboxes,
            bus=self._bus,
            clock=self._footing.clock,
            silence=self._settings.silence,
        )

    def _channel(self, document: Document, notes: HealthNotes) -> EmailChannel:
        mailbox = self._mailboxes.opened(document)
        settings, given = self._settings, self._doors.given(self._patience)
        keep = settings.smtp_idle.total_seconds()
        outlet = SmtpOutlet(mailbox.smtp, keep=keep, ehlo=settings.ehlo_name, **given)
        connections = settings.mass_connections
        mass = MassOutlet(outlet.open_many, connections=connections, patience=self._patience, keep=keep)
        return EmailChannel(
            mailbox,
            poller=self._receiver(mailbox, notes),
            outlet=outlet,
            mass=mass,
            signs=self._domains.signer,
            blobs=self._footing.blobs,
            notes=notes,
            clock=self._footing.clock,
            settings=settings,
        )

    def _receiver(self, mailbox: Mailbox, notes: HealthNotes) -> Receiver:
        settings, given = self._settings, self._doors.given(self._patience)
        if imap := mailbox.imap:
            return Poller(
                mailbox,
                open_inbox=lambda: open_inbox(imap, **given),
                intake=self._intake,
                repository=self._inbound,
                health=notes,
                settings=settings,
            )
        pop = mailbox.pop
        assert pop is not None
        return MaildropPoller(
            mailbox,
            open_maildrop=lambda: open_maildrop(pop, largest=int(settings.max_mail_size), **given),
            intake=self._intake,
            seen=self._seen,
            health=notes,
            clock=self._footing.clock,
            settings=settings,
        )

    @property
    def _patience(self) -> float:
        return self._settings.timeout.total_seconds()


async def _close(channel: EmailChannel) -> None:
    await channel.outlet.close()
    await channel.mass.close()


async def _measure(channel: EmailChannel) -> None:
    health = await channel.health()
    UP.labels(channel.mailbox.id).set(health.state == "green")
    LAG.labels(channel.mailbox.id).set(health.lag_seconds or 0)


def _patience(settings: Settings) -> Patience:
    return Patience(
        retry_delays=settings.retry_delays, give_up=settings.give_up, reconnect_cap=settings.reconnect_cap
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigurationError(f"[email] ca_file: {settings.ca_file} is no file of certificates (PEM)") from exc
    return context
