"""The race of hundreds who say no against a mailing that runs: nothing is begun for anybody whose no is recorded."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.channels.base import Outcome, Sent
from hub.channels.batches import MOST, Batches, Intend
from hub.channels.gate import Gate
from hub.channels.holds import Holds
from hub.channels.lanes import Entry
from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import DeliveryState, SendMessage
from tests.hub.channels.rig import a_message, a_rig

RECIPIENTS, LEAVERS = 400, 200
_SETTLED = (DeliveryState.SENT, DeliveryState.SUPPRESSED)


class Race:
    """Who said no, and who was written to, each with its place in the order of things."""

    def __init__(self, rig: Any, seed: int) -> None:
        self.rig = rig
        self.order = count()
        self.begun: dict[str, int] = {}
        self.said: dict[str, int] = {}
        self.got: list[str] = []
        self.messages = [
            a_message(n, f"email:a{n}@x.example", mass=True, group="spring", topic="news") for n in range(RECIPIENTS)
        ]
        self.drawn = Random(seed)

    async def leave(self) -> None:
        """One after another, at any moment; its place is that of the moment from which on it counts."""
        for message in self.drawn.sample(self.messages, LEAVERS):
            address = message.to[0].address
            word = ConsentRecorded(
                address=address,
                channel="email",
                topic="news",
                account="",
                state="withdrawn",
                evidence="x",
                at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
            )
            await self.rig.consents.learn([word])
            self.said[message.id] = next(self.order)

    async def send_many(
        self, messages: Sequence[tuple[SendMessage, datetime]], intend: Intend
    ) -> Sequence[Outcome | None]:
        """See `hub.channels.batches.SendsMany`."""
        for message, _ in messages:
            self.begun[message.id] = next(self.order)
        going = set(await intend(range(len(messages))))
        self.got += [messages[number][0].id for number in sorted(going)]
        return [Sent("ok") if number in going else None for number in range(len(messages))]

    async def check(self) -> None:
        """Nothing was begun for anybody after his no; and everybody else has it, once."""
        states = {
            name: entry["state"]
            for name, entry in (await self.rig.sends.get_many([one.id for one in self.messages])).items()
        }
        late = [name for name in self.got if self.said.get(name, RECIPIENTS * 9) < self.begun[name]]
        assert late == []
        assert len(self.got) == len(set(self.got))
        assert {name for name, state in states.items() if state == "sent"} == set(self.got)
        assert {name for name, state in states.items() if state == "suppressed"} == states.keys() - set(self.got)
        assert set(self.got) >= states.keys() - self.said.keys()
        assert 0 < len(set(self.got) & self.said.keys()) < LEAVERS, "it was no race"


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_is_handed_a_batch_after_he_said_no(tmp_path: Path, seed: int) -> None:
    async with a_rig(tmp_path) as rig:
        race = Race(rig, seed)
        await rig.give(*race.messages)
        gate = Gate(consents=rig.consents, groups=rig.groups)
        about: dict[str, Any] = {"ledger": rig.ledger, "gate": gate, "holds": Holds(rig.ledger, gate), "doubtful": {}}
        batches = Batches(race, service="t", endpoints=(), cap=rig.ledger.patience.reconnect_cap, **about)
        found = await rig.sends.get_many([one.id for one in race.messages])
        entries = [Entry.of(found[one.id]) for one in race.messages]

        async def run() -> None:
            for start in range(0, RECIPIENTS, MOST // 4):
                await batches.send(entries[start : start + MOST // 4])

        await asyncio.gather(run(), race.leave())
        await race.check()


async def test_nobody_is_handed_one_message_after_he_said_no(tmp_path: Path) -> None:
    async with a_rig(tmp_path, lanes=4) as rig:
        race = Race(rig, 3)

        def begins(message: SendMessage) -> None:
            race.begun[message.id] = next(race.order)

        def settled() -> bool:
            told = rig.bus.events("delivery")
            return len({one.interaction_id for one in told if one.state in _SETTLED}) == RECIPIENTS

        rig.provider.before_intent = begins
        await rig.give(*race.messages)
        async with rig.running():
            await race.leave()
            await rig.until(settled)
        race.got = [f"in_{name}" for name in rig.provider.got]
        await race.check()
