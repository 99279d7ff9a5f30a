"""Puts the campaigns service together."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import FastAPI

from hub.api.public import Public, publish
from hub.api.uploads import Uploads
from hub.channels.owner import Owner
from hub.footing import Footing
from hub.jobs import endpoints as job_endpoints
from hub.jobs.service import Jobs
from hub.kit.http import Ping, service_app
from hub.kit.loop import Runs
from hub.repeats import answer_repeats
from hub.store.leases import LEASES, Leases
from hub.store.outbox import Sweeper
from services.campaigns.adapters.accounts import Directory
from services.campaigns.adapters.columns import Columns
from services.campaigns.adapters.dialling import Dialling
from services.campaigns.adapters.interactions import InteractionsPeer
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.adapters.telephony import Crew
from services.campaigns.attribution import parts as money_parts
from services.campaigns.calllists import parts as call_parts
from services.campaigns.classes import parts as class_parts
from services.campaigns.consent import doors as consent_doors
from services.campaigns.consent import endpoints as consent_endpoints
from services.campaigns.consent import handlers as consent_handlers
from services.campaigns.consent.invitations import Invitations
from services.campaigns.consent.repository import ConsentRepository
from services.campaigns.consent.service import Consents
from services.campaigns.leadforms import parts as form_parts
from services.campaigns.lists import endpoints as list_endpoints
from services.campaigns.lists.repository import ListRepository
from services.campaigns.lists.service import Lists, ReadList
from services.campaigns.mailings import endpoints as mailing_endpoints
from services.campaigns.mailings import handlers as mailing_handlers
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.hits import Hits, Letters
from services.campaigns.mailings.launching import Launch
from services.campaigns.mailings.looking import Looking
from services.campaigns.mailings.outcomes import Outcomes
from services.campaigns.mailings.recipients import Recipients
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import Runner
from services.campaigns.mailings.service import Mailings
from services.campaigns.mailings.standing import Standing
from services.campaigns.marketingevents import parts as event_parts
from services.campaigns.messages import endpoints as message_endpoints
from services.campaigns.messages.service import Messages
from services.campaigns.moneyfiles import parts as file_parts
from services.campaigns.plans import parts as plan_parts
from services.campaigns.policies import parts as policy_parts
from services.campaigns.segments import endpoints as segment_endpoints
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.service import Segments
from services.campaigns.segments.watching import Watching
from services.campaigns.sequences import parts as sequence_parts
from services.campaigns.settings import Settings
from services.campaigns.templates import endpoints as template_endpoints
from services.campaigns.templates.repository import TemplateRepository
from services.campaigns.templates.service import Templates
from services.campaigns.tracking import doors as tracking_doors
from services.campaigns.tracking.recorder import Recorder
from services.campaigns.warmups import endpoints as warm_up_endpoints
from services.campaigns.warmups.repository import WarmUpRepository
from services.campaigns.warmups.service import WarmUps

SERVICE = "campaigns"
_LEASE = timedelta(seconds=30)


class CampaignsService:
    """Consent, segments, templates, mailings."""

    name = SERVICE

    def __init__(self, http: FastAPI, floor: "Floor", loops: Sequence[Runs]) -> None:
        self.http = http
        self._floor = floor
        self._loops = loops

    async def start(self) -> None:
        await self._floor.store.start()
        await self._floor.bus.start()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        for loop in reversed(self._loops):
            await loop.stop()
        await self._floor.stop()


class Floor:
    """What all parts of the service share."""

    def __init__(self, footing: Footing) -> None:
        self.footing = footing
        self.settings = Settings.load(footing.source)
        self.bus, self.store = footing.bus(SERVICE), footing.store(SERVICE)
        self.owner = Owner(footing.data, SERVICE)
        self.leases = Leases(self.store.collection(LEASES), footing.clock, self.owner.name, _LEASE)
        self.columns = Columns(footing.data, self.owner.name, self.bus)
        self.books = LeadTables(footing.data, self.owner.name, self.bus)
        self.interactions = InteractionsPeer(footing.peer, footing.seal)
        self.dialling = Dialling(footing.peer, footing.seal, self.columns)
        self.crew = Crew(footing.asking(SERVICE))
        self.directory = Directory(footing.asking(SERVICE))
        self.uploads = Uploads(footing.blobs)
        self.master = footing.secrets.derived("mailings")
        """Signs the links of mailings; whoever has the key file of the hub has it."""

    async def stop(self) -> None:
        await self.columns.close()
        await self.books.close()
        await self.bus.stop()
        await self.store.stop()
        await self.interactions.close()
        await self.dialling.close()
        await self.crew.close()
        await self.directory.close()
        self.owner.release()


def build(footing: Footing) -> CampaignsService:
    """The service on its footing."""
    floor = Floor(footing)
    store, clock, bus, blobs = floor.store, footing.clock, floor.bus, footing.blobs
    templates = Templates(TemplateRepository(store, blobs), footing.apart, clock)
    kept_lists, kept_segments = ListRepository(store, blobs), SegmentRepository(store)
    kept_segments.segments.on(bus, clock)
    lists = Lists(kept_lists, floor.columns, clock)
    classes = class_parts.built(store, blobs, floor.columns, clock)
    segments = Segments(kept_segments, floor.columns, clock, lists, classes.classifications)
    kept_consents = ConsentRepository(store)
    consents = Consents(kept_consents, bus, clock, region=floor.settings.region)
    invitations = Invitations(
        kept_consents, consents, blobs, bus, clock, master=floor.master, base=floor.settings.public_url
    )
    consent_handlers.subscribe(bus, consents)
    kept_mailings = MailingRepository(store, blobs)
    kept_mailings.on(bus, clock)
    library = Library(templates, master=floor.master, base=floor.settings.public_url)
    mailings = Mailings(
        kept_mailings,
        templates=templates,
        segments=segments,
        columns=floor.columns,
        consents=consents,
        accounts=floor.directory,
        library=library,
        clock=clock,
    )
    outcomes, recorder = Outcomes(kept_mailings, library, bus, clock), Recorder(bus, clock)
    mailing_handlers.subscribe(bus, outcomes, Hits(kept_mailings, outcomes))
    money = money_parts.built(
        store,
        blobs,
        bus,
        clock,
        settings=floor.settings,
        books=floor.books,
        consents=consents,
        key=footing.secrets.derived("statements"),
    )
    standing = Standing(kept_mailings, mailings, clock)
    sequences = sequence_parts.built(
        store,
        bus,
        clock,
        standing=standing,
        mailings=mailings,
        kept_mailings=kept_mailings,
        segments=segments,
        columns=floor.columns,
        books=floor.books,
        leases=floor.leases,
        restraint=footing.restraint,
    )
    messages = Messages(
        kept_mailings,
        templates=templates,
        consents=consents,
        accounts=floor.directory,
        whose=floor.columns,
        bus=bus,
        clock=clock,
        master=floor.master,
        base=floor.settings.public_url,
    )
    calls = call_parts.built(
        store,
        clock,
        settings=floor.settings,
        dialling=floor.dialling,
        crew=floor.crew,
        leases=floor.leases,
        held=lambda: footing.restraint.held,
    )
    gatherings = event_parts.built(
        store,
        bus,
        clock,
        sources=money.sources,
        consents=consents,
        whose=floor.columns,
        chains=floor.dialling,
        enters=sequences.entering,
        finds={"template": templates, "list": lists, "mailing": mailings},
        master=floor.master,
        base=floor.settings.public_url,
    )
    forms = form_parts.built(
        store,
        clock,
        settings=floor.settings,
        sources=money.sources,
        consents=consents,
        leads=money.touches,
        tasks=floor.dialling,
        key=footing.secrets.derived("lead forms"),
    )
    policies, asking = policy_parts.built(store, bus, clock, money.attribution, floor.dialling)
    finds = {"mailing": mailings.get, "call_list": calls.lists.get, "event": gatherings.events.get}
    shows = {"event": gatherings.events.source_of}
    plans = plan_parts.built(store, bus, clock, money.sources, money.attribution, finds=finds, shows=shows)
    leases, restraint = floor.leases, footing.restraint
    warm_ups = WarmUps(WarmUpRepository(store), kept_mailings, leases, clock)
    runner = Runner(kept_mailings, library, bus, clock, leases=leases, restraint=restraint, warms=warm_ups)
    jobs = Jobs(
        [
            ReadList(kept_lists, footing.apart, region=floor.settings.region),
            Launch(kept_mailings, mailings.prepare, clock),
            classes.job(floor.books, floor.settings.currency),
            calls.job(segments, lists, floor.columns),
            gatherings.job(floor.columns, lists, kept_mailings, consents, messages),
            file_parts.job(money.book, money.sources, blobs, footing.apart),
        ],
        service=SERVICE,
        store=store,
        bus=bus,
        clock=clock,
        owner=floor.owner.name,
        restraint=footing.restraint,
    )
    mailed = Looking(kept_mailings, mailings, floor.columns, consents)
    http = _http(
        floor,
        template_endpoints.public(templates, floor.interactions),
        segment_endpoints.public(segments),
        classes.public(jobs),
        list_endpoints.public(lists, jobs, floor.uploads),
        consent_endpoints.public(consents, invitations, floor.columns),
        consent_doors.public(consents, Recipients(kept_mailings, invitations), floor.master),
        mailing_endpoints.public(mailings, mailed, jobs),
        sequences.public(mailed),
        warm_up_endpoints.public(warm_ups),
        message_endpoints.public(messages),
        tracking_doors.public(recorder, Letters(kept_mailings, library), clock, floor.master),
        *money.public(),
        plans.public(),
        *gatherings.public(jobs),
        *forms.public(),
        policies,
        file_parts.public(jobs, blobs, footing.apart, floor.settings.currency, floor.uploads),
        *calls.public(jobs),
        job_endpoints.public(jobs),
    )
    told = [kept_segments.segments, kept_mailings.mailings, *money.told, plans.told]
    sweeper = Sweeper(told, bus, clock, floor.settings.sweep_interval)
    watching = Watching(kept_segments, segments, blobs, floor.leases, clock)
    return CampaignsService(
        http,
        floor,
        (
            sweeper,
            watching,
            jobs,
            runner,
            sequences.advancing,
            recorder,
            *calls.loops,
            gatherings.loop(),
            forms.loop(),
            asking,
        ),
    )


def _http(floor: Floor, *publics: Public) -> FastAPI:
    footing, store = floor.footing, floor.store
    checks: dict[str, Ping] = {"store": store.ping, "bus": floor.bus.ping, "blobs": footing.blobs.ping}
    http = service_app("omnihub campaigns", checks=checks)
    publish(http, *publics, service=SERVICE, seal=footing.seal)
    answer_repeats(http, store, footing.clock, service=SERVICE, seal=footing.seal)
    return http
