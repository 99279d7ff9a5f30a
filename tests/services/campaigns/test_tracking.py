"""Opens and clicks: an address says where it leads; what machines do is flagged and counted nowhere."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI

from hub.api.public import publish
from hub.channels.marks import click_url, mailing_key, open_url, page_url
from hub.contracts.campaign import HitRecorded, MailedRecorded
from hub.kit.asgi import InProcess
from hub.testing.builders import NOON, envelopes
from hub.testing.waiting import eventually
from services.campaigns.mailings.hits import Letters
from services.campaigns.segments.models import Condition
from services.campaigns.templates.markup import HONEYPOT
from services.campaigns.tracking import doors
from services.campaigns.tracking.judging import is_machine, judged
from services.campaigns.tracking.recorder import MOST, Recorder
from tests.services.campaigns.conftest import MARKETER, MASTER, a_client
from tests.services.campaigns.mailing_desk import Post, a_post

DATA = Path(__file__).parents[4] / "shared" / "data" / "bots"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
SALE = "https://example.com/sale?x=1&y=2#z"


@pytest.fixture
async def post(desk: Any) -> Post:
    made = await a_post(desk)
    await desk.hear(*(a_client(n, name="Анна Смирнова") for n in range(1, 4)))
    return made


@pytest.fixture
async def reader(post: Post) -> AsyncIterator[tuple[httpx.AsyncClient, Recorder]]:
    """A recipient's browser."""
    recorder, http = Recorder(post.desk.bus, post.desk.clock), FastAPI()
    letters = Letters(post.repository, post.library)
    publish(http, doors.public(recorder, letters, post.desk.clock, MASTER), service="campaigns", seal=None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=InProcess(http), base_url="https://hub.example") as client:
        yield client, recorder
    await recorder.stop()


async def sent(post: Post) -> tuple[str, dict[str, Any]]:
    mailing = await post.launched()
    await post.run()
    await post.told(*post.asked())
    return mailing["_id"], (await post.rows(mailing["_id"]))[0]


def hit(row: dict[str, Any], kind: str = "clicked", *, seconds: float = 60, **over: Any) -> HitRecorded:
    fields: dict[str, Any] = {"link": 0, "url": SALE} if kind == "clicked" else {}
    at = NOON + timedelta(seconds=seconds)
    about: dict[str, Any] = {"mailing": row["mailing"], "recipient": row["number"], "agent": FIREFOX, "caller": "c1"}
    return HitRecorded(kind=kind, at=at, **{**about, **fields, **over})  # type: ignore[arg-type]


async def hear(post: Post, *hits: HitRecorded) -> None:
    for one in hits:
        await post.hits.hear(envelopes(one))


async def counts(post: Post, mailing: str) -> tuple[int, int]:
    """Opened and clicked."""
    found = await post.statistics(mailing)
    return found["opened"], found["clicked"]


async def test_a_link_leads_on_without_anything_being_looked_up(reader: Any, post: Post) -> None:
    client, _ = reader
    mailing = "ml_" + "5" * 32  # of years ago: nothing of it is stored any more
    url = click_url("", mailing_key(MASTER, mailing), mailing, 7, 3, SALE)
    answer = await client.get(url, headers={"user-agent": FIREFOX, "x-hub-caller": "192.0.2.7"})
    assert (answer.status_code, answer.headers["location"]) == (302, SALE)
    (told,) = await eventually(lambda: _events(post, HitRecorded))
    assert (told.kind, told.mailing, told.recipient, told.link, told.url) == ("clicked", mailing, 7, 3, SALE)
    assert "192.0.2.7" not in told.model_dump_json()


async def _events(post: Post, kind: Any) -> list[Any]:
    return post.events(kind)


async def test_nobody_can_make_a_link_of_ours_that_leads_to_a_place_of_his_own(reader: Any) -> None:
    client, _ = reader
    mailing = "ml_" + "5" * 32
    good = click_url("", mailing_key(MASTER, mailing), mailing, 7, 3, SALE)
    other = click_url("", b"x" * 32, mailing, 7, 3, "https://evil.example/")
    head, _, target = good.rpartition("/")
    for bad in (
        other,
        f"{head}/{other.rpartition('/')[2]}",
        f"{head}/{target}A",
        good.replace("-7-", "-8-"),
        f"{head}/",
    ):
        answer = await client.get(bad)
        assert (answer.status_code, answer.headers.get("location")) == (404, None), bad


async def test_the_picture_is_there_for_whoever_asks_and_counts_for_whom_it_is(reader: Any, post: Post) -> None:
    client, recorder = reader
    mailing = "ml_" + "5" * 32
    for url in (open_url("", mailing_key(MASTER, mailing), mailing, 7), "/m/o/rubbish"):
        answer = await client.get(url, headers={"user-agent": FIREFOX})
        assert (answer.headers["content-type"], answer.content[:3]) == ("image/gif", b"GIF")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    await recorder.stop()
    assert [one.kind for one in post.events(HitRecorded)] == ["opened"]


