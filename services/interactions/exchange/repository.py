"""Every query of imports and exports."""

from collections.abc import Iterable, Mapping, Sequence

from hub.kit.ids import derive
from hub.store.base import Document, Store
from hub.store.told import tell
from services.interactions.exchange.models import MAPPINGS
from services.interactions.repository import Repository
from services.interactions.roots import roots


class ExchangeRepository:
    """Clients in bulk, and mappings."""

    def __init__(self, store: Store, repository: Repository) -> None:
        self._repository = repository
        self._mappings = store.collection(MAPPINGS)

    async def mapping(self, header: Sequence[str]) -> dict[str, str] | None:
        found = await self._mappings.get(_mapping_id(header))
        return dict(found["mapping"]) if found else None

    async def keep_mapping(self, header: Sequence[str], mapping: Mapping[str, str]) -> None:
        await self._mappings.put_many([{"_id": _mapping_id(header), "mapping": dict(mapping)}])

    async def owners(self, addresses: Iterable[str]) -> dict[str, Document]:
        """By address, the client it leads to: the one that its own was merged into."""
        found = await self._repository.addresses.get_many(addresses)
        owned = {address: str(one["client_id"]) for address, one in found.items() if one["client_id"]}
        clients = await roots(self._repository.clients, set(owned.values()))
        return {address: clients[owner] for address, owner in owned.items() if owner in clients}

    async def own(self, wanted: Mapping[str, tuple[Document, str]]) -> set[str]:
        """Makes addresses somebody's, each of the client named with it; those of others stay theirs, and are left out
        of what is returned.
        """
        documents = [{**listed, "_id": address, "client_id": owner} for address, (listed, owner) in wanted.items()]
        stored, new = await self._repository.addresses.insert_many(documents)
        free = [address for address, one in stored.items() if address not in new and not one["client_id"]]
        for address in free:
            owner = wanted[address][1]
            freed = await self._repository.addresses.amend(
                address,
                lambda now, owner=owner: now if now["client_id"] else {**now, "client_id": owner},  # type: ignore[misc]
            )
            stored[address] = freed or stored[address]
        await tell((self._repository.addresses, stored.values()))
        return {address for address, one in stored.items() if one["client_id"] == wanted[address][1]}

    async def create(self, clients: Sequence[Document]) -> None:
        stored, _ = await self._repository.clients.insert_many(clients)
        await tell((self._repository.clients, stored.values()))


def _mapping_id(header: Sequence[str]) -> str:
    return derive("map", *(title.strip().casefold() for title in header))
