"""What a chain or a contact is linked to, and what it is found by for that: pure."""

from collections.abc import Sequence
from datetime import datetime

from hub.contracts.subject import Subject
from hub.kit.errors import InvalidInput, NotFound
from hub.store.base import Document
from hub.store.history import noted

MOST = 20
KEYS = "subject_keys"
"""The field that lists find by: `deal:ID`."""
_NOTED = ("subjects",)


def key_of(kind: str, subject_id: str) -> str:
    return f"{kind}:{subject_id}"


def linked(document: Document, subject: Subject) -> Document:
    """The same one where it is linked to that already. Raises InvalidInput: it has too many."""
    before: Sequence[Document] = document.get("subjects") or []
    if any((one["kind"], one["id"]) == (subject.kind, subject.id) for one in before):
        return document
    if len(before) >= MOST:
        raise InvalidInput(fields={"id": f"it is linked to {MOST} already, the most there may be; unlink one"})
    return _with(document, [*before, subject.model_dump(mode="json")], by=subject.by, at=subject.at)


def unlinked(document: Document, kind: str, subject_id: str, *, by: str, at: datetime) -> Document:
    """Raises NotFound: it is not linked to that."""
    before: Sequence[Document] = document.get("subjects") or []
    left = [one for one in before if (one["kind"], one["id"]) != (kind, subject_id)]
    if len(left) == len(before):
        raise NotFound(f"it is not linked to {key_of(kind, subject_id)}")
    return _with(document, left, by=by, at=at)


def _with(document: Document, subjects: Sequence[Document], *, by: str, at: datetime) -> Document:
    keys = [key_of(one["kind"], one["id"]) for one in subjects]
    return noted(document, {**document, "subjects": [*subjects], KEYS: keys}, _NOTED, by=by, at=at)
