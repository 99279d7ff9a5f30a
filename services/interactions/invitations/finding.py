"""Which contact is planned for an invitation that came in."""

from hub.contracts.appointment import Invitation
from hub.store.base import Document
from services.interactions.invitations.models import met_name, one_name
from services.interactions.repository import Repository
from services.interactions.series.live import live


async def planned_for(repository: Repository, said: Invitation) -> Document | None:
    """That of one of a series, where it has its own; else the one that the series goes on from."""
    for name in (one_name(said), met_name(said)) if said.slot else (met_name(said),):
        claim = await repository.claims.get(name)
        if claim and (found := await repository.interactions.get(claim["interaction_id"] or "")):
            return await live(repository, found)
    return None
