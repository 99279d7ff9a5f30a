"""What an answer in a chain is an answer to."""

from hub.contracts.bounce import from_robot
from hub.contracts.interaction import Direction
from hub.store.base import Document
from services.interactions.repository import Repository
from services.interactions.roots import roots

_NOT_YET = ("planned", "cancelled")


async def answered_in(repository: Repository, chain_id: str) -> Document | None:
    """The newest message of the client; where he never wrote, our own last one; never a machine's if possible."""
    root = (await roots(repository.chains, [chain_id])).get(chain_id)
    found = await repository.newest_of_chain(root["_id"] if root else chain_id)
    newest = [one for one in found if not _waits(one)]
    of_people = [one for one in newest if not from_robot(one.get("auto"), one.get("bounce"))]
    wrote = [one for one in of_people if one["direction"] == Direction.IN]
    return next(iter(wrote or of_people or newest), None)


def _waits(document: Document) -> bool:
    """Planned or taken back: nobody has it."""
    return bool(document["delivery"]) and document["delivery"]["state"] in _NOT_YET
