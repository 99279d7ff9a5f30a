"""What a mail was read as, and what differs from what it is read as today: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from hub.contracts.interaction import Attachment, Reading

SHOWN = 600
"""Characters that a result shows of a field, from a little before the first difference."""
_BEFORE = 80
_OF_READING = ("quoted_text", "signature", "blocked_images", "auto", "bounce", "authentication", "warnings")


@dataclass(frozen=True, slots=True)
class Held:
    """A mail as the interactions service has it."""

    subject: str
    text: str
    reading: Reading
    attachments: tuple[Attachment, ...]
    accounts: tuple[str, ...]


class Form(BaseModel):
    """What a mail is read as; what a change of it is undone with."""

    account: str
    sender: str
    subject: str
    text: str
    reading: Reading
    attachments: tuple[Attachment, ...]


def compared(subject: str, text: str, reading: Reading, files: tuple[Attachment, ...], page: str) -> dict[str, Any]:
    """The fields that are compared; `page` is a digest of the HTML, empty where there is none."""
    fields = reading.model_dump(mode="json")
    return {
        "subject": subject,
        "text": text,
        "new_text": text.strip() if reading.new_text is None else reading.new_text,
        **{name: fields[name] for name in _OF_READING},
        "attachments": [one.model_dump(mode="json", exclude={"blob"}) for one in files],
        "html": page,
    }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`changed` names the fields, `before` and `after` show of each as much as there is room for."""
    changed = [name for name in before if before[name] != after[name]]
    shown = {name: _shown(before[name], after[name]) for name in changed}
    return {
        "changed": changed,
        "before": {name: pair[0] for name, pair in shown.items()},
        "after": {name: pair[1] for name, pair in shown.items()},
    }


def _shown(before: Any, after: Any) -> tuple[Any, Any]:
    if len(str(before)) <= SHOWN >= len(str(after)):
        return before, after
    texts = [str(before), str(after)]
    same = next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    start = max(0, same - _BEFORE)
    cut = [("…" if start else "") + text[start : start + SHOWN] + "…" * (len(text) > start + SHOWN) for text in texts]
    return cut[0], cut[1]
