"""Forms on pages: a lead in one step and once, nothing lost, and neither machines nor strange sites come through."""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import orjson
import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.api.public import publish
from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import InteractionReceived
from hub.contracts.lead import TouchRecorded, VisitorKnown
from hub.kit.asgi import InProcess
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.http import service_app
from hub.store.base import Document
from services.campaigns.consent.models import NewTopic, TopicForm
from services.campaigns.leadforms.doors import public as doors
from services.campaigns.leadforms.models import LeadForm
from services.campaigns.leadforms.parts import Parts, built
from services.campaigns.leadforms.repository import FormRepository
from services.campaigns.leadforms.script import LARGEST, script
from services.campaigns.leadforms.telling import PATIENCE
from services.campaigns.settings import Settings
from services.campaigns.sources.repository import SourceRepository
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER, Desk
from tests.services.campaigns.test_sources import ADVERT, Shop

FIELDS = [
    {"name": "name", "label": {"ru": "Имя", "en": "Name"}},
    {"name": "phone", "label": {"ru": "Телефон", "en": "Phone"}, "required": True},
    {"name": "size", "label": {"ru": "Площадь", "en": "Area"}},
    {"name": "text", "label": {"ru": "Что нужно", "en": "What"}, "long": True},
]
CONSENT = {"topic": "news", "words": {"ru": "Согласен на новости", "en": "I agree to news"}}
ANNA = {"name": "Анна", "phone": "8 916 123-45-67", "size": "12 м²", "text": "Перезвоните", "consent": "yes"}


class Tasks:
    """The interactions service: tasks, once the contact is in its chain."""

    def __init__(self) -> None:
        self.given: dict[str, tuple[str, str, str]] = {}
        self.linked = True

    async def channel_of(self, interaction: str, *, actor: Actor) -> str:
        assert actor.login == "petr"
        if not self.linked:
            raise Conflict("there is no such interaction")
        return f"form of {interaction}"

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:
        assert self.linked, "a refusal would be kept under the key"
        self.given[key] = (interaction, given["title"], f"{given['assignee']} by {actor.login}")


class Stand:
    """A form, and who fills it in."""

    def __init__(
        self, shop: Shop, parts: Parts, tasks: Tasks, client: httpx.AsyncClient, kept: FormRepository
    ) -> None:
        self.shop, self.parts, self.tasks, self.client, self.kept = shop, parts, tasks, client, kept

    async def add(self, **over: Any) -> Document:
        source = await self.shop.source("site", "form")
        fields = {
            "name": "Замер",
            "title": {"ru": "Закажите замер", "en": "Ask for a measurement"},
            "fields": FIELDS,
            "languages": ["ru", "en"],
            "origins": ["https://shop.example"],
            "source": source,
            "assignee": "anna",
            "consent": CONSENT,
        }
        return await self.parts.forms.add(LeadForm.model_validate({**fields, **over}), actor=MARKETER, key=None)

    async def opened(self, form: Document, *, at: str = "") -> tuple[str, str]:
        """The address of its page, and the token that it carries."""
        url = f"/m/form/{form['_id']}/ru{at}"
        return url, token_in((await self.client.get(url)).text)

    async def send(self, form: Document, *, at: str = "", seconds: float = 10, **sent: str) -> httpx.Response:
        url, token = await self.opened(form, at=at)
        self.shop.desk.clock.advance(timedelta(seconds=seconds))
        return await self.client.post(url, data={"token": token, **sent})

    def told(self, kind: type[Any]) -> list[Any]:
        return list(
            {
                one.event_id(): one
                for one in (e.event for e in self.shop.desk.bus.published)
                if isinstance(one, kind)
            }.values()
        )


def token_in(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    return unescape(found[1])


def context(**told: str) -> str:
    return "/" + urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, FormRepository]:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store), FormRepository(store)


