"""What a write changed, as the audit keeps it: field, before and after, with secrets and long texts left out."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

MOST_FIELDS = 30
MOST_CHARACTERS = 120
"""Of a value; with both limits the changes of a row take at most 30 kB."""
MASKED = "***"
_SECRET = re.compile(r"pass|secret|token|key|auth|credential", re.IGNORECASE)
_DEEPEST = 8
_TEXTS = frozenset({"text", "html", "body", "signature", "comment", "note"})
"""Words of and about customers: their length is enough."""
_LOGIN_IN_URL, _QUERY_IN_URL = re.compile(r"//[^/@\s]+@"), re.compile(r"(https?://[^\s?]*\?)\S+")
Change = dict[str, Any]
"""`field`, `before` and `after`; none where there was nothing, or nothing is known of it."""


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[Change]:
    """The fields that differ."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [_change(name, before.get(name), after.get(name)) for name in names[:MOST_FIELDS]]


def given(body: bytes) -> list[Change]:
    """The fields of a request, where only what was asked for is known; none for what is no JSON object."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(asked, dict):
        return []
    return [_change(name, None, value) for name, value in islice(_leaves(asked, ""), MOST_FIELDS)]


def _leaves(value: object, path: str, depth: int = 0) -> Iterator[tuple[str, object]]:
    parts = _parts(value)
    if not parts:
        yield path, value
    elif depth == _DEEPEST:
        yield path, "…"
    else:
        for name, part in parts:
            yield from _leaves(part, f"{path}.{name}" if path else name, depth + 1)


def _parts(value: object) -> list[tuple[str, object]]:
    """Those of an object, or of a list of more than plain values."""
    if isinstance(value, dict):
        return [(str(name), part) for name, part in value.items()]
    if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        return [(str(number), part) for number, part in enumerate(value)]
    return []


def _change(name: str, before: object, after: object) -> Change:
    return {"field": name[:MOST_CHARACTERS], "before": _shown(name, before), "after": _shown(name, after)}


def _shown(name: str, value: object) -> str | int | float | bool | None:
    if value is None:
        return None
    if _SECRET.search(name):
        return MASKED
    if isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 2**53 else str(value)[:MOST_CHARACTERS]
    text = value if isinstance(value, str) else _joined(value)
    if name.rpartition(".")[2] in _TEXTS:
        return f"({len(text):,} characters)"
    return _cut(_QUERY_IN_URL.sub(rf"\1{MASKED}", _LOGIN_IN_URL.sub(f"//{MASKED}@", text)))


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)


def _cut(text: str) -> str:
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text):,} characters)"
