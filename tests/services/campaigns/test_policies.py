"""Policies of sources: who asks where nothing shows where a new client comes from."""

from datetime import timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.client import Client, ClientOpened
from hub.contracts.lead import TouchRecorded
from hub.kit.errors import Conflict
from hub.store.base import Document
from hub.testing.builders import NOON, envelopes
from services.campaigns.policies.models import PolicyForm
from services.campaigns.policies.repository import PolicyRepository
from services.campaigns.policies.service import GRACE, KEPT, PATIENCE, Policies
from services.campaigns.sources.repository import SourceRepository
from tests.services.campaigns.conftest import MARKETER, Desk
from tests.services.campaigns.test_sources import Shop


class Reception:
    """The interactions service, and what is known of clients."""

    def __init__(self) -> None:
        self.channels = {"in_1": "email", "in_2": "call"}
        self.known: set[str] = set()
        self.tasks: dict[str, Document] = {}
        self.refuses = False

    async def touches_of(self, client: str) -> list[Any]:
        return [()] if client in self.known else []

    async def channel_of(self, interaction: str, *, actor: Actor) -> str:
        assert actor.is_service
        return self.channels[interaction]

    async def add_task(self, given: Document, *, actor: Actor, key: str) -> None:
        if self.refuses:
            raise Conflict("there is no such interaction")
        self.tasks[key] = {**given, "by": actor.login}


class Counter:
    """Policies, and who comes."""

    def __init__(self, desk: Desk, kept: PolicyRepository) -> None:
        self.desk, self.kept, self.reception = desk, kept, Reception()
        self.policies = Policies(kept, self.reception, self.reception, desk.clock)

    async def rule(self, channel: str, rule: str, **over: Any) -> None:
        form = PolicyForm.model_validate({"rule": rule, **over})
        await self.policies.put(channel, form, actor=MARKETER)

    async def came(self, number: int, opened_by: str, **over: Any) -> None:
        """Told twice, and looked at when its time has come."""
        fields = {"id": f"cl_{number}", "name": "Анна", "opened_at": NOON, "opened_by": opened_by, **over}
        for _ in range(2):
            await self.policies.hear(envelopes(ClientOpened(client=Client.model_validate(fields))))
        self.desk.clock.advance(GRACE)
        await self.policies.look()

    @property
    def tasks(self) -> list[tuple[Any, ...]]:
        names = ("interaction_id", "client_id", "assignee", "priority", "by")
        return [tuple(one.get(name) for name in names) for one in self.reception.tasks.values()]


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, PolicyRepository]:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store), PolicyRepository(store)


@pytest.fixture
async def counter(kept: tuple[SourceRepository, PolicyRepository], desk: Desk) -> Counter:
    return Counter(desk, kept[1])


async def test_a_new_client_whose_source_nothing_shows_is_somebodys_task_where_the_channel_has_a_rule(
    counter: Counter,
) -> None:
    await counter.rule("email", "asked", assignee="anna")
    await counter.rule("call", "required")
    await counter.came(1, "in_1")
    await counter.came(2, "in_2")
    assert counter.tasks == [
        ("in_1", None, "anna", "normal", "petr"),
        ("in_2", None, None, "high", "petr"),
    ]
    counter.desk.clock.advance(timedelta(days=1))
    await counter.policies.look()
    assert len(counter.tasks) == 2


async def test_nobody_is_asked_about_a_client_whose_source_is_known_or_whose_channel_needs_none(
    counter: Counter,
) -> None:
    await counter.rule("email", "required")
    await counter.rule("call", "optional")
    counter.reception.known = {"cl_1"}
    await counter.came(1, "in_1")
    await counter.came(2, "in_2")
    await counter.came(3, "imp_1")
    assert counter.tasks == []
    assert [one["outcome"] for one in (await counter.kept.asks.find({})).items] == ["it is known", "nothing is asked"]


async def test_without_a_rule_nothing_is_kept_of_new_clients(counter: Counter) -> None:
    await counter.came(1, "in_1")
    assert (await counter.kept.asks.find({})).items == []


async def test_a_card_opened_by_hand_is_asked_about_unless_its_source_was_said(counter: Counter) -> None:
    await counter.rule("card", "asked", assignee="anna")
    await counter.came(1, "by_hand")
    await counter.came(2, "by_hand", source={"kind": "answer", "value": "радио"})
    assert counter.tasks == [(None, "cl_1", "anna", "normal", "petr")]


async def test_a_task_that_is_refused_is_tried_again_and_given_up_in_the_end(counter: Counter) -> None:
    await counter.rule("email", "asked")
    counter.reception.refuses = True
    await counter.came(1, "in_1")
    assert [one["outcome"] for one in (await counter.kept.asks.find({})).items] == [""]
    counter.desk.clock.advance(PATIENCE)
    await counter.policies.look()
    (ask,) = (await counter.kept.asks.find({})).items
    assert (ask["outcome"], "due" in ask) == ("there is no such interaction", False)


async def test_what_was_said_of_a_client_who_was_opened_by_hand_is_a_touch(
    kept: tuple[SourceRepository, PolicyRepository], desk: Desk
) -> None:
    shop = Shop(desk, kept[0])
    radio = await shop.source("offline", "радио")
    await shop.shows("answer", "по радио", radio)
    fields = {"name": "Анна", "opened_at": NOON, "opened_by": "by_hand"}
    for number, said in enumerate(("По радио", "от соседей"), 1):
        source = {"kind": "answer", "value": said}
        client = Client.model_validate({"id": f"cl_{number}", **fields, "source": source})
        await desk.hear(ClientOpened(client=client))
    await desk.follow("clients")
    await desk.follow("clients")
    told = [one for one in desk.bus.events("leads") if isinstance(one, TouchRecorded)]
    assert len({one.id for one in told}) == 2
    assert [(whose, path) for whose, _, path, _ in await shop.met()] == [
        ("cl_1", ["offline", "радио"]),
        ("cl_2", ["answer", "от соседей"]),
    ]


async def test_what_came_of_asking_is_kept_for_ninety_days_and_what_is_still_asked_stays(counter: Counter) -> None:
    await counter.rule("email", "asked")
    await counter.came(1, "in_1")
    await counter.policies.hear(
        envelopes(ClientOpened(client=Client(id="cl_2", name="x", opened_at=NOON, opened_by="in_2")))
    )
    counter.desk.clock.advance(KEPT - GRACE)
    assert await counter.policies.forget() == 0
    counter.desk.clock.advance(2 * GRACE)
    assert await counter.policies.forget() == 1
    assert [one["_id"] for one in (await counter.kept.asks.find({})).items] == ["cl_2"]
