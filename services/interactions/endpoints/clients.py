"""Clients, their addresses, and the ways to them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Id, Named, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import hiding
from hub.contracts.scope import EVERYTHING, Shown
from hub.contracts.shown import ClientView, InteractionView
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document, In, Page
from services.interactions.addresses import NewAddress, Taken
from services.interactions.calling import WantedCall
from services.interactions.clients.forms import CardChange, MergeClients, NewClient
from services.interactions.endpoints.shared import Doors, card, cards, shown
from services.interactions.seen import sifted
from services.interactions.starts import Letter
from services.interactions.views import ClientList, WayList, WayView

Address = Annotated[str, Path(max_length=400)]


class ClientQuery(Paging):
    """Parameters of the list of clients."""

    id: Named = Field(default_factory=list)


def add(routes: Public, doors: Doors) -> None:
    _add_reading(routes, doors)
    _add_revealing(routes, doors)
    _add_changes(routes, doors)
    _add_addresses(routes, doors)
    _add_starts(routes, doors)


def _add_reading(routes: Public, doors: Doors) -> None:
    repository = doors.repository

    @routes.get("/clients", right=Right.READ_CORRESPONDENCE, noun="client", answer=ClientList)
    async def list_clients(query: Annotated[ClientQuery, Query()], actor: Acting) -> Response:
        """Clients, newest first; those that are asked for by id in the order of their ids."""

        async def find(limit: int) -> Page:
            if query.id:
                return await _named(doors, actor, query, limit)
            if EVERYTHING in actor.reach:
                return await repository.page("clients", {}, order="opened_at", limit=limit, after=query.after)
            return await doors.tokens.page(
                "clients", actor.reach, {}, order="opened_at", limit=limit, after=query.after
            )

        async def show(clients: Sequence[Document]) -> list[ClientView]:
            return await cards(doors, actor, [client for client in clients if not client.get("into")])

        return await listed(find, show, limit=query.limit)

    @routes.get("/clients/{id}", right=Right.READ_CORRESPONDENCE, noun="client")
    async def show_client(client_id: Id, actor: Acting) -> ClientView:
        """One client with his addresses."""
        return await card(doors, actor, await doors.seen.client(actor, client_id))


async def _named(doors: Doors, actor: Actor, query: ClientQuery, limit: int) -> Page:
    async def find(limit: int, after: str | None) -> Page:
        return await doors.repository.page("clients", {"_id": In(query.id)}, order="_id", limit=limit, after=after)

    async def keep(clients: Sequence[Document]) -> list[tuple[Document, Shown]]:
        return [(client, "full") for client in await doors.seen.clients(actor, clients)]

    found = await sifted(find, keep, order="_id", limit=limit, after=query.after)
    return Page([client for client, _ in found.items], found.next)


def _add_revealing(routes: Public, doors: Doors) -> None:
    @routes.post("/clients/{id}/reveal", right=Right.REVEAL, noun="client", action="reveal", answer=ClientView)
    async def reveal_client(client_id: Id, actor: Acting) -> Response:
        """A client with his addresses whole, whatever your role hides. It is in the audit that you saw them."""
        shown = await card(doors, actor, await doors.seen.client(actor, client_id))
        with hiding(()):
            return Response(shown.model_dump_json(), media_type="application/json")


def _add_changes(routes: Public, doors: Doors) -> None:
    @routes.post("/clients", right=Right.WRITE_MESSAGES, noun="client", status=201, refuses=[Conflict])
    async def open_client(form: NewClient, actor: Acting, key: Key = None) -> ClientView:
        """Open a client by hand; his addresses must be nobody's."""
        try:
            return await card(doors, actor, await doors.clients.open(form, actor=actor, key=key))
        except Taken as exc:
            raise await _taken(doors, actor, exc) from exc

    @routes.patch("/clients/{id}", right=Right.WRITE_MESSAGES, noun="client", refuses=[Conflict])
    async def change_client(client_id: Id, change: CardChange, actor: Acting) -> ClientView:
        """Change what stands on a client's card, or who looks after him. `history` keeps who changed what."""
        await doors.seen.client(actor, client_id)
        return await card(doors, actor, await doors.clients.change(client_id, change, actor=actor))

    @routes.post("/clients/{id}/merge", right=Right.WRITE_MESSAGES, noun="client", action="merge", refuses=[Conflict])
    async def merge_client(client_id: Id, form: MergeClients, actor: Acting) -> ClientView:
        """Make one client of two: this one is read with the other, and so is whatever comes from his addresses.

        `POST …/part` makes them two again, each with what came from his own addresses.
        """
        await doors.seen.client(actor, client_id)
        await doors.seen.client(actor, form.into)
        return await card(doors, actor, await doors.clients.merge(client_id, form, actor=actor))

    @routes.post("/clients/{id}/part", right=Right.WRITE_MESSAGES, noun="client", action="merge", refuses=[Conflict])
    async def part_client(client_id: Id, actor: Acting) -> ClientView:
        """Take a merged client out of the one that he was merged into."""
        await doors.seen.client(actor, client_id)
        return await card(doors, actor, await doors.clients.part(client_id, actor=actor))


