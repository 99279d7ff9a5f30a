"""Clients, their addresses, and the ways to them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Key
from hub.api.forms import Form, Id, Paging
from hub.api.names import Colleague, TeamId
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import hiding
from hub.contracts.scope import EVERYTHING
from hub.contracts.shown import ClientView, InteractionView
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document, Page
from services.interactions.addresses import NewAddress, Taken
from services.interactions.calling import WantedCall
from services.interactions.endpoints.shared import Doors, card, cards, shown
from services.interactions.moments import zone_of
from services.interactions.starts import Letter
from services.interactions.views import ClientList, WayList, WayView

Address = Annotated[str, Path(max_length=400)]
_BELONGS = ("owner", "team")


class ClientChange(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"time_zone": "Europe/Moscow"}, {"owner": "anna"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    time_zone: str | None = Field(default=None, max_length=100, description="IANA name; empty: not known")
    owner: Colleague | None = Field(default=None, description="Who looks after him; empty: nobody")
    team: TeamId | None = Field(default=None, description="Empty: no team")

    def changed(self, client: Document) -> Document:
        """Raises InvalidInput."""
        given = self.model_dump(exclude_none=True, exclude=set(_BELONGS))
        if given.get("time_zone"):
            zone_of(given["time_zone"])
        return {**client, **given, "time_zone": given.get("time_zone", client.get("time_zone")) or None}


def add(routes: Public, doors: Doors) -> None:
    _add_reading(routes, doors)
    _add_revealing(routes, doors)
    _add_changes(routes, doors)
    _add_addresses(routes, doors)
    _add_starts(routes, doors)


def _add_reading(routes: Public, doors: Doors) -> None:
    repository = doors.repository

    @routes.get("/clients", right=Right.READ_CORRESPONDENCE, noun="client", answer=ClientList)
    async def list_clients(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Clients, newest first."""

        async def find(limit: int) -> Page:
            if EVERYTHING in actor.reach:
                return await repository.page("clients", {}, order="opened_at", limit=limit, after=query.after)
            return await doors.tokens.page(
                "clients", actor.reach, {}, order="opened_at", limit=limit, after=query.after
            )

        async def show(clients: Sequence[Document]) -> list[ClientView]:
            return await cards(doors, actor, clients)

        return await listed(find, show, limit=query.limit)

    @routes.get("/clients/{id}", right=Right.READ_CORRESPONDENCE, noun="client")
    async def show_client(client_id: Id, actor: Acting) -> ClientView:
        """One client with his addresses."""
        return await card(doors, actor, await doors.seen.client(actor, client_id))


def _add_revealing(routes: Public, doors: Doors) -> None:
    @routes.post("/clients/{id}/reveal", right=Right.REVEAL, noun="client", action="reveal", answer=ClientView)
    async def reveal_client(client_id: Id, actor: Acting) -> Response:
        """A client with his addresses whole, whatever your role hides. It is in the audit that you saw them."""
        shown = await card(doors, actor, await doors.seen.client(actor, client_id))
        with hiding(()):
            return Response(shown.model_dump_json(), media_type="application/json")


def _add_changes(routes: Public, doors: Doors) -> None:
    @routes.patch("/clients/{id}", right=Right.WRITE_MESSAGES, noun="client", refuses=[Conflict])
    async def change_client(client_id: Id, change: ClientChange, actor: Acting) -> ClientView:
        """Change a client's name or time zone, or who looks after him."""
        await doors.seen.client(actor, client_id)
        client = await doors.addresses.change(client_id, change.changed)
        if belongs := {name: value for name in _BELONGS if (value := getattr(change, name)) is not None}:
            client = await doors.handover.client(client_id, belongs)
        return await card(doors, actor, client)


def _add_addresses(routes: Public, doors: Doors) -> None:
    addresses = doors.addresses

    @routes.post("/clients/{id}/addresses", right=Right.WRITE_MESSAGES, noun="client", status=201, refuses=[Conflict])
    async def add_address(client_id: Id, given: NewAddress, actor: Acting) -> ClientView:
        """Give a client one more address. It must not be another client's."""
        await doors.seen.client(actor, client_id)
        try:
            return await card(doors, actor, await addresses.add(client_id, given))
        except Taken as exc:
            # Raises NotFound for whom he does not see: then it says no more than that it is taken.
            with suppress(NotFound):
                await doors.seen.client(actor, exc.client_id)
                raise Conflict(f"this address belongs to client {exc.client_id}; remove it there first") from exc
            raise

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
