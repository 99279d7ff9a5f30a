"""`omnihub inspect call`: the calls that a recording, a record file or a provider's JSON tells of, as JSON."""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

import orjson

from hub.kit.clock import iso
from hub.kit.errors import ConfigurationError
from services.telephony.ami.calls import fold
from services.telephony.ami.recordings import events_of, is_recording
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call
from services.telephony.calls.webhooks import PLAIN, WebhookMapping, calls_of
from services.telephony.records.cdr import calls_of_cdr, is_cdr
from services.telephony.records.cel import events_of_cel, is_cel

Row = dict[str, Any]
_SINCE_START = 1e8
"""A moment below it counts from the beginning of a recording that knows no clock."""


def inspect_call(
    paths: Iterable[str | Path],
    out: TextIO,
    *,
    lines: Lines | None = None,
    zone: tzinfo = UTC,
    mapping: Path | None = None,
) -> int:
    """Prints one line for each call of each file, by its beginning. What a file is shows in its content: a stream of
    the manager interface, CEL or CDR rows (their times in `zone`), or JSON (read by `mapping`, a TOML file; without
    it the names are ours). Returns 1 if some file could not be read, else 0; the line then has the `reason`.
    """
    webhooks = _mapping(mapping)
    failed = False
    for path in map(Path, paths):
        try:
            calls = _calls(path, lines or Lines(), zone, webhooks)
        except (OSError, ValueError) as error:
            failed = True
            reason = error.strerror if isinstance(error, OSError) else str(error)
            out.write(_line({"file": str(path), "reason": reason or type(error).__name__}))
            continue
        for call in calls:
            out.write(_line(row(call)))
    return 1 if failed else 0


def row(call: Call) -> Row:
    """A call as the command shows it; moments are `null` where only their distance is known."""
    return {
        "direction": call.direction.value,
        "from": call.from_,
        "to": call.to,
        "line": call.line,
        "answered_by": call.answered_by,
        "result": call.result.value if call.result else None,
        "wait": call.wait,
        "talk": call.talk,
        "hold": call.hold,
        "legs": [asdict(leg) for leg in call.legs],
        "transfers": [asdict(one) for one in call.transfers],
        "id": call.id,
        "linkedid": call.linkedid,
        "complete": call.complete,
        "closed_by_limit": call.closed_by_limit,
        "part_of": call.part_of,
        "unsure": call.unsure,
        "started_at": _moment(call.started_at),
        "answered_at": _moment(call.answered_at),
        "ended_at": _moment(call.ended_at),
        "ended_by": call.ended_by,
        "name": call.name,
        "from_raw": call.from_raw,
        "from_address": call.from_address or None,
        "to_address": call.to_address or None,
        "operator": call.operator,
        "last_party": call.last_party,
        "queue": call.queue,
        "position": call.position,
        "parked": asdict(call.parked) if call.parked else None,
        "conference": call.conference,
        "recording": call.recording,
        "voicemail": call.voicemail,
        "request": call.request,
    }


def _calls(path: Path, lines: Lines, zone: tzinfo, mapping: WebhookMapping) -> list[Call]:
    raw = path.read_bytes()
    if is_recording(raw):
        return fold(events_of(path), lines)
    if raw.lstrip()[:1] in (b"{", b"["):
        return calls_of(_bodies(raw), mapping, lines)
    for fields in _first_rows(raw):
        if is_cel(fields):
            return fold(events_of_cel(raw, zone), lines)
        if is_cdr(fields):
            return calls_of_cdr(raw, lines, zone)
    if not raw.strip():
        return []
    raise ValueError("neither a stream of the manager interface, nor CEL or CDR rows, nor JSON")


def _first_rows(raw: bytes) -> Iterator[list[str]]:
    head = raw[:65536].decode("utf-8", "replace")
    rows = csv.reader(io.StringIO(head, newline=""))
    try:
        yield from (fields for _, fields in zip(range(20), rows, strict=False))
    except csv.Error:
        return


def _bodies(raw: bytes) -> Iterator[Any]:
    """One JSON value, an array of them, or one on each line."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        for number, line in enumerate(raw.splitlines(), 1):
            try:
                yield orjson.loads(line) if line.strip() else {}
            except orjson.JSONDecodeError as error:
                raise ValueError(f"line {number}: {error}") from None
        return
    yield from found if isinstance(found, list) else [found]


def _mapping(path: Path | None) -> WebhookMapping:
    if path is None:
        return PLAIN
    try:
        return WebhookMapping.of(tomllib.loads(path.read_text()))
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"--mapping {path}: {error}; it needs a table [paths]") from error


def _moment(seconds: float | None) -> str | None:
    known = seconds is not None and _SINCE_START < seconds < 1e11
    return iso(datetime.fromtimestamp(seconds or 0.0, UTC)) if known else None


def _line(found: Row) -> str:
    return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE, default=str).decode()
