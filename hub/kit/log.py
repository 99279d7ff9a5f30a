"""Structured logs: `noun.verb` and fields; never a body, a full address or a secret."""

import json
import logging
import re
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

_FIELDS = "hub_fields"
DISK_FULL = "the disk is full"
"""In the words of whatever cannot be written for want of room."""
_LONGEST = 1000
_SECRET = re.compile("password|passwd|secret|token|authorization|api_?key", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+|\+\d{7,15}")
_REJECTED_INPUT = re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL)


class OnceAMinute(logging.Filter):
    """Of lines that say the same of all, one passes in a while: they would be what fills a full disk.

    Each that passes says how many did not.
    """

    def __init__(self, words: str, *, every: float = 60.0, now: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._words = words
        self._every = every
        self._now = now
        self._passed_at = float("-inf")
        self._kept_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if not self._is_meant(record):
            return True
        if self._now() - self._passed_at < self._every:
            self._kept_back += 1
            return False
        reason = {"reason": str(record.exc_info[1])} if record.exc_info else {}
        setattr(record, _FIELDS, {**getattr(record, _FIELDS, {}), **reason, "not_told": self._kept_back})
        record.exc_info = None
        self._passed_at, self._kept_back = self._now(), 0
        return True

    def _is_meant(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return False
        error = record.exc_info[1] if record.exc_info else None
        values = (*getattr(record, _FIELDS, {}).values(), error or "")
        return any(self._words in str(value) for value in values if isinstance(value, str | Exception))


class Log:
    """Writes events with fields through the standard library's logging."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: Any) -> None:
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, exc: BaseException | None = None, **fields: Any) -> None:
        self._logger.error(event, extra={_FIELDS: fields}, exc_info=exc)

    def _write(self, level: int, event: str, fields: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={_FIELDS: fields})


def mask(address: str) -> str:
    """An address fit for a log: `email:a…@example.com`, `phone:+7495…67`."""
    channel, colon, value = address.partition(":")
    if not colon or not channel.isalpha():
        channel, colon, value = "", "", address
    local, at, domain = value.partition("@")
    if local and at:
        return f"{channel}{colon}{local[:1] if len(local) > 1 else ''}…@{domain}"
    return f"{channel}{colon}{value[:5]}…{value[-2:]}" if len(value) > 9 else f"{channel}{colon}…"


def _scrub(text: str) -> str:
    """The net below the callers: no address, no rejected input of pydantic's, nothing of the length of a body."""
    text = text.encode("utf-8", "replace").decode()
    text = _REJECTED_INPUT.sub("input_value=…", text)
    return _ADDRESS.sub(lambda found: mask(found[0]), text)


def _fit(name: str, value: Any) -> Any:
    """A field's value as it may be shown."""
    if _SECRET.search(name) and value is not None:
        return "…"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _scrub(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… {len(text)} characters"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: _fit(name, value) for name, value in getattr(record, _FIELDS, {}).items()}


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _scrub(record.getMessage()),
        }
        line = {**line, **{name: value for name, value in _fields(record).items() if name not in line}}
        if record.exc_info:
            line["error"] = _scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """For a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={_one_line(value)}" for key, value in _fields(record).items())
        line = f"{self.formatTime(record, '%H:%M:%S')} {_one_line(_scrub(record.getMessage()))} {fields}".rstrip()
        if record.exc_info:
            line += "\n" + _scrub(self.formatException(record.exc_info))
        return line


def _one_line(value: Any) -> str:
    """Control characters are shown, not obeyed: a mail cannot write log lines of its own."""
    text = str(value)
    return text if text.isprintable() else ascii(text)


def configure(*, level: str = "info", json: bool = False) -> None:
    """Sends logs to standard error; third-party libraries speak from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if json else PlainLines())
    handler.addFilter(OnceAMinute(DISK_FULL))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("hub", "services"):
        logging.getLogger(name).setLevel(level.upper())
