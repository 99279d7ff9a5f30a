"""What an interaction that goes into another chain says of where it was, and with what the chain it left ends."""

from collections.abc import Collection
from functools import partial

from hub.contracts.interaction import Link, Move
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.interactions.chains.state import asking, turn_after
from services.interactions.repository import Repository
from services.interactions.roots import roots


def moved(interaction: Document, place: tuple[str, str], link: Link, by: str | None, at: str) -> Document:
    """The interaction in another chain (and its client), with where it was: birth is for ever, and so is the key of
    its events.
    """
    chain_id, client_id = place
    was = Move(
        chain_id=interaction["chain_id"],
        client_id=interaction["client_id"],
        link=Link.model_validate(interaction["link"]),
        by=by,
        at=from_iso(at),
    )
    return {
        **interaction,
        "chain_id": chain_id,
        "client_id": client_id,
        "link": link.model_dump(mode="json"),
        "born_client_id": interaction.get("born_client_id") or interaction["client_id"],
        "moves": [*(interaction.get("moves") or []), was.model_dump(mode="json")],
    }


async def step_back(repository: Repository, chain_id: str, gone: Collection[str]) -> None:
    """A chain, and what it was merged into, end with what is left, where they ended with one of those that are gone:
    a message that came meanwhile is their end. It may be repeated.
    """
    root = (await roots(repository.chains, [chain_id])).get(chain_id)
    for each in {chain_id, root["_id"]} if root else ():
        if left := await repository.newest_of_chain(each, limit=1):
            await repository.chains.amend(each, partial(_ending, last=left[0], gone=gone))


def _ending(chain: Document, last: Document, gone: Collection[str]) -> Document:
    if chain["last_id"] not in gone:
        return chain
    turn = turn_after(last) or chain.get("awaits")
    return asking({**chain, "last_id": last["_id"], "last_at": last["at"], "awaits": turn})
