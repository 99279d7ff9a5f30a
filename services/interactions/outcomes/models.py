"""Documents of deals and claims, and what is told of them: pure."""

from collections.abc import Sequence
from typing import Any

from hub.contracts.base import Event
from hub.contracts.outcome import Outcome, OutcomeChanged, OutcomeOpened
from hub.contracts.scope import of_team, owned_by
from hub.store.base import CollectionSpec, Document, Index
from hub.store.told import OWES, Fact

OUTCOMES = CollectionSpec(
    "outcomes",
    (
        Index("kind", "opened_at"),
        Index("client_id", "opened_at"),
        Index("chain_id", "opened_at", sparse=True),
        Index("state", "opened_at"),
        Index("seen_by", "opened_at", many=True),
        OWES,
    ),
)
NOTED = ("title", "text", "state", "amount", "owner", "team", "reason", "chain_id")
STATES = {"deal": ("open", "won", "lost"), "claim": ("open", "accepted", "rejected")}
_OUTCOME = tuple(name for name in Outcome.model_fields if name not in ("id", "seen_by"))
_KEPT_IN = ("_id", "_v", "outbox", "owes", "request")


def outcome_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (OutcomeOpened,)
    differ = any((before.get(name) or None) != (after.get(name) or None) for name in _OUTCOME)
    return (OutcomeChanged,) if differ else ()


def outcome_state(kind: type[Event], document: Document) -> Event:
    return kind.model_validate({"outcome": {**document, "id": document["_id"]}, "revision": document["_v"]})


def settled(outcome: Document) -> Document:
    """With by whom it is seen: its owner, whoever opened it, and its team; nobody's and no team's is everybody's."""
    tokens = {owned_by(login) for login in (outcome["owner"], outcome["author"]) if login}
    if outcome["team"] or not outcome["owner"]:
        tokens.add(of_team(outcome["team"]))
    return {**outcome, "seen_by": sorted(tokens)}


def outcome_view(document: Document) -> dict[str, Any]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k not in _KEPT_IN}}
