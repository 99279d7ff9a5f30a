"""Where a provider writes which of our fields, and its words for ours: data, one mapping for each provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.kit.errors import ConfigurationError

TEXTS = (
    "id", "direction", "from", "to", "line", "customer", "operator", "answered_by", "result", "recording", "queue",
    "name", "ended_by", "parent",
)  # fmt: skip
MOMENTS = ("started_at", "answered_at", "ended_at")
SPANS = ("wait", "talk", "hold")
FIELDS = (*TEXTS, *MOMENTS, *SPANS)
"""What a mapping may fill. `customer` and `operator` are `from` and `to`, or the reverse, by the direction."""
RECEIVED = "_received_at"
"""Seconds: in a body, when it came."""
_DIRECTIONS = ("in", "out")
_MILLISECONDS = 1e11
"""A number of seconds beyond it is one of milliseconds."""
_LONGEST = 500

Facts = dict[str, Any]
Paths = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class WebhookMapping:
    """How one provider's words become ours."""

    paths: Paths
    """For each of our fields where it may stand, as `call.from.number` or `legs.0.extension`; the first that has
    something counts. `a+b` is both, with a `/` between them.
    """
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For a field, the provider's words and ours: `direction = {incoming = "in"}`."""
    calls: str = ""
    """The path of a list of calls; empty where a body is one."""
    aside: Mapping[str, Paths] = field(default_factory=dict)
    """For calls `in` or `out`, paths in place of those above."""
    happens: tuple[str, Mapping[str, str]] = ("", {})
    """Where a body says what it tells of, and which of our moments that is: it happened when the body came."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "WebhookMapping":
        """From a file or a form: `[paths]` with a path or a list of them for each field, `[paths_in]` and
        `[paths_out]`, `[words.FIELD]`, `[happens]` with `path` and its words, `calls`.

        Raises:
            ConfigurationError: it names what we do not have, or lacks what we need.
        """
        paths = _paths(data["paths"], "paths")
        aside = {one: _paths(data.get(f"paths_{one}", {}), f"paths_{one}") for one in _DIRECTIONS}
        words = data.get("words", {})
        for name in words:
            _check_field(f"words.{name}", name)
        happens = dict(data.get("happens", {}))
        where = str(happens.pop("path", ""))
        for word, moment in happens.items():
            if moment not in MOMENTS:
                raise ConfigurationError(f"happens.{word} is no moment of a call; write one of {', '.join(MOMENTS)}")
        _check_needed({*paths, *aside["in"], *aside["out"]})
        return cls(paths, words, data.get("calls", ""), aside, (where, happens))

    def facts(self, body: Any) -> Facts:
        """What one body tells."""
        facts = self._read(body, self.paths)
        others = self.aside.get(str(facts.get("direction")))
        if others:
            facts |= self._read(body, others)
        where, words = self.happens
        moment = words.get(_text(_value(body, where)) or "") if where else None
        came = _moment(at(body, RECEIVED))
        if moment and came is not None:
            facts.setdefault(moment, came)
        return facts

    def each(self, body: Any) -> list[Any]:
        """The calls of a body."""
        found = at(body, self.calls)
        return found if isinstance(found, list) else [found]

    def _read(self, body: Any, where: Paths) -> Facts:
        facts: Facts = {}
        for name, paths in where.items():
            value = next(
                (one for one in (_value(body, path) for path in paths) if one not in (None, "", [], {})), None
            )
            read = _moment(value) if name in MOMENTS else _span(value) if name in SPANS else _text(value)
            if read is not None:
                facts[name] = self.words.get(name, {}).get(read, read) if isinstance(read, str) else read
        return {name: value for name, value in facts.items() if value != ""}


def at(body: Any, path: str) -> Any:
    """What stands at a path; None where nothing does."""
    for step in path.split(".") if path else ():
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def _paths(given: Mapping[str, str | Sequence[str]], table: str) -> dict[str, tuple[str, ...]]:
    for name in given:
        _check_field(f"{table}.{name}", name)
    return {name: (value,) if isinstance(value, str) else tuple(value) for name, value in given.items()}


def _check_field(where: str, name: str) -> None:
    if name not in FIELDS:
        raise ConfigurationError(f"{where} is no field of a call; write one of {', '.join(FIELDS)}")


def _check_needed(names: set[str]) -> None:
    needed = ("id",) if "customer" in names else ("id", "from", "to")
    for name in needed:
        if name not in names:
            raise ConfigurationError(f"paths.{name} is missing; name where the provider writes it")


def _value(body: Any, path: str) -> Any:
    if "+" not in path:
        return at(body, path)
    found = [_text(at(body, one)) or "" for one in path.split("+")]
    return "/".join(found) if any(found) else None


def _text(value: Any) -> str | None:
    return str(value)[:_LONGEST] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _span(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 1e8 else None


def _moment(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return _written(value)
    if not 0 < seconds < 1e14:
        return None
    return seconds / 1000 if seconds > _MILLISECONDS else seconds


def _written(value: Any) -> float | None:
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
