"""Calls out of a provider's JSON: which path holds which of our fields is data, one mapping for each provider."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.kit.errors import ConfigurationError
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call, Direction, Result

_TEXTS = ("id", "direction", "from", "to", "line", "answered_by", "result", "recording", "queue", "name", "ended_by")
_MOMENTS = ("started_at", "answered_at", "ended_at")
_SPANS = ("wait", "talk", "hold")
FIELDS = (*_TEXTS, *_MOMENTS, *_SPANS)
"""What a mapping may fill."""
_NEEDED = ("id", "from", "to")
_MILLISECONDS = 1e11
"""A number of seconds beyond it is one of milliseconds."""

_Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WebhookMapping:
    """How one provider's words become ours."""

    paths: Mapping[str, tuple[str, ...]]
    """For each of our fields where it may stand, as `call.from.number` or `legs.0.extension`; the first that has
    something counts.
    """
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For a field, the provider's words and ours: `direction = {incoming = "in"}`."""
    calls: str = ""
    """The path of a list of calls; empty where a body is one."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "WebhookMapping":
        """From a file: `[paths]` with a path or a list of them for each field, `[words.FIELD]`, `calls`."""
        paths = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in data["paths"].items()}
        words = data.get("words", {})
        for name in [*paths, *words]:
            if name not in FIELDS:
                raise ConfigurationError(f"paths.{name} is no field of a call; write one of {', '.join(FIELDS)}")
        for name in _NEEDED:
            if name not in paths:
                raise ConfigurationError(f"paths.{name} is missing; name where the provider writes it")
        return cls(paths, words, data.get("calls", ""))


PLAIN = WebhookMapping({name: (name,) for name in FIELDS})
"""For JSON that has our own names."""


def calls_of(bodies: Iterable[Any], mapping: WebhookMapping = PLAIN, lines: Lines | None = None) -> list[Call]:
    """The calls of bodies, by their beginning. Bodies of one call are put together, whatever their order and however
    often they come: the earliest beginning and answer count, the latest end, and of texts those of the later body.
    """
    found: dict[str, list[_Facts]] = {}
    for body in bodies:
        for one in _each(body, mapping):
            facts = _facts(one, mapping)
            if facts.get("id"):
                found.setdefault(facts["id"], []).append(facts)
    calls = [_call(_together(facts), lines or Lines()) for facts in found.values()]
    return sorted(calls, key=lambda call: (call.started_at, call.id))


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


def _each(body: Any, mapping: WebhookMapping) -> list[Any]:
    found = at(body, mapping.calls)
    return found if isinstance(found, list) else [found]


def _facts(body: Any, mapping: WebhookMapping) -> _Facts:
    facts: _Facts = {}
    for name, paths in mapping.paths.items():
        value = next((one for one in (at(body, path) for path in paths) if one not in (None, "", [], {})), None)
        read = _moment(value) if name in _MOMENTS else _span(value) if name in _SPANS else _text(value)
        if read is not None:
            facts[name] = mapping.words.get(name, {}).get(read, read) if isinstance(read, str) else read
    return facts


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


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
    except (TypeError, ValueError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _together(facts: list[_Facts]) -> _Facts:
    """One out of many. Later is what knows a later moment; of equals the one whose text sorts last."""
    ordered = sorted(facts, key=lambda one: (_latest(one), sorted((key, str(value)) for key, value in one.items())))
    whole: _Facts = {}
    for one in ordered:
        whole.update(one)
    for name in ("started_at", "answered_at"):
        known = [one[name] for one in facts if name in one]
        whole |= {name: min(known)} if known else {}
    for name in ("ended_at", *_SPANS):
        known = [one[name] for one in facts if name in one]
        whole |= {name: max(known)} if known else {}
    return whole


def _latest(facts: _Facts) -> float:
    return max((facts[name] for name in _MOMENTS if name in facts), default=0.0)


def _call(facts: _Facts, lines: Lines) -> Call:
    answered, ended = facts.get("answered_at"), facts.get("ended_at")
    known = [facts[name] for name in _MOMENTS if name in facts]
    started: float = min(known, default=0.0)
    until = answered if answered is not None else ended
    number = facts.get("from", "")
    result = _result(facts)
    return Call(
        id=facts["id"],
        direction=_direction(facts, lines),
        from_=lines.said(number),
        from_raw=number,
        to=facts.get("to", ""),
        line=facts.get("line"),
        answered_by=lines.said(facts["answered_by"]) if facts.get("answered_by") else None,
        result=result,
        wait=facts.get("wait", max(0.0, until - started) if until is not None else 0.0),
        talk=facts.get("talk", max(0.0, ended - answered) if ended is not None and answered is not None else 0.0),
        hold=facts.get("hold", 0.0),
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        complete=ended is not None,
        unsure=tuple(name for name in _SPANS if name not in facts and until is None),
        ended_by=facts.get("ended_by"),
        queue=facts.get("queue"),
        recording=facts.get("recording"),
        name=facts.get("name", ""),
        from_address=lines.address(number),
        to_address=lines.address(facts.get("to", "")),
        linkedid=facts["id"],
    )


def _direction(facts: _Facts, lines: Lines) -> Direction:
    """As it is told; else a call between two extensions is within the house, and one from an extension goes out."""
    told = facts.get("direction")
    if told in tuple(Direction):
        return Direction(told)
    if lines.is_outside(facts.get("from", "")):
        return Direction.IN
    return Direction.OUT if lines.is_outside(facts.get("to", "")) else Direction.INTERNAL


def _result(facts: _Facts) -> Result | None:
    told = facts.get("result")
    if told in tuple(Result):
        return Result(told)
    if facts.get("answered_at") is not None:
        return Result.ANSWERED
    return Result.MISSED if facts.get("ended_at") is not None else None
