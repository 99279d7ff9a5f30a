"""The store on SQLite keeps the contract, and what it returned survives."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.store.sqlite import SqliteStore
from hub.testing.store_contract import Reopen, StoreContract


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "things.sqlite"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(file)
    yield store
    await store.stop()


@pytest.fixture
def reopen(file: Path) -> Reopen:
    return lambda: SqliteStore(file)


class TestSqlite(StoreContract):
    pass
