"""Addresses that a message gives away: taken over where its provider vouches for them, else candidates."""

from collections.abc import Callable, Sequence
from functools import partial

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.interaction import Contact, Interaction, InteractionLinked
from hub.kit.clock import Clock
from hub.store.base import Document
from services.interactions.repository import Repository

_KEPT = 50


class Contacts:
    """No two clients are made one by this: an address that is another's is a candidate of both."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        repository.on(bus, clock)
        self._repository = repository

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Each may be told twice."""
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionLinked):
                for contact in envelope.event.interaction.contacts:
                    await self._take(envelope.event.interaction, contact, envelope)

    async def _take(self, interaction: Interaction, contact: Contact, cause: Envelope) -> None:
        listed = {"address": contact.address, "raw": contact.raw, "name": contact.name}
        client_id = interaction.client_id
        if contact.verified and (client := await self._repository.clients.get(client_id)):
            self._repository.clients.check(client, with_address(contact, client))
        owner = await self._repository.own(listed, client_id, verified=True) if contact.verified else None
        if owner == client_id:
            await self._amend_client(owner, partial(with_address, contact), cause)
            return
        note = {**listed, "verified": contact.verified, "interaction_id": interaction.id}
        known = owner or await self._known(contact)
        await self._amend_client(client_id, partial(with_candidate, {**note, "client_id": known}), cause)
        if owner:
            await self._amend_client(owner, partial(with_candidate, {**note, "client_id": client_id}), cause)

    async def _known(self, contact: Contact) -> str | None:
        stored = await self._repository.addresses.get(contact.address)
        return stored["client_id"] if stored else None

    async def _amend_client(self, client_id: str, change: Callable[[Document], Document], cause: Envelope) -> None:
        client = await self._repository.clients.amend(client_id, change, cause=cause)
        if client:
            await self._repository.clients.tell(client)


def with_address(contact: Contact, client: Document) -> Document:
    if any(one["address"] == contact.address for one in client["addresses"]):
        return client
    listed = {"address": contact.address, "raw": contact.raw, "name": contact.name}
    candidates = [one for one in client.get("candidates") or [] if one["address"] != contact.address]
    return {**client, "addresses": [*client["addresses"], listed], "candidates": candidates}


def with_candidate(note: Document, client: Document) -> Document:
    before = client.get("candidates") or []
    same = [one for one in before if (one["address"], one["client_id"]) == (note["address"], note["client_id"])]
    return client if same else {**client, "candidates": [*before, note][-_KEPT:]}
