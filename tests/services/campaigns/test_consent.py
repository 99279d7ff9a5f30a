"""Consent: one event whoever takes the word, a chain that shows what is done to it, pages that act when asked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from hub.api.actor import Actor
from hub.api.public import publish
from hub.channels.content import Content
from hub.channels.marks import Mark, mailing_key, page_url
from hub.cli import main
from hub.contracts.address import ConsentRecorded
from hub.kit.asgi import InProcess
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store import chain
from hub.testing.builders import NOON
from services.campaigns.consent import doors
from services.campaigns.consent.doors import Recipient
from services.campaigns.consent.models import Invitation, NewTopic, TopicForm, Word
from services.campaigns.consent.repository import HEADS, WORDS
from services.campaigns.consent.service import allowed
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER

ANNA = "email:anna@example.com"
MAILING = "ml_" + "7" * 32
NEWS = NewTopic(id="news", title={"ru": "Новости", "en": "News"}, text_version="2026-01")
OFFERS = NewTopic(id="offers", title={"ru": "Акции", "en": "Offers"}, requires="not_withdrawn", basis="покупал у нас")


class Somebody:
    """Anna got the mailing; nobody else did."""

    async def of_mark(self, mark: Mark) -> Recipient | None:
        if (mark.mailing, mark.recipient) != (MAILING, 5):
            return None
        return Recipient(address=ANNA, channel="email", topic="news", language="ru")


@pytest.fixture
async def visitor(desk: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Anna's browser."""
    for topic in (NEWS, OFFERS):
        await desk.consents.add_topic(topic, actor=MARKETER)
    http = FastAPI()
    publish(http, doors.public(desk.consents, Somebody(), MASTER), service="campaigns", seal=None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=InProcess(http), base_url=BASE) as client:
        yield client


def link(name: str, number: int = 5, mailing: str = MAILING) -> str:
    return page_url("", mailing_key(MASTER, mailing), name, mailing, number)


def words(desk: Any) -> list[tuple[str, str, str]]:
    """Topic, state and source of what was said."""
    return [(e.topic, e.state, e.source) for e in desk.bus.events("inbound") if isinstance(e, ConsentRecorded)]


async def test_who_only_opens_a_link_unsubscribes_nobody(desk: Any, visitor: httpx.AsyncClient) -> None:
    for name in ("unsubscribe", "preferences"):
        for agent in ("Mozilla/5.0", "SafeLinks-Scanner"):
            shown = await visitor.get(link(name), headers={"user-agent": agent})
            assert shown.status_code == 200
    assert words(desk) == []


async def test_a_mail_program_unsubscribes_by_one_post_without_a_page(desk: Any, visitor: httpx.AsyncClient) -> None:
    posted = await visitor.post(link("unsubscribe"), data={"List-Unsubscribe": "One-Click"})
    assert posted.status_code == 200
    assert words(desk) == [("news", "withdrawn", "one_click")]


async def test_a_post_that_says_neither_changes_nothing(desk: Any, visitor: httpx.AsyncClient) -> None:
    for body in ({}, {"List-Unsubscribe": "x"}, {"confirm": "no"}):
        assert (await visitor.post(link("unsubscribe"), data=body)).status_code == 200
    assert words(desk) == []


async def test_the_reason_is_kept_beside_where_it_came_from(desk: Any, visitor: httpx.AsyncClient) -> None:
    headers = {"user-agent": "Firefox", "x-hub-caller": "192.0.2.7"}
    await visitor.post(link("unsubscribe"), data={"confirm": "yes", "why": "слишком часто"}, headers=headers)
    (said,) = [e for e in desk.bus.events("inbound") if isinstance(e, ConsentRecorded)]
    assert (said.words, said.evidence) == ("слишком часто (192.0.2.7 Firefox)", f"{MAILING}-5")


