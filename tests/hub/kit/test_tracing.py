"""Ids of traces, requests that find the trace they belong to, and a collector that comes and goes."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI

from hub.kit.errors import ConfigurationError
from hub.kit.settings import Source
from hub.kit.tracing.events import publishing
from hub.kit.tracing.http import peer_hooks, trace_requests
from hub.kit.tracing.otlp import Collector, url_of
from hub.kit.tracing.spans import Ids, Span, span_of, told_to, trace_of
from hub.settings import HubSettings
from hub.testing.collector import collector
from hub.testing.fakes import FakeSink
from hub.testing.servers.process import HOST, free_ports
from hub.testing.waiting import until


@pytest.fixture
def sink() -> Iterator[FakeSink]:
    kept = FakeSink()
    with told_to(kept):
        yield kept


def test_ids_are_the_same_in_every_process_and_version() -> None:
    assert (f"{trace_of('ev_1'):x}", f"{span_of('ev_1'):x}", f"{span_of('ev_1', 'email'):x}") == (
        "1a84a15a9fa375dd10519d123cabbd9f",
        "25d5069defc7219c",
        "742120de51da5437",
    )


@pytest.mark.parametrize(
    ("ids", "before"),
    [
        (Ids("ev_1"), 0),
        (Ids("ev_1", "ev_1"), 0),
        (Ids("ev_2", "ev_1"), span_of("ev_1")),
        (Ids("ev_3", "ev_1", "ev_2"), span_of("ev_2")),
    ],
)
def test_an_event_is_told_under_what_it_follows_from(ids: Ids, before: int) -> None:
    assert ids.before == before


class Told:
    """A record of an event."""

    topic = "interactions"
    key = b""

    def __init__(self, event_id: str, correlation_id: str = "", causation_id: str = "") -> None:
        attributes = {"ce_id": event_id, "ce_type": event_id, "ce_source": "omnihub/inner"}
        attributes |= {"correlationid": correlation_id, "causationid": causation_id}
        self.headers = [(name, value.encode()) for name, value in attributes.items()]


def published(*records: Told) -> None:
    with publishing(records):
        pass


def hub(answer: Callable[[], None]) -> httpx.AsyncClient:
    """A client of a gateway that asks a service for everything, which does `answer`."""
    inner, outer = FastAPI(), FastAPI()

    @inner.post("/chains/{chain_id}/messages")
    async def plan(chain_id: str) -> str:
        answer()
        return chain_id

    trace_requests(inner, "inner", first=False)
    peer = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=inner, raise_app_exceptions=False),
        base_url="http://inner",
        event_hooks=peer_hooks(),
    )

    @outer.post("/api/{chain_id}")
    async def ask(chain_id: str) -> int:
        return (await peer.post(f"/chains/{chain_id}/messages")).status_code

    @outer.get("/healthz")
    async def healthz() -> None: ...

    trace_requests(outer, "gateway", first=True)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=outer), base_url="http://gateway")


async def test_a_request_belongs_to_the_trace_that_it_goes_on_with(sink: FakeSink) -> None:
    def answer() -> None:
        published(Told("opened"), Told("planned", "ev_mail"), Told("send", "ev_mail", "planned"))

    async with hub(answer) as client:
        response = await client.post("/api/ch_1", headers={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    assert "x-hub-trace" not in response.headers
    assert sink.tree() == {
        "POST /chains/{chain_id}/messages": "POST /api/{chain_id}",
        "publish opened": "",
        "publish planned": "POST /chains/{chain_id}/messages",
        "publish send": "publish planned",
        "POST /api/{chain_id}": "?",
    }
    outer = sink.spans[-1]
    assert (outer.service, outer.trace, outer.parent) == ("gateway", trace_of("ev_mail"), span_of("ev_mail"))
    assert {span.trace for span in sink.spans if span.name != "publish opened"} == {outer.trace}


async def test_what_a_request_begins_has_the_request_for_its_root(sink: FakeSink) -> None:
    async with hub(lambda: published(Told("received"))) as client:
        await client.post("/api/ch_1")
    assert sink.tree() == {
        "POST /chains/{chain_id}/messages": "POST /api/{chain_id}",
        "publish received": "POST /chains/{chain_id}/messages",
        "POST /api/{chain_id}": "",
    }
    assert {span.trace for span in sink.spans} == {trace_of("received")}


async def test_a_request_that_fails_is_told_so_and_health_is_not_told_at_all(sink: FakeSink) -> None:
    def fail() -> None:
        raise LookupError("Анна")

    async with hub(fail) as client:
        assert (await client.post("/api/ch_1")).json() == 500
        await client.get("/healthz")
    inner, outer = sink.spans
    assert (inner.service, inner.error, outer.error) == ("inner", "LookupError", "")
    assert inner.trace == outer.trace
    assert outer.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/{chain_id}",
        "http.response.status_code": 200,
    }


def a_span(number: int) -> Span:
    return Span(service="tests", name=f"{number}", kind="client", trace=1, id=number, started=1, ended=2)


@pytest.mark.slow
def test_a_collector_that_is_away_is_told_once_and_spans_flow_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (port,) = free_ports(1)
    caplog.set_level("INFO", "hub")
    sink = Collector(f"http://{HOST}:{port}")

    def said() -> list[str]:
        return [record.getMessage() for record in caplog.records]

    for number in range(1, 2000):
        sink.take(a_span(number))
    until(lambda: "traces.unreachable" in said())
    with collector(port) as back:
        until(lambda: sink.take(a_span(2000)) or [span for span in back.spans if span.name == "2000"])
        sink.close()
    assert said() == ["traces.unreachable", "traces.resumed"]


def test_what_waits_is_handed_over_at_the_end() -> None:
    with collector() as receiving:
        sink = Collector(receiving.url)
        sink.take(a_span(7))
        sink.close()
        assert [(span.service, span.name, span.parent) for span in receiving.spans] == [("tests", "7", "")]


@pytest.mark.parametrize("given", ["http://otel:4318", "http://otel:4318/", "http://otel:4318/v1/traces"])
def test_the_endpoint_may_have_its_path_or_not(given: str) -> None:
    assert url_of(given) == "http://otel:4318/v1/traces"


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("127.0.0.1:4318", "write it as http://127.0.0.1:4318"),
        ("grpc://otel:4317", "write it as http://127.0.0.1:4318"),
        ("http://otel:port", "write it as http://127.0.0.1:4318"),
        ("yes", "write it as http://127.0.0.1:4318"),
        ("http://me:hunter2@otel:4318", "OTEL_EXPORTER_OTLP_HEADERS"),
    ],
)
def test_an_endpoint_that_is_none_is_refused_with_the_fix(given: str, fix: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HubSettings.load(Source(environ={"OMNIHUB_HUB__TRACES": given}))
    assert "[hub] traces (or OMNIHUB_HUB__TRACES)" in str(caught.value)
    assert fix in str(caught.value)
    assert "hunter2" not in str(caught.value)
