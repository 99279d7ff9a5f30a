"""What people changed about a record, kept in it: who, when, each field as it was and as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from hub.kit.clock import iso
from hub.store.base import Document

KEPT = 50
"""Changes; the first one and the newest ones."""
KEPT_BYTES = 60_000
"""Of all of them, as JSON: of more the oldest but the first go."""
_VALUE, _ITEMS = 200, 50
"""Characters of a text in it; items of a list and fields of a part."""


def noted(before: Document, after: Document, names: Sequence[str], *, by: str, at: datetime) -> Document:
    """The record with its change on record; the same one where none of these fields is another."""
    fields = [
        {"name": name, **_differing(before.get(name), after.get(name))}
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    ]
    if not fields:
        return after
    return {
        **after,
        "history": _bounded([*(after.get("history") or []), {"at": iso(at), "by": by, "fields": fields}]),
    }


def _differing(before: Any, after: Any) -> dict[str, Any]:
    """Of two parts with fields only those that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        same = [name for name in before if name in after and before[name] == after[name]]
        before, after = ({k: v for k, v in each.items() if k not in same} for each in (before, after))
    return {"before": _short(before), "after": _short(after)}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…"
    if isinstance(value, dict):
        return {name: _short(each) for name, each in list(value.items())[:_ITEMS]}
    return [_short(each) for each in value[:_ITEMS]] if isinstance(value, list) else value


def _bounded(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = changes if len(changes) <= KEPT else [changes[0], *changes[-(KEPT - 1) :]]
    sizes = [len(orjson.dumps(change)) for change in kept]
    while len(kept) > 1 and sum(sizes) > KEPT_BYTES:
        place = 1 if len(kept) > 2 else 0
        del kept[place], sizes[place]
    return kept
