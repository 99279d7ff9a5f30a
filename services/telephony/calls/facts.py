"""What is told of a call when it changes: pure, from one document to the next."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.contracts.base import Event
from hub.contracts.call import CallState
from hub.contracts.interaction import CallChanged, InteractionReceived, Participant, SourceEvidence
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from hub.store.told import Fact

CHANNEL = "call"
_TOLD = ("state", "participants")


def call_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    """A call that we asked for is an interaction already."""
    if before is None:
        return (CallChanged,) if after["asked"] else (InteractionReceived,)
    return (CallChanged,) if any(before[name] != after[name] for name in _TOLD) else ()


def call_event(kind: type[Event], document: Document) -> Event:
    """The event of this kind that states the document."""
    state = CallState.model_validate({**document["state"], "revision": document["_v"]})
    people = tuple(Participant.model_validate(one) for one in document["participants"])
    if kind is CallChanged:
        return CallChanged(
            interaction_id=document["_id"],
            account=document["account"],
            other_side=document["other_side"],
            participants=people,
            call=state,
        )
    return InteractionReceived(
        id=document["_id"],
        channel=CHANNEL,
        type=CHANNEL,
        account=document["account"],
        direction=document["direction"],
        at=from_iso(document["state"]["started_at"]),
        received_at=from_iso(document["received_at"]),
        participants=people,
        keys=(document["key"],),
        source=SourceEvidence.model_validate(document["source"]) if document["source"] else None,
        raw=document.get("raw", ""),
        team=document["team"],
        others=document["others"],
        call=state,
    )


def moment(seconds: float | None) -> str | None:
    """As it is stored; what lies outside the calendar is its beginning."""
    if seconds is None:
        return None
    return iso(datetime.fromtimestamp(min(max(seconds, 0.0), 4e9), UTC))
