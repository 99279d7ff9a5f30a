"""The HTTP door of the interactions service, open to the gateway only."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Header, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.contracts.client import ChainState
from hub.contracts.interaction import Direction
from hub.kit.clock import iso
from hub.kit.errors import NotFound
from hub.store.base import Document, In, Page
from services.interactions.addresses import Addresses, NewAddress
from services.interactions.answers import Answers
from services.interactions.forwards import Forward, Forwards
from services.interactions.models import CHAIN_STATES, chain_view, client_view, interaction_view
from services.interactions.moments import zone_of
from services.interactions.planned import Planned, Rewrite
from services.interactions.repository import Repository
from services.interactions.splits import Splits
from services.interactions.starts import Letter, Starts
from services.interactions.writing import Answer

Limit = Annotated[int, Query(ge=1, le=500)]


class Readable(Protocol):
    """A collection that is read."""

    async def get(self, doc_id: str) -> Document | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the routes lead to."""

    repository: Repository
    answers: Answers
    planned: Planned
    forwards: Forwards
    splits: Splits
    starts: Starts
    addresses: Addresses


def router(doors: Doors) -> APIRouter:
    """All routes."""
    routes = APIRouter()
    _add_interactions(routes, doors.repository)
    _add_planned(routes, doors.planned)
    _add_splits(routes, doors.splits)
    _add_forwards(routes, doors.forwards)
    _add_clients(routes, doors.repository)
    _add_client_changes(routes, doors.addresses, doors.repository)
    _add_addresses(routes, doors.addresses, doors.repository)
    _add_starts(routes, doors.starts)
    _add_chains(routes, doors.repository, doors.answers)
    return routes


