"""The interactions service on a real store and a bus that collects."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, a_delivery, envelopes
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from services.interactions.answers import Answers
from services.interactions.bounces import Bounces
from services.interactions.calendars.repository import Calendars
from services.interactions.contacts import Contacts
from services.interactions.courtesy import Courtesy
from services.interactions.drafts.service import Drafts
from services.interactions.duplicates.repository import DuplicateRepository
from services.interactions.forwards import Forwards
from services.interactions.handlers import subscribe
from services.interactions.invitations.following import Following
from services.interactions.notifications.mails import Mails
from services.interactions.notifications.service import Notifications
from services.interactions.outgoing import Outgoing
from services.interactions.planned import Planned
from services.interactions.push.devices import Devices
from services.interactions.reach import Accounts
from services.interactions.repository import Repository
from services.interactions.seen import Seen
from services.interactions.service import Interactions
from services.interactions.splits import Splits
from services.interactions.tasks.missed import MissedCalls
from services.interactions.tasks.repository import TaskRepository
from services.interactions.tasks.service import Tasks
from services.interactions.writing import Answer


class Directory:
    """None of the channels has an account."""

    async def accounts(self) -> Accounts:
        return Accounts()


class Bench:
    """A service on a real store and a bus that collects."""

    def __init__(self, store: SqliteStore) -> None:
        self.bus = FakeBus()
        self.clock = FakeClock(NOON)
        self.store = store
        self.repository = Repository(store)
        self.duplicates = DuplicateRepository(store)
        self.tasks = TaskRepository(store, self.bus, self.clock)
        self.service = self.another()
        self.courtesy = Courtesy(self.repository, self.bus, self.clock)
        bounces = Bounces(self.repository, self.bus, self.clock)
        contacts = Contacts(self.repository, self.bus, self.clock)
        self.calendars = Calendars(store, "Europe/Moscow", now=lambda: self.clock.now().timestamp())
        given = Tasks(self.tasks, Seen(self.repository, Directory()), self.clock, self.calendars)
        self.seen = Seen(self.repository, Directory())
        self.blobs = FakeBlobs()
        self.devices = Devices(store, self.clock)
        self.drafts = Drafts(store, self.bus, self.clock, self.repository)
        self.notifications = Notifications(
            store,
            self.bus,
            self.clock,
            self.repository,
            self.seen,
            tasks=self.tasks.tasks,
            mails=Mails(self.blobs, account="mb_1", page="https://hub.example.com", language="ru"),
        )
        subscribe(
            self.bus,
            self.service,
            bounces=bounces,
            contacts=contacts,
            courtesy=self.courtesy,
            missed=MissedCalls(self.repository, given, self.clock),
            invitations=Following(
                self.repository, Outgoing(self.repository), self.clock, language="ru", zone="Europe/Moscow"
            ),
            notifications=self.notifications,
            devices=self.devices,
            batch=1000,
        )
        self._heard = 0
        self.answers = Answers(self.repository, self.bus, self.clock)
        self.planned = Planned(self.repository, self.bus, self.clock)
        self.forwards = Forwards(self.repository, self.bus, self.clock)
        self.splits = Splits(self.repository, self.bus, self.clock)

    def another(self) -> Interactions:
        """A second copy of the service on the same store."""
        return Interactions(self.repository, self.bus, self.clock)

    async def hear(self, *events: Any) -> None:
        """News of channels, together or one after another as they come; and what follows from them."""
        await self.service.receive(envelopes(*events))
        await self.follow()

    async def receive(self, *arrivals: Any) -> None:
        await self.hear(*arrivals)

    async def follow(self) -> None:
        """The groups that listen to interactions hear what was told since."""
        while self._heard < len(self.bus.published):
            told, self._heard = self.bus.published[self._heard :], len(self.bus.published)
            for topic in ("interactions", "tasks", "notices"):
                await self.bus.deliver(topic, [one for one in told if topic == one.event.TOPIC])

    async def everything(self) -> list[dict[str, Any]]:
        return (await self.repository.page("interactions", {}, order="at", since=None, limit=500, after=None)).items

    async def chains(self) -> list[dict[str, Any]]:
        return (
            await self.repository.page(
                "chains", {"state": "open"}, order="last_at", since=None, limit=500, after=None
            )
        ).items

    async def clients(self) -> list[dict[str, Any]]:
        return (await self.repository.page("clients", {}, order="opened_at", since=None, limit=500, after=None)).items

    async def answered(self, text: str = "Да", *, cc: tuple[str, ...] = ()) -> str:
        """Id of our answer in the one chain there is; it has left."""
        (chain,) = await self.chains()
        answer = Answer(text=text, cc=cc)
        planned = await self.answers.plan(chain["_id"], answer, author="olga", idempotency_key=None)
        await self.service.record_deliveries(envelopes(a_delivery(planned["_id"], reason="250 queued")))
        return str(planned["_id"])

    async def wrote(self, answer: Answer, *, key: str | None = None, signature: str | None = None) -> dict[str, Any]:
        """The document of our answer in the one chain there is."""
        (chain,) = await self.chains()
        return await self.answers.plan(chain["_id"], answer, author="olga", idempotency_key=key, signature=signature)

    async def wrote_in(self, chain_id: str, text: str) -> dict[str, Any]:
        """The document of our answer in a chain."""
        return await self.answers.plan(chain_id, Answer(text=text), author="olga", idempotency_key=None)

    async def stored(self, interaction_id: str) -> dict[str, Any]:
        return await self.repository.interactions.get(interaction_id) or {}

    async def delivery(self, interaction_id: str) -> tuple[str, str | None]:
        """State and reason."""
        stored = await self.repository.interactions.get(interaction_id)
        assert stored
        return stored["delivery"]["state"], stored["delivery"]["reason"]

    async def address(self, address: str = "anna@example.com") -> dict[str, Any]:
        return await self.repository.addresses.get(f"email:{address}") or {}

    async def opened(self) -> tuple[int, int, int]:
        return len(await self.clients()), len(await self.chains()), len(await self.everything())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path / "interactions.sqlite")
    bench = Bench(store)
    await store.start()
    yield bench
    await store.stop()
