"""Asks before a client is answered twice: a colleague's answer that its author has not seen stops his own."""

from hub.contracts.interaction import DeliveryState, Direction
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.models import is_ours
from services.interactions.repository import Repository

_GONE = (DeliveryState.CANCELLED, DeliveryState.FAILED, DeliveryState.SUPPRESSED)


async def refuse_unseen(repository: Repository, chain_id: str, seen: str | None, *, by: str) -> None:
    """Raises Conflict: somebody else answered after the interaction that he saw last.

    Of two who press Send at the same instant both may get through; whoever is a moment later is asked.
    """
    if seen is None:
        return
    for interaction in await repository.newest_of_chain(chain_id):
        if interaction["_id"] == seen:
            return
        if _is_answer(interaction, by):
            raise Conflict(f"{interaction['author']} answered meanwhile; read that, then send yours if it is needed")


def _is_answer(interaction: Document, by: str) -> bool:
    # What was sent with another mail program has no delivery of ours.
    answers = interaction["direction"] == Direction.OUT and (is_ours(interaction) or interaction["type"] == "email")
    state = (interaction["delivery"] or {}).get("state")
    return answers and interaction.get("author") not in (None, by) and state not in _GONE
