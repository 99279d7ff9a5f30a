"""The HTTP door of the interactions service: what it does for employees, and what it tells other services."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Key
from hub.api.downloads import HTML_HEADERS, download_headers, download_type, streamed
from hub.api.forms import Form, Id, Moment, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.uploads import Uploads
from hub.contracts.client import ChainState
from hub.contracts.interaction import Attachment, Direction
from hub.contracts.shown import ChainView, ClientView, InteractionView
from hub.kit.blobs import Blobs
from hub.kit.clock import iso
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document, In, Page
from services.interactions import views
from services.interactions.addresses import Addresses, NewAddress
from services.interactions.answers import Answers
from services.interactions.forwards import Forward, Forwards
from services.interactions.models import CHAIN_STATES, chain_view, client_view, interaction_view
from services.interactions.moments import zone_of
from services.interactions.planned import Planned, Rewrite
from services.interactions.repository import Repository
from services.interactions.splits import Splits
from services.interactions.starts import Letter, Starts
from services.interactions.views import ChainList, ClientList, InteractionList, WayList, WayView
from services.interactions.writing import Answer

_NOT_READY = {
    "pending": "the file is still being fetched from the provider; try again in a few seconds",
    "failed": "the file could not be fetched: {reason}",
    "blocked": "the file is not handed out: {reason}",
}
Address = Annotated[str, Path(max_length=400)]


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
    blobs: Blobs


def public(doors: Doors) -> tuple[Public, ...]:
    """The service's operations."""
    uploads = Uploads(doors.blobs)
    messages, clients = Public("interactions"), Public("clients and chains", uploads=uploads)
    files = Public("attachments")
    _add_interactions(messages, doors.repository)
    _add_html(messages, doors.repository, doors.blobs)
    _add_planned(messages, doors.planned)
    _add_splits(messages, doors.splits)
    _add_clients(clients, doors.repository)
    _add_client_changes(clients, doors.addresses, doors.repository)
    _add_addresses(clients, doors.addresses, doors.repository)
    _add_starts(clients, doors.starts)
    _add_chains(clients, doors.repository)
    _add_answers(clients, doors.answers, doors.forwards)
    _add_downloads(files, doors.repository, uploads, doors.blobs)
    return messages, clients, files


