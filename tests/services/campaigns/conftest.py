"""The campaigns service on a real store and a bus that collects."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.address import AddressChanged, AddressState
from hub.contracts.base import Event
from hub.contracts.campaign import Response, ResponsesRecorded
from hub.contracts.client import Client, ClientChanged
from hub.contracts.interaction import Interaction, InteractionLinked, Link
from hub.contracts.scope import EVERYTHING
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.builders import NOON, envelopes
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from services.campaigns.adapters.columns import Columns
from services.campaigns.consent import handlers as consent_handlers
from services.campaigns.consent.invitations import Invitations
from services.campaigns.consent.repository import ConsentRepository
from services.campaigns.consent.service import Consents
from services.campaigns.lists.repository import ListRepository
from services.campaigns.lists.service import Lists
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.service import Segments
from services.campaigns.templates.repository import TemplateRepository
from services.campaigns.templates.service import Templates

MASTER, BASE = b"m" * 32, "https://hub.example"
MARKETER = Actor(login="petr", reach=(EVERYTHING,), reads=(EVERYTHING,))


@dataclass
class Desk:
    """What a marketer works with."""

    store: SqliteStore
    bus: FakeBus
    blobs: FakeBlobs
    clock: FakeClock
    templates: Templates
    columns: Columns
    kept_lists: ListRepository
    lists: Lists
    kept_segments: SegmentRepository
    segments: Segments
    kept_consents: ConsentRepository
    consents: Consents
    invitations: Invitations

    async def follow(self, topic: str = "inbound") -> None:
        """Whoever listens to a topic hears all of it, again."""
        told = [one for one in self.bus.published if one.event.on_topic() == topic]
        await self.bus.deliver(topic, told)

    async def hear(self, *events: Event) -> None:
        """What others told."""
        await self.bus.publish(envelopes(*events))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Started by whoever has declared what it holds."""
    made = SqliteStore(tmp_path / "campaigns.sqlite")
    yield made
    await made.stop()


@pytest.fixture
async def desk(store: SqliteStore, tmp_path: Path) -> AsyncIterator[Desk]:
    bus, blobs, clock = FakeBus(), FakeBlobs(), FakeClock(NOON)
    columns = Columns(tmp_path, "host/one", bus)
    kept_lists, kept_segments = ListRepository(store, blobs), SegmentRepository(store)
    kept_segments.segments.on(bus, clock)
    lists = Lists(kept_lists, columns, clock)
    kept_consents = ConsentRepository(store)
    consents = Consents(kept_consents, bus, clock)
    consent_handlers.subscribe(bus, consents)
    made = Desk(
        kept_consents=kept_consents,
        consents=consents,
        invitations=Invitations(kept_consents, consents, blobs, bus, clock, master=MASTER, base=BASE),
        store=store,
        bus=bus,
        blobs=blobs,
        clock=clock,
        templates=Templates(TemplateRepository(store, blobs), SHARED, clock),
        columns=columns,
        kept_lists=kept_lists,
        lists=lists,
        kept_segments=kept_segments,
        segments=Segments(kept_segments, columns, clock, lists),
    )
    await store.start()
    yield made
    await columns.close()


def a_client(number: int, *, revision: int = 1, **over: Any) -> ClientChanged:
    """Somebody with a mail address and a phone."""
    fields: dict[str, Any] = {
        "id": f"cl_{number}",
        "name": f"Анна Смирнова {number}",
        "addresses": [{"address": f"email:a{number}@example.com"}, {"address": f"phone:+7916{number:07}"}],
        "opened_at": NOON,
        "opened_by": "in_1",
        "seen_by": ["team:"],
    }
    return ClientChanged(client=Client.model_validate({**fields, **over}), revision=revision)


def an_address(address: str, *, revision: int = 1, **over: Any) -> AddressChanged:
    return AddressChanged(address=AddressState(address=address, **over), revision=revision)


def a_letter(number: int, client: int, *, at: datetime = NOON, **over: Any) -> InteractionLinked:
    """He wrote."""
    fields: dict[str, Any] = {
        "id": f"in_{number}",
        "channel": "email",
        "type": "email",
        "direction": "in",
        "accounts": ("mb_1",),
        "at": at,
        "client_id": f"cl_{client}",
        "chain_id": "ch_1",
        "link": Link(rule="new_chain"),
    }
    return InteractionLinked(interaction=Interaction.model_validate({**fields, **over}))


def a_response(number: int, client: int, kind: str, *, at: datetime = NOON, **over: Any) -> ResponsesRecorded:
    """What a recipient of the mailing ml_1 did."""
    one = Response.model_validate(
        {"id": f"rs_{number}", "row": f"ml_1-{client}", "client_id": f"cl_{client}", "kind": kind, "at": at, **over}
    )
    return ResponsesRecorded(mailing="ml_1", responses=(one,))
