"""What becomes of a mail, from its arrival to the answer at the SMTP server, is one trace."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.kit.ids import fresh
from hub.testing.collector import Collector, ReceivedSpan, collector
from hub.testing.customer import Customer
from hub.testing.processes import Api, Distributed, HubProcess, add_mailbox, api, embedded, simulators
from hub.testing.servers.process import HOST, free_ports
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with simulators(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture(scope="module")
def collected() -> Iterator[Collector]:
    with collector() as running:
        yield running


@pytest.fixture(scope="module", params=["embedded", pytest.param("distributed", marks=pytest.mark.connected)])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, collected: Collector
) -> Iterator[Api]:
    folder: Path = tmp_path_factory.mktemp("traced")
    inside: HubProcess | Distributed
    if request.param == "embedded":
        inside = embedded(folder, OMNIHUB_HUB__TRACES=collected.url)
    else:
        inside = Distributed(
            folder,
            kafka=request.getfixturevalue("kafka_server").bootstrap,
            mongo=request.getfixturevalue("mongo_server").url,
            database=fresh("traces"),
            OMNIHUB_HUB__TRACES=collected.url,
        )
    inside.start()
    try:
        with api(inside.facts()["api"]) as logged_in:
            yield logged_in
    finally:
        inside.stop()


def written(client: Api, facts: dict[str, Any], subject: str) -> dict[str, Any]:
    """The interaction of a mail that a customer just wrote."""
    known = {box["address"] for box in client.all("/mailboxes")}
    if facts["mailboxes"][0]["address"] not in known:
        add_mailbox(client, facts)
    Customer(facts, facts["cast"][0]).writes(facts["mailboxes"][0]["address"], subject, "Где заказ № 17?")
    found: dict[str, Any] = until(lambda: [i for i in client.all("/interactions") if i["subject"] == subject])[0]
    return found


def ended(client: Api, answer: dict[str, Any]) -> bool:
    delivery = client.get(f"/interactions/{answer['id']}")["delivery"]
    return (delivery["state"], delivery["copy_state"]) == ("sent", "saved")


def whole(collected: Collector, trace: str) -> bool:
    """What follows last is there, and what everything else hangs from."""
    spans = collected.trace(trace)
    handled = [span for span in spans if span.name == "handle delivery.recorded.v1"]
    return len(handled) >= 3 and not unresolved(spans)


def unresolved(spans: list[ReceivedSpan]) -> list[ReceivedSpan]:
    known = {span.id for span in spans}
    return [span for span in spans if span.parent and span.parent not in known]


def test_a_mail_and_its_answer_are_one_trace_over_all_services(
    client: Api, outside: HubProcess, collected: Collector, request: pytest.FixtureRequest
) -> None:
    seen = written(client, outside.facts(), f"Заказ {request.node.name}")
    answer = client.post(f"/chains/{seen['chain_id']}/messages", json={"text": "Уже везём."})
    until(lambda: ended(client, answer))
    (sent,) = until(lambda: collected.named("send email", omnihub__interaction=answer["id"]))
    until(lambda: whole(collected, sent.trace))
    spans = collected.trace(sent.trace)
    assert [(span.service, span.name) for span in spans if not span.parent] == [("email", "receive email")]
    above = {span.id: span.name for span in spans}
    assert {(span.service, span.name, above.get(span.parent)) for span in spans} >= {
        ("email", "publish interaction.received.v1", "receive email"),
        ("interactions", "handle interaction.received.v1", "publish interaction.received.v1"),
        ("interactions", "publish interaction.linked.v1", "handle interaction.received.v1"),
        ("gateway", "POST /api/v1/chains/{id}/messages", "publish interaction.received.v1"),
        ("interactions", "POST /chains/{id}/messages", "POST /api/v1/chains/{id}/messages"),
        ("interactions", "publish interaction.planned.v1", "POST /chains/{id}/messages"),
        ("interactions", "publish message.send.v1", "publish interaction.planned.v1"),
        ("email", "handle message.send.v1", "publish message.send.v1"),
        ("email", "send email", "publish message.send.v1"),
        ("interactions", "handle delivery.recorded.v1", "publish delivery.recorded.v1"),
    }
    assert [span for span in spans if span.failed] == []


def test_a_span_says_nothing_of_a_person(client: Api, outside: HubProcess, collected: Collector) -> None:
    written(client, outside.facts(), "Личное дело")
    until(lambda: collected.named("handle interaction.received.v1"))
    (taken, *_) = collected.named("handle interaction.received.v1")
    assert set(taken.attributes) == {
        "messaging.system",
        "messaging.destination.name",
        "messaging.operation.type",
        "messaging.consumer.group.name",
        "messaging.batch.message_count",
        "messaging.message.id",
        "messaging.message.conversation_id",
        "omnihub.event.type",
        "omnihub.attempt",
    }
    said = " ".join(f"{span.name} {span.attributes}" for span in list(collected.spans))
    assert [word for word in ("@", "example", "дело", "Заказ", "Где") if word in said] == []


def test_a_collector_that_is_away_harms_nothing(outside: HubProcess, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with (
        embedded(tmp_path, OMNIHUB_HUB__TRACES=f"http://{HOST}:{nobody}") as hub,
        api(hub.facts()["api"]) as client,
    ):
        seen = written(client, outside.facts(), "Слышно?")
        answer = client.post(f"/chains/{seen['chain_id']}/messages", json={"text": "Слышно."})
        until(lambda: ended(client, answer))
        until(lambda: "traces.unreachable" in hub.output())
    said = [line for line in hub.output().splitlines() if "trace" in line.lower() or "span" in line.lower()]
    assert len(said) == 1, said
    assert "traces.unreachable" in said[0]


def test_without_the_setting_the_sdk_of_opentelemetry_is_not_loaded() -> None:
    # FastAPI itself loads OpenTelemetry's bare interface.
    code = (
        "import sys, hub.running, hub.process, hub.bus.kafka, hub.bus.embedded\n"
        "from importlib import import_module\n"
        "for name in hub.process.SERVICES: import_module(f'services.{name}.app')\n"
        "from hub.kit.tracing.traced import traced\n"
        "with traced(''): pass\n"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