async def test_pages_speak_the_recipients_language_and_run_nothing(visitor: httpx.AsyncClient) -> None:
    shown = await visitor.get(link("unsubscribe"))
    assert '<html lang="ru">' in shown.text
    assert "an…@example.com: Новости?" in shown.text
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in shown.text
    assert shown.headers["referrer-policy"] == "no-referrer"
    bad = await visitor.get("/m/u/x", headers={"accept-language": "en-US,en;q=0.5"})
    assert (bad.status_code, "This link does not work" in bad.text) == (404, True)


async def test_a_link_that_was_changed_leads_nowhere(visitor: httpx.AsyncClient) -> None:
    good = link("unsubscribe")
    for bad in (
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace("-5-", "-6-"),
        good.replace("/u/", "/p/"),
        link("unsubscribe", 6),
        page_url("", mailing_key(b"n" * 32, MAILING), "unsubscribe", MAILING, 5),
    ):
        assert (await visitor.post(bad, data={"confirm": "yes"})).status_code == 404


async def test_preferences_are_one_word_for_each_topic_that_changed(desk: Any, visitor: httpx.AsyncClient) -> None:
    page = (await visitor.get(link("preferences"))).text
    assert 'value="news">' in page
    assert 'value="offers" checked>' in page
    saved = await visitor.post(link("preferences"), data={"confirm": "yes", "topic": ["news", "offers"]})
    assert "Сохранено." in saved.text
    assert words(desk) == [("news", "given", "page")]
    await desk.follow()
    desk.clock.advance(timedelta(minutes=1))
    await visitor.post(link("preferences"), data={"confirm": "yes", "nothing": "yes", "topic": ["news"]})
    assert words(desk)[1:] == [
        ("news", "withdrawn", "page"),
        ("offers", "withdrawn", "page"),
        ("", "withdrawn", "page"),
    ]


async def test_who_takes_a_topic_after_closing_all_opens_the_channel_again(
    desk: Any, visitor: httpx.AsyncClient
) -> None:
    await desk.consents.publish([desk.consents.said(ANNA, "withdrawn", source="message", words="СТОП")])
    await desk.follow()
    desk.clock.advance(timedelta(minutes=1))
    await visitor.post(link("preferences"), data={"confirm": "yes", "topic": ["offers"]})
    assert words(desk)[1:] == [("", "given", "page"), ("news", "withdrawn", "page"), ("offers", "given", "page")]


async def test_a_yes_by_mail_counts_once_it_is_confirmed(desk: Any) -> None:
    await desk.consents.add_topic(NEWS, actor=MARKETER)
    given = Invitation(address="Anna@Example.com", topic="news", account="mb_1")
    made = await desk.invitations.ask(given, by="petr", key="k")
    assert (await desk.invitations.ask(given, by="petr", key="k"))["_id"] == made["_id"]
    message = next(e for e in desk.bus.events() if e.TYPE == "message.send.v1")
    content = Content.of_json(desk.blobs.content[message.content])
    text = content.rendered(0, ()).text
    assert message.in_lane == "automatic"
    url = next(line for line in text.splitlines() if line.startswith(BASE))
    http = FastAPI()
    publish(http, doors.public(desk.consents, desk.invitations, MASTER), service="campaigns", seal=None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=InProcess(http), base_url=BASE) as client:
        assert "Я согласен получать" in (await client.get(url)).text
        assert words(desk) == []
        await client.post(url, data={"confirm": "yes"})
        desk.clock.advance(timedelta(days=15))
        assert (await client.post(url, data={"confirm": "yes"})).status_code == 404
    await desk.follow()
    standing = await desk.consents.standing(ANNA)
    word = standing["email/news"]
    assert (word["state"], word["source"], word["text_version"]) == ("given", "double_opt_in", "2026-01")