def for_services(repository: Repository) -> APIRouter:
    """What only other services of the hub are told: where bytes are."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/interactions/{interaction_id}/blobs")
    async def show_blobs(interaction_id: str) -> dict[str, str | None]:
        document = await _found(repository.interactions, interaction_id)
        return {"html": document.get("html")}

    @routes.get("/attachments/{attachment_id}/blob")
    async def show_attachment_blob(attachment_id: str) -> dict[str, Any]:
        document = await _found(repository.attachments, attachment_id)
        return {key: value for key, value in document.items() if not key.startswith("_")}

    return routes


class InteractionQuery(Paging):
    """Parameters of the list of interactions."""

    client_id: str | None = None
    chain_id: str | None = None
    channel: str | None = Field(default=None, examples=["email"])
    direction: Direction | None = None
    since: Moment | None = Field(default=None, examples=["2026-03-02T09:00:00Z"])
    planned: bool = Field(default=False, description="Those that wait for their time, the next one first")

    @property
    def where(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("client_id", "chain_id", "channel", "direction")}


class ChainQuery(Paging):
    """Parameters of the list of chains."""

    client_id: str | None = None
    state: ChainState | None = None
    parent: str | None = Field(default=None, description="Chains beside this one, with third parties")

    @property
    def where(self) -> dict[str, Any]:
        if self.parent:
            return {"parent": self.parent, "state": self.state}
        return {"client_id": self.client_id, "state": self.state or (None if self.client_id else In(CHAIN_STATES))}


class ClientChange(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"time_zone": "Europe/Moscow"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    time_zone: str | None = Field(default=None, max_length=100, description="IANA name; empty: not known")

    def changed(self, client: Document) -> Document:
        """Raises InvalidInput."""
        given = self.model_dump(exclude_none=True)
        if given.get("time_zone"):
            zone_of(given["time_zone"])
        return {**client, **given, "time_zone": given.get("time_zone", client.get("time_zone")) or None}


def _add_interactions(routes: Public, repository: Repository) -> None:
    @routes.get("/interactions", right=Right.READ_CORRESPONDENCE, noun="interaction", answer=InteractionList)
    async def list_interactions(query: Annotated[InteractionQuery, Query()]) -> Response:
        """Interactions, newest first; `since` as 2026-03-02T09:00:00Z. Of a long text the first 2,000 characters."""

        async def find(limit: int) -> Page:
            if query.planned:
                return await repository.planned(query.where, limit=limit, after=query.after)
            since = iso(query.since) if query.since else None
            return await repository.page(
                "interactions", query.where, order="at", since=since, limit=limit, after=query.after
            )

        return await listed(find, each(_in_list), limit=query.limit)

    @routes.get("/interactions/{id}", right=Right.READ_CORRESPONDENCE, noun="interaction")
    async def show_interaction(interaction_id: Id) -> InteractionView:
        """One interaction."""
        return _shown(await _found(repository.interactions, interaction_id))


def _add_html(routes: Public, repository: Repository, blobs: Blobs) -> None:
    @routes.get("/interactions/{id}/html", right=Right.READ_CORRESPONDENCE, noun="interaction", download="text/html")
    async def show_interaction_html(interaction_id: Id) -> Response:
        """The HTML of a message, sanitised: no scripts and forms, remote images held back. Show it in a sandbox."""
        document = await _found(repository.interactions, interaction_id)
        if not document.get("html"):
            raise NotFound(f"interaction {interaction_id} has no HTML; read its text")
        try:
            return await streamed(blobs, document["html"], media_type="text/html", headers=HTML_HEADERS)
        except NotFound as exc:
            raise NotFound("the HTML of this message is no longer kept; read its text") from exc


def _add_downloads(routes: Public, repository: Repository, uploads: Uploads, blobs: Blobs) -> None:
    @routes.get(
        "/attachments/{id}",
        right=Right.READ_CORRESPONDENCE,
        noun="attachment",
        download="application/octet-stream",
        refuses=[Conflict],
    )
    async def download_attachment(attachment_id: Id) -> Response:
        """Download a file of an interaction, or one of our uploads. It is always saved, never shown in a browser."""
        stored = await repository.attachments.get(attachment_id)
        attachment = Attachment.model_validate(stored) if stored else await uploads.get(attachment_id)
        if attachment.state != "ready":
            raise Conflict(_NOT_READY[attachment.state].format(reason=attachment.reason))
        headers = download_headers(attachment)
        return await streamed(blobs, attachment.blob, media_type=download_type(attachment), headers=headers)


def _add_planned(routes: Public, planned: Planned) -> None:
    @routes.patch("/interactions/{id}", right=Right.WRITE_MESSAGES, noun="interaction", refuses=[Conflict])
    async def change_planned_message(interaction_id: Id, change: Rewrite) -> InteractionView:
        """Change a message that waits for its time."""
        return _shown(await planned.rewrite(interaction_id, change))

    @routes.delete("/interactions/{id}", right=Right.WRITE_MESSAGES, noun="interaction", refuses=[Conflict])
    async def take_back_planned_message(interaction_id: Id) -> InteractionView:
        """Take back a message that waits for its time; it stays in the chain as cancelled."""
        return _shown(await planned.cancel(interaction_id))


def _add_splits(routes: Public, splits: Splits) -> None:
    @routes.post(
        "/interactions/{id}/split",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def split_interaction(interaction_id: Id, actor: Acting) -> InteractionView:
        """Yes, another matter: the message (`link.asks`) opens a chain that continues the one it was in."""
        return _shown(await splits.split(interaction_id, by=actor.login))

    @routes.post(
        "/interactions/{id}/keep",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def keep_interaction(interaction_id: Id) -> InteractionView:
        """No, the same matter: the message (`link.asks`) stays where it is."""
        return _shown(await splits.keep(interaction_id))


def _add_clients(routes: Public, repository: Repository) -> None:
    async def shown(clients: Sequence[Document]) -> list[ClientView]:
        addresses = await repository.addresses_of(clients)
        return [ClientView.model_validate(client_view(client, addresses)) for client in clients]

    @routes.get("/clients", right=Right.READ_CORRESPONDENCE, noun="client", answer=ClientList)
    async def list_clients(query: Annotated[Paging, Query()]) -> Response:
        """Clients, newest first."""

        async def find(limit: int) -> Page:
            return await repository.page("clients", {}, order="opened_at", since=None, limit=limit, after=query.after)

        return await listed(find, shown, limit=query.limit)

    @routes.get("/clients/{id}", right=Right.READ_CORRESPONDENCE, noun="client")
    async def show_client(client_id: Id) -> ClientView:
        """One client with his addresses."""
        return await _client(repository, await _found(repository.clients, client_id))


def _add_client_changes(routes: Public, cards: Addresses, repository: Repository) -> None:
    @routes.patch("/clients/{id}", right=Right.WRITE_MESSAGES, noun="client", refuses=[Conflict])
    async def change_client(client_id: Id, change: ClientChange) -> ClientView:
        """Change a client's name or time zone."""
        return await _client(repository, await cards.change(client_id, change.changed))