@pytest.fixture
async def stand(kept: tuple[SourceRepository, FormRepository], desk: Desk) -> AsyncIterator[Stand]:
    shop, tasks = Shop(desk, kept[0]), Tasks()
    parts = built(
        desk.store,
        desk.clock,
        settings=Settings(public_url=BASE, form_leads=3),
        sources=shop.sources,
        consents=desk.consents,
        leads=shop.touches,
        tasks=tasks,
        key=MASTER,
    )
    topic = {"id": "news", "title": {"ru": "Новости"}, "text_version": "2026-01"}
    await desk.consents.add_topic(NewTopic.model_validate(topic), actor=MARKETER)
    http = service_app("omnihub campaigns", checks={})
    publish(http, doors(parts.forms, parts.telling, parts.throttle), service="campaigns", seal=None)  # type: ignore[arg-type]
    headers = {"x-hub-caller": "192.0.2.7"}
    async with httpx.AsyncClient(transport=InProcess(http), base_url=BASE, headers=headers) as client:
        yield Stand(shop, parts, tasks, client, kept[1])


async def test_a_lead_becomes_a_contact_with_touch_visitor_consent_and_task_in_one_step(stand: Stand) -> None:
    form = await stand.add()
    where = context(v="v0000001", u="https://shop.example/kitchens", r="")
    answer = await stand.send(form, at=where, **ANNA)
    assert (answer.status_code, "Спасибо!" in answer.text) == (200, True)
    (received,) = stand.told(InteractionReceived)
    assert (received.channel, received.participants[0].address, received.participants[0].name, received.text) == (
        "form",
        "phone:+79161234567",
        "Анна",
        "Перезвоните\nПлощадь: 12 м²",
    )
    assert await stand.shop.met() == [("phone:+79161234567", "lead", ["site", "form"], True)]
    assert [(one.visitor, one.address) for one in stand.told(VisitorKnown)] == [
        ("visitor:v0000001", "phone:+79161234567")
    ]
    (said,) = stand.told(ConsentRecorded)
    assert (said.topic, said.state, said.words, said.text_version, said.source) == (
        "news",
        "given",
        "Согласен на новости",
        "2026-01",
        "form",
    )
    assert list(stand.tasks.given.values()) == [(received.id, "Замер", "anna by petr")]


async def test_what_is_surer_than_the_form_is_the_source_of_its_lead(stand: Stand) -> None:
    form = await stand.add()
    await stand.send(form, at=context(u=ADVERT), phone="+79161234567")
    assert [touch[2] for touch in await stand.shop.met()] == [["paid", "yandex", "spring"]]


async def test_a_page_that_is_sent_twice_is_one_lead_and_a_corrected_one_is_another(stand: Stand) -> None:
    form = await stand.add()
    url, token = await stand.opened(form)
    stand.shop.desk.clock.advance(timedelta(seconds=9))
    for phone in ("8 916 123-45-67", "8 916 123-45-67", "8 916 123-45-68"):
        answer = await stand.client.post(url, data={"token": token, "phone": phone})
        assert answer.status_code == 200
    assert len({one.id for one in stand.told(InteractionReceived)}) == 2
    assert len(stand.told(TouchRecorded)) == 2
    assert len(stand.tasks.given) == 2


async def test_a_lead_that_came_while_the_bus_was_down_is_told_later_and_not_twice(stand: Stand) -> None:
    form = await stand.add()
    stand.shop.desk.bus.failures = 1
    assert (await stand.send(form, **ANNA)).status_code == 200
    assert stand.told(InteractionReceived) == []
    for _ in range(2):
        await stand.parts.telling.look()
    assert len(stand.told(InteractionReceived)) == 1
    assert len(stand.tasks.given) == 1
    assert [one["lead"] for one in (await stand.kept.taken.find({})).items] == [None]


async def test_a_task_waits_for_the_contact_to_be_in_its_chain_and_is_given_up_in_the_end(stand: Stand) -> None:
    form = await stand.add()
    stand.tasks.linked = False
    await stand.send(form, phone="+79161234567")
    await stand.parts.telling.look()
    assert (stand.tasks.given, len(await stand.kept.owing())) == ({}, 1)
    stand.tasks.linked = True
    await stand.parts.telling.look()
    assert (len(stand.tasks.given), len(await stand.kept.owing())) == (1, 0)
    stand.tasks.linked = False
    await stand.send(form, phone="+79161234568")
    stand.shop.desk.clock.advance(PATIENCE + timedelta(seconds=1))
    await stand.parts.telling.look()
    reasons = [one["reason"] for one in (await stand.kept.taken.find({}, order="_id")).items]
    assert (sorted(reasons), await stand.kept.owing()) == (["", "there is no such interaction"], [])


