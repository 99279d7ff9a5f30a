"""The directory of sources and the touches that lead to it, from pages, calls, codes, mailings, forms and people."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from hub.api.actor import Actor
from hub.api.public import publish
from hub.contracts.address import ConsentRecorded
from hub.contracts.call import CallLine, CallState
from hub.contracts.interaction import InteractionReceived, Link, Participant, Role, SourceEvidence
from hub.contracts.lead import SourceChanged, TouchRecorded, VisitorKnown
from hub.kit.asgi import InProcess
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.http import service_app
from hub.testing.builders import NOON
from services.campaigns.consent.models import NewTopic
from services.campaigns.sources import doors, handlers
from services.campaigns.sources.models import (
    LeadConsent,
    NewLead,
    NewMark,
    NewSource,
    NewTouch,
    SourceChange,
    SourcePath,
)
from services.campaigns.sources.repository import SourceRepository
from services.campaigns.sources.script import LARGEST, script
from services.campaigns.sources.service import Sources
from services.campaigns.sources.touches import Touches
from tests.services.campaigns.conftest import BASE, MARKETER, Desk, a_letter, a_response

ADVERT = "https://shop.example/?utm_source=yandex&utm_medium=cpc&utm_campaign=spring"


class Before:
    """What visitors met last."""

    def __init__(self) -> None:
        self.met: dict[str, str] = {}

    async def sees(self, client: str, actor: Actor) -> bool:
        return client != "cl_hidden" and bool(actor.reach)

    async def last_source_of(self, whose: str) -> str | None:
        return self.met.get(whose)


class Shop:
    """A marketer with sources."""

    def __init__(self, desk: Desk, kept: SourceRepository) -> None:
        self.desk, self.kept = desk, kept
        kept.sources.on(desk.bus, desk.clock)
        self.sources = Sources(kept, desk.clock)
        self.before = Before()
        self.touches = Touches(self.sources, desk.consents, self.before, desk.bus, desk.clock, ours=("pay.example",))
        handlers.subscribe(desk.bus, self.touches)

    async def source(self, *names: str, **over: Any) -> str:
        given = dict(zip(("channel", "source", "campaign", "creative"), names, strict=False))
        return str((await self.sources.add(NewSource.model_validate({**given, **over}), actor=MARKETER))["_id"])

    async def shows(self, kind: Any, value: str, source: str) -> None:
        await self.sources.add_mark(NewMark(kind=kind, value=value, source=source), actor=MARKETER)

    async def path(self, source: str) -> list[str]:
        return await self.sources.names_of(await self.sources.get(source, MARKETER))

    async def met(self) -> list[tuple[str, str, list[str], bool]]:
        """Whose, how known, where, and whether he asked for something; of each touch once."""
        told = {one.id: one for one in self.desk.bus.events("leads") if isinstance(one, TouchRecorded)}
        return [(one.whose, one.evidence.kind, await self.path(one.source), one.lead) for one in told.values()]

    async def hear(self, *events: Any) -> None:
        await self.desk.hear(*events)
        await self.desk.follow("interactions")
        await self.desk.follow("campaigns")


@pytest.fixture
async def shop(store: Any) -> SourceRepository:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store)


@pytest.fixture
async def opened(shop: SourceRepository, desk: Desk) -> Shop:
    return Shop(desk, shop)


async def test_a_path_is_made_once_however_it_is_written(opened: Shop) -> None:
    one = await opened.source("paid", "Yandex", "Весна")
    assert await opened.source("PAID", " yandex ", "весна") == one
    assert await opened.path(one) == ["paid", "Yandex", "Весна"]
    told = [one.name for one in opened.desk.bus.events("leads") if isinstance(one, SourceChanged)]
    assert told == ["paid", "Yandex", "Весна"]


async def test_a_reference_of_one_source_is_not_taken_by_another(opened: Shop) -> None:
    await opened.source("paid", "yandex", reference="direct-713")
    with pytest.raises(Conflict):
        await opened.source("paid", "yandex", reference="direct-714")


async def test_a_source_that_has_another_name_keeps_what_its_tags_lead_to(opened: Shop) -> None:
    one = await opened.source("paid", "yandex")
    await opened.sources.change(one, SourceChange(name="Яндекс"), actor=MARKETER)
    assert await opened.source("paid", "yandex") == one
    assert await opened.path(one) == ["paid", "Яндекс"]


async def test_a_merged_source_takes_what_is_below_it_along_and_is_parted_as_if_it_had_not_been(opened: Shop) -> None:
    wrong, right = await opened.source("paid", "yandeks", "spring"), await opened.source("paid", "yandex", "spring")
    other = await opened.source("paid", "yandeks", "autumn")
    parents = [str((await opened.sources.get(one, MARKETER))["parent"]) for one in (wrong, right)]
    await opened.sources.merge(parents[0], parents[1], actor=MARKETER)
    assert (await opened.sources.get(wrong, MARKETER))["into"] == right
    assert await opened.path(other) == ["paid", "yandex", "autumn"]
    with pytest.raises(InvalidInput):
        await opened.sources.merge(parents[1], parents[0], actor=MARKETER)
    await opened.sources.part(parents[0], actor=MARKETER)
    assert [await opened.path(one) for one in (wrong, other)] == [
        ["paid", "yandeks", "spring"],
        ["paid", "yandeks", "autumn"],
    ]


async def test_only_sources_of_one_level_are_merged(opened: Shop) -> None:
    with pytest.raises(InvalidInput):
        await opened.sources.merge(await opened.source("paid"), await opened.source("paid", "yandex"), actor=MARKETER)


async def test_a_visitor_touches_what_he_came_by_and_nothing_by_our_own_pages(opened: Shop) -> None:
    for hit, url, referrer in (
        ("n0000001", ADVERT, "https://yandex.ru/"),
        ("n0000001", ADVERT, "https://yandex.ru/"),
        ("n0000002", "https://shop.example/cart", "https://shop.example/"),
        ("n0000003", "https://shop.example/", "https://pay.example/return"),
        ("n0000004", "https://shop.example/", ""),
        ("n0000005", "https://shop.example/", "https://vk.com/"),
    ):
        await opened.touches.visited("v0000001", hit, url, referrer)
    assert await opened.met() == [
        ("visitor:v0000001", "page", ["paid", "yandex", "spring"], False),
        ("visitor:v0000001", "page", ["social", "vk"], False),
    ]


async def test_a_dialled_line_a_start_payload_and_a_code_show_their_source(opened: Shop) -> None:
    board = await opened.source("outdoor", "billboard", "Ленинский")
    for kind, value in (("line", "+74950000001"), ("start", "bill7"), ("promo", "ВЕСНА26")):
        await opened.shows(kind, value, board)
    line = CallLine(id="line_1", number="+74950000001")
    anna = (Participant(role=Role.FROM, address="phone:+79160000001"),)
    call = a_letter(
        1, 1, channel="call", type="call", participants=anna, call=CallState(revision=1, line=line, started_at=NOON)
    )
    start = a_letter(2, 2, source=SourceEvidence(kind="start_payload", value="bill7"))
    code = a_letter(3, 3, text="Здравствуйте, у меня код весна26 со щита", link=Link(rule="open_chain"))
    await opened.hear(call, start, code, a_letter(4, 4, text="ничего"))
    where = ["outdoor", "billboard", "Ленинский"]
    assert await opened.met() == [
        ("phone:+79160000001", "call", where, True),
        ("cl_2", "start", where, True),
        ("cl_3", "promo", where, False),
    ]


async def test_what_comes_in_twice_is_one_touch(opened: Shop) -> None:
    await opened.hear(a_letter(2, 2, source=SourceEvidence(kind="start_payload", value="flyer")))
    await opened.desk.follow("interactions")
    assert await opened.met() == [("cl_2", "start", ["messenger", "telegram", "flyer"], True)]


async def test_a_reply_to_a_mailing_and_a_link_that_a_person_followed_are_touches_of_it(opened: Shop) -> None:
    spring = await opened.source("email", "newsletter", "spring")
    await opened.shows("mailing", "ml_1", spring)
    await opened.hear(a_response(1, 1, "replied"), a_response(2, 2, "clicked"), a_response(3, 3, "opened"))
    await opened.hear(a_response(4, 4, "clicked", machine=True))
    assert [(whose, where) for whose, _, where, _ in await opened.met()] == [
        ("cl_1", ["email", "newsletter", "spring"]),
        ("cl_2", ["email", "newsletter", "spring"]),
    ]


async def test_an_answer_to_how_he_had_heard_of_us_is_a_touch_like_any_other(opened: Shop) -> None:
    radio = await opened.source("radio", "Эхо")
    await opened.shows("answer", "по радио", radio)
    await opened.touches.note(
        NewTouch(whose="+7 916 000-00-09", kind="answer", value="По радио"), actor=MARKETER, key="k"
    )
    await opened.touches.note(
        NewTouch(whose="cl_7", path=SourcePath(channel="friends", source="Олег")), actor=MARKETER, key=None
    )
    assert await opened.met() == [
        ("phone:+79160000009", "answer", ["radio", "Эхо"], False),
        ("cl_7", "hand", ["friends", "Олег"], False),
    ]
    with pytest.raises(InvalidInput):
        await opened.touches.note(NewTouch(whose="cl_7", kind="answer", value="?"), actor=MARKETER, key=None)


async def test_a_lead_becomes_a_contact_with_its_source_its_consent_and_its_visitor(opened: Shop) -> None:
    topic = NewTopic(id="news", title={"ru": "Новости"}, text_version="v7")
    await opened.desk.consents.add_topic(topic, actor=MARKETER)
    given = NewLead(
        name="Анна",
        phone="8 (916) 000-00-01",
        text="Перезвоните",
        url=ADVERT,
        visitor="v0000001",
        external_id="tilda-1",
        consent=LeadConsent(topic="news", words="Согласна получать новости"),
    )
    for _ in range(2):
        await opened.touches.lead(given, by="tilda")
    received = [one for one in opened.desk.bus.events("inbound") if isinstance(one, InteractionReceived)]
    assert len({one.id for one in received}) == 1
    assert (received[0].channel, received[0].text, received[0].other_side) == (
        "form",
        "Перезвоните",
        "phone:+79160000001",
    )
    assert await opened.met() == [("phone:+79160000001", "form", ["paid", "yandex", "spring"], True)]
    consents = [one for one in opened.desk.bus.events("inbound") if isinstance(one, ConsentRecorded)]
    assert {(one.topic, one.state, one.source, one.text_version) for one in consents} == {
        ("news", "given", "form", "v7")
    }
    known = [one for one in opened.desk.bus.events("leads") if isinstance(one, VisitorKnown)]
    assert (known[0].visitor, known[0].address) == ("visitor:v0000001", "phone:+79160000001")


async def test_a_lead_without_an_address_is_refused_and_one_without_a_trace_came_by_its_form(opened: Shop) -> None:
    with pytest.raises(InvalidInput):
        await opened.touches.lead(NewLead(name="Анна"), by="tilda")
    await opened.touches.lead(NewLead(email="a@example.com", form="popup"), by="tilda")
    assert await opened.met() == [("email:a@example.com", "lead", ["form", "popup"], True)]


async def test_a_lead_of_a_visitor_came_by_what_the_visitor_met_last_not_by_its_form(opened: Shop) -> None:
    opened.before.met["visitor:v0000001"] = await opened.source("paid", "yandex")
    await opened.touches.lead(NewLead(email="a@example.com", form="popup", visitor="v0000001"), by="tilda")
    assert await opened.met() == [("email:a@example.com", "lead", ["paid", "yandex"], True)]


@pytest.fixture
async def visitor(opened: Shop) -> AsyncIterator[httpx.AsyncClient]:
    http = service_app("omnihub campaigns", checks={})
    publish(http, doors.public(opened.touches), service="campaigns", seal=None)  # type: ignore[arg-type]
    headers = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    async with httpx.AsyncClient(transport=InProcess(http), base_url=BASE, headers=headers) as client:
        yield client


async def test_the_script_of_pages_is_small_and_what_it_tells_is_a_touch(
    opened: Shop, visitor: httpx.AsyncClient
) -> None:
    loaded = await visitor.get("/m/visits/script")
    assert (loaded.content, loaded.headers["content-type"]) == (script(), "text/javascript; charset=utf-8")
    assert len(loaded.content) < LARGEST
    assert loaded.headers["cross-origin-resource-policy"] == "cross-origin"
    hit = {"v": "v0000001", "n": "n0000001", "u": ADVERT, "r": ""}
    assert (await visitor.post("/m/visits/hit", content=orjson.dumps(hit))).status_code == 204
    crawler = {"user-agent": "Mozilla/5.0 (compatible; YandexBot/3.0)"}
    crawled = {**hit, "n": "n0000002", "v": "v0000002"}
    await visitor.post("/m/visits/hit", content=orjson.dumps(crawled), headers=crawler)
    assert await opened.met() == [("visitor:v0000001", "page", ["paid", "yandex", "spring"], False)]
    for odd in (b"", b"[]", b'{"v": "../../x", "n": "n0000001", "u": ""}'):
        assert (await visitor.post("/m/visits/hit", content=odd)).status_code == 422
    assert len(await opened.met()) == 1


_BROWSER = """
const sent=[],inputs=[],kept={};let name=process.argv[1]?kept["omnihub-visitor"]=process.argv[1]:0;
const form={querySelector:()=>null,appendChild:i=>inputs.push(i)};
const currentScript={src:"https://hub.example/m/visits/script"},referrer=process.argv[2]||"";
globalThis.document={currentScript,referrer,readyState:"complete",forms:[form],createElement:()=>({})};
globalThis.location=new URL(process.argv[3]);
const localStorage={getItem:k=>kept[k]||null,setItem:(k,v)=>kept[k]=v};
const beacon={sendBeacon:(u,b)=>{sent.push([u,JSON.parse(b)]);return true}};
globalThis.window={crypto:globalThis.crypto,localStorage,navigator:beacon};
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script of pages; it is not here")
def test_the_script_tells_a_page_once_knows_its_visitor_again_and_names_him_in_forms() -> None:
    def opened(name: str, referrer: str, url: str) -> Any:
        told = "console.log(JSON.stringify({sent,inputs,kept}))"
        source = f"{_BROWSER}{script().decode()};{told}"
        done = subprocess.run(["node", "-e", source, name, referrer, url], capture_output=True, check=True)
        return orjson.loads(done.stdout)

    first = opened("", "https://yandex.ru/", ADVERT)
    (where, told) = first["sent"][0]
    assert where == "https://hub.example/m/visits/hit"
    assert (told["u"], told["r"], told["v"]) == (ADVERT, "https://yandex.ru/", first["kept"]["omnihub-visitor"])
    named = {one["name"]: one["value"] for one in first["inputs"]}
    assert named == {"visitor": told["v"], "url": ADVERT, "referrer": "https://yandex.ru/"}
    again = opened(told["v"], "https://shop.example/", "https://shop.example/cart")
    assert again["sent"] == []
    assert again["kept"] == first["kept"]
    tagged = opened(told["v"], "https://shop.example/", "https://shop.example/?yclid=1")
    assert tagged["sent"][0][1]["v"] == told["v"]


async def test_nobody_writes_a_touch_of_a_client_whom_he_does_not_see(opened: Shop) -> None:
    path = SourcePath(channel="friends", source="Олег")
    with pytest.raises(InvalidInput):
        await opened.touches.note(NewTouch(whose="cl_hidden", path=path), actor=MARKETER, key=None)
