"""The way out of one account: lanes, order for each recipient, the gate, intents that nobody confirmed."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from hub.channels.feed import PAGE
from hub.channels.gate import Rules
from hub.channels.lanes import FLOOR, WINDOW
from hub.channels.sender import Hold
from hub.contracts.address import AddressChanged, AddressState, Consent
from hub.contracts.base import Envelope
from hub.contracts.interaction import GroupChanged, SendMessage
from hub.kit.errors import StoreUnavailable
from hub.kit.restraint import hold, release
from hub.kit.tracing.spans import span_of, told_to, trace_of
from hub.testing.fakes import FakeSink
from tests.hub.channels.rig import SOON, Rig, a_message, a_rig

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA, PETR = "email:anna@x.example", "email:petr@x.example"


def a_mailing(count: int, **over: object) -> list[SendMessage]:
    return [a_message(n, f"email:{n}@x.example", mass=True, **over) for n in range(count)]


async def test_an_answer_goes_before_a_mailing_that_was_there_first(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.give(*a_mailing(200))
        await rig.give(a_message("robot", auto=True), a_message("answer", PETR))
        async with rig.running():
            assert (await rig.got(2))[:2] == ["answer", "robot"]


async def test_an_answer_goes_next_while_a_mailing_is_leaving(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.give(*a_mailing(700))
        async with rig.running():
            before = len(await rig.got(20))
            await rig.give(a_message("answer", PETR))
            await rig.until(lambda: "answer" in rig.provider.got)
            assert rig.provider.got.index("answer") - before < 100


async def test_a_mailing_and_a_robot_get_their_turns_while_persons_never_stop(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.give(*a_mailing(10))
        await rig.give(*[a_message(f"robot{n}", f"email:r{n}@x.example", auto=True) for n in range(10)])
        await rig.give(*[a_message(f"person{n}", f"email:p{n}@x.example") for n in range(40)])
        async with rig.running():
            first = (await rig.got(40))[:40]
        for start in range(0, 40, FLOOR):
            turn = first[start : start + FLOOR]
            assert sum(one.isdigit() for one in turn) == 1
            assert sum(one.startswith("robot") for one in turn) == 1


async def test_a_mailing_leaves_one_place_free_for_a_person(tmp_path: Path) -> None:
    async with a_rig(tmp_path, lanes=3) as rig:
        rig.provider.slow = {f"in_{n}" for n in range(10)}
        await rig.give(*a_mailing(10))
        async with rig.running():
            await rig.state(1, "sending")
            await rig.give(a_message("answer", PETR))
            assert await rig.got(1) == ["answer"]
            rig.provider.release.set()


@pytest.mark.parametrize("workers", [1, 8])
async def test_nothing_overtakes_a_deferred_message_of_its_lane_to_the_same_recipient(
    tmp_path: Path, workers: int
) -> None:
    async with a_rig(tmp_path, lanes=workers) as rig:
        rig.provider.deferred = {"in_1": SOON, "in_3": SOON}
        await rig.give(*[a_message(n) for n in range(1, 5)], a_message("other", PETR))
        async with rig.running():
            await rig.until(lambda: "other" in rig.provider.got)
            assert [one for one in await rig.got(5) if one != "other"] == ["1", "2", "3", "4"]


async def test_what_comes_later_waits_behind_a_deferred_message_also_after_a_restart(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.provider.deferred = {"in_1": timedelta(seconds=1)}
        await rig.give(a_message(1))
        async with rig.running():
            await rig.state(1, "deferred")
        await rig.give(a_message(2))
        await asyncio.sleep(1.1)  # now both are due, and the second one has been for longer
        rig.sender = rig.another()
        async with rig.running():
            assert await rig.got(2) == ["1", "2"]


async def test_an_answer_overtakes_a_deferred_mailing_to_the_same_recipient(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.provider.deferred = {"in_0": timedelta(seconds=1)}
        await rig.give(a_message(0, mass=True))
        async with rig.running():
            await rig.state(0, "deferred")
            await rig.give(a_message("answer"))
            assert await rig.got(2) == ["answer", "0"]


class OneChatRests:
    """Lets nothing go to Anna."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, message: SendMessage) -> Hold | None:
        self.asked += 1
        return Hold(timedelta(hours=1)) if message.to[0].address == ANNA else None


