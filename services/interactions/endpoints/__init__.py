"""The HTTP door of the interactions service: what it does for employees, and what it tells other services."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from hub.api.actor import Actor
from hub.api.public import Public
from hub.api.uploads import Uploads
from hub.contracts.call import CallRequest
from services.interactions.agenda import endpoints as agenda
from services.interactions.analysis import endpoints as analysis
from services.interactions.byhand import endpoints as by_hand
from services.interactions.calendars import endpoints as calendars
from services.interactions.callers import Callers
from services.interactions.calling import Calling, WantedCall
from services.interactions.chains import endpoints as merging
from services.interactions.completeness import endpoints as completeness
from services.interactions.drafts import endpoints as drafts
from services.interactions.duplicates import endpoints as of_duplicates
from services.interactions.endpoints import chains, clients, files, inbox, messages
from services.interactions.endpoints.shared import Doors, cards
from services.interactions.exchange import endpoints as of_exchange
from services.interactions.handovers import endpoints as handovers
from services.interactions.invitations import endpoints as invitations
from services.interactions.notifications import endpoints as notifications
from services.interactions.offers import endpoints as offers
from services.interactions.outcomes import endpoints as outcomes
from services.interactions.push import endpoints as push
from services.interactions.quickanswers import endpoints as quick_answers
from services.interactions.repository import Repository
from services.interactions.roots import existing
from services.interactions.savedviews import endpoints as saved_views
from services.interactions.search import endpoints as search
from services.interactions.seen import Seen
from services.interactions.subjects import endpoints as subjects
from services.interactions.tasks import endpoints as tasks

__all__ = ["Doors", "for_services", "public"]


def public(doors: Doors) -> tuple[Public, ...]:
    """The service's operations."""
    uploads = Uploads(doors.blobs)
    of_messages = Public("interactions", uploads=uploads)
    of_clients = Public("clients and chains", uploads=uploads)
    of_files, of_tasks = Public("attachments"), Public("tasks and calendars")
    of_outcomes, of_search = Public("deals and claims"), Public("search")
    messages.add(of_messages, doors)
    by_hand.add(of_messages, doors.by_hand)
    invitations.add(of_messages, doors.invitations)
    merging.add(of_clients, doors.merges, doors.moves, doors.seen)
    clients.add(of_clients, doors)
    chains.add(of_clients, doors)
    subjects.add(of_clients, doors.subjects)
    offers.add_chains(of_clients, doors.chain_offers)
    inbox.add(of_clients, doors)
    completeness.add(of_clients, doors.completeness, doors.jobs)
    quick_answers.add(of_messages, doors.quick_answers, doors.seen, doors.repository)
    saved_views.add(of_clients, doors.saved_views, partial(chains.counted, doors))
    notifications.add(of_clients, doors.notifications)
    push.add(of_clients, doors.devices, doors.push_key)
    drafts.add(of_clients, doors.drafts, doors.seen, doors.handover)
    of_exchange.add(of_clients, doors.exchange)
    of_duplicates.add(of_clients, doors.duplicates, doors.jobs, partial(cards, doors))
    files.add(of_files, doors, uploads)
    tasks.add(of_tasks, doors.tasks, doors.clock)
    offers.add_tasks(of_tasks, doors.task_offers, partial(tasks.one_shown, doors.tasks))
    calendars.add(of_tasks, doors.calendars)
    agenda.add(of_tasks, doors.agenda, doors.clock)
    handovers.add(of_tasks, doors.handovers)
    outcomes.add(of_outcomes, doors.outcomes)
    analysis.add(of_outcomes, doors.analysis)
    search.add(of_search, doors.search, doors.projection)
    return of_messages, of_clients, of_files, of_tasks, of_outcomes, of_search


class Asked(BaseModel):
    """Chains and clients whose scope is asked for."""

    chains: Sequence[str] = ()
    clients: Sequence[str] = ()


class AskedCaller(BaseModel):
    """An address that somebody calls from."""

    address: str


class WantedDial(BaseModel):
    """Somebody whom a call list dials."""

    address: str
    line: str | None = None
    call_list: str
    dropped_to: str = ""
    key: str


def for_services(repository: Repository, seen: Seen, callers: Callers, calling: Calling) -> APIRouter:
    """What only other services of the hub are told: where bytes are, and who sees what."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/interactions/{interaction_id}/blobs")
    async def show_blobs(interaction_id: str) -> dict[str, str | None]:
        document = await existing(repository.interactions, interaction_id)
        return {"html": document.get("html")}

    @routes.get("/attachments/{attachment_id}/blob")
    async def show_attachment_blob(attachment_id: str) -> dict[str, Any]:
        document = await existing(repository.attachments, attachment_id)
        return {key: value for key, value in document.items() if not key.startswith("_")}

    @routes.post("/callers")
    async def show_callers(asked: AskedCaller) -> dict[str, Any]:
        return {"clients": [one.model_dump() for one in await callers.of(asked.address)]}

    @routes.post("/scopes")
    async def show_scopes(asked: Asked) -> dict[str, Any]:
        return await seen.scopes(asked.chains, asked.clients)

    @routes.post("/clients/{client_id}/dials", status_code=202)
    async def dial(client_id: str, given: WantedDial) -> dict[str, str]:
        wanted = WantedCall(address=given.address, line=given.line)
        request = CallRequest(operator="", call_list=given.call_list, dropped_to=given.dropped_to)
        dialler = Actor.service(f"dialler/{given.call_list}")
        planned = await calling.plan(client_id, wanted, actor=dialler, idempotency_key=given.key, by_itself=request)
        return {"id": planned["_id"]}

    return routes