def _add_addresses(routes: Public, doors: Doors) -> None:
    addresses = doors.addresses

    @routes.post("/clients/{id}/addresses", right=Right.WRITE_MESSAGES, noun="client", status=201, refuses=[Conflict])
    async def add_address(client_id: Id, given: NewAddress, actor: Acting) -> ClientView:
        """Give a client one more address. It must not be another client's."""
        await doors.seen.client(actor, client_id)
        try:
            return await card(doors, actor, await addresses.add(client_id, given))
        except Taken as exc:
            raise await _taken(doors, actor, exc) from exc

    @routes.delete(
        "/clients/{id}/addresses/{address:path}", right=Right.WRITE_MESSAGES, noun="client", refuses=[Conflict]
    )
    async def remove_address(client_id: Id, address: Address, actor: Acting) -> ClientView:
        """Take an address from a client; what came from it stays his."""
        await doors.seen.client(actor, client_id)
        return await card(doors, actor, await addresses.remove(client_id, address))


def _add_starts(routes: Public, doors: Doors) -> None:
    starts = doors.starts

    @routes.get("/clients/{id}/channels", right=Right.READ_CORRESPONDENCE, noun="client")
    async def list_ways_to_client(client_id: Id, actor: Acting) -> WayList:
        """By what he can be reached, and why not by the rest."""
        await doors.seen.client(actor, client_id)
        return WayList(items=[WayView.model_validate(asdict(way)) for way in await starts.ways(client_id, actor)])

    @routes.post("/clients/{id}/messages", right=Right.WRITE_MESSAGES, noun="message", status=202, refuses=[Conflict])
    async def write_to_client(client_id: Id, letter: Letter, actor: Acting, key: Key = None) -> InteractionView:
        """Begin a conversation, or go on with one, by the channel chosen or by the best."""
        await doors.seen.client(actor, client_id)
        await doors.seen.check_account(actor, letter.account)
        return shown(await starts.plan(client_id, letter, actor=actor, idempotency_key=key))

    @routes.post(
        "/clients/{id}/calls",
        right=Right.WRITE_MESSAGES,
        noun="message",
        status=202,
        refuses=[Conflict],
    )
    async def call_client(client_id: Id, wanted: WantedCall, actor: Acting, key: Key = None) -> InteractionView:
        """Call a client: your phone rings first, then his. Refused outside the hours for it, and where he said no."""
        await doors.seen.client(actor, client_id)
        await doors.seen.check_account(actor, wanted.line)
        return shown(await doors.calling.plan(client_id, wanted, actor=actor, idempotency_key=key))


async def _taken(doors: Doors, actor: Actor, taken: Taken) -> Conflict:
    """Whose an address is, for those who see him; else no more than that it is taken."""
    with suppress(NotFound):
        await doors.seen.client(actor, taken.client_id)
        return Conflict(f"this address belongs to client {taken.client_id}; remove it there first")
    return taken
