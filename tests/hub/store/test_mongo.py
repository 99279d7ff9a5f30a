"""The store on MongoDB keeps the contract, and says when its server is away."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.kit.errors import ConfigurationError, StoreUnavailable
from hub.store.mongo import MongoStore
from hub.testing.servers import mongo
from hub.testing.servers.mongo import MongoServer
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
