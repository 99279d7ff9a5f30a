"""The store on MongoDB keeps the contract, and says when its server is away."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo import ReadPreference

from hub.channels.simulators.certificate import Certificate
from hub.kit.errors import ConfigurationError, StoreUnavailable
from hub.store.mongo import MongoStore, Tls
from hub.testing.servers import mongo
from hub.testing.servers.mongo import MongoServer
from hub.testing.servers.process import HOST
from hub.testing.store_contract import Reopen, StoreContract
from hub.testing.store_find_contract import THINGS, a_thing

pytestmark = pytest.mark.connected


@pytest.fixture
def store(mongo_store: MongoStore) -> MongoStore:
    return mongo_store


@pytest.fixture
def reopen(mongo_server: MongoServer, mongo_database: str) -> Reopen:
    return lambda: MongoStore(mongo_server.url, mongo_database)


class TestMongo(StoreContract):
    pass


async def test_data_of_a_newer_version_is_refused(mongo_store: MongoStore) -> None:
    await mongo_store.start()
    await mongo_store.database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 99}})
    with pytest.raises(ConfigurationError, match="newer version"):
        await mongo_store.start()


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="MongoDB"):
        await MongoStore("http://127.0.0.1", "test").start()


async def test_a_store_that_is_not_started_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="not started"):
        await MongoStore("mongodb://127.0.0.1", "test").collection(THINGS).get("1")


@pytest.mark.slow
async def test_a_server_that_is_away_is_unavailable_and_then_goes_on(tmp_path: Path) -> None:
    if reason := mongo.missing():
        pytest.skip(f"MongoDB stand-in: {reason}")
    with mongo.start_mongo(tmp_path, in_file=True) as server:
        store = MongoStore(server.url, "test", timeout=timedelta(seconds=1))
        things = store.collection(THINGS)
        await store.start()
        await things.insert(a_thing("1"))
        server.pause()
        with pytest.raises(StoreUnavailable):
            await things.insert(a_thing("2"))
        server.resume()
        await things.insert(a_thing("3"))
        server.stop()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        server.start()
        await store.ping()
        assert await things.get_many(["1", "3"]) == {n: {**a_thing(n), "_v": 1} for n in ("1", "3")}
        await store.stop()


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return Certificate.make(HOST)


@pytest.fixture(scope="module")
def by_tls(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[MongoServer]:
    if reason := mongo.missing():
        pytest.skip(f"MongoDB stand-in: {reason}")
    with mongo.start_mongo(tmp_path_factory.mktemp("mongo-tls"), certificate=certificate) as server:
        yield server


async def test_documents_are_kept_by_tls(by_tls: MongoServer, certificate: Certificate, tmp_path: Path) -> None:
    store = MongoStore(by_tls.url, "tls", tls=Tls(certificate.write(tmp_path / "ca.pem")))
    things = store.collection(THINGS)
    await store.start()
    await things.insert(a_thing("a"))
    assert await things.get("a") is not None
    await store.stop()


async def test_a_certificate_that_is_not_trusted_names_its_setting(by_tls: MongoServer) -> None:
    store = MongoStore(by_tls.url, "tls", tls=Tls(), timeout=timedelta(seconds=6))
    with pytest.raises(StoreUnavailable, match=r"not trusted, see \[store\] ca_file"):
        await store.start()
    await store.stop()


async def test_a_server_without_tls_names_the_setting(mongo_server: MongoServer) -> None:
    store = MongoStore(mongo_server.url, "tls", tls=Tls(), timeout=timedelta(seconds=6))
    with pytest.raises(StoreUnavailable, match=r"see \[store\] tls"):
        await store.start()
    await store.stop()


@pytest.mark.parametrize("setting", ["ca_file", "certificate"])
async def test_a_file_that_is_not_there_names_its_setting(tmp_path: Path, setting: str) -> None:
    store = MongoStore("mongodb://127.0.0.1:1", "tls", tls=Tls(**{setting: tmp_path / "missing.pem"}))
    with pytest.raises(ConfigurationError, match=rf"\[store\] {setting} .*there is no such file"):
        await store.start()


async def test_a_connection_string_cannot_weaken_what_is_written_and_read(mongo_server: MongoServer) -> None:
    weak = f"{mongo_server.url}/?w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred"
    store = MongoStore(weak, "weak")
    await store.start()
    kept = store.database
    assert (kept.write_concern.document, kept.read_concern.level) == ({"w": "majority", "j": True}, "majority")
    assert kept.read_preference == ReadPreference.PRIMARY
    await store.stop()