def _add_interactions(routes: APIRouter, repository: Repository) -> None:
    @routes.get("/interactions")
    async def list_interactions(
        client_id: str | None = None,
        chain_id: str | None = None,
        channel: str | None = None,
        direction: Direction | None = None,
        since: AwareDatetime | None = None,
        planned: bool = False,
        after: str | None = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        where = {"client_id": client_id, "chain_id": chain_id, "channel": channel, "direction": direction}
        if planned:
            return _listed(await repository.planned(where, limit=limit, after=after), interaction_view)
        page = await repository.page(
            "interactions", where, order="at", since=iso(since) if since else None, limit=limit, after=after
        )
        return _listed(page, interaction_view)

    @routes.get("/interactions/{interaction_id}")
    async def show_interaction(interaction_id: str) -> dict[str, Any]:
        return interaction_view(await _found(repository.interactions, interaction_id))

    @routes.get("/interactions/{interaction_id}/html")
    async def show_html(interaction_id: str) -> dict[str, str]:
        document = await _found(repository.interactions, interaction_id)
        if not document.get("html"):
            raise NotFound(f"interaction {interaction_id} has no HTML; read its text")
        return {"blob": document["html"]}

    @routes.get("/attachments/{attachment_id}")
    async def show_attachment(attachment_id: str) -> dict[str, Any]:
        document = await _found(repository.attachments, attachment_id)
        return {key: value for key, value in document.items() if not key.startswith("_")}


def _add_splits(routes: APIRouter, splits: Splits) -> None:
    @routes.post("/interactions/{interaction_id}/split")
    async def split(interaction_id: str, x_hub_employee: Annotated[str, Header()] = "") -> dict[str, Any]:
        return interaction_view(await splits.split(interaction_id, by=x_hub_employee or None))

    @routes.post("/interactions/{interaction_id}/keep")
    async def keep(interaction_id: str) -> dict[str, Any]:
        return interaction_view(await splits.keep(interaction_id))


def _add_forwards(routes: APIRouter, forwards: Forwards) -> None:
    @routes.post("/chains/{chain_id}/forward", status_code=202)
    async def forward(
        chain_id: str,
        forward: Forward,
        x_hub_employee: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> dict[str, Any]:
        planned = await forwards.plan(chain_id, forward, author=x_hub_employee, idempotency_key=idempotency_key)
        return interaction_view(planned)


def _add_client_changes(routes: APIRouter, cards: Addresses, repository: Repository) -> None:
    @routes.patch("/clients/{client_id}")
    async def change_client(client_id: str, change: ClientChange) -> dict[str, Any]:
        client = await cards.change(client_id, change.changed)
        return client_view(client, await repository.addresses_of([client]))


def _add_addresses(routes: APIRouter, addresses: Addresses, repository: Repository) -> None:
    @routes.post("/clients/{client_id}/addresses", status_code=201)
    async def add_address(client_id: str, given: NewAddress) -> dict[str, Any]:
        client = await addresses.add(client_id, given)
        return client_view(client, await repository.addresses_of([client]))

    @routes.delete("/clients/{client_id}/addresses/{address:path}")
    async def remove_address(client_id: str, address: str) -> dict[str, Any]:
        client = await addresses.remove(client_id, address)
        return client_view(client, await repository.addresses_of([client]))


def _add_starts(routes: APIRouter, starts: Starts) -> None:
    @routes.get("/clients/{client_id}/channels")
    async def list_ways(client_id: str) -> dict[str, Any]:
        return {"items": [asdict(way) for way in await starts.ways(client_id)]}

    @routes.post("/clients/{client_id}/messages", status_code=202)
    async def write_to_client(
        client_id: str,
        letter: Letter,
        x_hub_employee: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> dict[str, Any]:
        planned = await starts.plan(client_id, letter, author=x_hub_employee, idempotency_key=idempotency_key)
        return interaction_view(planned)


def _add_planned(routes: APIRouter, planned: Planned) -> None:
    @routes.patch("/interactions/{interaction_id}")
    async def rewrite(interaction_id: str, change: Rewrite) -> dict[str, Any]:
        return interaction_view(await planned.rewrite(interaction_id, change))

    @routes.delete("/interactions/{interaction_id}")
    async def cancel(interaction_id: str) -> dict[str, Any]:
        return interaction_view(await planned.cancel(interaction_id))


def _add_clients(routes: APIRouter, repository: Repository) -> None:
    @routes.get("/clients")
    async def list_clients(after: str | None = None, limit: Limit = 50) -> dict[str, Any]:
        page = await repository.page("clients", {}, order="opened_at", since=None, limit=limit, after=after)
        addresses = await repository.addresses_of(page.items)
        return _listed(page, partial(client_view, addresses=addresses))

    @routes.get("/clients/{client_id}")
    async def show_client(client_id: str) -> dict[str, Any]:
        client = await _found(repository.clients, client_id)
        return client_view(client, await repository.addresses_of([client]))


class ClientChange(BaseModel):
    """What shall be different about a client; an empty time zone is one that is not known."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=200)
    time_zone: str | None = Field(default=None, max_length=100)

    def changed(self, client: Document) -> Document:
        """Raises InvalidInput."""
        given = self.model_dump(exclude_none=True)
        if given.get("time_zone"):
            zone_of(given["time_zone"])
        return {**client, **given, "time_zone": given.get("time_zone", client.get("time_zone")) or None}


def _add_chains(routes: APIRouter, repository: Repository, answers: Answers) -> None:
    @routes.get("/chains")
    async def list_chains(
        client_id: str | None = None,
        state: ChainState | None = None,
        parent: str | None = None,
        after: str | None = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        if parent:
            beside = await repository.page(
                "chains", {"parent": parent, "state": state}, order="last_at", since=None, limit=limit, after=after
            )
            return _listed(beside, chain_view)
        where = {"client_id": client_id, "state": state or (None if client_id else In(CHAIN_STATES))}
        page = await repository.page("chains", where, order="last_at", since=None, limit=limit, after=after)
        return _listed(page, chain_view)

    @routes.get("/chains/{chain_id}")
    async def show_chain(chain_id: str) -> dict[str, Any]:
        return chain_view(await _found(repository.chains, chain_id))

    @routes.post("/chains/{chain_id}/messages", status_code=202)
    async def answer_in_chain(
        chain_id: str,
        answer: Answer,
        x_hub_employee: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> dict[str, Any]:
        planned = await answers.plan(chain_id, answer, author=x_hub_employee, idempotency_key=idempotency_key)
        return interaction_view(planned)


async def _found(collection: Readable, doc_id: str) -> Document:
    document = await collection.get(doc_id)
    if document is None:
        raise NotFound(f"there is nothing under {doc_id}")
    return document


def _listed(page: Page, view: Any) -> dict[str, Any]:
    return {"items": [view(document) for document in page.items], "next": page.next}
