"""How many messages of mailings one recipient gets in a period, whoever sends them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.channels.gate import Rules
from hub.channels.sender import Sender
from hub.channels.sends import SendRepository
from hub.channels.slots import Slots
from hub.kit.clock import iso
from hub.store.base import Store
from hub.store.mongo import MongoStore
from hub.store.sqlite import SqliteStore
from tests.hub.channels.rig import SOON, Rig, a_message, a_rig

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ANNA, PETR = "email:anna@x.example", "email:petr@x.example"


async def take(slots: Slots, entry_id: str, now: datetime, *, to: str = ANNA, cap: int = 2) -> datetime | None:
    return await slots.take(to, entry_id, now, cap=cap, period=DAY)


def an_entry(entry_id: str, state: str, **over: Any) -> dict[str, Any]:
    return {"_id": entry_id, "state": state, "step": "done", "mass_to": ANNA, **over}


class SlotsContract:
    """What holds on every store; a subclass has the fixture `store`."""

    @pytest.fixture
    async def sends(self, store: Store) -> AsyncIterator[SendRepository]:
        repository = SendRepository(store, service="t")
        self._slots = Slots(store, repository)
        await store.start()
        yield repository
        await store.stop()

    @pytest.fixture
    def slots(self, sends: SendRepository) -> Slots:
        del sends
        return self._slots

    async def test_so_many_get_a_slot_and_the_next_one_when_the_first_has_lapsed(self, slots: Slots) -> None:
        assert [await take(slots, "1", NOW), await take(slots, "2", NOW + HOUR)] == [None, None]
        assert await take(slots, "3", NOW + 2 * HOUR) == NOW + DAY
        assert await take(slots, "3", NOW + 2 * HOUR, to=PETR) is None
        assert await take(slots, "3", NOW + DAY) is None

    async def test_a_message_that_is_tried_again_has_its_slot_still(self, slots: Slots) -> None:
        for number in ("1", "2", "1"):
            assert await take(slots, number, NOW) is None
        assert await take(slots, "3", NOW) == NOW + DAY

    async def test_a_slot_that_was_taken_by_a_clock_that_was_wrong_holds_nobody_up(self, slots: Slots) -> None:
        await take(slots, "1", NOW + 365 * DAY, cap=1)
        assert await take(slots, "2", NOW, cap=1) is None
        assert await take(slots, "3", NOW - HOUR, cap=1) == NOW + DAY

    async def test_of_many_copies_that_ask_at_once_no_more_get_a_slot_than_may(
        self, store: Store, sends: SendRepository
    ) -> None:
        copies = [Slots(store, sends) for _ in range(12)]
        asked = await asyncio.gather(*(take(copy, str(n), NOW, cap=3) for n, copy in enumerate(copies)))
        assert asked.count(None) == 3

    async def test_what_came_to_nothing_gives_its_slot_back_and_a_later_try_keeps_its_own(self, slots: Slots) -> None:
        await take(slots, "1", NOW, cap=1)
        await slots.give_back(ANNA, "1", NOW)
        await take(slots, "2", NOW, cap=1)
        await take(slots, "2", NOW + HOUR, cap=1)
        await slots.give_back(ANNA, "2", NOW)
        assert await take(slots, "3", NOW + HOUR, cap=1) == NOW + HOUR + DAY

    async def test_what_failed_for_good_counts_no_more(self, slots: Slots, sends: SendRepository) -> None:
        await take(slots, "1", NOW)
        await take(slots, "2", NOW)
        await sends.add([an_entry("1", "failed"), an_entry("2", "sent", handed_at=iso(NOW))])
        assert await take(slots, "3", NOW) is None
        assert await take(slots, "4", NOW) == NOW + DAY

    async def test_a_recipient_is_forgotten_when_all_his_slots_have_lapsed_and_no_sooner(self, slots: Slots) -> None:
        assert await take(slots, "snd_1", NOW) is None
        assert await take(slots, "snd_2", NOW + HOUR) is None
        await slots.sweep(NOW + HOUR)
        assert await take(slots, "snd_3", NOW + HOUR) is not None
        await slots.sweep(NOW + timedelta(days=40))
        page = await slots._slots.find({})
        assert page.items == []
        assert await take(slots, "snd_3", NOW + timedelta(days=40)) is None

    async def test_a_recipient_who_is_swept_while_a_slot_is_taken_has_that_slot(
        self, slots: Slots, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert await take(slots, "snd_1", NOW - 2 * DAY) is None
        read = slots._slots.get

        async def swept_after(recipient: str) -> Any:
            stored = await read(recipient)
            monkeypatch.undo()
            await slots.sweep(NOW)
            return stored

        monkeypatch.setattr(slots._slots, "get", swept_after)
        assert await take(slots, "snd_2", NOW, cap=1) is None
        assert await take(slots, "snd_3", NOW, cap=1) == NOW + DAY

    async def test_what_left_before_there_were_slots_counts(self, slots: Slots, sends: SendRepository) -> None:
        await sends.add([an_entry(str(n), "sent", handed_at=iso(NOW + n * HOUR)) for n in range(2)])
        assert await take(slots, "3", NOW + 2 * HOUR) == NOW + DAY


class TestOnSqlite(SlotsContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return SqliteStore(tmp_path / "sends.sqlite")


@pytest.mark.connected
class TestOnMongo(SlotsContract):
    @pytest.fixture
    def store(self, mongo_store: MongoStore) -> Store:
        return mongo_store


async def test_several_accounts_that_send_at_once_keep_to_the_cap_together(tmp_path: Path) -> None:
    async with a_rig(tmp_path, rules=Rules(cap=3, period=HOUR)) as rig:
        accounts = [f"acc{number}" for number in range(12)]
        for account in accounts:
            await rig.accounts.add({"_id": account, "state": "active"})
        senders = [rig.another(account) for account in accounts]
        await rig.ledger.accept(
            [a_message(n, mass=True).model_copy(update={"account": account}) for n, account in enumerate(accounts)]
        )
        together = Together(len(accounts))
        rig.provider.before_intent = lambda _: together.wait()
        async with Running(senders):
            await rig.until(lambda: sum(held(rig, n) for n in range(len(accounts))) >= 9)
        assert len(rig.provider.got) == 3


async def test_a_message_that_is_refused_for_now_takes_nobodys_place(tmp_path: Path) -> None:
    async with a_rig(tmp_path, rules=Rules(cap=1, period=HOUR)) as rig:
        rig.provider.deferred["in_1"] = DAY
        await rig.give(a_message(1, mass=True))
        async with rig.running():
            await rig.state(1, "deferred")
            other = a_message(2, mass=True).model_copy(update={"account": "acc2"})
            await rig.accounts.add({"_id": "acc2", "state": "active"})
            await rig.ledger.accept([other])
            async with Running([rig.another("acc2")]):
                assert await rig.got(1) == ["2"]


def held(rig: Rig, number: int) -> bool:
    return any("at most 3 of mailings" in (reason or "") for _, reason in rig.told(number))


class Together:
    """Lets nobody go before so many are there, the first time."""

    def __init__(self, wanted: int) -> None:
        self._barrier = asyncio.Barrier(wanted)

    async def wait(self) -> None:
        try:
            async with asyncio.timeout(SOON.total_seconds()):
                await self._barrier.wait()
        except (TimeoutError, asyncio.BrokenBarrierError):
            return


class Running:
    """Senders at work."""

    def __init__(self, senders: list[Sender]) -> None:
        self._senders = senders

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(sender.run()) for sender in self._senders]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