@pytest.mark.parametrize(
    ("said", "news", "offers"),
    [
        ([], False, True),
        ([("given", "news")], True, True),
        ([("given", "news"), ("withdrawn", "")], False, False),
        ([("withdrawn", ""), ("given", "")], False, True),
        ([("withdrawn", "offers")], False, False),
        ([("withdrawn", "offers"), ("given", "offers"), ("given", "news")], True, True),
    ],
)
async def test_who_may_be_written_to_follows_from_the_newest_words(
    desk: Any, said: list[tuple[str, str]], news: bool, offers: bool
) -> None:
    topics = [await desk.consents.add_topic(topic, actor=MARKETER) for topic in (NEWS, OFFERS)]
    for state, topic in said:
        desk.clock.advance(timedelta(minutes=1))
        await desk.consents.publish([desk.consents.said(ANNA, state, topic=topic, source="page", words="x")])
    await desk.follow()
    standing = await desk.consents.standing(ANNA)
    assert [allowed(standing, "email", topic)[0] for topic in topics] == [news, offers]


async def test_every_word_is_in_the_chain_once_with_its_evidence(desk: Any) -> None:
    word = Word(address="Anna@example.com", state="withdrawn", words="«не пишите»")
    await desk.consents.say(word, actor=MARKETER)
    await desk.follow()
    await desk.follow()
    page = await desk.consents.history("anna@example.com", limit=10, after=None)
    (row,) = page.items
    assert (row["source"], row["words"], row["evidence"], row["seq"]) == ("employee", "«не пишите»", "petr", 1)


async def test_an_edit_of_the_chain_is_found(desk: Any) -> None:
    rows, heads = desk.store.collection(WORDS), desk.store.collection(HEADS)
    for number in range(30):
        said = desk.consents.said(f"email:a{number}@example.com", "withdrawn", source="page", words="x")
        await desk.consents.publish([said])
        if number >= 28:
            await desk.follow()  # what joined last is in the head as well, and is mended from there
    verdict = await chain.verify(rows, heads)
    assert (verdict.rows, verdict.broken) == (30, "")
    changed = (await rows.find({"seq": 7}, limit=1)).items[0]
    await rows.swap({**changed, "state": "given"})
    assert "row 7" in (await chain.verify(rows, heads)).broken
    await rows.swap({**changed, "_v": changed["_v"] + 1})
    assert (await chain.verify(rows, heads)).broken == ""
    await rows.delete_many([changed["_id"]])
    assert (await chain.verify(rows, heads)).broken == "row 7 is missing"


async def test_the_command_verifies_the_chain(desk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await desk.consents.publish([desk.consents.said(ANNA, "withdrawn", source="page", words="x")])
    await desk.follow()
    await desk.store.stop()
    import asyncio

    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["consent", "verify", "--data", str(tmp_path)])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("1 rows, all as they were written; head ")


async def test_topics_are_kept_apart_by_name_and_by_who_sees_them(desk: Any) -> None:
    await desk.consents.add_topic(NEWS, actor=MARKETER)
    with pytest.raises(Conflict):
        await desk.consents.add_topic(NEWS, actor=MARKETER)
    stranger = Actor(login="ivan", reach=("owner:ivan",))
    assert await desk.consents.topics(stranger) == []
    with pytest.raises(NotFound):
        await desk.consents.change_topic("news", TopicForm(title={"ru": "x"}), actor=stranger)
    await desk.consents.remove_topic("news", actor=MARKETER)
    await desk.consents.add_topic(NEWS, actor=MARKETER)


async def test_what_is_no_address_is_refused_with_the_fix(desk: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.consents.say(Word(address="anna", state="given", words="x"), actor=MARKETER)
    assert "write it as anna@example.com" in refused.value.fields["address"]


def test_older_events_of_consent_are_read_and_keep_their_ids() -> None:
    sample = orjson.loads((Path(__file__).parents[2] / "hub/samples/consent.recorded.v1.json").read_bytes())
    event = ConsentRecorded.model_validate(sample["body"])
    assert (event.topic, event.event_id()) == ("", sample["headers"]["ce_id"])
    assert event.model_copy(update={"topic": "news"}).event_id() != event.event_id()
    assert event.at != NOON
