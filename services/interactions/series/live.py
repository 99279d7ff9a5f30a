"""Which contact of a series is the one that it goes on from."""

from hub.store.base import Document
from services.interactions.repository import Repository
from services.interactions.series.models import FOLLOWED, next_id


async def live(repository: Repository, document: Document) -> Document:
    """The newest one after this; itself where it is none of a series."""
    while document.get(FOLLOWED) and (following := await repository.interactions.get(next_id(document))):
        document = following
    return document
