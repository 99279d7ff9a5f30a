"""What people changed about a record, kept in it: who, when, each field as it was and as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.kit.clock import iso
from hub.store.base import Document

KEPT = 50
"""Changes; the first one and the newest ones."""
_VALUE = 200
"""Characters of a text in it, and items of a list."""


def noted(before: Document, after: Document, names: Sequence[str], *, by: str, at: datetime) -> Document:
    """The record with its change on record; the same one where none of these fields is another."""
    fields = [
        {"name": name, "before": _short(before.get(name)), "after": _short(after.get(name))}
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    ]
    if not fields:
        return after
    known = [*(after.get("history") or []), {"at": iso(at), "by": by, "fields": fields}]
    return {**after, "history": known if len(known) <= KEPT else [known[0], *known[-(KEPT - 1) :]]}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…"
    return [_short(each) for each in value[:_VALUE]] if isinstance(value, list) else value
