"""A client with those that were merged into him: read as one, each address with the client it was born with."""

from collections.abc import Sequence

from hub.store.base import Document
from services.interactions.clients.cards import gathered
from services.interactions.repository import Repository
from services.interactions.roots import members, root_of


async def whole(repository: Repository, client_id: str) -> Document:
    """Whom he was merged into, or himself; with all that is theirs. Raises NotFound."""
    return (await wholes(repository, [await root_of(repository.clients, client_id, "client")]))[0]


async def wholes(repository: Repository, clients: Sequence[Document]) -> list[Document]:
    """Each with the addresses and open chains of those that were merged into him."""
    found = await members(repository.clients, [client["_id"] for client in clients])
    of = {client["_id"]: [each for root, each in found.values() if root == client["_id"]] for client in clients}
    return [gathered(client, of[client["_id"]]) for client in clients]


def born_with(client: Document, address: str) -> str:
    """Whose an address of a whole client is for good: what goes to it stays there when they are parted."""
    owners = [one.get("of") for one in client["addresses"] if one["address"] == address]
    return str((owners and owners[0]) or client["_id"])
