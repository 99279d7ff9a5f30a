"""Scripts: checked when they are written, answered one by one, gone on with after whatever broke."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.masks import hiding
from hub.kit.errors import Conflict, HubError, InvalidInput, NotFound, TransientError
from hub.store.base import Document
from services.campaigns.calllists.following import Following
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.scripts.endpoints import counted
from services.campaigns.scripts.models import AnswerForm, ScriptForm
from services.campaigns.scripts.repository import ScriptRepository
from services.campaigns.scripts.service import Scripts
from tests.services.campaigns.conftest import MARKETER, Desk
from tests.services.campaigns.test_calllists import ANNA, BORIS, Room, people


def a_choice(*choices: tuple[str, str | None]) -> Document:
    return {"kind": "choice", "choices": [{"value": v, "title": v.title(), "goto": g} for v, g in choices]}


SPRING: Document = {
    "name": "Весна",
    "start": "hello",
    "steps": [
        {"id": "hello", "says": "Планируете ремонт?", "asks": a_choice(("yes", "size"), ("no", "bye"))},
        {
            "id": "size",
            "says": "Сколько метров?",
            "asks": {"kind": "number", "least": 1, "most": 500},
            "branches": [{"above": 100, "goto": "manager"}],
            "goto": "sold",
        },
        {"id": "manager", "says": "Когда удобно?", "asks": {"kind": "date"}, "goto": "sold"},
        {"id": "sold", "ends": "sale"},
        {"id": "bye", "says": "Спасибо", "ends": "not_interested"},
    ],
}


def with_step(number: int, **over: Any) -> Document:
    steps = [dict(step) for step in SPRING["steps"]]
    steps[number] |= over
    return {**SPRING, "steps": steps}


class Chains:
    """What was written into chains, by key."""

    def __init__(self) -> None:
        self.done: dict[str, tuple[str, Any]] = {}
        self.failing: HubError | None = None

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None:
        await self.task(interaction, {"text": text}, actor=actor, key=key)

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:
        if self.failing:
            raise self.failing
        self.done[key] = (actor.login, {"interaction": interaction, **given})

    deal = task


class Booth:
    """An operator who leads people of a list through a script."""

    def __init__(self, room: Room, kept: ScriptRepository) -> None:
        self.room, self.kept, self.chains = room, kept, Chains()
        self.scripts = self.again()
        self.following = Following(room.kept, self.chains, room.desk.bus, room.desk.clock)

    def again(self) -> Scripts:
        made = Scripts(self.kept, self.room.work, self.room.desk.clock)
        self.room.work.leads(made.answers)
        return made

    async def rung(self, script: Document = SPRING, count: int = 1) -> tuple[str, str, Document]:
        """Script, list, and the first of it, rung."""
        made = await self.scripts.add(ScriptForm.model_validate(script), actor=MARKETER, key=None)
        await people(self.room, count)
        call_list = await self.room.list(script=made["_id"], again={"no_answer": [60]})
        return made["_id"], call_list, await self.room.rung(call_list, ANNA)

    async def says(self, entry: Document, step: str, value: Any, actor: Actor = ANNA) -> str:
        """Where he stands then."""
        answer = AnswerForm.model_validate({"step": step, "value": value})
        return str((await self.scripts.answer(entry["_id"], answer, actor=actor))["step"].id)


@pytest.fixture
async def kept(store: Any) -> tuple[CallRepository, ScriptRepository]:
    return CallRepository(store), ScriptRepository(store)


@pytest.fixture
async def booth(kept: tuple[CallRepository, ScriptRepository], desk: Desk) -> Booth:
    return Booth(Room(desk, kept[0]), kept[1])


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({**SPRING, "start": "nowhere"}, "there is no step nowhere"),
        (with_step(1, goto="nowhere"), "step size: there is no step nowhere"),
        (with_step(1, branches=[]), "step manager: nothing leads to it"),
        (with_step(2, goto="manager"), "step manager: from here it goes round without an end"),
        (with_step(1, goto=None), "step size: goto is missing"),
        (with_step(3, id="hello"), "an id is given twice"),
        (with_step(3, asks={"kind": "text"}), "step sold: it either asks something, or ends"),
        (with_step(0, asks=a_choice()), "choice and several have choices"),
        (with_step(0, branches=[{"has": "yes", "goto": "bye"}]), "branches are for numbers and for several"),
        ({**SPRING, "steps": [*SPRING["steps"], *[{**SPRING["steps"][4], "says": "х" * 4000}] * 20]}, "65,536 bytes"),
    ],
)
def test_a_script_that_leads_nowhere_or_round_for_ever_or_is_too_large_is_refused_with_the_step(
    script: Document, words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        ScriptForm.model_validate(script)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), min_size=1, max_size=7))
def test_from_every_step_of_a_script_that_is_taken_an_end_can_be_come_to(given_: list[tuple[int, int, bool]]) -> None:
    steps: list[Document] = [
        {"id": f"s{n}", "ends": "sale"} if ends else {"id": f"s{n}", "asks": a_choice(("a", f"s{a}"), ("b", f"s{b}"))}
        for n, (a, b, ends) in enumerate(given_)
    ]
    try:
        form = ScriptForm.model_validate({"name": "x", "start": "s0", "steps": steps})
    except ValidationError:
        return
    distance = {step.id: 0 for step in form.steps if step.ends}
    for _ in form.steps:
        for step in form.steps:
            onward = [choice.goto for choice in step.asks.choices] if step.asks else []
            known = [distance[goto] + 1 for goto in onward if goto in distance]
            if known:
                distance.setdefault(step.id, min(known))
    assert distance.keys() == {step.id for step in form.steps}


async def test_an_end_names_a_disposition_of_the_dictionary(booth: Booth) -> None:
    form = ScriptForm.model_validate(with_step(3, ends="sold_twice"))
    with pytest.raises(InvalidInput, match="there is no disposition sold_twice"):
        await booth.scripts.add(form, actor=MARKETER, key=None)


async def test_answers_lead_by_branches_to_an_end_that_suggests_the_disposition(booth: Booth) -> None:
    _, _, entry = await booth.rung()
    assert (await booth.scripts.at(entry["_id"], ANNA))["step"].id == "hello"
    assert await booth.says(entry, "hello", "yes") == "size"
    assert await booth.says(entry, "size", 120) == "manager"
    assert await booth.says(entry, "manager", "2026-05-01") == "sold"
    assert (await booth.scripts.at(entry["_id"], ANNA))["step"].ends == "sale"


@pytest.mark.parametrize(
    ("step", "value", "words"),
    [
        ("hello", "perhaps", "value: give one of yes, no"),
        ("hello", ["yes", "no"], "value: give one of yes, no"),
        ("nothing", "yes", "the script has no question nothing"),
        ("size", 501, "value: give a number from 1.0 to 500.0"),
        ("manager", "someday", "value: "),
    ],
)
async def test_an_answer_that_is_none_is_refused_with_what_is_wanted(
    booth: Booth, step: str, value: Any, words: str
) -> None:
    _, _, entry = await booth.rung()
    with pytest.raises(InvalidInput, match=words):
        await booth.says(entry, step, value)
    assert (await booth.scripts.at(entry["_id"], ANNA))["answers"] == []


async def test_a_question_that_was_not_come_to_is_not_answered_and_nobody_answers_for_another(booth: Booth) -> None:
    _, _, entry = await booth.rung()
    with pytest.raises(Conflict, match="size was not come to; he stands at hello"):
        await booth.says(entry, "size", 5)
    with pytest.raises(NotFound):
        await booth.says(entry, "hello", "yes", BORIS)


async def test_an_answer_is_kept_when_page_and_hub_are_gone_and_is_gone_on_with_at_the_next_attempt(
    booth: Booth,
) -> None:
    _, call_list, entry = await booth.rung()
    await booth.says(entry, "hello", "yes")
    booth.room.work = booth.room.again()
    booth.scripts = booth.again()
    await booth.room.came(entry, "no_answer", ANNA)
    (attempt,) = (await booth.room.kept.attempts.find({"list": call_list}, order="at")).items
    assert attempt["answers"] == {"Планируете ремонт?": "Yes"}
    booth.room.desk.clock.advance(timedelta(hours=2))
    again = await booth.room.rung(call_list, BORIS)
    assert (await booth.scripts.at(again["_id"], BORIS))["step"].id == "size"


async def test_an_answer_given_anew_takes_back_what_followed_and_the_same_once_more_changes_nothing(
    booth: Booth,
) -> None:
    _, _, entry = await booth.rung()
    for step, value in (("hello", "yes"), ("size", 120), ("size", 120), ("hello", "yes")):
        await booth.says(entry, step, value)
    assert [one["step"] for one in (await booth.scripts.at(entry["_id"], ANNA))["answers"]] == ["hello", "size"]
    assert await booth.says(entry, "hello", "no") == "bye"
    assert [one["value"] for one in (await booth.scripts.at(entry["_id"], ANNA))["answers"]] == ["no"]


async def test_who_was_begun_with_a_version_goes_on_with_it_and_the_next_one_gets_the_new(booth: Booth) -> None:
    script, call_list, entry = await booth.rung(count=2)
    await booth.says(entry, "hello", "yes")
    shorter = ScriptForm.model_validate({**SPRING, "start": "bye", "steps": [SPRING["steps"][4]]})
    assert (await booth.scripts.change(script, shorter, actor=MARKETER))["version"] == 2
    assert (await booth.scripts.at(entry["_id"], ANNA))["step"].id == "size"
    other = await booth.room.rung(call_list, BORIS)
    assert (await booth.scripts.at(other["_id"], BORIS))["step"].id == "bye"
    assert (await booth.scripts.get(script, MARKETER, 1))["start"] == "hello"


async def test_a_report_counts_the_answers_of_a_list_those_of_broken_calls_among_them(booth: Booth) -> None:
    _, call_list, first = await booth.rung(count=3)
    await booth.says(first, "hello", "yes")
    await booth.says(first, "size", 40)
    second = await booth.room.rung(call_list, BORIS)
    await booth.says(second, "hello", "yes", BORIS)
    report = await booth.scripts.report(call_list)
    assert (report["asked"], report["ended"]) == (2, 1)
    assert (report["counts"], report["numbers"]) == ({"hello": {"yes": 2}, "size": {}}, {"size": [40.0]})


async def test_what_was_answered_is_a_note_in_the_chain_and_a_task_and_a_deal_follow_once(booth: Booth) -> None:
    _, _, entry = await booth.rung()
    await booth.says(entry, "hello", "yes")
    follows = {"task": {"title": "Выслать каталог"}, "deal": {"title": "Кухня"}, "comment": "ждёт"}
    booth.chains.failing = TransientError("away")
    await booth.room.came(entry, "sale", ANNA, **follows)
    with pytest.raises(TransientError):
        await booth.following.look()
    booth.chains.failing = None
    for _ in range(2):
        await booth.following.look()
    interaction, key = entry["attempt"]["interaction"], entry["attempt"]["id"]
    assert booth.chains.done == {
        f"{key}-note": ("anna", {"interaction": interaction, "text": "Планируете ремонт? — Yes\nждёт"}),
        f"{key}-task": ("anna", {"interaction": interaction, "assignee": "anna", "title": "Выслать каталог"}),
        f"{key}-deal": ("anna", {"interaction": interaction, "title": "Кухня", "amount": None}),
    }


async def test_what_is_refused_holds_up_nothing_and_is_noted_with_the_attempt(booth: Booth) -> None:
    _, call_list, entry = await booth.rung()
    await booth.room.came(entry, "sale", ANNA, comment="да")
    booth.chains.failing = Conflict("the chain is closed")
    await booth.following.look()
    (attempt,) = (await booth.room.kept.attempts.find({"list": call_list}, order="at")).items
    assert (attempt["unfollowed"], "owes" in attempt) == ("the chain is closed", False)


async def test_what_was_answered_at_an_attempt_before_is_no_answer_of_the_next_one(booth: Booth) -> None:
    _, call_list, entry = await booth.rung()
    await booth.says(entry, "hello", "yes")
    await booth.room.came(entry, "no_answer", ANNA)
    booth.room.desk.clock.advance(timedelta(hours=2))
    again = await booth.room.rung(call_list, BORIS)
    await booth.room.came(again, "busy", BORIS)
    first, second = (await booth.room.kept.attempts.find({"list": call_list}, order="at")).items
    assert (first["answers"], second["answers"], "owes" in second) == ({"Планируете ремонт?": "Yes"}, {}, False)


async def test_two_questions_in_the_same_words_keep_both_answers(booth: Booth) -> None:
    steps = [
        {"id": "first", "says": "Сколько?", "asks": {"kind": "number"}, "goto": "second"},
        {"id": "second", "says": "Сколько?", "asks": {"kind": "number"}, "goto": "sold"},
        {"id": "sold", "ends": "sale"},
    ]
    _, call_list, entry = await booth.rung({"name": "Дважды", "start": "first", "steps": steps})
    await booth.says(entry, "first", 1)
    await booth.says(entry, "second", 2)
    await booth.room.came(entry, "sale", ANNA)
    (attempt,) = (await booth.room.kept.attempts.find({"list": call_list}, order="at")).items
    assert sorted(attempt["answers"].values()) == ["1", "2"]


class NoNotes(Chains):
    """Takes no notes."""

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None:
        del interaction, text, actor, key
        raise InvalidInput("text: it is too long")


async def test_a_note_that_is_refused_keeps_no_task_and_no_deal_from_being_opened(booth: Booth) -> None:
    _, call_list, entry = await booth.rung()
    chains = NoNotes()
    follows = {"task": {"title": "Выслать каталог"}, "deal": {"title": "Кухня"}, "comment": "ждёт"}
    await booth.room.came(entry, "sale", ANNA, **follows)
    await Following(booth.room.kept, chains, booth.room.desk.bus, booth.room.desk.clock).look()
    key = entry["attempt"]["id"]
    assert chains.done.keys() == {f"{key}-task", f"{key}-deal"}
    (attempt,) = (await booth.room.kept.attempts.find({"list": call_list}, order="at")).items
    assert attempt["unfollowed"] == "text: it is too long"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
async def test_what_is_no_finite_number_is_no_answer_to_a_question_for_a_number(booth: Booth, value: float) -> None:
    steps = [{"id": "size", "asks": {"kind": "number"}, "goto": "sold"}, {"id": "sold", "ends": "sale"}]
    _, _, entry = await booth.rung({"name": "Метры", "start": "size", "steps": steps})
    with pytest.raises((InvalidInput, ValidationError)):
        await booth.says(entry, "size", value)


def test_the_answers_of_a_list_show_addresses_masked_to_whom_they_are_hidden() -> None:
    found = {"counts": {"phone": Counter({"звоните +79161234567": 1, "звоните +79161234568": 2})}, "numbers": {}}
    with hiding(["addresses"]):
        told = counted(found, "phone").model_dump(mode="json")
    assert "+79161234567" not in str(told)
    assert sum(told["counts"].values()) == 3


async def test_a_report_reads_a_version_once_however_many_were_asked(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, call_list, entry = await booth.rung(count=3)
    await booth.says(entry, "hello", "yes")
    for operator in (BORIS, MARKETER):
        await booth.says(await booth.room.rung(call_list, operator), "hello", "yes", operator)
    read = AsyncMock(wraps=booth.kept.version)
    monkeypatch.setattr(booth.kept, "version", read)
    assert (await booth.scripts.report(call_list))["asked"] == 3
    assert read.await_count == 1
