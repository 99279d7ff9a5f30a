"""Pytest fixtures for tests on real servers; where these cannot run they skip and say so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from hub.kit.ids import fresh
from hub.store.mongo import MongoStore
from hub.testing.apart import SHARED
from hub.testing.servers import dovecot, kafka, mongo


@pytest.fixture(scope="session", autouse=True)
def _readers_end() -> Iterator[None]:
    yield
    asyncio.run(SHARED.stop())


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.KafkaServer]:
    """A running Kafka, shared: use topics and groups of your own, and start your own to kill it."""
    if reason := kafka.missing():
        pytest.skip(f"Kafka: {reason}")
    with kafka.start_kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongo.MongoServer]:
    """A running stand-in for MongoDB, shared: use a database of your own, and start your own to kill it."""
    if reason := mongo.missing():
        pytest.skip(f"MongoDB stand-in: {reason}")
    with mongo.start_mongo(tmp_path_factory.mktemp("mongo")) as server:
        yield server


@pytest.fixture
def mongo_database() -> str:
    """A name that nobody else uses."""
    return fresh("test")


@pytest.fixture
async def mongo_store(mongo_server: mongo.MongoServer, mongo_database: str) -> AsyncIterator[MongoStore]:
    """On an empty database, not started; stopped at the end."""
    store = MongoStore(mongo_server.url, mongo_database)
    yield store
    await store.stop()


@pytest.fixture(scope="session")
def dovecot_servers() -> Iterator[Callable[..., dovecot.DovecotServer]]:
    """Starts a Dovecot with the users it is given (`start_dovecot`); all of them end with the tests."""
    if reason := dovecot.missing():
        pytest.skip(f"Dovecot: {reason}")
    running: list[dovecot.DovecotServer] = []

    def start(users: dict[str, str], **options: str) -> dovecot.DovecotServer:
        running.append(dovecot.start_dovecot(users, **options))
        return running[-1]

    yield start
    for server in running:
        server.remove()


@pytest.fixture(scope="session")
def pop_servers(dovecot_servers: Callable[..., dovecot.DovecotServer]) -> Callable[..., dovecot.DovecotServer]:
    """The same, of servers that speak POP3 as well."""
    if reason := dovecot.missing_pop():
        pytest.skip(f"Dovecot: {reason}")
    return dovecot_servers
