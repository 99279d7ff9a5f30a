"""Spans of events: received, published, handled by a group, handed to a provider."""

from collections.abc import Mapping, Sequence
from contextvars import Token
from typing import Any, Protocol, Self

from hub.kit.errors import TransientError
from hub.kit.tracing.requests import in_hand
from hub.kit.tracing.spans import (
    Attributes,
    Ids,
    Scope,
    Span,
    harmless,
    id_alone,
    now,
    on,
    scope,
    span_of,
    tell,
)


class Publishable(Protocol):
    """A record, as `hub.contracts.base.Record`."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Step:
    """A step that nobody traces."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Tells what was done."""

    def tried(self) -> None:
        """Once more."""

    def came_to(self, outcome: str, *, failed: bool) -> None:
        """How a step ended that did not raise."""


NOTHING = Step()


def publishing(records: Sequence[Publishable]) -> Step:
    """Around the publishing of records. What was not confirmed is not told: it is published again, with its ids."""
    return _Publishing(records) if on() else NOTHING


class _Publishing(Step):
    def __init__(self, records: Sequence[Publishable]) -> None:
        self._records = records
        self._started = now()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            return
        ended, doing = now(), scope.get()
        with harmless():
            for record in self._records:
                headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
                if "ce_id" in headers:
                    ids = Ids(headers["ce_id"], headers.get("correlationid", ""), headers.get("causationid", ""))
                    doing.publish(ids, self._span(record, ids, headers, ended))

    def _span(self, record: Publishable, ids: Ids, headers: Mapping[str, str], ended: int) -> Span:
        kind = headers.get("ce_type", "")
        return Span(
            service=headers.get("ce_source", "").rpartition("/")[2],
            name=f"publish {kind}",
            kind="producer",
            trace=ids.trace,
            id=span_of(ids.id),
            started=self._started,
            ended=ended,
            attributes=_about(record.topic, record.key, ids, kind) | {"messaging.operation.type": "send"},
        )


class Told(Protocol):
    """An event that was read, as `hub.contracts.base.Envelope`."""

    @property
    def id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def causation_id(self) -> str: ...
    @property
    def event(self) -> Any: ...


def handling(topic: str, group: str, events: Sequence[Told], *, source: str) -> Step:
    """Around the handling of a batch by a group, with all its tries: a span for each event, with the batch's times.

    What is given back (TransientError) or tried in parts is not told: it comes again, with the same ids.
    """
    return _Handling(topic, group, events, source) if on() else NOTHING


class _ScopedStep(Step, Scope):
    """While it lasts, it is the reason why events are published."""

    def __init__(self) -> None:
        self._token: Token[Scope] | None = None
        self._started = now()

    def __enter__(self) -> Self:
        self._token = scope.set(self)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        assert self._token
        scope.reset(self._token)


class _Handling(_ScopedStep):
    def __init__(self, topic: str, group: str, events: Sequence[Told], source: str) -> None:
        super().__init__()
        self._topic = topic
        self._group = group
        self._events = events
        self._service = source.rpartition("/")[2]
        self._ids = {event.id for event in events}
        self._tries = 0

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, TransientError) or (error is not None and len(self._events) > 1):
            return
        if error is None or isinstance(error, Exception):  # else it was cut off, and comes again
            ended = now()
            with harmless():
                for event in self._events:
                    tell(self._span(event, ended, type(error).__name__ if error else ""))

    def tried(self) -> None:
        self._tries += 1

    def publish(self, ids: Ids, span: Span) -> None:
        parent = span_of(ids.causation_id, self._group) if ids.causation_id in self._ids else ids.before
        tell(span.under(parent))

    def _span(self, event: Told, ended: int, error: str) -> Span:
        ids = Ids(event.id, event.correlation_id, event.causation_id)
        kind, key = event.event.TYPE, event.event.key().encode("utf-8", "replace")
        return Span(
            service=self._service,
            name=f"handle {kind}",
            kind="consumer",
            trace=ids.trace,
            id=span_of(ids.id, self._group),
            parent=span_of(ids.id),
            started=self._started,
            ended=ended,
            attributes=_about(self._topic, key, ids, kind)
            | {
                "messaging.operation.type": "process",
                "messaging.consumer.group.name": self._group,
                "messaging.batch.message_count": len(self._events),
                "omnihub.attempt": self._tries,
            },
            error=error,
        )


def _about(topic: str, key: bytes, ids: Ids, kind: str) -> dict[str, str | int]:
    about: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "omnihub.event.type": kind,
    }
    named = {
        "messaging.message.id": ids.id,
        "messaging.message.conversation_id": ids.correlation_id or ids.id,
        "messaging.kafka.message.key": key.decode("utf-8", "replace"),
    }
    return about | {name: found for name, text in named.items() if (found := id_alone(text))}


def receiving(service: str, **about: str) -> Step:
    """Around taking over what came in: each event that begins a trace in here gets a span before it, the root.

    What comes by a request (a webhook) has that for its root.
    """
    return _Receiving(service, about) if on() and not in_hand() else NOTHING


class _Receiving(_ScopedStep):
    def __init__(self, service: str, about: Attributes) -> None:
        super().__init__()
        self._service = service
        self._about = {f"omnihub.{name}": value for name, value in about.items()}

    def publish(self, ids: Ids, span: Span) -> None:
        if ids.before:
            tell(span.under(ids.before))
            return
        root = Span(
            service=self._service,
            name=f"receive {self._about.get('omnihub.channel', '')}".rstrip(),
            kind="client",
            trace=ids.trace,
            id=span_of(ids.id, "received"),
            started=self._started,
            ended=span.ended,
            attributes=self._about,
        )
        tell(root)
        tell(span.under(root.id))


def sending(request_id: str, *, correlation_id: str, attempt: str, service: str, about: Attributes) -> Step:
    """Around one attempt to hand a message to its provider; asked for only where traces are `on`.

    `request_id` is the event that asked for it, `attempt` what tells this try from every other. What ends otherwise
    than by an outcome or by a provider that was not reached was no attempt.
    """
    return _Sending(Ids(request_id, correlation_id), attempt, service, about)


class _Sending(Step):
    def __init__(self, ids: Ids, attempt: str, service: str, about: Attributes) -> None:
        self._ids = ids
        self._attempt = attempt
        self._service = service
        self._about = {f"omnihub.{name}": value for name, value in about.items()}
        self._outcome = self._error = ""
        self._started = now()

    def came_to(self, outcome: str, *, failed: bool) -> None:
        self._outcome, self._error = outcome, outcome if failed else ""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TransientError):
            self.came_to(type(error).__name__, failed=True)
        if self._outcome:
            tell(self._span())

    def _span(self) -> Span:
        return Span(
            service=self._service,
            name=f"send {self._about.get('omnihub.channel', '')}".rstrip(),
            kind="client",
            trace=self._ids.trace,
            id=span_of(self._ids.id, self._attempt),
            parent=span_of(self._ids.id),
            started=self._started,
            ended=now(),
            attributes={**self._about, "omnihub.outcome": self._outcome},
            error=self._error,
        )
