"""Calling a client from his card: whom, by which line, when, and when not."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import SendMessage
from hub.kit.errors import Conflict, InvalidInput, NotFound
from services.interactions.calling import Calling, Hours, WantedCall, zones_of
from services.interactions.linking import Rules
from services.interactions.outgoing import Outgoing
from services.interactions.reach import Account, Accounts
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_calls import ANNA, a_call

OLGA = Actor(login="olga", name="Ольга", role="operator", reach=("*",))
DAY = (time(9), time(21))


@dataclass
class FakeDirectory:
    known: list[Account] = field(
        default_factory=lambda: [Account(id=f"ln_{n}", channel="call", address=f"+7495000000{n}") for n in (1, 2)]
    )

    async def accounts(self) -> Accounts:
        return Accounts(known=self.known)


def calling(bench: Bench, *, hours: Any = None, directory: FakeDirectory | None = None) -> Calling:
    return Calling(
        bench.repository,
        Outgoing(bench.repository),
        directory or FakeDirectory(),
        bench.clock,
        Rules(),
        hours=Hours(hours, "Europe/Moscow"),
    )


async def a_client(bench: Bench, **over: Any) -> str:
    await bench.receive(a_call(**over))
    return str((await bench.clients())[0]["_id"])


async def test_a_click_asks_for_a_call_from_the_operators_phone_by_the_line_the_client_knows(bench: Bench) -> None:
    client = await a_client(bench, account="ln_2")
    planned = await calling(bench).plan(client, WantedCall(), actor=OLGA, idempotency_key=None)
    (request,) = [event for event in bench.bus.events() if isinstance(event, SendMessage)]
    assert (request.on_topic(), request.account, request.id) == ("outbound.call", "ln_2", planned["_id"])
    assert (request.call and request.call.operator, request.to[0].address) == ("olga", ANNA)
    assert (planned["direction"], planned["chain_id"]) == ("out", (await bench.chains())[0]["_id"])


async def test_a_click_that_is_sent_twice_is_one_call(bench: Bench) -> None:
    client = await a_client(bench)
    for _ in range(2):
        await calling(bench).plan(client, WantedCall(), actor=OLGA, idempotency_key="k")
    assert len([event for event in bench.bus.events() if isinstance(event, SendMessage)]) == 1


async def test_a_client_is_not_called_outside_the_hours_of_his_own_time_zone(bench: Bench) -> None:
    client = await a_client(bench)
    bench.clock.set(datetime(2026, 3, 2, 3, 30, tzinfo=UTC))  # 06:30 in Moscow
    with pytest.raises(
        Conflict, match=r"06:30 where he is \(Europe/Moscow\); clients are called from 09:00 to 21:00"
    ):
        await calling(bench, hours=DAY).plan(client, WantedCall(), actor=OLGA, idempotency_key=None)
    await bench.repository.clients.amend(client, lambda now: {**now, "time_zone": "Asia/Vladivostok"})  # 13:30 there
    await calling(bench, hours=DAY).plan(client, WantedCall(), actor=OLGA, idempotency_key=None)


async def test_who_does_not_want_to_be_called_is_not_and_the_reason_is_told(bench: Bench) -> None:
    client = await a_client(bench)
    said = ConsentRecorded(
        address=ANNA,
        channel="call",
        account="ln_1",
        state="withdrawn",
        evidence="in_1",
        words="не звоните",
        at=bench.clock.now(),
    )
    await bench.hear(said)
    with pytest.raises(Conflict, match="does not want to be called since 2026-03-02: «не звоните»"):
        await calling(bench).plan(client, WantedCall(), actor=OLGA, idempotency_key=None)


async def test_only_a_number_of_his_and_a_line_of_ours_can_be_named(bench: Bench) -> None:
    client = await a_client(bench)
    for wanted in (WantedCall(address="phone:+79990000000"), WantedCall(line="ln_none")):
        with pytest.raises(InvalidInput):
            await calling(bench).plan(client, wanted, actor=OLGA, idempotency_key=None)
    with pytest.raises(NotFound):
        await calling(bench).plan("cl_none", WantedCall(), actor=OLGA, idempotency_key=None)


async def test_a_line_of_another_team_is_not_called_by(bench: Bench) -> None:
    client = await a_client(bench)
    directory = FakeDirectory([Account(id="ln_1", channel="call", address="+74950000001", team="t_other")])
    with pytest.raises(Conflict, match="we have no line"):
        await calling(bench, directory=directory).plan(
            client, WantedCall(), actor=Actor(login="ivan", name="", role="operator"), idempotency_key=None
        )


def test_a_number_tells_where_it_is() -> None:
    assert "Europe/Moscow" in zones_of("+74951234567")
    assert zones_of("nothing") == ()
