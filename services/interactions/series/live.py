"""Which contact of a series is the one that it goes on from."""

from hub.store.base import Document
from services.interactions.repository import Repository
from services.interactions.series.models import FOLLOWED, LIVE, next_id


async def live(repository: Repository, document: Document) -> Document:
    """The newest one after this; itself where it is none of a series. The first one knows it, up to a crash."""
    if newest := await repository.interactions.get(document.get(LIVE) or ""):
        document = newest
    while document.get(FOLLOWED) and (following := await repository.interactions.get(next_id(document))):
        document = following
    return document
