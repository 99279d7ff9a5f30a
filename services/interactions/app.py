"""Puts the interactions service together."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from fastapi import FastAPI

from hub.api.public import publish
from hub.bus.base import Bus
from hub.channels.owner import Owner
from hub.footing import Footing
from hub.held import held_routes
from hub.jobs import endpoints as job_endpoints
from hub.jobs.service import Jobs
from hub.kit.http import service_app
from hub.kit.loop import Runs
from hub.kit.pages import Pages
from hub.repeats import answer_repeats
from hub.store.base import Store
from hub.store.due import Due
from hub.store.outbox import Sweeper
from services.interactions.adapters.directory import Directory
from services.interactions.adapters.generations import Generations
from services.interactions.adapters.policies import SourcePolicies
from services.interactions.adapters.webpush import WebPush
from services.interactions.addresses import Addresses
from services.interactions.agenda.service import Agenda
from services.interactions.analysis.service import Analysis
from services.interactions.answers import Answers
from services.interactions.bounces import Bounces
from services.interactions.bulk import ChangeChains
from services.interactions.byhand.models import MOST_REMINDERS, reminding, timer
from services.interactions.byhand.service import ByHand
from services.interactions.calendars.repository import Calendars
from services.interactions.callers import Callers
from services.interactions.calling import Calling, Hours
from services.interactions.chains.merges import Merges
from services.interactions.chains.moves import Moves
from services.interactions.chains.queues import Queues
from services.interactions.chains.state import RETURN, back
from services.interactions.clients.service import Clients
from services.interactions.completeness.job import FillIn
from services.interactions.completeness.service import Completenesses
from services.interactions.contacts import Contacts
from services.interactions.counting import Counting
from services.interactions.courtesy import Allowance, Courtesy
from services.interactions.drafts.service import Drafts
from services.interactions.duplicates import handlers as of_duplicates
from services.interactions.duplicates.repository import DuplicateRepository
from services.interactions.duplicates.scan import Scan
from services.interactions.duplicates.service import Duplicates
from services.interactions.endpoints import Doors, for_services, public
from services.interactions.exchange.exporting import Exporting
from services.interactions.exchange.importing import Importing
from services.interactions.exchange.repository import ExchangeRepository
from services.interactions.exchange.service import Exchange
from services.interactions.forwards import Forwards
from services.interactions.handlers import subscribe
from services.interactions.handover import Handover
from services.interactions.handovers.job import HandOverWork
from services.interactions.handovers.service import Handovers
from services.interactions.inbox.reads import Reads
from services.interactions.inbox.rows import Rows
from services.interactions.invitations.following import Following
from services.interactions.invitations.service import Invitations
from services.interactions.linking import Rules
from services.interactions.notifications.mails import Mails
from services.interactions.notifications.service import Notifications
from services.interactions.offers.service import OfChains, Offers, OfTasks
from services.interactions.origins import Origins
from services.interactions.outcomes.service import Outcomes
from services.interactions.outgoing import Outgoing
from services.interactions.planned import Planned
from services.interactions.push.devices import Devices
from services.interactions.push.sealing import hub_key
from services.interactions.push.sending import Pushes
from services.interactions.quickanswers.service import QuickAnswers
from services.interactions.repository import Repository
from services.interactions.savedviews.service import SavedViews
from services.interactions.search.gathering import Gathering, Kept
from services.interactions.search.projection import Anew, Projection
from services.interactions.search.reading import Texts
from services.interactions.search.service import Search
from services.interactions.secondperson import SecondPerson
from services.interactions.seen import Seen
from services.interactions.series.models import NEXT, followed
from services.interactions.series.service import Recurring
from services.interactions.service import Interactions
from services.interactions.settings import Settings
from services.interactions.splits import Splits
from services.interactions.starts import Starts
from services.interactions.subjects.service import Subjects
from services.interactions.tasks.missed import CallBack, MissedCalls
from services.interactions.tasks.repository import TaskRepository
from services.interactions.tasks.service import Tasks
from services.interactions.tokens import Tokens
from services.interactions.upgrades import Upgrades


class Closes(Protocol):
    """What holds connections to others."""

    async def close(self) -> None: ...


class InteractionsService:
    """Clients, addresses, interactions, chains."""

    name = "interactions"

    def __init__(
        self,
        http: FastAPI,
        bus: Bus,
        store: Store,
        loops: Sequence[Runs],
        peers: Sequence[Closes],
        owner: Owner,
    ) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._loops = loops
        self._peers = peers
        self._owner = owner

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        for loop in reversed(self._loops):
            await loop.stop()
        await self._bus.stop()
        await self._store.stop()
        for peer in self._peers:
            await peer.close()
        self._owner.release()


def build(footing: Footing) -> InteractionsService:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store, clock = footing.bus("interactions"), footing.store("interactions"), footing.clock
    repository = Repository(store)
    repository.on(bus, clock)
    rules = Rules(
        settings.reply_window, settings.subject_change, settings.letters_join, reopen_within=settings.reopen_within
    )
    directory = Directory(footing.asking("interactions"))
    second = SecondPerson(directory, clock)
    outgoing = Outgoing(repository, footing.blobs, Pages(footing.apart), second)
    hours = Hours(settings.hours, settings.call_time_zone)
    service = Interactions(repository, bus, clock, rules=rules)
    reminders = {timer(number): partial(reminding, number) for number in range(MOST_REMINDERS)}
    recurring = Recurring(repository, outgoing, clock)
    planned = Planned(
        repository,
        bus,
        clock,
        outgoing=outgoing,
        held=lambda: footing.restraint.held,
        also={**reminders, NEXT: followed},
        first=recurring.go_on,
    )
    policies = SourcePolicies(footing.asking("interactions"))
    seen = Seen(repository, directory)
    handover = Handover(repository, clock)
    task_repository = TaskRepository(store, bus, clock)
    calendars = Calendars(store, settings.call_time_zone)
    tasks = Tasks(task_repository, seen, clock, calendars, held=lambda: footing.restraint.held)
    returning = Due(repository.chains, {RETURN: back}, clock, held=lambda: footing.restraint.held)
    owner = Owner(footing.data, "interactions")
    duplicates = Duplicates(DuplicateRepository(store), repository, seen, clock)
    exchanged = ExchangeRepository(store, repository)
    importing = Importing(
        exchanged, repository, seen, duplicates, blobs=footing.blobs, apart=footing.apart, clock=clock
    )
    exporting = Exporting(repository, Tokens(repository), blobs=footing.blobs)
    completeness = Completenesses(store, repository, clock)
    jobs = Jobs(
        [
            ChangeChains(handover, seen),
            FillIn(completeness, repository, seen, tasks, clock, language=settings.language),
            HandOverWork(repository, handover, tasks),
            Scan(duplicates, repository),
            importing,
            exporting,
        ],
        service="interactions",
        store=store,
        bus=bus,
        clock=clock,
        owner=owner.name,
        restraint=footing.restraint,
    )
    outcomes = Outcomes(store, bus, clock, seen)
    handovers = Handovers(store, jobs, clock)
    search, projection = _search(
        footing,
        store,
        bus,
        owner.name,
        repository,
        seen,
        tasks=task_repository.tasks,
        outcomes=outcomes.outcomes,
        zone=settings.call_time_zone,
    )
    addresses = Addresses(repository, region=settings.region)
    drafts, reads = Drafts(store, bus, clock, repository), Reads(store)
    mails = Mails(
        footing.blobs, account=settings.notify_account, page=settings.notify_page, language=settings.language
    )
    devices, post, pushes = _push(footing, store, settings)
    notifications = Notifications(store, bus, clock, repository, seen, tasks=task_repository.tasks, mails=mails)
    doors = Doors(
        drafts=drafts,
        quick_answers=QuickAnswers(store, clock),
        saved_views=SavedViews(store, clock),
        reads=reads,
        notifications=notifications,
        devices=devices,
        push_key=post.public_key,
        rows=Rows(repository, reads, drafts),
        repository=repository,
        seen=seen,
        tokens=Tokens(repository),
        handover=handover,
        handovers=handovers,
        chain_offers=Offers(OfChains(handover, seen), clock),
        task_offers=Offers(OfTasks(tasks), clock),
        outcomes=outcomes,
        subjects=Subjects(repository, seen, outcomes, clock),
        queues=Queues(repository.chains),
        jobs=jobs,
        duplicates=duplicates,
        exchange=Exchange(exchanged, jobs, blobs=footing.blobs, apart=footing.apart, region=settings.region),
        answers=Answers(repository, bus, clock, undo=settings.undo_window, outgoing=outgoing),
        planned=planned,
        forwards=Forwards(repository, bus, clock, outgoing=outgoing),
        splits=Splits(repository, bus, clock),
        starts=Starts(repository, outgoing, directory, clock, rules, undo=settings.undo_window),
        addresses=addresses,
        clients=Clients(repository, addresses, handover, clock, Origins(policies)),
        merges=Merges(repository, clock),
        moves=Moves(repository, clock),
        by_hand=ByHand(repository, seen, handover, addresses, clock, calendars, Origins(policies)),
        invitations=Invitations(repository, seen, outgoing, directory, clock, language=settings.language),
        calling=Calling(repository, outgoing, directory, clock, rules, hours=hours),
        blobs=footing.blobs,
        tasks=tasks,
        calendars=calendars,
        completeness=completeness,
        agenda=Agenda(repository, task_repository, seen, calendars),
        analysis=Analysis(repository, seen, clock),
        search=search,
        projection=projection,
        clock=clock,
    )
    allowance = Allowance(settings.automatic_messages, settings.automatic_period)
    subscribe(
        bus,
        service,
        bounces=Bounces(repository, bus, clock),
        contacts=Contacts(repository, bus, clock),
        missed=MissedCalls(repository, tasks, clock, CallBack(settings.language, settings.call_back_within)),
        courtesy=Courtesy(repository, bus, clock, allowance, outgoing=outgoing),
        invitations=Following(repository, outgoing, clock, language=settings.language, zone=settings.call_time_zone),
        notifications=notifications,
        devices=devices,
        batch=settings.batch,
    )
    of_duplicates.subscribe(bus, duplicates)
    http = service_app("omnihub interactions", checks={"store": store.ping, "bus": bus.ping})
    http.include_router(for_services(repository, seen, Callers(repository, task_repository), doors.calling))
    publish(http, *public(doors), job_endpoints.public(jobs), service="interactions", seal=footing.seal)

    async def waiting() -> dict[str, int]:
        return await planned.waiting() | await tasks.repository.waiting()

    http.include_router(held_routes(footing.restraint, waiting))
    answer_repeats(http, store, clock, service="interactions", seal=footing.seal)
    sweeper = Sweeper(
        (*repository.told, tasks.repository.tasks, outcomes.outcomes, notifications.told, drafts.told),
        bus,
        clock,
        settings.sweep_interval,
    )
    counting = Counting(repository, settings.sweep_interval)
    loops = (sweeper, planned.due, returning, tasks.due, service.waiting, Upgrades(store), counting, jobs, handovers)
    return InteractionsService(http, bus, store, (*loops, pushes, projection), (directory, policies, post), owner)


def _push(footing: Footing, store: Store, settings: Settings) -> tuple[Devices, WebPush, Pushes]:
    """Browsers that are told while no page is open, and the way to them."""
    key, devices = hub_key(footing.secrets.derived("push")), Devices(store, footing.clock)
    post = WebPush(key, contact=settings.notify_page, outside=footing.outside, clock=footing.clock)
    pushes = Pushes(store, devices, post, footing.clock, restraint=footing.restraint, language=settings.language)
    return devices, post, pushes


def _search(
    footing: Footing,
    store: Store,
    bus: Bus,
    owner: str,
    repository: Repository,
    seen: Seen,
    *,
    tasks: Kept,
    outcomes: Kept,
    zone: str,
) -> tuple[Search, Projection]:
    """What is asked, and what keeps it up to date."""
    indexes, texts = Generations(footing.data, owner), Texts(footing.blobs, footing.apart)
    gathering = Gathering(repository, tasks, outcomes, texts)
    search = Search(indexes, repository, seen, tasks=tasks, outcomes=outcomes, texts=texts, zone=zone)
    return search, Projection(indexes, bus, gathering, texts, Anew(store))
