"""Traces turned on for a while, by a setting."""

from collections.abc import Iterator
from contextlib import contextmanager

from hub.kit.tracing.spans import told_to


@contextmanager
def traced(endpoint: str) -> Iterator[None]:
    """Spans go to the OTLP/HTTP collector at this URL while this lasts; without one nothing is loaded and done."""
    if not endpoint:
        yield
        return
    from hub.kit.tracing.otlp import Collector  # only who wants traces has OpenTelemetry's SDK in memory

    with told_to(Collector(endpoint)):
        yield
