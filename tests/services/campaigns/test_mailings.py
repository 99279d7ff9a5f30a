"""Mailings: who gets one and why others do not, frozen; each recipient once; and what becomes of his row."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.channels.content import Content
from hub.contracts.address import Consent, Verdict
from hub.contracts.interaction import GroupChanged
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.testing.builders import NOON
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.trials import Result, best, variant_of
from tests.services.campaigns.conftest import MARKETER, a_client, an_address
from tests.services.campaigns.mailing_desk import Post, a_post


def anna(number: int, **over: Any) -> Any:
    """A client whose name leaves no doubt."""
    return a_client(number, **{"name": "Анна Смирнова", "owner": f"o{number}", **over})


@pytest.fixture
async def post(desk: Any) -> Post:
    return await a_post(desk)


def said(state: str, topic: str = "", **over: Any) -> Any:
    return (Consent.model_validate({"channel": "email", "topic": topic, "state": state, "at": NOON, **over}),)


@pytest.fixture
async def town(post: Post) -> Post:
    """1 and 2 can be written to; 3 said no, 4 has a dead address, 5 has none, 6 shares that of 1, 7 said no by a
    second address of his.
    """
    two = [{"address": "email:a7@example.com"}, {"address": "email:b7@example.com"}]
    await post.desk.hear(
        *(anna(n) for n in (1, 2, 3, 4)),
        anna(5, addresses=[]),
        anna(6, addresses=[{"address": "email:a1@example.com"}]),
        anna(7, addresses=two),
        an_address("email:a3@example.com", consent=said("withdrawn", "offers")),
        an_address("email:a4@example.com", invalid=Verdict(since=NOON)),
        an_address("email:b7@example.com", consent=said("withdrawn")),
    )
    return post


async def test_before_the_launch_it_is_told_how_many_are_left_out_and_why(town: Post) -> None:
    mailing = await town.draft()
    counted = await town.mailings.count(mailing["_id"], MARKETER)
    assert (counted.audience, counted.recipients) == (7, 2)
    assert counted.excluded == {"withdrawn": 2, "worthless": 1, "no_address": 1, "duplicate": 1}
    assert len(counted.examples) == 5
    assert town.pages() == []


async def test_a_topic_that_requires_a_yes_is_sent_to_those_who_said_it(town: Post) -> None:
    await town.desk.hear(an_address("email:a2@example.com", revision=2, consent=said("given", "news")))
    counted = await town.mailings.count((await town.draft(topic="news"))["_id"], MARKETER)
    assert (counted.recipients, counted.excluded["no_consent"]) == (1, 3)


async def test_what_a_template_lacks_is_counted_against_the_audience(town: Post) -> None:
    await town.desk.hear(anna(2, revision=2, name="ООО «Ромашка»"))
    template = await town.template(
        bodies={"ru": {"subject": "{{ first_name }}", "html": '<a href="{{ unsubscribe_url }}">x</a>'}}
    )
    message = {"channel": "email", "template": template, "account": "mb_1"}
    counted = await town.mailings.count((await town.draft(messages=[message]))["_id"], MARKETER)
    assert counted.warnings == ["1 of 7 lack first_name"]


async def test_an_audience_is_frozen_at_the_launch(town: Post) -> None:
    mailing = await town.launched()
    assert (mailing["state"], mailing["audience"]) == ("running", 7)
    await town.desk.hear(anna(8))
    await town.run()
    assert sorted(one.address for one in town.asked()) == ["email:a1@example.com", "email:a2@example.com"]
    assert await town.states(mailing["_id"]) == {"queued": 2, "suppressed": 5}


async def test_the_rows_are_the_audience_always(town: Post) -> None:
    mailing = await town.launched()
    await town.run()
    first, second = town.asked()
    for states in ([], [(first, "sent")], [(second, "failed")], [(first, "delivered")]):
        for recipient, state in states:
            await town.told(recipient, state=state)
        found = await town.statistics(mailing["_id"])
        parts = ("queued", "sent", "suppressed", "failed", "unknown")
        assert sum(found[part] for part in parts) == found["audience"] == 7
    await town.run()
    assert (await town.mailing(mailing["_id"]))["state"] == "done"


async def test_a_launch_that_is_repeated_after_a_kill_adds_nobody_twice(town: Post) -> None:
    mailing = await town.draft()
    await town.mailings.launch(mailing["_id"], actor=MARKETER)
    args = {"mailing": mailing["_id"]}
    first = await town.launch.step(args, None)
    again = await town.launch.step(args, None)
    assert first.cursor == again.cursor
    for _ in range(2):
        step = await town.launch.step(args, first.cursor)
        assert step.act
        await step.act()
    assert len(await town.rows(mailing["_id"])) == 7


async def test_ten_copies_ask_for_every_recipient_once(town: Post) -> None:
    import asyncio

    await town.desk.hear(*(anna(n) for n in range(10, 60)))
    await town.launched()
    copies = [town.another_runner(f"copy {n}") for n in range(10)]
    while any(await asyncio.gather(*(copy.look() for copy in copies))):
        pass
    ids = [one.id for one in town.asked()]
    assert (len(ids), len(set(ids))) == (52, 52)


async def test_what_was_asked_for_before_a_kill_is_asked_for_again_with_the_same_ids(town: Post) -> None:
    mailing = await town.launched()
    before = await town.rows(mailing["_id"])
    await town.run()
    ids = {one.id for one in town.asked()}
    for row in await town.rows(mailing["_id"]):
        was = next(one for one in before if one["_id"] == row["_id"])
        await town.repository.swap([{**was, "_v": row["_v"]}])  # as a kill before the rows were changed leaves it
    await town.run()
    assert {one.id for one in town.asked()} == ids


async def test_a_page_says_once_what_is_the_same_for_all(town: Post) -> None:
    await town.launched()
    await town.run()
    (page,) = town.pages()
    assert (page.topic, page.account, page.on_topic()) == ("offers", "mb_1", "outbound.mass.email")
    content = Content.of_json(town.desk.blobs.content[page.content])
    one = next(r for r in page.recipients if r.address == "email:a1@example.com")
    made = content.rendered(one.number, one.values)
    assert "Анна, <a href=" in (made.html or "")
    assert made.unsubscribe.startswith("https://hub.example/m/u/ml_")


async def test_a_template_with_conditions_is_rendered_for_each_and_who_fails_fails_alone(town: Post) -> None:
    body = {"ru": {"text": "{% if first_name %}{{ first_name }} {{ 1 / (number | default(1)) }}{% endif %}"}}
    with pytest.raises(InvalidInput):
        await town.template(channel="sms", bodies=body)
    text = "{% if client_id == 'cl_1' %}{{ 1 / 0 }}{% endif %}Привет, {{ first_name }}"
    message = {"channel": "sms", "template": await town.sms(text), "account": "num_1"}
    mailing = await town.launched(messages=[message], include={"field": "owner", "value": "o2"})
    other = await town.launched(messages=[message], include={"field": "owner", "value": "o1"})
    await town.run()
    (recipient,) = town.asked()
    assert recipient.values[1] == "Привет, Анна"
    assert await town.states(mailing["_id"]) == {"queued": 1}
    (row,) = await town.rows(other["_id"])
    assert (row["state"], "ZeroDivisionError" in row["reason"]) == ("failed", True)


async def test_where_one_channel_fails_the_next_one_is_taken(town: Post) -> None:
    messages = [
        {"channel": "email", "template": await town.template(), "account": "mb_1"},
        {"channel": "sms", "template": await town.sms(), "account": "num_1"},
    ]
    mailing = await town.launched(messages=messages)
    await town.run()
    by_mail = [one for one in town.asked() if one.address == "email:a1@example.com"]
    await town.told(*by_mail, state="failed", reason="550 no such user")
    await town.run()
    by_phone = [one for one in town.asked() if one.address == "phone:+79160000001"]
    assert len(by_phone) == 1
    assert by_phone[0].id != by_mail[0].id
    await town.told(*by_phone)
    await town.told(*by_mail, state="failed", reason="550 again")
    row = next(r for r in await town.rows(mailing["_id"]) if r["address"] == "phone:+79160000001")
    assert (row["state"], row["tried"][0]["reason"]) == ("sent", "550 no such user")


async def test_of_those_that_failed_alone_a_retry_is_made(town: Post) -> None:
    mailing = await town.launched()
    await town.run()
    first, second = town.asked()
    await town.told(first)
    await town.told(second, state="failed", reason="550")
    await town.run()
    assert await town.mailings.retry(mailing["_id"], actor=MARKETER) == 1
    await town.run()
    assert [one.address for one in town.asked()[2:]] == [second.address]
    assert town.asked()[2].id != second.id


async def test_a_pause_and_a_recall_are_told_to_the_channels_and_a_resume_goes_on_with_the_rest(town: Post) -> None:
    mailing = await town.launched(per_second=1)
    await town.runner.look()
    assert len(town.asked()) == 1
    await town.mailings.pause(mailing["_id"], actor=MARKETER)
    town.desk.clock.advance(timedelta(seconds=5))
    await town.runner.look()
    assert len(town.asked()) == 1
    await town.mailings.resume(mailing["_id"], actor=MARKETER)
    await town.runner.look()
    await town.mailings.cancel(mailing["_id"], actor=MARKETER)
    states = [one.state for one in town.events(GroupChanged)]
    assert states == ["running", "paused", "running", "recalled"]
    revisions = [one.revision for one in town.events(GroupChanged)]
    assert revisions == sorted(set(revisions))
    with pytest.raises(Conflict):
        await town.mailings.resume(mailing["_id"], actor=MARKETER)


async def test_what_a_recalled_mailing_had_not_asked_for_is_suppressed(town: Post) -> None:
    mailing = await town.launched(send_at=NOON + timedelta(hours=1))
    await town.run()
    assert town.asked() == []
    await town.mailings.cancel(mailing["_id"], actor=MARKETER)
    assert await town.states(mailing["_id"]) == {"suppressed": 7}
    assert {row["reason"] for row in await town.rows(mailing["_id"])} >= {"recalled before it left"}


async def test_a_rate_is_kept_within_five_percent(town: Post) -> None:
    await town.desk.hear(*(anna(n) for n in range(100, 400)))
    await town.launched(per_second=20)
    asked = []
    for _ in range(40):
        await town.runner.look()
        asked.append(len(town.asked()))
        town.desk.clock.advance(timedelta(seconds=0.25))
    assert abs(asked[-1] - 20 * 39 * 0.25) <= 0.05 * 200
    assert max(b - a for a, b in pairwise(asked)) <= 20


async def test_one_host_gets_its_own_rate_and_does_not_keep_others_waiting(town: Post) -> None:
    many = [anna(n, addresses=[{"address": f"email:x{n}@slow.example"}]) for n in range(100, 140)]
    await town.desk.hear(*many)
    await town.launched(per_domain_second=2)
    await town.runner.look()
    hosts = [one.address.partition("@")[2] for one in town.asked()]
    assert (hosts.count("slow.example"), hosts.count("example.com")) == (1, 1)
    for _ in range(8):
        town.desk.clock.advance(timedelta(seconds=0.5))
        await town.runner.look()
    hosts = [one.address.partition("@")[2] for one in town.asked()]
    assert (hosts.count("slow.example"), hosts.count("example.com")) == (9, 2)


async def test_everybody_gets_it_at_that_hour_of_his_own_day(town: Post) -> None:
    await town.desk.hear(anna(1, revision=2, time_zone="Asia/Vladivostok"))
    mailing = await town.launched(send_at_local="2026-03-03T10:00", time_zone="Europe/Moscow")
    due = {row["address"]: row["due"][:16] for row in await town.rows(mailing["_id"]) if row["state"] == "queued"}
    assert due == {"email:a1@example.com": "2026-03-03T00:00", "email:a2@example.com": "2026-03-03T07:00"}
    town.desk.clock.set(NOON.replace(day=3, hour=1))
    await town.run()
    assert [one.address for one in town.asked()] == ["email:a1@example.com"]


async def test_a_mailing_that_nobody_ran_for_too_long_waits_to_be_confirmed(town: Post) -> None:
    mailing = await town.launched(send_at=NOON + timedelta(hours=1), stale_after=3600)
    await town.runner.look()
    town.desk.clock.advance(timedelta(days=3))  # as after a restore
    await town.run()
    held = await town.mailing(mailing["_id"])
    assert (held["state"], town.asked()) == ("held", [])
    assert "confirm that it still goes" in held["reason"]
    await town.mailings.resume(mailing["_id"], actor=MARKETER)
    await town.run()
    assert len(town.asked()) == 2


async def test_a_hub_that_is_held_asks_for_nothing(town: Post, tmp_path: Any) -> None:
    from hub.kit.restraint import Restraint

    await town.launched()
    held = Restraint(tmp_path, held=True)
    town.runner._restraint = held
    await town.runner.look()
    assert town.asked() == []


async def test_of_two_variants_the_rest_gets_the_better_one(post: Post) -> None:
    await post.desk.hear(*(anna(n) for n in range(200)))
    other = await post.template(name="other")
    trial = {"templates": [other], "share": 0.5, "metric": "clicked", "decide_after": 3600}
    mailing = await post.launched(trial=trial)
    await post.run()
    tried = post.asked()
    assert 70 < len(tried) < 130
    await post.told(*tried)
    rows = {row["message"]: row for row in await post.rows(mailing["_id"]) if row.get("message")}
    for one in tried:
        if rows[one.id]["variant"] == 1:
            await post.outcomes.record(rows[one.id]["_id"], "clicked", post.desk.clock.now())
    post.desk.clock.advance(timedelta(hours=1))
    await post.run()
    decided = await post.mailing(mailing["_id"])
    assert (decided["winner"], decided["confidence"] > 0.99) == (1, True)
    assert {page.content for page in post.pages()[2:]} == {f"mailings/{mailing['_id']}/said/0-1-ru"}
    assert len(post.asked()) == 200


def test_a_coin_is_no_winner() -> None:
    assert best([Result(0, 100, 10), Result(1, 100, 10)]).confidence == 0.5
    assert best([Result(0, 0, 0), Result(1, 0, 0)]).winner == 0
    assert best([Result(0, 1000, 50), Result(1, 1000, 90)]).confidence > 0.99


def test_a_variant_is_the_same_however_often_it_is_asked_for() -> None:
    drawn = [variant_of(f"a{n}", "ml_1", 2, 0.2) for n in range(5000)]
    assert drawn == [variant_of(f"a{n}", "ml_1", 2, 0.2) for n in range(5000)]
    assert 0.17 < sum(one is not None for one in drawn) / 5000 < 0.23
    assert 0.4 < drawn.count(0) / (drawn.count(0) + drawn.count(1)) < 0.6


async def test_seeds_get_it_and_are_counted_nowhere(town: Post) -> None:
    mailing = await town.launched(seeds=["boss@example.com"])
    await town.run()
    assert "email:boss@example.com" in [one.address for one in town.asked()]
    assert (await town.statistics(mailing["_id"]))["audience"] == 7


async def test_it_is_told_why_somebody_got_it_or_did_not(town: Post) -> None:
    mailing = await town.launched(exclude={"field": "owner", "value": "o5"})
    await town.run()
    await town.told(*town.asked()[:1], state="failed", reason="550 no such user")
    first = town.asked()[0].address[7]
    why = {n: " | ".join(await town.looking.why(mailing["_id"], f"cl_{n}", MARKETER)) for n in (3, 5, 6, int(first))}
    assert "suppressed: he said no to the topic or to the channel" in why[3]
    assert "its conditions do not hold for him" in why[5]
    assert "suppressed: the same address, or letterbox, is another recipient's" in why[6]
    assert "failed: 550 no such user" in why[int(first)]
    with pytest.raises(NotFound):
        await town.looking.why(mailing["_id"], "cl_3", Actor(login="ivan", reach=("owner:ivan",)))


async def test_it_is_told_on_what_ground_somebody_was_written_to_whatever_he_said_since(town: Post) -> None:
    consents, clock = town.desk.consents, town.desk.clock
    yes = consents.said("email:a1@example.com", "given", topic="offers", source="page", words="да")
    await town.desk.hear(yes)
    clock.advance(timedelta(minutes=1))
    mailing = await town.launched()
    await town.run()
    clock.advance(timedelta(minutes=1))
    no = consents.said("email:a1@example.com", "withdrawn", topic="offers", source="page", words="нет")
    await town.desk.hear(no)
    await town.desk.follow()
    of = {n: await town.looking.why(mailing["_id"], f"cl_{n}", MARKETER) for n in (1, 2, 3)}
    newest, first = (await consents.history("email:a1@example.com", limit=2, after=None)).items
    assert newest["state"] == "withdrawn"
    assert of[1][-1] == f"he might be written to: consent {first['_id']}"
    assert of[2][-1] == "he might be written to: basis: покупал у нас"
    assert not any("might be written" in line for line in of[3])


async def test_a_mailing_goes_to_clients_whom_its_launcher_sees(town: Post) -> None:
    await town.desk.hear(anna(1, revision=2, seen_by=["team:t_1"]))
    mailing = await town.draft()
    actor = Actor(login="petr", reach=("team:", "owner:petr"))
    counted = await town.mailings.count(mailing["_id"], actor)
    assert counted.audience == 6


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"topic": "none"}, "topic"),
        ({"messages": [{"channel": "email", "template": "tpl_none", "account": "mb_1"}]}, "messages.0.template"),
        ({"messages": [{"channel": "email", "template": "tpl_none", "account": "num_1"}]}, "messages.0.account"),
        ({"include": {"segment": "seg_none"}}, "segment"),
        ({"seeds": ["nobody"]}, "address"),
    ],
)
async def test_what_is_not_there_is_refused_with_its_field(town: Post, over: Any, field: str) -> None:
    async def tried() -> None:
        mailing = await town.draft(**over)
        await town.mailings.count(mailing["_id"], MARKETER)

    with pytest.raises(InvalidInput) as refused:
        await tried()
    assert list(refused.value.fields) == [field]


async def test_a_mail_without_a_way_to_unsubscribe_is_not_launched(town: Post) -> None:
    bare = await town.template(bodies={"ru": {"subject": "x", "text": "Купите"}})
    mailing = await town.draft(messages=[{"channel": "email", "template": bare, "account": "mb_1"}])
    with pytest.raises(InvalidInput, match="how to unsubscribe"):
        await town.mailings.launch(mailing["_id"], actor=MARKETER)


@pytest.mark.parametrize(
    "over",
    [
        {"include": None, "lists": []},
        {"send_at": "2026-03-03T10:00:00Z", "send_at_local": "2026-03-03T10:00"},
        {"messages": [{"channel": "sms", "template": "a", "account": "b"}] * 2},
    ],
)
def test_a_form_that_contradicts_itself_is_refused(over: Any) -> None:
    message = {"channel": "email", "template": "a", "account": "b"}
    given = {"name": "x", "topic": "offers", "messages": [message], "include": {"has": "email"}, **over}
    with pytest.raises(ValidationError):
        MailingForm.model_validate(given)


async def test_what_was_launched_is_not_changed(town: Post) -> None:
    mailing = await town.launched()
    form = MailingForm.model_validate(
        {
            "name": "x",
            "topic": "offers",
            "messages": [{"channel": "sms", "template": "a", "account": "b"}],
            "lists": ["l"],
        }
    )
    with pytest.raises(Conflict, match="it was launched"):
        await town.mailings.change(mailing["_id"], form, actor=MARKETER)
