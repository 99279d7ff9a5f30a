"""Kafka by TLS and with a login, and what is said where either is wrong."""

import asyncio
import gc
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.bus.kafka import KafkaBus
from hub.bus.kafka_access import Access, Login, Mechanism, tls_context
from hub.bus.kafka_topics import Copies, create_topics
from hub.channels.simulators.certificate import Certificate
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.kit.errors import ConfigurationError
from hub.kit.log import PlainLines
from hub.kit.tasks import end
from hub.testing.bus_harness import Collector, an_arrival, on_topic, read_all, running, until_lag
from hub.testing.servers.kafka import PASSWORD, USER, KafkaServer, missing, start_kafka
from hub.testing.servers.process import HOST, free_ports
from hub.testing.waiting import eventually

pytestmark = [pytest.mark.connected, pytest.mark.slow]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return Certificate.make(HOST)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[KafkaServer]:
    """With doors by TLS beside the plain one."""
    if reason := missing():
        pytest.skip(f"Kafka: {reason}")
    with start_kafka(tmp_path_factory.mktemp("secure-kafka"), certificate=certificate) as started:
        yield started


@pytest.fixture
def tls(tmp_path: Path, certificate: Certificate) -> ssl.SSLContext:
    return tls_context(ca_file=certificate.write(tmp_path / "ca.pem"), certificate=None, key=None)


def a_login(mechanism: Mechanism = "SCRAM-SHA-512", **over: Any) -> Login:
    return replace(Login(mechanism=mechanism, user=USER, password=PASSWORD), **over)


async def assert_goes_through(access: Access) -> None:
    """Producer, member of a group, reader, administration: each is a client of its own."""
    topic, group = f"letters-{uuid4().hex[:8]}", f"readers-{uuid4().hex[:8]}"
    collector = Collector()
    bus = KafkaBus(access, "tests", SystemClock(), [Topic(topic, "sender", partitions=2), DEAD_LETTERS])
    bus.subscribe(topic, group=group, handle=collector)
    async with running(bus):
        await bus.publish_records(on_topic(topic, [an_arrival("hello")]))
        assert await collector.until(1) == ["hello"]
        assert len(await read_all(await bus.reader([topic]), 1)) == 1
        await until_lag(bus, 0)
        await bus.ping()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_bus_behind_tls_and_a_login_works(
    server: KafkaServer, tls: ssl.SSLContext, mechanism: Mechanism
) -> None:
    await assert_goes_through(Access(server.secure, tls, a_login(mechanism)))


async def test_a_bus_that_wants_a_certificate_shown_gets_it(
    server: KafkaServer, certificate: Certificate, tmp_path: Path
) -> None:
    authority = certificate.write(tmp_path / "ca.pem")
    (tmp_path / "key.pem").write_bytes(certificate.key)
    shown = tls_context(ca_file=authority, certificate=authority, key=tmp_path / "key.pem")
    await assert_goes_through(Access(server.shown, shown))


async def test_what_is_wrong_is_told_with_the_setting_to_look_at(server: KafkaServer, tls: ssl.SSLContext) -> None:
    closed = f"{HOST}:{free_ports(1)[0]}"
    assert await Access(server.secure, tls, a_login()).trouble() == ""
    assert "see [bus] user and password" in await Access(server.secure, tls, a_login(password="wrong")).trouble()
    assert "see [bus] user and password" in await Access(server.secure, tls, a_login("PLAIN", user="me")).trouble()
    assert "see [bus] sasl" in await Access(server.secure, tls, a_login("SCRAM-SHA-256")).trouble()
    assert "see [bus] ca_file" in await Access(server.secure, ssl.create_default_context(), a_login()).trouble()
    assert "see [bus] tls and sasl" in await Access(server.secure).trouble()
    assert "see [bus] tls" in await Access(server.bootstrap, tls).trouble()
    assert "see [bus] tls, certificate" in await Access(server.shown, tls).trouble()
    assert "see [bus] kafka" in await Access(closed).trouble()


async def test_a_start_that_waits_says_what_it_waits_for(
    server: KafkaServer, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    bus = KafkaBus(Access(server.secure, tls, a_login(password="wrong")), "tests", SystemClock(), [DEAD_LETTERS])
    starting = asyncio.create_task(bus.start())
    line = PlainLines()
    await eventually(lambda: [told for told in map(line.format, caplog.records) if "[bus] user and password" in told])
    with _leftovers():
        await end([starting])
    await bus.stop()


@contextmanager
def _leftovers() -> Iterator[None]:
    """Python closes no TLS connection whose making is cancelled in the step before its handshake; it is nobody's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


async def test_one_server_that_lets_in_is_enough(server: KafkaServer) -> None:
    assert await Access(f"{HOST}:{free_ports(1)[0]},{server.bootstrap}").trouble() == ""


def test_a_password_is_not_shown_by_its_login() -> None:
    assert PASSWORD not in repr(Access("127.0.0.1:9092", None, a_login()))


@pytest.mark.parametrize("setting", ["ca_file", "certificate"])
def test_a_file_that_holds_something_else_is_refused_with_its_setting(tmp_path: Path, setting: str) -> None:
    files: dict[str, Path | None] = {"ca_file": None, "certificate": None, "key": None}
    for file in (tmp_path / "missing.pem", tmp_path / "other.pem"):
        (tmp_path / "other.pem").write_text("other")
        with pytest.raises(ConfigurationError, match=rf"\[bus\] {setting} .*pem: "):
            tls_context(**{**files, setting: file})


async def test_topics_are_made_with_the_copies_that_are_set(server: KafkaServer) -> None:
    topic = Topic(f"kept-{uuid4().hex[:8]}", "sender", partitions=1)
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    await admin.start()
    try:
        await create_topics(admin, [topic], Copies(1, 1))
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
        told = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        assert told["min.insync.replicas"] == "1"
        with pytest.raises(ConfigurationError, match=rf"\[bus\] min_insync is 2, and {topic.name} have fewer copies"):
            await create_topics(admin, [topic], Copies(2, 2))
        other = replace(topic, name=f"{topic.name}-more")
        with pytest.raises(Exception, match=r"fewer brokers than \[bus\] replication says"):
            await create_topics(admin, [other], Copies(3, 2))
    finally:
        await admin.close()
