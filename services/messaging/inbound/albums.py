"""Messages that belong together: one interaction, whose items come one by one and in any order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.contracts.interaction import InteractionReceived, InteractionRevised
from hub.kit.clock import from_iso
from hub.kit.numbers import whole
from hub.store.base import Document

_ITEMS = 20
"""Of one album; Telegram's have ten."""


def with_item(album: Document, event: InteractionReceived) -> Document:
    """The album with one item more, or with a newer form of one; the same document when it tells nothing new."""
    key = event.keys[0]
    revised = event.revised_at.isoformat() if isinstance(event, InteractionRevised) else ""
    items: Mapping[str, Any] = album["items"]
    before = items.get(key)
    if (before and before["revised"] >= revised) or (before is None and len(items) >= _ITEMS):
        return album
    body = InteractionReceived.model_validate(event.model_dump()).model_dump(mode="json")
    return {**album, "items": {**items, key: {"revised": revised, "event": body}}}


def album_event(album: Document, *, first: bool) -> InteractionReceived:
    """All items as one interaction; a revision of it unless it is the `first` that is told."""
    items = sorted(album["items"].items(), key=lambda item: _number(item[0]))
    events = [InteractionReceived.model_validate(item["event"]) for _, item in items]
    whole = events[0].model_copy(
        update={
            "at": min(event.at for event in events),
            "text": "\n".join(event.text for event in events if event.text),
            "attachments": tuple(attachment for event in events for attachment in event.attachments),
            "keys": tuple(key for event in events for key in event.keys),
            "refs": tuple(dict.fromkeys(ref for event in events for ref in event.refs)),
        }
    )
    if first:
        return whole
    edits = [from_iso(item["revised"]) for _, item in items if item["revised"]]
    return InteractionRevised(**whole.__dict__, revised_at=max([*edits, _grown(whole.at, len(items))]))


def _grown(at: datetime, items: int) -> datetime:
    """Another moment for each number of items, so that each form of the album is another event."""
    return at + timedelta(microseconds=items)


def _number(key: str) -> tuple[int, str]:
    last = key.rpartition("/")[2]
    return (whole(last, digits=20) or 0, key)
