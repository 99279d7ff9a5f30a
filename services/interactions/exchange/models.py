"""What an import decides about each row: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.contracts.scope import seen_by
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document
from services.interactions.models import SILENT

MAPPINGS = CollectionSpec("import_mappings")
"""By the titles of a table: what its columns were taken for the last time."""
Action = Literal["create", "update", "merge", "skip", "reject"]
_FILLED = ("given_name", "patronymic", "surname", "birth_date", "inn", "kpp", "ogrn", "legal_form", "kind", "postal")
_WRITTEN = ("name", *_FILLED)


@dataclass(frozen=True, slots=True)
class Match:
    """A stored client that a row is of, as far as that is known, and why."""

    client_id: str
    rules: tuple[str, ...]
    seen: bool = True
    """Whoever imports sees him; what he does not see is neither changed nor named."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a row."""

    n: int
    action: Action
    client_id: str = ""
    reason: str = ""
    rules: tuple[str, ...] = ()


HIDDEN = "one of its addresses is another client's, whom you do not see; ask a supervisor"


def decided(row: Mapping[str, Any], match: Match | None, *, policy: str, run: str) -> Decision:
    """`policy` is what is done with rows of clients that are there: skip, update, merge or create."""
    n = int(row["n"])
    if problem := row.get("problem"):
        return Decision(n, "reject", reason=problem)
    fresh = client_id(run, n)
    if match is None or match.client_id == fresh:
        return Decision(n, "create", fresh)
    if not match.seen:
        return Decision(n, "reject", reason=HIDDEN)
    if policy == "create":
        return Decision(n, "create", fresh, rules=match.rules)
    action: Action = "update" if policy == "update" else "merge" if policy == "merge" else "skip"
    return Decision(n, action, match.client_id, rules=match.rules)


def client_id(run: str, n: int) -> str:
    """The same for the same row of an import, however often its step is done."""
    return derive("cl", run, str(n))


def client_of(
    decision: Decision, card: Mapping[str, Any], *, run: str, at: str, owner: str | None, team: str | None
) -> Document:
    told = {name: card[name] for name in _WRITTEN if card.get(name)}
    return {
        **told,
        "_id": decision.client_id,
        "name": card["name"],
        "addresses": list(card["addresses"]),
        "opened_at": at,
        "opened_by": run,
        SILENT: at,
        "open_chains": [],
        "owner": owner,
        "team": team,
        "seen_by": seen_by(owner, [team]),
    }


def changed(client: Document, card: Mapping[str, Any], addresses: Sequence[Document], *, over: bool) -> Document:
    """The client with what the row says: `over` what stands there, or only where nothing stands; addresses come to
    those that he has.
    """
    told = {name: card[name] for name in (_WRITTEN if over else _FILLED) if card.get(name)}
    after = {**client, **told} if over else {**told, **{k: v for k, v in client.items() if v not in (None, "", [])}}
    after = {**client, **after}
    known = {one["address"] for one in client["addresses"]}
    new = [one for one in addresses if one["address"] not in known]
    after["addresses"] = [*client["addresses"], *new]
    return client if after == client else after
