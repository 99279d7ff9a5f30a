"""Spans to an OpenTelemetry collector, by OTLP over HTTP, in a thread beside the work."""

import logging
import threading
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from prometheus_client import Counter

import hub
from hub.kit.log import Log
from hub.kit.tracing.spans import Span

log = Log(__name__)
SPANS = Counter("omnihub_spans_total", "Spans handed to the collector, or lost because it was away", ["outcome"])
QUEUE = 8192
"""Spans that wait, some kilobytes each; of more the oldest are dropped."""
_BATCH = 512
_EVERY = 1000.0
"""Milliseconds."""
_TIMEOUT = 5.0
"""Seconds that one batch is tried."""
_GRACE = 3.0
"""Seconds that a stop waits for the last ones."""
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("omnihub", hub.__version__)
_KINDS = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_WELL = Status(StatusCode.UNSET)
_PATH = "/v1/traces"


class Collector:
    """Where spans go; see `hub.kit.tracing.spans.Sink`. Headers and certificates come from the variables that
    OpenTelemetry has for them, as OTEL_EXPORTER_OTLP_HEADERS.
    """

    def __init__(self, endpoint: str) -> None:
        # It tells of every batch it could not hand over; we tell once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        self._exporter = _Exporter(endpoint)
        self._processor = BatchSpanProcessor(
            self._exporter, max_queue_size=QUEUE, schedule_delay_millis=_EVERY, max_export_batch_size=_BATCH
        )

    def take(self, span: Span) -> None:
        self._processor.on_end(_readable(span))

    def close(self) -> None:
        if self._exporter.away:
            self._exporter.shutdown()
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(_GRACE)
        if closing.is_alive():
            self._exporter.shutdown()


class _Exporter(SpanExporter):
    """OpenTelemetry's own, that tells once when the collector is away and once when it is back."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._exporter = OTLPSpanExporter(endpoint=url_of(endpoint), timeout=_TIMEOUT)
        self.away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        reached = result is SpanExportResult.SUCCESS
        SPANS.labels("sent" if reached else "lost").inc(len(spans))
        if reached and self.away:
            log.info("traces.resumed", endpoint=self._endpoint)
        if not reached and not self.away:
            log.warning("traces.unreachable", endpoint=self._endpoint, fix="check [hub] traces; the hub goes on")
        self.away = not reached
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


def url_of(endpoint: str) -> str:
    """Where spans are posted to: `/v1/traces` below the endpoint, unless that is given."""
    base = endpoint.rstrip("/")
    return base if urlsplit(base).path.endswith(_PATH) else base + _PATH


def _readable(span: Span) -> ReadableSpan:
    # Not by a tracer: ours have ids that are derived, and are told when they are over.
    return ReadableSpan(
        span.name,
        context=_context(span.trace, span.id),
        parent=_context(span.trace, span.parent) if span.parent else None,
        resource=_resource(span.service),
        attributes={**span.attributes, "error.type": span.error} if span.error else span.attributes,
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR, span.error) if span.error else _WELL,
        start_time=span.started,
        end_time=span.ended,
        instrumentation_scope=_SCOPE,
    )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=_SAMPLED)


@cache
def _resource(service: str) -> Resource:
    return Resource.create(
        {"service.name": service or "omnihub", "service.namespace": "omnihub", "service.version": hub.__version__}
    )
