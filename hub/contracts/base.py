"""What every event is: a frozen body and its CloudEvents 1.0 attributes, as one Kafka record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from hub.kit.clock import from_iso, iso
from hub.kit.errors import Undecodable
from hub.kit.reasons import reason_of

Headers = Sequence[tuple[str, bytes]]


class Body(BaseModel):
    """A frozen part of an event. Unknown fields are ignored, so that an older reader reads a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)


class Event(Body):
    """One version of one event: facts are named in the past tense, requests in the imperative."""

    TYPE: ClassVar[str]
    """CloudEvents type with its version, for example `interaction.received.v1`."""
    TOPIC: ClassVar[str]

    def on_topic(self) -> str:
        """Where it is published; `TOPIC` unless its fields say otherwise."""
        return self.TOPIC

    def body(self) -> bytes:
        """The JSON that is published."""
        return self.model_dump_json(exclude_none=True).encode()

    def marks(self) -> tuple[str, ...]:
        """Words by which a group may choose what it reads, before anything is decoded."""
        return ()

    def event_id(self) -> str:
        """Derived from what the event is about: the same fact told twice has the same id."""
        raise NotImplementedError

    def key(self) -> str:
        """What the order is kept by: a normalised address before identity is known, a client id afterwards."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a topic holds, on either footing."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()
    partition: int = -1
    offset: int = -1
    timestamp: int = 0
    """Milliseconds since 1970, given by the bus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its CloudEvents attributes."""

    event: Event
    """Or one that is `Prepared`, on its way out."""
    source: str
    """The service that tells it, as `omnihub/email`."""
    time: datetime
    correlation_id: str = ""
    """The id of the event that everything began with."""
    causation_id: str = ""
    """The id of the event that caused this one directly."""
    record: Record | None = field(default=None, compare=False)
    """Where it was read from; none for an event not yet published."""
    told_as: str = field(default="", compare=False)
    """The id it was read with."""

    @property
    def id(self) -> str:
        return self.told_as or self.event.event_id()

    def caused(self, event: Event, *, source: str, time: datetime) -> Self:
        """An event that follows from this one."""
        return type(self)(
            event=event,
            source=source,
            time=time,
            correlation_id=self.correlation_id or self.id,
            causation_id=self.id,
        )


class Prepared:
    """An event whose JSON is made already: what is published and nothing else. See `Event` for its members."""

    __slots__ = ("TOPIC", "TYPE", "_body", "_id", "_key", "_marks")

    def __init__(
        self, kind: type[Event], *, body: bytes, key: str, event_id: str, marks: tuple[str, ...] = ()
    ) -> None:
        """`kind` is the class that a reader makes of it; here it is not made, for validating has its price."""
        self.TYPE, self.TOPIC = kind.TYPE, kind.TOPIC
        self._body, self._key, self._id, self._marks = body, key, event_id, marks

    def on_topic(self) -> str:
        return self.TOPIC

    def body(self) -> bytes:
        return self._body

    def event_id(self) -> str:
        return self._id

    def key(self) -> str:
        return self._key

    def marks(self) -> tuple[str, ...]:
        return self._marks


class Registry:
    """Finds the class of an event by its type."""

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self.events = {event.TYPE: event for event in events}

    def decode(self, record: Record) -> Envelope:
        """The envelope a record holds.

        Raises:
            Undecodable: the type is unknown, or the body does not fit its class.
        """
        headers = dict(record.headers)
        try:
            event_class = self.events[headers["ce_type"].decode()]
            return Envelope(
                event=event_class.model_validate_json(record.value),
                source=headers["ce_source"].decode(),
                time=from_iso(headers["ce_time"].decode()),
                correlation_id=headers.get("correlationid", b"").decode(),
                causation_id=headers.get("causationid", b"").decode(),
                record=record,
                told_as=headers["ce_id"].decode(),
            )
        except KeyError as exc:
            raise Undecodable(f"{record.topic}: unknown event type or missing header {reason_of(exc)}") from exc
        except ValueError as exc:
            raise Undecodable(f"{record.topic}: {reason_of(exc)}") from exc


def encode(envelope: Envelope) -> Record:
    """The record of an envelope: CloudEvents attributes in the headers (Kafka binding, binary mode), JSON body."""
    event = envelope.event
    event_id = event.event_id()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", event.TYPE.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_time", iso(envelope.time).encode()),
        ("content-type", b"application/json"),
        ("correlationid", (envelope.correlation_id or event_id).encode()),
        ("causationid", envelope.causation_id.encode()),
    ]
    if marks := event.marks():
        headers.append((MARKS, ",".join(marks).encode()))
    return Record(topic=event.on_topic(), key=event.key().encode(), value=event.body(), headers=headers)


MARKS = "marks"
"""Header with the marks of an event, parted by commas; an extension attribute of CloudEvents. Absent: it has none."""
