"""A collector of traces on a real socket: decodes what OTLP/HTTP exporters post, and keeps it."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from hub.testing.servers.process import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSpan:
    """A span as it came; ids are hexadecimal, `parent` is empty for the first of a trace."""

    service: str
    name: str
    kind: str
    """`server`, `client`, `producer`, `consumer`."""
    trace: str
    id: str
    parent: str
    started: int
    ended: int
    """Nanoseconds since 1970."""
    attributes: dict[str, str | int]
    failed: bool


@dataclass
class Collector:
    """What was received so far."""

    url: str
    spans: list[ReceivedSpan] = field(default_factory=list)

    def named(self, name: str, **attributes: str | int) -> list[ReceivedSpan]:
        """Spans of this name that have these attributes; a point in their names is written `__`."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return [span for span in list(self.spans) if span.name == name and wanted.items() <= span.attributes.items()]

    def trace(self, trace: str) -> list[ReceivedSpan]:
        """All of one trace, in the order in which they began."""
        return sorted((span for span in list(self.spans) if span.trace == trace), key=lambda span: span.started)

    def drawn(self, trace: str) -> str:
        """A trace as a tree, for a person."""
        spans = self.trace(trace)
        known = {span.id for span in spans}
        return "\n".join(
            line
            for span in spans
            if span.parent not in known
            for line in _branch(spans, span, depth=0 if not span.parent else 1)
        )


@contextmanager
def collector(port: int = 0) -> Iterator[Collector]:
    """Receives at `POST /v1/traces` while this lasts."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = decompress(body)
            if self.path != "/v1/traces":
                self.send_error(404)
                return
            received.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer((HOST, port), Door) as server:
        received = Collector(f"http://{HOST}:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    return [
        _received(span, str(_attributes(found.resource.attributes)["service.name"]))
        for found in request.resource_spans
        for scope in found.scope_spans
        for span in scope.spans
    ]


def _received(span: Span, service: str) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
    )


def _attributes(given: Iterable[KeyValue]) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for one in given:
        value = one.value
        found[one.key] = value.int_value if value.HasField("int_value") else value.string_value
    return found


def _branch(spans: list[ReceivedSpan], span: ReceivedSpan, *, depth: int) -> list[str]:
    took = (span.ended - span.started) / 1e6
    line = f"{'  ' * depth}{span.service}: {span.name}  {took:.1f} ms{'  FAILED' if span.failed else ''}"
    below = [child for child in spans if child.parent == span.id and child is not span]
    return [line, *(each for child in below for each in _branch(spans, child, depth=depth + 1))]
