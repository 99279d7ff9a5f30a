"""What employees write down: contacts that were, that shall be, and what became of them; notes to colleagues."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import InteractionLinked
from hub.contracts.notice import NoticeGiven
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import iso
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.testing.builders import NOON, an_arrival
from services.interactions.addresses import Addresses
from services.interactions.byhand.forms import ByHandForm, FactForm, Note, PlanForm
from services.interactions.byhand.models import MOST_REMINDERS, reminding, timer
from services.interactions.byhand.service import ByHand
from services.interactions.handover import ChainChange, Handover
from services.interactions.planned import Planned
from services.interactions.seen import Seen, level_of
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_missed import missed, tasks

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
BORIS = Actor(login="boris", reach=("owner:boris", "team:"), reads=("owner:boris", "team:"))
DAY = timedelta(days=1)
ANNA = {"address": "anna@example.com", "name": "Анна"}


@pytest.fixture
def by_hand(bench: Bench) -> ByHand:
    repository, clock = bench.repository, bench.clock
    addresses = Addresses(repository, region="RU")
    return ByHand(
        repository, Seen(repository, Directory()), Handover(repository, clock), addresses, clock, bench.calendars
    )


def due(bench: Bench) -> Planned:
    fires = {timer(number): partial(reminding, number) for number in range(MOST_REMINDERS)}
    return Planned(bench.repository, bench.bus, bench.clock, also=fires)


async def added(by_hand: ByHand, actor: Actor = OLGA, key: str | None = None, **form: Any) -> dict[str, Any]:
    fields = {"type": "meeting", "subject": "Замер"} | form
    return await by_hand.add(ByHandForm(**fields), actor=actor, key=key)


def notices(bench: Bench) -> list[NoticeGiven]:
    return [event for event in bench.bus.events("notices") if isinstance(event, NoticeGiven)]


async def test_a_contact_written_down_opens_client_and_chain_of_whoever_took_part(
    bench: Bench, by_hand: ByHand
) -> None:
    meeting = await added(by_hand, participants=(ANNA, {"role": "host", "login": "boris"}), text="Обсудили кухню")
    (client,), (chain,) = await bench.clients(), await bench.chains()
    assert (meeting["client_id"], meeting["chain_id"], chain["owner"]) == (client["_id"], chain["_id"], "olga")
    assert [one["address"] for one in client["addresses"]] == ["email:anna@example.com"]
    assert [(one["role"], one["address"], one["login"]) for one in meeting["participants"]] == [
        ("to", "email:anna@example.com", None),
        ("host", "employee:boris", "boris"),
    ]
    assert meeting["fact"] == {"held": True, "at": iso(NOON), "minutes": 0, "result": ""}
    assert [type(event) for event in bench.bus.events("interactions")] == [InteractionLinked]


async def test_a_letter_of_the_same_person_goes_on_with_what_was_written_down(bench: Bench, by_hand: ByHand) -> None:
    meeting = await added(by_hand, participants=(ANNA,))
    await bench.receive(an_arrival(subject="Re: Замер", at=NOON + DAY))
    letter = await bench.stored(an_arrival(at=NOON + DAY).id)
    assert (letter["chain_id"], letter["link"]["rule"]) == (meeting["chain_id"], "same_subject")


async def test_it_joins_the_chain_of_the_interaction_that_it_follows_from(bench: Bench, by_hand: ByHand) -> None:
    await bench.receive(an_arrival())
    cause = await bench.stored(an_arrival().id)
    bench.clock.set(NOON + DAY)
    call = await added(by_hand, type="call", cause_id=cause["_id"], minutes=5, reviewed=True)
    assert (call["chain_id"], call["client_id"], call["cause_id"]) == (
        cause["chain_id"],
        cause["client_id"],
        cause["_id"],
    )
    (chain,) = await bench.chains()
    assert (chain["awaits"], chain["last_id"]) == ("nobody", call["_id"])


async def test_a_call_from_a_private_phone_counts_as_one_that_an_exchange_told_of(
    bench: Bench, by_hand: ByHand
) -> None:
    await bench.receive(missed())
    (client,) = await bench.clients()
    bench.clock.set(NOON + DAY)
    call = await added(by_hand, type="call", client_id=client["_id"], at=NOON + timedelta(hours=1), minutes=3)
    await bench.follow()
    assert (call["call"]["result"], call["call"]["talk"], call["call"]["complete"]) == ("answered", 180.0, True)
    assert [(task["state"], task["result_id"]) for task in await tasks(bench)] == [("done", call["_id"])]


async def test_one_that_nobody_answered_reaches_nobody(bench: Bench, by_hand: ByHand) -> None:
    await bench.receive(missed())
    (client,) = await bench.clients()
    bench.clock.set(NOON + DAY)
    await added(by_hand, type="call", client_id=client["_id"], at=NOON + DAY, result="missed")
    await bench.follow()
    assert [task["state"] for task in await tasks(bench)] == ["open"]


async def test_a_planned_contact_reminds_its_people_once_and_again_when_it_moves(
    bench: Bench, by_hand: ByHand
) -> None:
    plan = {"at": NOON + DAY, "minutes": 90, "reminders": (3600,)}
    meeting = await added(by_hand, participants=(ANNA, {"login": "boris"}), plan=plan)
    assert (meeting["plan_at"], meeting["fact"], meeting["at"]) == (iso(NOON + DAY), None, iso(NOON))
    timers = due(bench)
    bench.clock.set(NOON + DAY - timedelta(minutes=30))
    assert [await timers.due.look(), await timers.due.look()] == [1, 0]
    moved = PlanForm(at=NOON + 3 * DAY, reminders=(60,))
    await by_hand.plan(meeting["_id"], moved, actor=OLGA)
    bench.clock.set(NOON + 3 * DAY)
    assert await timers.due.look() == 1
    assert [(each.kind, each.to, each.late) for each in notices(bench) if each.kind == "reminder"] == [
        ("reminder", ("olga", "boris"), 1800),
        ("reminder", ("olga", "boris"), 60),
    ]


async def test_what_came_of_a_plan_stands_beside_it_and_reminds_nobody_any_more(
    bench: Bench, by_hand: ByHand
) -> None:
    plan = {"at": NOON + DAY, "reminders": (0,)}
    meeting = await added(by_hand, participants=(ANNA,), plan=plan)
    bench.clock.set(NOON + DAY + timedelta(hours=1))
    fact = FactForm(held=True, at=NOON + DAY + timedelta(minutes=10), minutes=40, result="Договорились")
    after = await by_hand.fact(meeting["_id"], fact, actor=OLGA)
    assert (after["plan"]["minutes"], after["fact"]["minutes"], after["fact"]["result"]) == (60, 40, "Договорились")
    assert after["at"] == after["fact"]["at"]
    bench.clock.set(NOON + 2 * DAY)
    assert await due(bench).due.look() == 0
    with pytest.raises(Conflict):
        await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 5 * DAY), actor=OLGA)


async def test_what_a_channel_told_of_gets_no_result_by_hand(bench: Bench, by_hand: ByHand) -> None:
    await bench.receive(an_arrival())
    with pytest.raises(Conflict):
        await by_hand.fact(an_arrival().id, FactForm(held=False), actor=OLGA)
    with pytest.raises(Conflict):
        await by_hand.plan(an_arrival().id, PlanForm(at=NOON + DAY), actor=OLGA)


async def test_the_same_key_writes_it_down_once(bench: Bench, by_hand: ByHand) -> None:
    first, again = [await added(by_hand, key="k", participants=(ANNA,)) for _ in range(2)]
    assert (first["_id"], await bench.opened()) == (again["_id"], (1, 1, 1))
    with pytest.raises(Conflict):
        await added(by_hand, key="k", participants=(ANNA,), subject="Другое")


async def test_nobody_writes_into_what_he_does_not_see(bench: Bench, by_hand: ByHand) -> None:
    await bench.receive(an_arrival(team="legal", others="subject"))
    chain = (await bench.chains())[0]
    with pytest.raises(NotFound):
        await added(by_hand, BORIS, chain_id=chain["_id"])
    with pytest.raises(NotFound):
        await by_hand.note(chain["_id"], Note(text="x"), actor=BORIS, key=None)
    with pytest.raises(Forbidden):
        await by_hand.note(chain["_id"], Note(text="x"), actor=OLGA, key=None)


async def test_without_a_client_a_chain_a_cause_or_an_address_the_field_is_named(by_hand: ByHand) -> None:
    with pytest.raises(InvalidInput) as refused:
        await added(by_hand, participants=({"name": "Кто-то с выставки"},))
    assert list(refused.value.fields) == ["client_id"]


@pytest.mark.parametrize(
    "form",
    [
        {"type": "meeting", "result": "busy", "subject": "x"},
        {"type": "call", "plan": {"at": NOON}, "at": NOON},
        {"type": "letter"},
        {"type": "note", "text": "x"},
    ],
)
def test_a_form_that_contradicts_itself_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ByHandForm(**form)


async def test_a_note_never_leaves_and_moves_neither_the_turn_nor_the_chain(bench: Bench, by_hand: ByHand) -> None:
    await bench.receive(an_arrival())
    (before,) = await bench.chains()
    note = await by_hand.note(before["_id"], Note(text="Был у нас в марте"), actor=OLGA, key="n1")
    again = await by_hand.note(before["_id"], Note(text="Был у нас в марте"), actor=OLGA, key="n1")
    (after,) = await bench.chains()
    assert (note["_id"], note["delivery"], after["last_id"]) == (again["_id"], None, before["last_id"])
    assert [event.TOPIC for event in bench.bus.events() if event.TOPIC.startswith("outbound")] == []


async def test_whom_a_note_mentions_is_told_and_sees_the_chain_also_after_it_was_handed_over(
    bench: Bench, by_hand: ByHand
) -> None:
    await bench.receive(an_arrival(team="legal"))
    (chain,) = await bench.chains()
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(chain["_id"], ChainChange(owner="olga"), actor=OLGA)
    await handover.chain(chain["_id"], ChainChange(private=True), actor=OLGA)
    assert level_of(BORIS, (await bench.chains())[0]) == "nothing"
    await by_hand.note(chain["_id"], Note(text="@boris глянь", mentions=("boris", "boris")), actor=OLGA, key=None)
    (told,) = notices(bench)
    assert (told.kind, told.to, told.by, told.words) == ("mention", ("boris",), "olga", "@boris глянь")
    await handover.chain(chain["_id"], ChainChange(owner="vera", team="sales"), actor=OLGA)
    assert level_of(BORIS, (await bench.chains())[0]) == "full"


async def test_colleagues_are_told_of_a_new_contact_another_time_and_its_end_and_its_author_is_not(
    bench: Bench, by_hand: ByHand
) -> None:
    plan = {"at": NOON + DAY}
    meeting = await added(by_hand, plan=plan, participants=(ANNA, {"login": "boris"}), key="k")
    await added(by_hand, plan=plan, participants=(ANNA, {"login": "boris"}), key="k")
    same = PlanForm(at=NOON + DAY, reminders=(600,))
    await by_hand.plan(meeting["_id"], same, actor=OLGA)
    bench.clock.advance(timedelta(seconds=1))
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 2 * DAY), actor=BORIS)
    bench.clock.advance(timedelta(seconds=1))
    await by_hand.fact(meeting["_id"], FactForm(held=False), actor=OLGA)
    assert [
        (one.kind, one.to, one.by, one.what) for one in {one.event_id(): one for one in notices(bench)}.values()
    ] == [
        ("invitation", ("boris",), "olga", meeting["_id"]),
        ("invitation", ("olga",), "boris", meeting["_id"]),
        ("invitation", ("boris",), "olga", meeting["_id"]),
    ]
