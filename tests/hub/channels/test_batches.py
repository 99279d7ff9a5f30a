"""Batches of a mailing's messages: each with its own intent, and asked for at the last instant."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.channels.base import Deferred, Outcome, Refused, Sent, Unknown
from hub.channels.batches import Batches, Intend
from hub.channels.gate import Gate
from hub.channels.holds import Holds
from hub.channels.lanes import Entry
from hub.channels.ports import ConsentRepository, GroupRepository
from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import GroupChanged, SendMessage
from hub.kit.errors import StoreUnavailable
from tests.hub.channels.rig import a_message, a_rig

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESSES = [f"email:a{n}@x.example" for n in range(6)]


class Provider:
    """Hands over many; what happens before it asks whether it may is the test's."""

    def __init__(self, outcomes: dict[str, Outcome] | None = None) -> None:
        self.before: Callable[[], Awaitable[None]] | None = None
        self.outcomes = outcomes or {}
        self.got: list[str] = []

    async def send_many(
        self, messages: Sequence[tuple[SendMessage, datetime]], intend: Intend
    ) -> Sequence[Outcome | None]:
        if self.before:
            await self.before()
        going = await intend(range(len(messages)))
        found: list[Outcome | None] = [None] * len(messages)
        for number in going:
            name = messages[number][0].id.removeprefix("in_")
            self.got.append(name)
            found[number] = self.outcomes.get(name, Sent("250 ok"))
        return found


class Bench:
    def __init__(self, rig: Any, provider: Provider) -> None:
        self.rig, self.provider = rig, provider
        self.consents, self.groups = ConsentRepository(rig.store), GroupRepository(rig.store)
        self.doubtful: dict[str, Any] = {}
        gate = Gate(consents=self.consents, groups=self.groups)
        self.batches = Batches(
            provider,
            service="test",
            ledger=rig.ledger,
            gate=gate,
            holds=Holds(rig.ledger, gate),
            endpoints=(),
            doubtful=self.doubtful,
            cap=rig.ledger.patience.reconnect_cap,
        )

    async def entries(self) -> list[Entry]:
        messages = [a_message(n, address, mass=True, group="spring") for n, address in enumerate(ADDRESSES)]
        await self.rig.give(*messages)
        found = await self.rig.ledger.sends.get_many([one.id for one in messages])
        return [Entry.of(found[one.id]) for one in messages]

    async def states(self) -> list[str]:
        names = [f"in_{n}" for n in range(len(ADDRESSES))]
        found = await self.rig.ledger.sends.get_many(names)
        return [found[name]["state"] for name in names]


async def test_who_says_no_right_before_the_intent_gets_nothing(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        bench = Bench(rig, Provider())
        entries = await bench.entries()
        word = ConsentRecorded(
            address=ADDRESSES[2], channel="email", account="", state="withdrawn", evidence="x", at=NOW
        )
        bench.provider.before = lambda: bench.consents.learn([word])
        await bench.batches.send(entries)
        assert bench.provider.got == ["0", "1", "3", "4", "5"]
        assert (await bench.states())[2] == "suppressed"


@pytest.mark.parametrize(("state", "expected"), [("recalled", "suppressed"), ("paused", "queued")])
async def test_a_mailing_that_is_stopped_right_before_the_intent_leaves_nobody_anything(
    tmp_path: Path, state: Any, expected: str
) -> None:
    async with a_rig(tmp_path) as rig:
        bench = Bench(rig, Provider())
        entries = await bench.entries()
        changed = GroupChanged(group="spring", state=state, revision=1, at=NOW)
        bench.provider.before = lambda: bench.groups.learn([changed])
        await bench.batches.send(entries)
        assert bench.provider.got == []
        assert set(await bench.states()) == {expected}


async def test_each_has_its_own_outcome(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        outcomes: dict[str, Outcome] = {"1": Refused("550"), "2": Deferred("451"), "3": Unknown("cut")}
        bench = Bench(rig, Provider(outcomes))
        await bench.batches.send(await bench.entries())
        assert await bench.states() == ["sent", "failed", "deferred", "unknown", "sent", "sent"]
        assert bench.doubtful == {}


async def test_what_another_copy_took_is_not_handed_over(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        bench = Bench(rig, Provider())
        entries = await bench.entries()
        await rig.ledger.intend(entries[0].document, token="another")
        await bench.batches.send(entries)
        assert bench.provider.got == ["1", "2", "3", "4", "5"]


async def test_where_the_intents_may_not_be_written_nobody_is_handed_anything(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        bench = Bench(rig, Provider())
        entries = await bench.entries()

        class Away:
            async def withdrawn(self, *_: Any) -> list[str]:
                raise StoreUnavailable

        bench.batches._gate = Gate(consents=Away())
        with pytest.raises(StoreUnavailable):
            await bench.batches.send(entries)
        assert bench.provider.got == []
        assert set(await bench.states()) == {"queued"}
