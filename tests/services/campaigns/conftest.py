"""The campaigns service on a real store and a bus that collects."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.builders import NOON
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from services.campaigns.templates.repository import TemplateRepository
from services.campaigns.templates.service import Templates

MARKETER = Actor(login="petr", reach=(EVERYTHING,), reads=(EVERYTHING,))


@dataclass
class Desk:
    """What a marketer works with."""

    store: SqliteStore
    bus: FakeBus
    blobs: FakeBlobs
    clock: FakeClock
    templates: Templates


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "campaigns.sqlite")
    yield made
    await made.stop()


@pytest.fixture
async def desk(store: SqliteStore) -> Desk:
    bus, blobs, clock = FakeBus(), FakeBlobs(), FakeClock(NOON)
    made = Desk(store, bus, blobs, clock, Templates(TemplateRepository(store, blobs), SHARED, clock))
    await store.start()
    return made
