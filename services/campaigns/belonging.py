"""Whose a template, a segment or a mailing is: its owner's and his team's, by tokens as everywhere."""

from collections.abc import Sequence

from hub.api.actor import Actor
from hub.contracts.scope import reaches, seen_by
from hub.kit.errors import NotFound
from hub.store.base import Collection, Document, In, Page


def belongs(owner: str, team: str | None) -> Document:
    """The fields of a record that say whose it is."""
    return {"owner": owner, "team": team or None, "seen_by": seen_by(owner, [team])}


def sees(actor: Actor, record: Document) -> bool:
    return reaches(actor.reach, record["seen_by"])


async def seen(collection: Collection, doc_id: str, actor: Actor, noun: str) -> Document:
    """Raises NotFound, also for what somebody else has."""
    found = await collection.get(doc_id)
    if found is None or found.get("removed") or not sees(actor, found):
        raise NotFound(f"there is no {noun} {doc_id}")
    return found


async def page_of(collection: Collection, actor: Actor, *, limit: int, after: str | None) -> Page:
    """What somebody sees of a collection, the newest first; a page may have fewer than `limit`, or none."""
    page = await collection.find({"removed": In([False])}, order="at", descending=True, limit=limit, after=after)
    return Page([one for one in page.items if sees(actor, one)], page.next)


def tokens(actor: Actor) -> Sequence[str]:
    return actor.reach