@pytest.mark.parametrize(
    ("sent", "seconds", "status", "said"),
    [
        ({"phone": "+79161234567", "website": "spam"}, 10, 422, "Отправьте, пожалуйста, ещё раз"),
        ({"phone": "+79161234567"}, 1, 422, "Отправьте, пожалуйста, ещё раз"),
        ({"phone": "+79161234567"}, 13 * 3600, 422, "Страница устарела"),
        ({"phone": "+79161234567", "token": "forged"}, 10, 422, "Страница устарела"),
        ({"phone": ""}, 10, 422, "Заполните поле: Телефон"),
        ({"phone": "12"}, 10, 422, "Проверьте поле: Телефон"),
        ({"phone": "+79161234567", "text": "я" * 5_001}, 10, 422, "Слишком длинно: Что нужно"),
    ],
)
async def test_what_is_not_taken_comes_back_with_what_was_written_and_says_why(
    stand: Stand, sent: dict[str, str], seconds: float, status: int, said: str
) -> None:
    form = await stand.add()
    answer = await stand.send(form, seconds=seconds, **{"name": 'Анна "<b>', **sent})
    assert (answer.status_code, said in answer.text) == (status, True)
    assert 'value="Анна &quot;&lt;b&gt;"' in answer.text
    assert stand.told(InteractionReceived) == []
    stand.shop.desk.clock.advance(timedelta(seconds=9))
    again = {"token": token_in(answer.text), "phone": "+79161234567"}
    assert (await stand.client.post(f"/m/form/{form['_id']}/ru", data=again)).status_code == 200
    assert len(stand.told(InteractionReceived)) == 1


async def test_one_network_sends_so_many_in_an_hour_and_no_more(stand: Stand) -> None:
    form = await stand.add()
    found = [(await stand.send(form, phone=f"+7916123456{number}")).status_code for number in range(4)]
    assert found == [200, 200, 200, 429]
    stand.client.headers["x-hub-caller"] = "198.51.100.9"
    assert (await stand.send(form, phone="+79161234567")).status_code == 200
    stand.client.headers["x-hub-caller"] = "192.0.2.7"
    stand.shop.desk.clock.advance(timedelta(hours=1))
    assert (await stand.send(form, phone="+79161234567")).status_code == 200


async def test_only_its_sites_may_show_it_and_nothing_runs_in_it(stand: Stand) -> None:
    form = await stand.add(origins=["https://shop.example", "https://shop2.example:8443"])
    page = await stand.client.get(f"/m/form/{form['_id']}/en")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("frame-ancestors https://shop.example https://shop2.example:8443")
    assert ("<script" in page.text, "Ask for a measurement" in page.text) == (False, True)
    loaded = await stand.client.get(f"/m/form/{form['_id']}/script")
    assert (loaded.content, len(loaded.content) < LARGEST) == (script(), True)
    assert loaded.headers["cross-origin-resource-policy"] == "cross-origin"
    missing = await stand.client.get("/m/form/lf_404/ru")
    assert missing.status_code == 404
    assert missing.headers["content-security-policy"].endswith("frame-ancestors 'none'")


async def test_words_of_consent_are_those_that_were_shown_whatever_was_changed_since(stand: Stand) -> None:
    form = await stand.add()
    url, token = await stand.opened(form)
    stand.shop.desk.clock.advance(timedelta(seconds=9))
    changed = LeadForm.model_validate(
        {
            **{name: form[name] for name in LeadForm.model_fields if name not in ("team", "consent")},
            "consent": {**CONSENT, "words": {"ru": "Согласен на всё", "en": "I agree to all"}},
        }
    )
    await stand.parts.forms.change(form["_id"], changed, actor=MARKETER)
    answer = await stand.client.post(url, data={"token": token, **ANNA})
    assert (answer.status_code, "Согласен на всё" in answer.text) == (422, True)
    await stand.shop.desk.consents.change_topic(
        "news", TopicForm.model_validate({"title": {"ru": "Новости"}, "text_version": "2026-09"}), actor=MARKETER
    )
    stand.shop.desk.clock.advance(timedelta(seconds=9))
    await stand.client.post(url, data={"token": token_in(answer.text), **ANNA})
    assert [(one.words, one.text_version) for one in stand.told(ConsentRecorded)] == [("Согласен на всё", "2026-01")]