def _add_addresses(routes: Public, addresses: Addresses, repository: Repository) -> None:
    @routes.post("/clients/{id}/addresses", right=Right.WRITE_MESSAGES, noun="client", status=201, refuses=[Conflict])
    async def add_address(client_id: Id, given: NewAddress) -> ClientView:
        """Give a client one more address. It must not be another client's."""
        return await _client(repository, await addresses.add(client_id, given))

    @routes.delete(
        "/clients/{id}/addresses/{address:path}", right=Right.WRITE_MESSAGES, noun="client", refuses=[Conflict]
    )
    async def remove_address(client_id: Id, address: Address) -> ClientView:
        """Take an address from a client; what came from it stays his."""
        return await _client(repository, await addresses.remove(client_id, address))


def _add_starts(routes: Public, starts: Starts) -> None:
    @routes.get("/clients/{id}/channels", right=Right.READ_CORRESPONDENCE, noun="client")
    async def list_ways_to_client(client_id: Id) -> WayList:
        """By what he can be reached, and why not by the rest."""
        return WayList(items=[WayView.model_validate(asdict(way)) for way in await starts.ways(client_id)])

    @routes.post("/clients/{id}/messages", right=Right.WRITE_MESSAGES, noun="message", status=202, refuses=[Conflict])
    async def write_to_client(client_id: Id, letter: Letter, actor: Acting, key: Key = None) -> InteractionView:
        """Begin a conversation, or go on with one, by the channel chosen or by the best."""
        signature = actor.signs(letter.signature)
        return _shown(
            await starts.plan(client_id, letter, author=actor.login, idempotency_key=key, signature=signature)
        )


def _add_chains(routes: Public, repository: Repository) -> None:
    @routes.get("/chains", right=Right.READ_CORRESPONDENCE, noun="chain", answer=ChainList)
    async def list_chains(query: Annotated[ChainQuery, Query()]) -> Response:
        """Chains, the one with the newest interaction first."""

        async def find(limit: int) -> Page:
            return await repository.page(
                "chains", query.where, order="last_at", since=None, limit=limit, after=query.after
            )

        return await listed(find, each(_chain), limit=query.limit)

    @routes.get("/chains/{id}", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def show_chain(chain_id: Id) -> ChainView:
        """One chain; its interactions: GET /api/v1/interactions?chain_id=ID."""
        return _chain(await _found(repository.chains, chain_id))


def _add_answers(routes: Public, answers: Answers, forwards: Forwards) -> None:
    @routes.post("/chains/{id}/messages", right=Right.WRITE_MESSAGES, noun="message", status=202, refuses=[Conflict])
    async def answer_in_chain(chain_id: Id, answer: Answer, actor: Acting, key: Key = None) -> InteractionView:
        """Answer the client. It leaves at once, or at its time; `delivery` and the live stream tell how it went.

        Until it has left, PATCH and DELETE /api/v1/interactions/{id} change it or take it back.
        """
        signature = actor.signs(answer.signature)
        return _shown(
            await answers.plan(chain_id, answer, author=actor.login, idempotency_key=key, signature=signature)
        )

    @routes.post(
        "/chains/{id}/forward",
        right=Right.WRITE_MESSAGES,
        noun="message",
        action="forward",
        status=202,
        refuses=[Conflict],
    )
    async def forward_message(chain_id: Id, forward: Forward, actor: Acting, key: Key = None) -> InteractionView:
        """Pass a message on to a third party, with its attachments; his answers never reach the client."""
        signature = actor.signs(forward.signature)
        return _shown(
            await forwards.plan(chain_id, forward, author=actor.login, idempotency_key=key, signature=signature)
        )


async def _found(collection: Readable, doc_id: str) -> Document:
    document = await collection.get(doc_id)
    if document is None:
        raise NotFound(f"there is nothing under {doc_id}")
    return document


def _shown(document: Document) -> InteractionView:
    return InteractionView.model_validate(interaction_view(document))


def _in_list(document: Document) -> InteractionView:
    return InteractionView.model_validate(views.listed(interaction_view(document)))


def _chain(document: Document) -> ChainView:
    return ChainView.model_validate(chain_view(document))


async def _client(repository: Repository, client: Document) -> ClientView:
    return ClientView.model_validate(client_view(client, await repository.addresses_of([client])))
