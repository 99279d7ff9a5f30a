"""What the routes lead to, and how documents are shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from hub.api.actor import Actor
from hub.contracts.scope import Shown
from hub.contracts.shown import ChainView, ClientView, InteractionView
from hub.jobs.service import Jobs
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Document
from services.interactions import views
from services.interactions.addresses import Addresses
from services.interactions.agenda.service import Agenda
from services.interactions.analysis.service import Analysis
from services.interactions.answers import Answers
from services.interactions.byhand.service import ByHand
from services.interactions.calendars.repository import Calendars
from services.interactions.calling import Calling
from services.interactions.chains.merges import Merges
from services.interactions.chains.moves import Moves
from services.interactions.chains.queues import Queues
from services.interactions.clients.service import Clients
from services.interactions.clients.whole import wholes
from services.interactions.completeness.service import Completenesses
from services.interactions.drafts.service import Drafts
from services.interactions.duplicates.service import Duplicates
from services.interactions.exchange.service import Exchange
from services.interactions.forwards import Forwards
from services.interactions.handover import Handover
from services.interactions.handovers.service import Handovers
from services.interactions.inbox.reads import Reads
from services.interactions.inbox.rows import Rows
from services.interactions.invitations.service import Invitations
from services.interactions.models import chain_view, client_view, interaction_view
from services.interactions.notifications.service import Notifications
from services.interactions.offers.service import Offers
from services.interactions.outcomes.service import Outcomes
from services.interactions.planned import Planned
from services.interactions.push.devices import Devices
from services.interactions.quickanswers.service import QuickAnswers
from services.interactions.repository import Repository
from services.interactions.savedviews.service import SavedViews
from services.interactions.search.projection import Projection
from services.interactions.search.service import Search
from services.interactions.seen import Seen
from services.interactions.splits import Splits
from services.interactions.starts import Starts
from services.interactions.subjects.service import Subjects
from services.interactions.tasks.service import Tasks
from services.interactions.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the routes lead to."""

    repository: Repository
    seen: Seen
    tokens: Tokens
    answers: Answers
    planned: Planned
    forwards: Forwards
    splits: Splits
    starts: Starts
    calling: Calling
    addresses: Addresses
    clients: Clients
    by_hand: ByHand
    invitations: Invitations
    merges: Merges
    moves: Moves
    handover: Handover
    handovers: Handovers
    chain_offers: Offers
    task_offers: Offers
    outcomes: Outcomes
    subjects: Subjects
    queues: Queues
    jobs: Jobs
    duplicates: Duplicates
    drafts: Drafts
    quick_answers: QuickAnswers
    saved_views: SavedViews
    reads: Reads
    notifications: Notifications
    devices: Devices
    push_key: str
    rows: Rows
    exchange: Exchange
    search: Search
    projection: Projection
    blobs: Blobs
    tasks: Tasks
    calendars: Calendars
    agenda: Agenda
    analysis: Analysis
    completeness: Completenesses
    clock: Clock


def shown(document: Document, level: Shown = "full") -> InteractionView:
    return InteractionView.model_validate(interaction_view(document)).narrowed(level)


def in_list(document: Document, level: Shown = "full") -> InteractionView:
    return InteractionView.model_validate(views.listed(interaction_view(document))).narrowed(level)


def chain_shown(document: Document, level: Shown = "full") -> ChainView:
    return ChainView.model_validate(chain_view(document)).narrowed(level)


async def cards(doors: Doors, actor: Actor, clients: Sequence[Document]) -> list[ClientView]:
    """Clients as somebody sees them: with the open chains that he sees."""
    clients = await wholes(doors.repository, clients)
    addresses = await doors.repository.addresses_of(clients)
    seen = await doors.seen.open_chains(actor, clients)
    found = await doors.completeness.of(clients, addresses)
    return [
        ClientView.model_validate(
            client_view(client, addresses, seen) | {"completeness": asdict(found[client["_id"]])}
        )
        for client in clients
    ]


async def card(doors: Doors, actor: Actor, client: Document) -> ClientView:
    (shown,) = await cards(doors, actor, [client])
    return shown