async def test_a_stranger_takes_nobodys_no_back(stand: Stand) -> None:
    form, desk = await stand.add(), stand.shop.desk
    said = desk.consents.said("phone:+79161234567", "withdrawn", topic="news", source="message", words="СТОП")
    await desk.consents.publish([said])
    await desk.follow()
    assert (await stand.send(form, **ANNA)).status_code == 200
    assert [one.state for one in stand.told(ConsentRecorded)] == ["withdrawn"]
    assert len(stand.told(InteractionReceived)) == 1
    await stand.send(form, **{**ANNA, "phone": "+79161234568"})
    assert [(one.address, one.state) for one in stand.told(ConsentRecorded)][1:] == [("phone:+79161234568", "given")]


async def test_a_topic_that_was_taken_away_takes_no_lead_along(stand: Stand) -> None:
    form = await stand.add()
    await stand.shop.desk.consents.remove_topic("news", actor=MARKETER)
    answer = await stand.send(form, **ANNA)
    assert ("Спасибо!" in answer.text, len(stand.tasks.given)) == (True, 1)
    assert [one.participants[0].address for one in stand.told(InteractionReceived)] == ["phone:+79161234567"]
    assert stand.told(ConsentRecorded) == []


async def test_a_closed_form_takes_nothing_and_a_removed_one_is_not_there(stand: Stand) -> None:
    form = await stand.add(open=False)
    page = await stand.client.get(f"/m/form/{form['_id']}/ru")
    assert ("больше не принимает" in page.text, "<form" in page.text) == (True, False)
    answer = await stand.client.post(
        f"/m/form/{form['_id']}/ru", data={"token": stand.parts.forms.token(form), **ANNA}
    )
    assert answer.status_code == 410
    await stand.parts.forms.remove(form["_id"], actor=MARKETER)
    assert (await stand.client.get(f"/m/form/{form['_id']}/ru")).status_code == 404


async def test_rubbish_about_the_page_costs_no_lead(stand: Stand) -> None:
    form = await stand.add()
    for number, rubbish in enumerate(("/AAAA", "/" + "x" * 3_900, context(v="../../x", u="y" * 3_000))):
        answer = await stand.send(form, at=rubbish, phone=f"+7916123456{number}")
        assert answer.status_code == 200, rubbish
    assert len(stand.told(InteractionReceived)) == 3
    assert stand.told(VisitorKnown) == []


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"fields": FIELDS[:1]}, "add phone or email"),
        ({"fields": [*FIELDS, FIELDS[0]]}, "two have one name"),
        ({"fields": [*FIELDS, {"name": "website", "label": {"ru": "Сайт", "en": "Site"}}]}, "are taken"),
        ({"title": {"ru": "Закажите"}}, "has no words in en"),
        ({"origins": ["https://shop.example/page"]}, "origins"),
        ({"origins": ["https://shop.example; script-src *"]}, "origins"),
        ({"origins": ["https://shop.example:\u0664\u0664\u0663"]}, "origins"),
    ],
)
async def test_a_form_that_could_not_work_is_refused_by_its_field(
    stand: Stand, over: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        await stand.add(**over)


async def test_a_form_of_a_source_or_topic_that_is_not_there_is_refused(stand: Stand) -> None:
    with pytest.raises(InvalidInput, match="source: "):
        await stand.add(source="src_404")
    with pytest.raises(InvalidInput, match=r"consent\.topic: "):
        await stand.add(consent={**CONSENT, "topic": "nothing"})


async def test_a_lead_that_is_in_its_chain_is_forgotten_after_ninety_days_and_one_that_is_not_after_a_year(
    stand: Stand,
) -> None:
    form = await stand.add()
    await stand.send(form, **ANNA)
    (taken,) = (await stand.kept.taken.find({"form": form["_id"]}, order="at")).items
    lost = {name: value for name, value in taken.items() if name != "_v"}
    await stand.kept.taken.insert({**lost, "_id": "lost", "interaction": None})
    await stand.kept.taken.insert({**lost, "_id": "owed", "interaction": None, "owes": True})
    clock, left = stand.shop.desk.clock, []
    for days in (89, 2, 275):
        clock.advance(timedelta(days=days))
        await stand.parts.telling.forget()
        left.append(sorted(one["_id"] for one in (await stand.kept.taken.find({})).items))
    assert left == [sorted([taken["_id"], "lost", "owed"]), ["lost", "owed"], ["owed"]]