async def test_the_letter_is_there_as_a_page_that_runs_nothing(reader: Any, post: Post) -> None:
    client, _ = reader
    _, row = await sent(post)
    mailing = row["mailing"]
    shown = await client.get(page_url("", mailing_key(MASTER, mailing), "view", mailing, row["number"]))
    assert "Анна, <a href=" in shown.text
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "script-src" not in shown.headers["content-security-policy"]
    assert (await client.get(page_url("", mailing_key(MASTER, mailing), "view", mailing, 999))).status_code == 404


async def test_hits_outlive_a_bus_that_is_away_and_are_bounded(reader: Any, post: Post) -> None:
    _, recorder = reader
    post.desk.bus.failures = -1
    row = {"mailing": "ml_" + "5" * 32, "number": 1}
    for number in range(MOST + 10):
        recorder.note(hit(row, seconds=number))
    assert recorder.lost == 10
    post.desk.bus.failures = 0
    await recorder.stop()
    assert len(post.events(HitRecorded)) == MOST


async def test_who_clicks_has_opened_and_it_is_in_his_chain_once(post: Post) -> None:
    mailing, row = await sent(post)
    await hear(post, hit(row), hit(row), hit(row, seconds=90))
    assert await counts(post, mailing) == (1, 1)
    (told,) = post.events(MailedRecorded)
    assert [(one.kind, one.words) for one in told.answers] == [("clicked", SALE)]


async def test_an_open_alone_brings_nothing_into_a_chain(post: Post) -> None:
    mailing, row = await sent(post)
    await hear(post, hit(row, "opened"))
    assert await counts(post, mailing) == (1, 0)
    assert post.events(MailedRecorded) == []


async def test_a_program_that_is_a_machines_counts_nothing(post: Post) -> None:
    mailing, row = await sent(post)
    await hear(post, hit(row, machine=True), hit(row, "opened", machine=True))
    assert await counts(post, mailing) == (0, 0)
    assert len((await post.rows(mailing))[0]["hits"]) == 2


async def test_a_burst_of_links_undoes_what_it_seemed_at_first(post: Post) -> None:
    mailing, row = await sent(post)
    clicked = Condition.model_validate({"did": "clicked", "mailing": mailing})
    await hear(post, hit(row, link=0, seconds=60), hit(row, link=1, seconds=60.5))
    assert (await counts(post, mailing))[1] == 1
    assert await post.desk.segments.count(clicked, None, MARKETER) == 1
    await hear(post, hit(row, link=2, seconds=61))
    assert (await counts(post, mailing))[1] == 0
    assert await post.desk.segments.count(clicked, None, MARKETER) == 0
    await hear(post, hit(row, link=0, seconds=600, caller="c2"))
    assert (await counts(post, mailing))[1] == 1


async def test_who_follows_the_link_that_nobody_sees_is_a_machine_in_all_he_did(post: Post) -> None:
    mailing, row = await sent(post)
    await hear(post, hit(row), hit(row, link=HONEYPOT, seconds=200), hit(row, "opened", caller="c2"))
    assert await counts(post, mailing) == (1, 0)


async def test_a_reply_stays_whatever_machines_did(post: Post) -> None:
    mailing, row = await sent(post)
    await post.outcomes.record(row["_id"], "replied", NOON)
    await hear(post, hit(row, machine=True), hit(row))
    assert (await post.statistics(mailing))["replied"] == 1


async def test_hits_of_one_recipient_are_bounded(post: Post) -> None:
    mailing, row = await sent(post)
    await post.hits.hear(envelopes(*(hit(row, seconds=n * 10) for n in range(500))))
    assert len((await post.rows(mailing))[0]["hits"]) == 50


def test_a_burst_is_three_links_in_two_seconds() -> None:
    def one(second: float, link: int) -> dict[str, Any]:
        at = (NOON + timedelta(seconds=second)).isoformat()
        return {"k": "clicked", "l": link, "at": at, "a": "a", "c": "c", "b": False}

    assert judged([one(0, 0), one(1, 1), one(2, 2), one(9, 0)]) == [True, True, True, False]
    assert judged([one(0, 0), one(1, 0), one(2, 0)]) == [False] * 3
    assert judged([one(0, 0), one(2, 1), one(4, 2)]) == [False] * 3


@pytest.mark.parametrize(
    ("agent", "machine"),
    [
        (FIREFOX, False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", False),
        ("", True),
        ("python-requests/2.31", True),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel)", True),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
    ],
)
def test_a_program_is_known_by_its_name(agent: str, machine: bool) -> None:
    assert is_machine(agent) == machine
    assert is_machine(FIREFOX, purpose="prefetch;prerender")
    assert not is_machine("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", opened=True)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: the lists of programs are not here")
def test_of_the_programs_of_the_world_machines_are_told_from_browsers() -> None:
    crawlers, browsers = (
        [agent for some in yaml.safe_load((DATA / name).read_text()).values() for agent in some or ()]
        for name in ("crawlers.yml", "browsers.yml")
    )
    assert sum(map(is_machine, crawlers)) / len(crawlers) > 0.93
    assert sum(map(is_machine, browsers)) / len(browsers) < 0.04
