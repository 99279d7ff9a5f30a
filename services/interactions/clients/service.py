"""Clients: opened and described by hand, merged into another and parted again."""

from collections.abc import Callable, Sequence
from functools import partial

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.interactions.addresses import Addresses, NewAddress
from services.interactions.clients.cards import FIELDS, merged_into, with_merged, without_merged, written
from services.interactions.clients.forms import CardChange, MergeClients, NewClient
from services.interactions.handover import Handover
from services.interactions.models import SILENT, UNCOUNTED
from services.interactions.moments import zone_of
from services.interactions.origins import CARD, Origins
from services.interactions.outgoing import fingerprint, same_request
from services.interactions.repository import Repository
from services.interactions.roots import existing, root_of
from services.interactions.tokens import Tokens

_BY_HAND = "by_hand"


class Clients:
    """Every step may be repeated, after a crash or by a second press."""

    def __init__(
        self,
        repository: Repository,
        addresses: Addresses,
        handover: Handover,
        clock: Clock,
        origins: Origins | None = None,
    ) -> None:
        self._origins = origins or Origins()
        self._repository = repository
        self._addresses = addresses
        self._handover = handover
        self._clock = clock
        self._tokens = Tokens(repository)

    async def open(self, form: NewClient, *, actor: Actor, key: str | None) -> Document:
        """The client; the same key of the same author gives the same one.

        Raises:
            InvalidInput: an address is none, or a field is wrong.
            Taken: an address is another client's; nothing is opened then.
            Conflict: the key was used for another one.
        """
        now = self._clock.now()
        client_id = derive("cl", _BY_HAND, actor.login, key) if key else fresh("cl", at=int(now.timestamp()))
        wanted = fingerprint(form)
        if earlier := await self._repository.clients.get(client_id):
            same_request(earlier, wanted, "client")
        else:
            await self._addresses.check_free([one.address for one in form.addresses], client_id)
            await self._insert(form, client_id, actor, wanted)
        await self._check(form)
        for address in form.addresses:
            await self._addresses.add(client_id, address)
        if form.belongs:
            await self._handover.client(client_id, form.belongs)
        return await self._found(client_id)

    async def _insert(self, form: NewClient, client_id: str, actor: Actor, wanted: str) -> None:
        now = self._clock.now()
        blank = {
            "_id": client_id,
            "name": form.name or _called(form.addresses),
            "addresses": [],
            "opened_at": iso(now),
            "opened_by": _BY_HAND,
            SILENT: iso(now),
            "open_chains": [],
            "seen_by": ["team:"],
            "request": wanted,
            **await self._origins.said(form.source, CARD, actor),
        }
        self._check_form(form)
        card = written(blank, form.card, by=actor.login, now=now)
        client, _ = await self._repository.clients.insert({**card, "history": []})
        await self._repository.clients.tell(client)

    async def change(self, client_id: str, form: CardChange, *, actor: Actor) -> Document:
        """The client with what the form says. Raises NotFound, InvalidInput; Conflict: he was merged into another."""
        self._check_form(form)
        await self._check(form)
        change = partial(written, given=form.card, by=actor.login, now=self._clock.now())
        client = await self._addresses.change(client_id, change) if form.card else await self._found(client_id)
        return await self._handover.client(client_id, form.belongs) if form.belongs else client

    @staticmethod
    def _check_form(form: CardChange) -> None:
        if form.time_zone:
            zone_of(form.time_zone)

    async def _check(self, form: CardChange) -> None:
        """Whom he works for is there. Raises InvalidInput."""
        wanted = {one.organisation_id for one in form.works_for or ()}
        found = await self._repository.clients.get_many(wanted)
        if missing := sorted(wanted - found.keys()):
            raise InvalidInput(fields={"works_for": f"there is no client {missing[0]}"})

    async def merge(self, client_id: str, form: MergeClients, *, actor: Actor) -> Document:
        """The client who stays: he is read with all that the other has and gets, and whoever reaches him may write to
        the addresses of both; consent stays with each address.

        Raises:
            NotFound: one of them is not there.
            Conflict: they are one already, or this one was merged into another.
            InvalidInput: `take` names no field of a card.
        """
        if unknown := sorted(set(form.take) - set(FIELDS)):
            raise InvalidInput(fields={"take": f"{unknown[0]} is no field of a card; these are: {', '.join(FIELDS)}"})
        absorbed = await self._found(client_id)
        survivor = await root_of(self._repository.clients, form.into, "client")
        if absorbed.get("into") not in (None, survivor["_id"]):
            raise Conflict(f"this client was merged into {absorbed['into']}; part him first, or merge that one")
        if absorbed["_id"] == survivor["_id"]:
            raise Conflict("these are one client already")
        told = partial(with_merged, absorbed=absorbed, take=form.take, by=actor.login, now=self._clock.now())
        await self._amend(survivor["_id"], told)
        try:
            await self._amend(client_id, partial(merged_into, survivor_id=survivor["_id"]))
        except Conflict:
            back = partial(without_merged, absorbed_id=client_id, by=actor.login, now=self._clock.now())
            await self._amend(survivor["_id"], back)
            raise
        return await self._tokens.recount(survivor["_id"])

    async def part(self, client_id: str, *, actor: Actor) -> Document:
        """The client for himself again, with what came from his addresses meanwhile.

        Raises:
            NotFound: there is none.
            Conflict: he was not merged.
        """
        absorbed = await self._found(client_id)
        if not (survivor_id := absorbed.get("into")):
            raise Conflict("this client was not merged into another")
        await self._amend(client_id, lambda now: {**now, "into": None, UNCOUNTED: True})
        back = partial(without_merged, absorbed_id=client_id, by=actor.login, now=self._clock.now())
        await self._amend(survivor_id, back)
        await self._tokens.recount(survivor_id)
        return await self._tokens.recount(client_id)

    async def people(self, organisation_id: str) -> list[str]:
        """Ids of the persons who work, or worked, for an organisation: the first 500."""
        page = await self._repository.clients.find({"employers": organisation_id}, order="opened_at", limit=500)
        return [person["_id"] for person in page.items]

    async def _amend(self, client_id: str, change: Callable[[Document], Document]) -> Document:
        after = await self._repository.clients.amend(client_id, change)
        if after is None:
            raise NotFound(f"there is no client {client_id}")
        await self._repository.clients.tell(after)
        return after

    async def _found(self, client_id: str) -> Document:
        return await existing(self._repository.clients, client_id, "client")


def _called(addresses: Sequence[NewAddress]) -> str:
    return next((one.name or one.address for one in addresses), "?")
