"""`omnihub inspect telegram` and `omnihub inspect sms`: what the hub makes of an input, as JSON."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import orjson

from hub.contracts.interaction import InteractionReceived, InteractionRevised, ReactionRecorded
from hub.kit.ids import derive
from services.messaging.models import Bot, Reading
from services.messaging.sms.segments import count, substitute
from services.messaging.telegram.fields import number
from services.messaging.telegram.parse import parse

Row = dict[str, Any]
_RECEIVED = datetime(2000, 1, 1, tzinfo=UTC)
"""When it came is not known here."""


def inspect_telegram(paths: Iterable[str | Path], out: TextIO, *, bot: str = "bot") -> int:
    """Prints one line for each update in the files: one update, an array of them, or one on each line. `bot` is the
    user name of the bot they are for. Returns 1 if some file could not be read, else 0.
    """
    ours = Bot(
        id=derive("bot", bot.lower()), channel="telegram", address=f"@{bot}", username=bot, token="", groups="record"
    )
    failed = False
    for path in map(Path, paths):
        try:
            raw = path.read_bytes()
        except OSError as error:
            failed = True
            out.write(_line(_row(None, Reading(unreadable=f"{path}: {error.strerror or type(error).__name__}"))))
            continue
        for update in _updates(raw):
            reading = (
                Reading(unreadable=update.args[0])
                if isinstance(update, ValueError)
                else parse(update, ours, "", _RECEIVED)
            )
            out.write(_line(_row(update, reading)))
    return 1 if failed else 0


def inspect_sms(text: str, out: TextIO, *, smart: bool = False, tariff: str | None = None) -> int:
    """Prints how an SMS would be sent; `smart` substitutes typographic characters first, `tariff` is the price of a
    segment.
    """
    found = count(substitute(text) if smart else text, tariff=Decimal(tariff) if tariff else None)
    out.write(_line(found.view()))
    return 0


def _updates(raw: bytes) -> Iterator[Any]:
    """The updates of a file; ValueError in the place of what is no JSON."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        for line in raw.splitlines():
            if line.strip():
                yield _decoded(line)
        return
    yield from found if isinstance(found, list) else [found]


def _decoded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return ValueError(f"not JSON: {error}")


def _row(update: Any, reading: Reading) -> Row:
    event = reading.events[0] if reading.events else None
    message = event if isinstance(event, InteractionReceived) else None
    address = getattr(event, "address", None) or (message.participants[0].address if message else None)
    return {
        "update_id": number(update, "update_id"),
        "kind": reading.kind or "unsupported",
        "interaction": message.id if message else None,
        "address": address,
        "text": message.text if message else "",
        "attachments": [
            {
                "filename": file.attachment.filename,
                "content_type": file.attachment.content_type,
                "size": file.attachment.size,
                "file_id": file.reference,
            }
            for file in reading.files
        ],
        "reply_to": _reply_to(event),
        "revision_of": message.id if isinstance(message, InteractionRevised) else None,
        "source": message.source.value if message and message.source else None,
        "reason": reading.unreadable or reading.reason or None,
    }


def _reply_to(event: Any) -> str | None:
    if isinstance(event, ReactionRecorded):
        return event.message_key
    return next(iter(event.refs), None) if isinstance(event, InteractionReceived) else None


def _line(row: Row) -> str:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE, default=str).decode()