async def test_a_recipient_who_has_to_wait_costs_the_others_nothing(tmp_path: Path) -> None:
    pace = OneChatRests()
    async with a_rig(tmp_path, pace=pace) as rig:
        await rig.give(*[a_message(n, ANNA) for n in range(1_000)])
        await rig.give(*[a_message(f"p{n}", f"email:p{n}@x.example") for n in range(20)])
        async with rig.running():
            assert await rig.got(20) == [f"p{n}" for n in range(20)]
        assert pace.asked < 30


async def test_what_is_in_memory_is_bounded_whatever_waits(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        most = 0

        def look(_: SendMessage) -> None:
            nonlocal most
            most = max(most, len(rig.sender._lanes))

        rig.provider.before_intent = look
        await rig.give(*a_mailing(2 * WINDOW))
        async with rig.running():
            await rig.got(60)
    assert WINDOW / 2 < most <= WINDOW + PAGE


async def test_a_backlog_for_one_recipient_leaves_whole_and_in_order(tmp_path: Path) -> None:
    async with a_rig(tmp_path, lanes=4) as rig:
        await rig.give(*[a_message(n) for n in range(150)])
        async with rig.running():
            assert await rig.got(150) == [str(n) for n in range(150)]


async def test_an_entry_of_an_older_hub_is_sent(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        for number, over in enumerate(({}, {"mass": True})):
            entry = rig.ledger._entry(a_message(number, f"email:{number}@x.example", **over), {"_id": "acc"})
            for name in ("lane", "to", "mass_to", "group"):
                entry.pop(name, None)
            await rig.sends.add([entry])
        async with rig.running():
            assert await rig.got(2) == ["0", "1"]


async def test_a_message_that_breaks_the_channel_does_not_keep_the_others_back(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.provider.broken = {"in_bad"}
        await rig.give(a_message("bad"), a_message("good", PETR))
        async with rig.running():
            assert await rig.got(1) == ["good"]
            assert "a fault of ours" in (await rig.state("bad", "deferred"))["reason"]


async def test_an_entry_that_cannot_be_read_has_failed_and_keeps_nobody_back(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        broken = {**rig.ledger._entry(a_message("bad"), {"_id": "acc"}), "command": "{"}
        await rig.sends.add([broken])
        await rig.give(a_message("good", PETR))
        async with rig.running():
            assert await rig.got(1) == ["good"]
            await rig.state("bad", "failed")


@pytest.mark.parametrize("written", [True, False])
async def test_an_intent_that_was_not_confirmed_is_taken_back_and_the_message_sent_once(
    tmp_path: Path, written: bool
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.lose_confirmation("intent", written=written)
        await rig.give(a_message(1), a_message(2, PETR))
        async with rig.running():
            assert sorted(await rig.got(2)) == ["1", "2"]
            assert (await rig.state(1, "sent"))["attempts"] == 1


async def test_an_outcome_whose_confirmation_was_lost_is_told_and_the_account_stays_well(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.lose_confirmation("done", written=True)
        await rig.give(a_message(1))
        async with rig.running():
            await rig.state(1, "sent")
            await rig.until(lambda: ("sent", "ok") in rig.told(1))
        assert (rig.provider.got, rig.health.document()["sending"]) == (["1"], None)


async def test_a_recalled_mailing_never_leaves_and_says_so(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.give(*a_mailing(60, group="spring"), a_message("answer", PETR))
        await rig.groups.learn([GroupChanged(group="spring", state="recalled", revision=2, at=NOW)])
        async with rig.running():
            assert await rig.got(1) == ["answer"]
            await rig.state(59, "suppressed")
        assert rig.told(7)[-1] == ("suppressed", "recalled before it left")
        assert rig.store.calls["sends", "swap_many"] <= 2 * (60 / PAGE + 1) + 2, "one by one"
        assert rig.provider.got == ["answer"]


async def test_a_recall_counts_until_the_last_instant(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        recall = GroupChanged(group="spring", state="recalled", revision=2, at=NOW)
        rig.provider.before_intent = lambda _: rig.groups.learn([recall])
        await rig.give(*a_mailing(1, group="spring"))
        async with rig.running():
            await rig.state(0, "suppressed")
        assert rig.provider.got == []


async def test_a_mailing_that_rests_waits_keeps_no_other_back_and_goes_on_when_it_may(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.groups.learn([GroupChanged(group="spring", state="paused", revision=1, at=NOW)])
        await rig.give(a_message(1, mass=True, group="spring"), a_message(2, mass=True, group="autumn"))
        async with rig.running():
            assert await rig.got(1) == ["2"]
            await rig.until(lambda: ("queued", "held: its mailing rests") in rig.told(1))
            await rig.groups.learn([GroupChanged(group="spring", state="running", revision=2, at=NOW)])
            await rig.ledger.wake_group("spring")
            rig.sender.wake()
            assert await rig.got(2) == ["2", "1"]


class GoesOn:
    """A mailing that goes on in the very moment in which it was found to rest."""

    rig: Rig
    refused = 0
    """So many of the questions after that are not answered."""

    async def state(self, group: str) -> str:
        found = await self.rig.groups.state(group)
        if found == "paused":
            await self.rig.groups.learn([GroupChanged(group=group, state="running", revision=2, at=NOW)])
            await self.rig.ledger.wake_group(group)
        elif self.refused and ("queued", "held: its mailing rests") in self.rig.told(1):
            self.refused -= 1
            raise StoreUnavailable("no answer")
        return found


@pytest.mark.parametrize("refused", [0, 2])
@pytest.mark.parametrize("late", [False, True])
async def test_a_mailing_that_goes_on_while_it_is_being_held_goes_on(
    tmp_path: Path, late: bool, refused: int
) -> None:
    groups = GoesOn()
    async with a_rig(tmp_path, groups=groups) as rig:
        groups.rig, groups.refused = rig, refused
        paused = GroupChanged(group="spring", state="paused", revision=1, at=NOW)
        if late:
            rig.provider.before_intent = lambda _: rig.groups.learn([paused])
        else:
            await rig.groups.learn([paused])
        await rig.give(a_message(1, mass=True, group="spring"))
        async with rig.running():
            assert await rig.got(1) == ["1"]
        assert ("queued", "held: its mailing rests") in rig.told(1)


def withdrawn(address: str, channel: str = "email", revision: int = 1, state: str = "withdrawn") -> AddressChanged:
    word = Consent.model_validate({"channel": channel, "state": state, "at": NOW + timedelta(seconds=revision)})
    return AddressChanged(address=AddressState(address=address, consent=(word,)), revision=revision)


async def test_who_withdrew_his_consent_gets_no_mailing_and_is_answered_as_before(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.consents.learn([withdrawn(ANNA), withdrawn(PETR, channel="sms")])
        await rig.give(a_message("to anna", ANNA, mass=True), a_message("to petr", PETR, mass=True))
        await rig.give(a_message("answer", ANNA), a_message("robot", ANNA, auto=True))
        async with rig.running():
            assert sorted(await rig.got(3)) == ["answer", "robot", "to petr"]
            await rig.state("to anna", "suppressed")


async def test_the_newest_word_about_consent_counts_in_whatever_order_it_comes(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.consents.learn([withdrawn(ANNA, revision=2), withdrawn(ANNA, revision=1, state="given")])
        assert await rig.consents.withdrawn([ANNA, PETR], "email") == [ANNA]
        await rig.consents.learn([withdrawn(ANNA, revision=3, state="given")])
        await rig.consents.learn([withdrawn(ANNA, revision=2)])
        assert await rig.consents.withdrawn([ANNA], "email") == []


async def test_of_mailings_one_recipient_gets_no_more_than_the_cap_in_a_period(tmp_path: Path) -> None:
    rules = Rules(cap=2, period=timedelta(hours=1))
    async with a_rig(tmp_path, rules=rules) as rig:
        await rig.give(*[a_message(n, mass=True) for n in range(3)], a_message("other", PETR, mass=True))
        async with rig.running():
            assert sorted(await rig.got(3)) == ["0", "1", "other"]
            await rig.until(lambda: any("at most 2 of mailings" in (reason or "") for _, reason in rig.told(2)))
            await rig.give(a_message("answer"))
            assert (await rig.got(4))[-1] == "answer"


async def test_quiet_hours_hold_mailings_and_nothing_else(tmp_path: Path) -> None:
    always = Rules(quiet=(time(0, 0), time(23, 59, 59, 999999)))
    async with a_rig(tmp_path, rules=always) as rig:
        await rig.give(a_message(1, mass=True), a_message("answer", PETR))
        async with rig.running():
            assert await rig.got(1) == ["answer"]
            await rig.until(lambda: any((reason or "").startswith("held: quiet hours") for _, reason in rig.told(1)))


async def test_while_the_hub_is_held_nothing_leaves_and_nothing_changes(tmp_path: Path) -> None:
    hold(tmp_path)
    async with a_rig(tmp_path) as rig:
        await rig.give(a_message(1))
        async with rig.running():
            await asyncio.sleep(0.7)
            assert (rig.provider.got, (await rig.state(1, "queued"))["attempts"]) == ([], 0)
            release(tmp_path)
            assert await rig.got(1) == ["1"]


async def test_a_hub_that_is_held_between_the_choice_and_the_intent_keeps_the_message(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        begun = asyncio.Event()

        async def hold_now() -> None:
            if not begun.is_set():
                hold(tmp_path)
                await asyncio.sleep(1.1)  # what is said of it may be a second old
                begun.set()

        rig.provider.before_intent = lambda _: hold_now()
        await rig.give(a_message(1))
        async with rig.running():
            await begun.wait()
            await asyncio.sleep(0.2)
            assert (rig.provider.got, (await rig.state(1, "queued"))["attempts"]) == ([], 0)
            release(tmp_path)
            assert await rig.got(1) == ["1"]


async def test_a_sandbox_sends_to_its_own_simulators_alone(tmp_path: Path) -> None:
    async with a_rig(tmp_path, sandbox=True) as rig:
        await rig.give(a_message(1))
        async with rig.running():
            assert (await rig.state(1, "suppressed"))["reason"] == "sandbox"
            rig.restraint.simulated_at("127.0.0.1:2525")
            await rig.give(a_message(2))
            assert await rig.got(1) == ["2"]
        assert rig.provider.got == ["2"]


async def test_a_stop_finishes_what_is_in_hand_and_begins_nothing_new(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.provider.slow = {"in_1"}
        await rig.give(a_message(1), a_message(2, PETR))
        async with rig.running():
            await rig.state(1, "sending")
            stopping = asyncio.create_task(rig.sender.in_hand.acquire())
            await asyncio.sleep(0)
            rig.provider.release.set()
            await stopping
            await rig.state(1, "sent")
        assert (await rig.state(2, "queued"))["attempts"] == 0


async def test_a_batch_is_accepted_in_one_write_and_its_lanes_and_group_are_kept(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.ledger.accept(
            [*a_mailing(99, group="spring"), a_message("robot", auto=True), a_message("call", lane="automatic")]
        )
        assert rig.store.calls["sends", "insert_many"] == rig.store.writes - 1 == 1  # the other one is the account
        places = [(await rig.state(n, "queued"), n) for n in (0, "robot", "call")]
        assert [(entry["lane"], entry.get("group")) for entry, _ in places] == [
            ("mass", "spring"),
            ("automatic", None),
            ("automatic", None),
        ]


async def test_an_account_that_is_removed_fails_all_that_waits_in_few_writes(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.ledger.accept(a_mailing(150))
        await rig.ledger.abandon("acc")
        assert "owes" not in await rig.state(149, "failed")
        assert rig.store.calls["sends", "swap_many"] <= 4
        assert rig.told(149)[-1][0] == "failed"


async def test_what_becomes_of_a_message_is_told_with_what_it_goes_on_with(tmp_path: Path) -> None:
    sink, asked = FakeSink(), a_message(1)
    async with a_rig(tmp_path) as rig, rig.running():
        with told_to(sink):
            rig.provider.deferred["in_1"] = SOON
            request = Envelope(event=asked, source="omnihub/t", time=rig.clock.now(), correlation_id="ev_mail")
            await rig.ledger.hear([request])
            rig.sender.wake()
            await rig.state(1, "sent")
            await rig.until(lambda: len(rig.told(1)) == 3)
        ids = {(envelope.correlation_id, envelope.causation_id) for envelope in rig.bus.published}
    assert ids == {("ev_mail", asked.event_id())}
    assert [(span.name, span.error, span.attributes["omnihub.attempt"]) for span in sink.spans] == [
        ("send email", "deferred", 1),
        ("send email", "", 2),
    ]
    assert {(span.trace, span.parent) for span in sink.spans} == {(trace_of("ev_mail"), span_of(asked.event_id()))}
    assert len({span.id for span in sink.spans}) == 2
