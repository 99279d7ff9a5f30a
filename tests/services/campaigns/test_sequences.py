"""Sequences: steps with waits, one run for a client, what ends it, what is held, and why somebody got no more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.address import Consent
from hub.contracts.campaign import SegmentMoved
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.leases import LEASES, Leases
from hub.testing.builders import NOON, envelopes
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.mailings.standing import Standing
from services.campaigns.segments.models import Condition, NewSegment
from services.campaigns.sequences import parts
from services.campaigns.sequences.models import SequenceForm
from services.campaigns.sequences.repository import MOST, SequenceRepository
from tests.services.campaigns.conftest import MARKETER, Desk, a_client, a_letter, an_address
from tests.services.campaigns.mailing_desk import Post, a_post
from tests.services.campaigns.test_attribution import a_deal

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Office:
    """A marketer with sequences; the loops are stepped by hand."""

    def __init__(self, post: Post, books: LeadTables) -> None:
        self.post, self.desk = post, post.desk
        leases = Leases(post.desk.store.collection(LEASES), post.desk.clock, "one", timedelta(seconds=30))
        self.parts = parts.built(
            post.desk.store,
            post.desk.bus,
            post.desk.clock,
            standing=Standing(post.repository, post.mailings, post.desk.clock),
            mailings=post.mailings,
            kept_mailings=post.repository,
            segments=post.desk.segments,
            columns=post.desk.columns,
            books=books,
            leases=leases,
            restraint=post.restraint,
        )
        self.looking = self.parts.looking(post.looking)

    async def form(self, *waits: timedelta, **over: Any) -> SequenceForm:
        steps = [
            {"wait": wait, "message": {"channel": "email", "template": await self.post.template(), "account": "mb_1"}}
            for wait in waits
        ]
        return SequenceForm.model_validate({"name": "Знакомство", "topic": "offers", "steps": steps, **over})

    async def started(self, *waits: timedelta, **over: Any) -> str:
        form = await self.form(*(waits or (timedelta(0), DAY)), **over)
        made = await self.parts.sequences.add(form, actor=MARKETER, key=None)
        await self.parts.sequences.start(made["_id"], actor=MARKETER)
        return str(made["_id"])

    async def entered(self, given: str, *numbers: int) -> dict[str, str]:
        names = [f"cl_{number}" for number in numbers]
        return await self.parts.entering.enter(given, names, actor=MARKETER)

    async def pass_by(self, time: timedelta = MINUTE) -> None:
        """Time goes by, and what is due goes on."""
        self.desk.clock.advance(time + timedelta(seconds=1))
        while await self.parts.advancing.look():
            pass
        await self.post.run()

    def got(self) -> list[str]:
        """Whom the channels were asked to write to, in order."""
        return [one.address.removeprefix("email:").partition("@")[0] for one in self.post.asked()]

    async def run(self, given: str, number: int = 1) -> tuple[str, str, int]:
        (run,) = (await self.parts.repository.get_runs(given, [f"cl_{number}"])).values()
        return run["state"], run["reason"], run["step"]


@pytest.fixture
async def kept(store: Any) -> SequenceRepository:
    """Declares what the store holds before the desk starts it."""
    return SequenceRepository(store)


@pytest.fixture
async def office(kept: SequenceRepository, desk: Desk, tmp_path: Path) -> AsyncIterator[Office]:
    del kept
    books = LeadTables(tmp_path, "host/one", desk.bus)
    await desk.hear(*(a_client(n) for n in range(1, 5)))
    yield Office(await a_post(desk), books)
    await books.close()


async def test_each_step_is_sent_once_after_its_wait(office: Office) -> None:
    given = await office.started(timedelta(0), DAY, DAY)
    assert await office.entered(given, 1, 2) == {"cl_1": "", "cl_2": ""}
    seen = []
    for time in (MINUTE, 23 * DAY / 24, DAY / 24, DAY, DAY):
        await office.pass_by(time)
        seen.append(len(office.got()))
    assert (seen, office.got()) == ([2, 2, 4, 6, 6], ["a1", "a2"] * 3)
    assert await office.run(given) == ("done", "", 3)


async def test_a_client_has_one_run_and_enters_again_by_its_rule_alone(office: Office) -> None:
    once, again = await office.started(timedelta(0)), await office.started(timedelta(0), again_after=DAY)
    for given in (once, again):
        await office.entered(given, 1)
        assert await office.entered(given, 1) == {"cl_1": "he is in it"}
    await office.pass_by()
    assert await office.entered(again, 1) == {"cl_1": "he was in it, and may enter again at 2026-03-03T12:01"}
    await office.pass_by(2 * DAY)
    assert await office.entered(once, 1) == {
        "cl_1": "he was in it from 2026-03-02T12:00 on, and nobody enters it twice (again_after)"
    }
    assert await office.entered(again, 1) == {"cl_1": ""}
    await office.pass_by()
    assert office.got() == ["a1"] * 3


async def test_whoever_enters_its_segment_enters_it_once_however_often_that_is_told(office: Office) -> None:
    include = Condition.model_validate({"did": "wrote"})
    segment = await office.desk.segments.add(
        NewSegment(name="x", include=include, watched=True), actor=MARKETER, key=None
    )
    given = await office.started(timedelta(0), segment=segment["_id"], stop_on=["deal"], again_after=timedelta(0))
    before = SegmentMoved(segment=segment["_id"], entered=("cl_3",), revision=1, at=NOON - DAY)
    moved = SegmentMoved(segment=segment["_id"], entered=("cl_1", "cl_2"), revision=2, at=NOON)
    other = SegmentMoved(segment="seg_other", entered=("cl_4",), revision=2, at=NOON)
    for _ in range(2):
        await office.parts.entering.hear(envelopes(before, moved, other))
        await office.pass_by()
    assert office.got() == ["a1", "a2"]
    assert (await office.run(given))[0] == "done"


async def test_a_segment_that_nobody_watches_lets_nobody_in(office: Office) -> None:
    include = Condition.model_validate({"did": "wrote"})
    segment = await office.desk.segments.add(NewSegment(name="x", include=include), actor=MARKETER, key=None)
    with pytest.raises(InvalidInput, match="is not watched"):
        await office.started(segment=segment["_id"])


async def test_who_answers_gets_no_more(office: Office) -> None:
    given = await office.started()
    await office.desk.hear(a_letter(1, 2, at=NOON - DAY))
    await office.entered(given, 1, 2, 3)
    await office.pass_by()
    await office.desk.hear(a_letter(2, 1, at=NOON + 2 * MINUTE), a_letter(3, 3, at=NOON + MINUTE, auto="auto-reply"))
    await office.pass_by(DAY)
    assert office.got() == ["a1", "a2", "a3", "a2", "a3"]
    assert await office.run(given) == ("stopped", "he wrote or called at 2026-03-02T12:02", 1)


async def test_who_says_no_gets_no_more_and_who_cannot_be_reached_now_may_be_later(office: Office) -> None:
    given = await office.started()
    dead = an_address("email:a2@example.com", client_id="cl_2", invalid={"since": NOON})
    await office.desk.hear(dead)
    await office.entered(given, 1, 2)
    await office.pass_by()
    word = Consent(channel="email", topic="offers", state="withdrawn", at=NOON, source="page")
    await office.desk.hear(
        an_address("email:a1@example.com", client_id="cl_1", consent=[word]),
        an_address("email:a2@example.com", client_id="cl_2", revision=2),
    )
    await office.pass_by(DAY)
    assert office.got() == ["a1", "a2"]
    assert await office.run(given) == ("stopped", "he said no to the topic or to the channel", 1)
    assert (await office.run(given, 2))[0] == "done"


async def test_a_deal_ends_it(office: Office) -> None:
    given = await office.started()
    await office.desk.hear(a_deal(1, 1, opened_at=NOON - DAY, state="open", closed_at=None))
    await office.entered(given, 1, 2)
    await office.pass_by()
    await office.desk.hear(
        a_deal(1, 1, revision=2, opened_at=NOON - DAY, closed_at=NOON + MINUTE),
        a_deal(2, 3, opened_at=NOON + MINUTE),
    )
    await office.pass_by(DAY)
    assert office.got() == ["a1", "a2", "a2"]
    assert await office.run(given) == ("stopped", "a deal of his was opened or won at 2026-03-02T12:01", 1)


async def test_who_left_the_segment_gets_no_more(office: Office) -> None:
    include = Condition.model_validate({"field": "status", "value": "lead"})
    segment = await office.desk.segments.add(
        NewSegment(name="x", include=include, watched=True), actor=MARKETER, key=None
    )
    await office.desk.hear(*(a_client(n, revision=2, status="lead") for n in (1, 2)))
    given = await office.started(segment=segment["_id"], stop_on=["left"])
    await office.entered(given, 1, 2)
    await office.pass_by()
    await office.desk.hear(a_client(1, revision=3, status="customer"))
    await office.pass_by(DAY)
    assert office.got() == ["a1", "a2", "a2"]
    assert await office.run(given) == ("stopped", "he left the segment", 1)


async def test_a_sequence_that_rests_asks_for_nothing_and_goes_on_where_it_was(office: Office) -> None:
    given = await office.started()
    await office.entered(given, 1)
    await office.pass_by()
    await office.parts.sequences.pause(given, actor=MARKETER)
    await office.pass_by(3 * DAY)
    assert office.got() == ["a1"]
    await office.parts.sequences.resume(given, actor=MARKETER)
    await office.pass_by()
    assert office.got() == ["a1", "a1"]
    ended = await office.parts.sequences.end(given, actor=MARKETER)
    mailings = await office.post.repository.plain.get_many(ended["mailings"])
    assert {one["state"] for one in mailings.values()} == {"cancelled"}
    with pytest.raises(Conflict, match="it is ended: nobody enters it"):
        await office.entered(given, 2)


async def test_nothing_goes_while_the_hub_is_held_and_what_is_old_then_waits_for_a_word(office: Office) -> None:
    given = await office.started(timedelta(0), DAY)
    await office.entered(given, 1)
    await office.pass_by()
    office.post.restraint._held = True
    await office.pass_by(3 * DAY)
    assert office.got() == ["a1"]
    office.post.restraint._held = False
    await office.pass_by()
    held = await office.parts.sequences.get(given, MARKETER)
    assert (office.got(), held["state"]) == (["a1"], "held")
    assert held["reason"].startswith("nobody ran it for 3 days")
    await office.parts.sequences.resume(given, actor=MARKETER)
    await office.pass_by()
    assert office.got() == ["a1", "a1"]


async def test_why_and_how_many_is_told_by_step(office: Office) -> None:
    given = await office.started()
    await office.entered(given, 1, 2)
    await office.pass_by()
    await office.post.told(*office.post.asked())
    await office.desk.hear(a_letter(2, 1, at=NOON + 2 * MINUTE))
    await office.pass_by(DAY)
    counted = await office.looking.statistics(given, MARKETER)
    assert counted.runs == {"stopped": 1, "done": 1}
    assert [(one["audience"], one["sent"], one["queued"]) for one in counted.steps] == [(2, 2, 0), (1, 0, 1)]
    assert await office.looking.why(given, "cl_1", MARKETER) == [
        "he entered it at 2026-03-02T12:00 by petr",
        "step 1: sent",
        "step 1: it left at 2026-03-02T12:01",
        "it was stopped before step 2 at 2026-03-03T12:01: he wrote or called at 2026-03-02T12:02",
    ]
    assert await office.looking.why(given, "cl_3", MARKETER) == [
        "he did not enter it, which goes since 2026-03-02T12:00"
    ]


async def test_a_run_is_stopped_by_hand_also_what_waits_of_it(office: Office) -> None:
    given = await office.started()
    await office.entered(given, 1)
    mailings = (await office.parts.sequences.get(given, MARKETER))["mailings"]
    office.desk.clock.advance(MINUTE)
    await office.parts.advancing.look()
    await office.looking.stop(given, "cl_1", "просил по телефону", actor=MARKETER)
    await office.pass_by(2 * DAY)
    assert (office.got(), await office.run(given)) == ([], ("stopped", "просил по телефону (petr)", 1))
    assert [(row["state"], row["reason"]) for row in await office.post.rows(mailings[0])] == [
        ("suppressed", "his run was stopped before it left")
    ]


async def test_nobody_lets_in_or_stops_whom_he_does_not_see(office: Office) -> None:
    given = await office.started(team="t_1")
    anna = Actor(login="anna", reach=("team:t_1",))
    await office.desk.hear(a_client(2, revision=2, seen_by=["team:t_1"]))
    assert await office.parts.entering.enter(given, ["cl_1", "cl_2"], actor=anna) == {
        "cl_1": "there is no such client",
        "cl_2": "",
    }
    await office.entered(given, 1)
    with pytest.raises(NotFound, match="cl_1 is not in it"):
        await office.looking.stop(given, "cl_1", "x", actor=anna)
    assert [
        run["client_id"] for run in (await office.looking.runs(given, None, anna, limit=9, after=None)).items
    ] == ["cl_2"]


async def test_a_step_that_cannot_be_sent_is_refused_with_its_number(office: Office) -> None:
    form = await office.form(timedelta(0), DAY)
    step = form.steps[1].model_copy(update={"message": form.steps[1].message.model_copy(update={"account": "mb_9"})})
    wrong = form.model_copy(update={"steps": (form.steps[0], step)})
    with pytest.raises(InvalidInput) as found:
        await office.parts.sequences.add(wrong, actor=MARKETER, key=None)
    assert list(found.value.fields) == ["steps.1.message.account"]
    with pytest.raises(ValidationError, match="left goes with a segment"):
        await office.form(timedelta(0), stop_on=["left"])


async def test_its_mailings_are_in_no_list_and_stay_although_nothing_waits(office: Office) -> None:
    given = await office.started()
    await office.entered(given, 1)
    await office.pass_by()
    await office.post.told(*office.post.asked())
    await office.pass_by()
    assert (await office.post.mailings.page(MARKETER, limit=10, after=None)).items == []
    mailings = (await office.parts.sequences.get(given, MARKETER))["mailings"]
    found = await office.post.repository.plain.get_many(mailings)
    assert {one["state"] for one in found.values()} == {"running"}


async def test_a_mailing_that_stands_is_looked_at_only_while_something_of_it_waits(office: Office) -> None:
    given = await office.started()
    await office.post.run()
    assert await office.post.repository.active() == []
    await office.entered(given, 1)
    await office.pass_by()
    mailings = (await office.parts.sequences.get(given, MARKETER))["mailings"]
    assert [one["_id"] for one in await office.post.repository.active()] == [mailings[0]]
    await office.post.told(*office.post.asked())
    await office.post.run()
    assert await office.post.repository.active() == []


async def test_a_row_that_joins_while_it_is_looked_at_is_not_left_behind(office: Office) -> None:
    given = await office.started()
    mailings = (await office.parts.sequences.get(given, MARKETER))["mailings"]
    before = await office.post.repository.plain.get(mailings[0])
    assert before is not None
    await office.entered(given, 1)
    office.desk.clock.advance(MINUTE)
    await office.parts.advancing.look()
    await office.post.repository.rows.delete_many([f"{mailings[0]}-0"])
    await office.post.runner._end(before)
    assert {one["_id"] for one in await office.post.repository.active()} == set(mailings)


async def asked_halfway(office: Office, given: str) -> Callable[[], Awaitable[int]]:
    """His first step is due; the rest of what asks for it, which is done when it is called."""
    await office.entered(given, 1)
    office.desk.clock.advance(MINUTE)
    advancing = office.parts.advancing
    await advancing.due.look()
    sequence = await office.parts.sequences.get(given, MARKETER)
    runs = await office.parts.repository.asking(given, limit=9)
    return lambda: advancing._ask(sequence, 0, runs, office.desk.clock.now())


async def test_who_is_stopped_while_his_step_is_asked_for_gets_nothing(office: Office) -> None:
    given = await office.started()
    goes_on = await asked_halfway(office, given)
    await office.looking.stop(given, "cl_1", "просил", actor=MARKETER)
    assert await goes_on() == 0
    await office.pass_by()
    assert (office.got(), await office.run(given)) == ([], ("stopped", "просил (petr)", 0))


async def test_nothing_waits_for_ever_in_a_sequence_that_ended_while_a_step_was_asked_for(office: Office) -> None:
    given = await office.started()
    goes_on = await asked_halfway(office, given)
    ended = await office.parts.sequences.end(given, actor=MARKETER)
    await goes_on()
    await office.pass_by()
    assert (office.got(), await office.post.states(ended["mailings"][0])) == ([], {"suppressed": 1})


async def test_a_sequence_whose_message_is_held_is_held_with_it(office: Office) -> None:
    given = await office.started(timedelta(0))
    await office.entered(given, 1)
    office.desk.clock.advance(MINUTE)
    await office.parts.advancing.look()
    office.desk.clock.advance(3 * DAY)
    await office.pass_by()
    assert office.got() == []
    await office.pass_by()
    held = await office.parts.sequences.get(given, MARKETER)
    assert (held["state"], held["reason"][:40]) == ("held", "it should have gone on at 2026-03-02T12:")
    await office.parts.sequences.resume(given, actor=MARKETER)
    await office.pass_by()
    assert office.got() == ["a1"]


async def test_nobody_enters_whom_the_one_who_started_it_does_not_see(office: Office) -> None:
    await office.desk.hear(a_client(2, revision=2, seen_by=["team:t_2"]))
    made = await office.parts.sequences.add(await office.form(timedelta(0)), actor=MARKETER, key=None)
    await office.parts.sequences.start(made["_id"], actor=Actor(login="petr", reach=("owner:petr", "team:")))
    assert await office.entered(made["_id"], 1, 2) == {"cl_1": "", "cl_2": "whoever started it does not see him"}
    await office.pass_by()
    assert office.got() == ["a1"]


async def test_sequences_that_are_started_at_one_moment_go_all_of_them(office: Office) -> None:
    drafts = [
        await office.parts.sequences.add(await office.form(timedelta(0)), actor=MARKETER, key=None) for _ in range(2)
    ]
    others = [{"_id": f"a_{n}", "active": True, "state": "paused"} for n in range(MOST - 1)]
    # As if the last two had looked how many go before either went.
    await office.parts.repository.sequences.insert_many(others[1:])
    for one in drafts:
        await office.parts.sequences.start(one["_id"], actor=MARKETER)
    await office.parts.repository.sequences.insert_many(others[:1])
    for one in drafts:
        await office.entered(one["_id"], 1)
    await office.pass_by()
    assert office.got() == ["a1", "a1"]
    late = await office.parts.sequences.add(await office.form(timedelta(0)), actor=MARKETER, key=None)
    with pytest.raises(Conflict, match="200 sequences go already"):
        await office.parts.sequences.start(late["_id"], actor=MARKETER)


async def test_runs_of_a_sequence_that_was_ended_end_with_it_and_nobody_waits_in_its_statistics(
    office: Office,
) -> None:
    given = await office.started(timedelta(0), DAY)
    await office.entered(given, 1, 2, 3)
    await office.pass_by()
    await office.parts.sequences.end(given, actor=MARKETER)
    await office.pass_by()
    await office.pass_by()
    assert (await office.looking.statistics(given, MARKETER)).runs == {"stopped": 3}
    assert await office.run(given) == ("stopped", "the sequence was ended", 1)
    assert await office.parts.repository.ending() == []
    await office.pass_by(2 * DAY)
    assert len(office.got()) == 3


async def test_who_entered_while_it_was_ended_does_not_wait_in_it(office: Office) -> None:
    given = await office.started(timedelta(0), DAY)
    before = await office.parts.sequences.get(given, MARKETER)
    await office.parts.sequences.end(given, actor=MARKETER)
    await office.pass_by()
    await office.parts.entering._enter(before, ["cl_1"], MARKETER, cause="x", fresh=True)
    await office.pass_by()
    await office.pass_by()
    assert (await office.run(given))[:2] == ("stopped", "the sequence was ended")
