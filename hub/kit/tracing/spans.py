"""Spans of the hub's traces: ids derived from event ids, and a seam that does nothing unless a collector is named.

A trace is what one correlation id stands for. Its id is a hash of that, and the ids of its spans are hashes of event
ids, so that nothing has to travel beside what events carry already: every process comes to the same ids, and so does
every repetition of a step. A span is told once it is over; see `docs/traces.md`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple, Protocol, Self

from hub.kit.log import Log

log = Log(__name__)
Kind = Literal["server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int]

_ID = re.compile(r"[a-z]{1,12}_[0-9a-f]{32}")
now = time.time_ns
"""Nanoseconds since 1970."""


@dataclass(slots=True, kw_only=True)
class Span:
    """Something that was done: by which service, when, and why. Times are nanoseconds since 1970.

    Not frozen: there are several for each event, and making a frozen one takes twice as long.
    """

    service: str
    name: str
    kind: Kind
    trace: int
    """128 bits."""
    id: int
    """64 bits."""
    parent: int = 0
    """0: the trace begins here."""
    started: int
    ended: int
    attributes: Attributes = field(default_factory=dict)
    """Ids, names and numbers; never an address, a subject or a text."""
    error: str = ""
    """Of what kind it was; empty: all went well."""

    def under(self, parent: int) -> Self:
        self.parent = parent
        return self


class Sink(Protocol):
    """Where spans go."""

    def take(self, span: Span) -> None:
        """Returns at once, whatever becomes of the span."""
        ...

    def close(self) -> None:
        """Hands over what waits, for some seconds at most."""
        ...


_sink: Sink | None = None
_failed = False


def on() -> bool:
    """Whether anybody wants spans."""
    return _sink is not None


def tell(span: Span) -> None:
    """Hands a span to whoever wants it."""
    if _sink is not None:
        try:
            _sink.take(span)
        except Exception as exc:
            _note(exc)


@contextmanager
def harmless() -> Iterator[None]:
    """What goes wrong with a trace in here ends nothing else; the log hears of the first time."""
    try:
        yield
    except Exception as exc:
        _note(exc)


def _note(exc: Exception) -> None:
    global _failed
    if not _failed:
        log.error("trace.failed", exc=exc)
    _failed = True


@contextmanager
def told_to(sink: Sink | None) -> Iterator[None]:
    """Spans go there while this lasts; to nobody without a sink."""
    global _sink
    before, _sink = _sink, sink
    try:
        yield
    finally:
        _sink = before
        if sink is not None:
            sink.close()


@lru_cache(maxsize=4096)  # several events of one trace follow each other
def trace_of(correlation_id: str) -> int:
    """The trace of everything that has this correlation id."""
    return _hash("trace", (correlation_id,), size=16)


@lru_cache(maxsize=4096)
def span_of(*parts: str) -> int:
    """The same span for the same parts: an event id is its publishing, with a group it is its handling there."""
    return _hash("span", parts, size=8)


def _hash(person: str, parts: tuple[str, ...], *, size: int) -> int:
    digest = blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=size, person=person.encode())
    return int.from_bytes(digest.digest(), "big") or 1  # zero means none


def id_alone(text: str) -> str:
    """The text, if it is one of our ids; else nothing: a key may be an address."""
    return text if _ID.fullmatch(text) else ""


class Ids(NamedTuple):
    """An event as a trace sees it."""

    id: str
    correlation_id: str = ""
    causation_id: str = ""

    @property
    def trace(self) -> int:
        return trace_of(self.correlation_id or self.id)

    @property
    def before(self) -> int:
        """The publishing of the event that this one follows from; 0: it began everything."""
        if self.causation_id:
            return span_of(self.causation_id)
        return 0 if self.correlation_id in ("", self.id) else span_of(self.correlation_id)


class Scope:
    """What is being done, and may be the reason why an event is published."""

    def publish(self, ids: Ids, span: Span) -> None:
        """Tells the publishing of an event under what it follows from."""
        tell(span.under(ids.before))


scope: ContextVar[Scope] = ContextVar("scope", default=Scope())  # noqa: B039 (it has no state)
