"""Addresses that a message gives away: taken over where its provider vouches for them, else candidates."""

from collections.abc import Sequence
from functools import partial

from hub.contracts.interaction import Contact, Interaction
from hub.store.base import Document
from services.interactions.repository import Repository, amend

_KEPT = 50


class Contacts:
    """No two clients are made one by this: an address that is another's is a candidate of both."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def take(self, interactions: Sequence[Interaction]) -> None:
        """Each may be told twice."""
        for interaction in interactions:
            for contact in interaction.contacts:
                await self._take(interaction, contact)

    async def _take(self, interaction: Interaction, contact: Contact) -> None:
        owner = await self._owner(interaction.client_id, contact) if contact.verified else None
        if owner == interaction.client_id:
            await self._amend_client(owner, partial(with_address, contact))
            return
        note = {
            "address": contact.address,
            "raw": contact.raw,
            "name": contact.name,
            "verified": contact.verified,
            "interaction_id": interaction.id,
        }
        known = owner or await self._known(contact)
        await self._amend_client(interaction.client_id, partial(with_candidate, {**note, "client_id": known}))
        if owner:
            await self._amend_client(owner, partial(with_candidate, {**note, "client_id": interaction.client_id}))

    async def _owner(self, client_id: str, contact: Contact) -> str:
        """Whose address it is: this client's, unless it is somebody's already."""
        claim: Document = {
            "_id": contact.address,
            "address": contact.address,
            "raw": contact.raw,
            "name": contact.name,
            "client_id": client_id,
            "verified": True,
        }
        await self._repository.addresses.insert(claim)
        stored = await self._repository.addresses.get(contact.address) or claim
        return str(stored["client_id"])

    async def _known(self, contact: Contact) -> str | None:
        stored = await self._repository.addresses.get(contact.address)
        return str(stored["client_id"]) if stored else None

    async def _amend_client(self, client_id: str, change: partial[Document]) -> None:
        client = await self._repository.clients.get(client_id)
        if client:
            await amend(self._repository.clients, client, change)


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
