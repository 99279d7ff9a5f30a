"""Messages that wait for their time: listed, changed and taken back until they leave."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from hub.contracts.interaction import DeliveryState, InteractionChanged, SendMessage
from hub.contracts.park import MessageParked
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.testing.builders import NOON, an_arrival
from services.interactions.models import interaction_view
from services.interactions.moments import moment
from services.interactions.planned import Planned, Rewrite
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench

LATER = NOON + timedelta(hours=2)


@pytest.fixture
async def waiting(bench: Bench) -> str:
    """Id of a message that waits until `LATER`."""
    await bench.receive(an_arrival())
    return str((await bench.wrote(Answer(text="Доброе утро!", send_at=LATER)))["_id"])


def requests(bench: Bench) -> list[SendMessage]:
    return [event for event in bench.bus.events("outbound") if isinstance(event, SendMessage)]


async def test_a_message_for_later_is_listed_as_planned_and_not_sent(bench: Bench, waiting: str) -> None:
    assert await bench.planned.release_due() == 0
    assert (requests(bench), await bench.delivery(waiting)) == ([], ("planned", None))
    page = await bench.repository.planned({}, limit=10, after=None)
    assert [(one["_id"], one["send_at"]) for one in page.items] == [(waiting, "2026-03-02T14:00:00Z")]


async def test_a_message_leaves_when_its_time_has_come_and_once(bench: Bench, waiting: str) -> None:
    bench.clock.advance(timedelta(hours=2, seconds=1))
    copies = [Planned(bench.repository, bench.bus, bench.clock) for _ in range(5)]
    released = await asyncio.gather(*(copy.release_due() for copy in copies))
    assert sum(released) == 1
    assert [(request.id, request.text) for request in requests(bench)] == [(waiting, "Доброе утро!")]
    assert await bench.delivery(waiting) == ("queued", None)
    assert (await bench.repository.planned({}, limit=10, after=None)).items == []
    assert datetime.fromisoformat((await bench.stored(waiting))["at"]) == bench.clock.now()


async def test_an_answer_goes_on_with_what_its_mail_began_however_late_it_leaves(bench: Bench, waiting: str) -> None:
    await bench.wrote(Answer(text="И ещё."))
    bench.clock.advance(timedelta(hours=3))
    await bench.planned.release_due()
    ours = [envelope for envelope in bench.bus.published if isinstance(envelope.event, SendMessage)]
    assert len(ours) == 2
    assert {envelope.correlation_id for envelope in ours} == {an_arrival().event_id()}
    assert "correlation_id" not in interaction_view(await bench.stored(waiting))


async def test_what_fell_due_while_the_hub_was_stopped_leaves_at_its_start(bench: Bench, waiting: str) -> None:
    bench.clock.advance(timedelta(days=3))
    assert await bench.planned.release_due() == 1
    assert (await bench.stored(waiting))["send_at"] == "2026-03-02T14:00:00Z"


async def test_a_message_that_cannot_leave_at_its_time_has_failed_for_everybody_to_see(
    bench: Bench, waiting: str
) -> None:
    await bench.repository.interactions.amend(waiting, lambda now: {**now, "command": {"id": waiting}})
    bench.clock.advance(timedelta(days=3))
    assert await bench.planned.release_due() == 0
    state, reason = await bench.delivery(waiting)
    assert (state, (reason or "").startswith("could not be released at its time: ")) == ("failed", True)
    told = bench.bus.events("interactions")[-1]
    assert isinstance(told, InteractionChanged)
    assert told.interaction.delivery
    assert told.interaction.delivery.state == DeliveryState.FAILED
    (letter,) = bench.bus.events("dead-letters")
    assert isinstance(letter, MessageParked)
    assert (letter.record_key, requests(bench)) == (b64encode(waiting.encode()).decode(), [])
    assert (await bench.repository.planned({}, limit=10, after=None)).items == []
    with pytest.raises(Conflict, match="its delivery is failed"):
        await bench.planned.cancel(waiting)


async def test_a_planned_message_can_be_changed_until_it_leaves(bench: Bench, waiting: str) -> None:
    sooner = NOON + timedelta(minutes=5)
    after = await bench.planned.rewrite(waiting, Rewrite(text="Добрый день!", subject="Re: Заказ", send_at=sooner))
    assert (after["text"], after["subject"]) == ("Добрый день!", "Re: Заказ")
    bench.clock.advance(timedelta(minutes=6))
    await bench.planned.release_due()
    assert [(r.text, r.subject, r.html) for r in requests(bench)] == [("Добрый день!", "Re: Заказ", None)]
    with pytest.raises(Conflict, match="its delivery is queued"):
        await bench.planned.rewrite(waiting, Rewrite(text="Поздно"))


async def test_a_planned_message_can_be_taken_back_until_it_leaves(bench: Bench, waiting: str) -> None:
    await bench.planned.cancel(waiting)
    bench.clock.advance(timedelta(days=1))
    assert await bench.planned.release_due() == 0
    assert (requests(bench), await bench.delivery(waiting)) == ([], ("cancelled", None))
    last = bench.bus.events()[-1]
    assert isinstance(last, InteractionChanged)
    assert last.interaction.delivery
    assert last.interaction.delivery.state is DeliveryState.CANCELLED
    with pytest.raises(Conflict, match="taken back already"):
        await bench.planned.cancel(waiting)


async def test_of_a_release_and_a_withdrawal_at_once_exactly_one_wins(bench: Bench) -> None:
    await bench.receive(an_arrival())
    written = [await bench.wrote(Answer(text=f"{n}", send_at=LATER)) for n in range(20)]
    bench.clock.advance(timedelta(hours=3))
    withdrawals = [bench.planned.cancel(document["_id"]) for document in written]
    _, *outcomes = await asyncio.gather(bench.planned.release_due(), *withdrawals, return_exceptions=True)
    kept = {d["_id"] for d, outcome in zip(written, outcomes, strict=True) if isinstance(outcome, Conflict)}
    assert {request.id for request in requests(bench)} == kept
    states = {d["_id"]: (await bench.delivery(d["_id"]))[0] for d in written}
    assert states == {i: "queued" if i in kept else "cancelled" for i in states}


async def test_an_undo_window_holds_a_message_for_so_long(bench: Bench) -> None:
    await bench.receive(an_arrival())
    undone = await bench.wrote(Answer(text="Ой", undo_seconds=15))
    kept = await bench.wrote(Answer(text="Да", undo_seconds=15))
    await bench.planned.cancel(undone["_id"])
    bench.clock.advance(timedelta(seconds=16))
    await bench.planned.release_due()
    assert [request.id for request in requests(bench)] == [kept["_id"]]


async def test_a_message_that_waits_is_not_what_the_next_one_answers(bench: Bench, waiting: str) -> None:
    now = await bench.wrote(Answer(text="Сразу"))
    assert now["cause_id"] == an_arrival().id
    assert waiting != now["_id"]


async def test_the_same_key_plans_once(bench: Bench) -> None:
    await bench.receive(an_arrival())
    both = [await bench.wrote(Answer(text="Да", send_at=LATER), key="k") for _ in range(2)]
    assert both[0]["_id"] == both[1]["_id"]
    with pytest.raises(Conflict):
        await bench.wrote(Answer(text="Да"), key="k")


async def test_a_local_time_without_a_zone_is_the_clients(bench: Bench) -> None:
    await bench.receive(an_arrival())
    local = datetime(2026, 3, 3, 9, 0)
    with pytest.raises(InvalidInput, match="time_zone: send_at_local needs one"):
        await bench.wrote(Answer(text="Да", send_at_local=local))
    (client,) = await bench.clients()
    await bench.repository.clients.amend(client["_id"], lambda now: {**now, "time_zone": "Asia/Novosibirsk"})
    written = await bench.wrote(Answer(text="Да", send_at_local=local))
    assert (written["send_at"], written["time_zone"]) == ("2026-03-03T02:00:00Z", "Asia/Novosibirsk")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"send_at": NOON}, "send_at"),
        ({"send_at": NOON + timedelta(days=400)}, "send_at"),
        ({"send_at_local": datetime(2026, 3, 29, 2, 30), "time_zone": "Europe/Berlin"}, "send_at_local"),
        ({"send_at_local": datetime(2026, 10, 25, 2, 30), "time_zone": "Europe/Berlin"}, "send_at_local"),
        ({"send_at": LATER, "send_at_local": datetime(2026, 3, 3, 9)}, "send_at_local"),
        ({"send_at_local": datetime(2026, 3, 3, 9), "time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"send_at_local": datetime(2026, 3, 3, 9), "time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
async def test_a_wrong_moment_is_refused_by_its_field(bench: Bench, fields: dict[str, object], field: str) -> None:
    await bench.receive(an_arrival())
    with pytest.raises(InvalidInput) as refused:
        await bench.wrote(Answer.model_validate({"text": "Да", **fields}))
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"send_at": datetime(2026, 3, 3, 9)}, "send_at"),
        ({"send_at_local": datetime(2026, 3, 3, 9, tzinfo=UTC), "time_zone": "Europe/Moscow"}, "send_at_local"),
    ],
)
@pytest.mark.parametrize("form", [Answer, Rewrite])
def test_a_moment_without_its_offset_or_with_one_too_many_is_refused_by_the_form(
    form: type[Answer | Rewrite], fields: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        form.model_validate({"text": "Да", **fields})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_a_local_time_follows_the_clocks_of_its_zone() -> None:
    winter = Answer(text="x", send_at_local=datetime(2026, 3, 28, 9), time_zone="Europe/Berlin")
    summer = Answer(text="x", send_at_local=datetime(2026, 3, 30, 9), time_zone="Europe/Berlin")
    assert moment(winter) == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert moment(summer) == datetime(2026, 3, 30, 7, tzinfo=UTC)


async def test_nothing_to_change_and_nothing_there_are_told(bench: Bench, waiting: str) -> None:
    with pytest.raises(InvalidInput, match="nothing to change"):
        await bench.planned.rewrite(waiting, Rewrite())
    with pytest.raises(NotFound):
        await bench.planned.cancel("in_none")
    with pytest.raises(Conflict, match="it came in"):
        await bench.planned.cancel(an_arrival().id)
