"""The store on MongoDB keeps the contract."""

import pytest

from hub.store.mongo import MongoStore
from hub.testing.servers.mongo import MongoServer
from hub.testing.store_contract import Reopen, StoreContract

pytestmark = pytest.mark.connected


@pytest.fixture
def store(mongo_store: MongoStore) -> MongoStore:
    return mongo_store


@pytest.fixture
def reopen(mongo_server: MongoServer, mongo_database: str) -> Reopen:
    return lambda: MongoStore(mongo_server.url, mongo_database)


class TestMongo(StoreContract):
    pass
