"""`omnihub dialler simulate`: a recorded day with other settings, as one line of JSON; no store, no network."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TextIO, get_args

import orjson

from hub.kit.errors import ConfigurationError
from services.campaigns.calllists.pacing import Event, Settings, What, of_day
from services.campaigns.calllists.replaying import outcome_of, people_of, replayed, shifts_of, with_agents

_WORDS = frozenset(get_args(What))


def simulate(
    path: Path, out: TextIO, *, changed: Mapping[str, Any], agents: int | None = None, content: bytes | None = None
) -> int:
    """Prints what was, and what would have been. Returns 0. Raises ConfigurationError for what is no recording.

    `content` is a recording that lies in no file; `path` is what it is called then.
    """
    recorded, events = read(path, content)
    settings = replace(recorded, **changed)
    shifts = shifts_of(events)
    day = replayed(people_of(events), with_agents(shifts, agents) if agents else shifts, settings)
    told = {
        "settings": asdict(settings),
        "recorded": asdict(outcome_of(events)),
        "simulated": asdict(outcome_of(day)),
    }
    out.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE).decode())
    return 0


def read(path: Path, content: bytes | None = None) -> tuple[Settings, list[Event]]:
    """Settings and events of a recording, in order. Raises ConfigurationError."""
    try:
        lines = list(_lines(path.read_bytes() if content is None else content))
        settings = [of_day(line) for line in lines if line.get("what") == "settings"]
        events = [_event(line) for line in lines if line.get("what") in _WORDS]
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise ConfigurationError(f"{path} is no recording of a day: {type(exc).__name__}: {str(exc)[:200]}") from exc
    if not events:
        raise ConfigurationError(f'{path} has no events; a line is {{"at": 12.5, "what": "dialled", "call": "c1"}}')
    return settings[0] if settings else Settings(), sorted(events, key=lambda one: one.at)


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        if line.strip():
            told = orjson.loads(line)
            if not isinstance(told, dict):
                raise ValueError("a line is no object")
            yield told


def _event(line: Mapping[str, Any]) -> Event:
    return Event(
        at=float(line["at"]), what=line["what"], call=str(line.get("call", "")), agent=str(line.get("agent", ""))
    )


def write(path: Path, settings: Settings, events: list[Event]) -> None:
    """A day as it is read."""
    lines = [orjson.dumps({"what": "settings", **asdict(settings)}), *(orjson.dumps(asdict(one)) for one in events)]
    path.write_bytes(b"\n".join(lines) + b"\n")
