"""Templates: what can be said, what is refused, and that the short way says what the long way says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.api.actor import Actor
from hub.channels.content import Content
from hub.kit.errors import Conflict, InvalidInput, NotFound
from services.campaigns.templates.building import build
from services.campaigns.templates.models import Body, NewTemplate, TemplateChange
from services.campaigns.templates.rendering import render_many
from services.campaigns.templates.service import NOBODY
from services.campaigns.templates.slots import Slot
from tests.services.campaigns.conftest import MARKETER

PAGE = (
    '<html><body><p>{{ first_name | default("друг") }}, <a href="https://example.com/?a=1&amp;b={{ client_id }}">'
    'сюда</a></p><a href="{{ unsubscribe_url }}">отписаться</a></body></html>'
)
CONTENT = Content(mailing="ml_" + "1" * 32, key="ab" * 32, base="https://hub.example")


def a_template(**over: Any) -> NewTemplate:
    body = {"subject": "Скидка", "html": PAGE}
    return NewTemplate(**{"name": "Весна", "channel": "email", "bodies": {"ru": body}, **over})


def sms(text: str) -> dict[str, Any]:
    return build("sms", {"text": text})


def long_way(text: str, **variables: Any) -> dict[str, Any]:
    (made,) = render_many({"text": text}, _fields(NOBODY), [(0, variables)])
    return made


def short_way(built: dict[str, Any], variables: dict[str, Any], content: Content = NOBODY) -> dict[str, Any]:
    """As a channel does it."""
    made = Content(**{**_fields(content), **built["pieces"]})
    values = [Slot.of_json(each).value(variables) for each in built["slots"]]
    if None in values:
        return {"failed": "lacks"}
    rendered = made.rendered(7, [value or "" for value in values])
    return {"subject": rendered.subject, "text": rendered.text, "html": rendered.html}


def _fields(content: Content) -> dict[str, Any]:
    return {name: getattr(content, name) for name in content.__dataclass_fields__}


async def test_a_template_is_kept_in_versions_and_none_of_them_changes(desk: Any) -> None:
    made = await desk.templates.add(a_template(), actor=MARKETER, key="k")
    assert (made["version"], made["languages"], made["simple"]) == (1, ["ru"], True)
    again = await desk.templates.add(a_template(), actor=MARKETER, key="k")
    assert again["_id"] == made["_id"]
    bodies = {"ru": Body(subject="Другое", text="Текст"), "en": Body(subject="Other", text="Text")}
    changed = await desk.templates.change(made["_id"], TemplateChange(bodies=bodies), actor=MARKETER)
    assert (changed["version"], changed["languages"]) == (2, ["en", "ru"])
    first = await desk.templates.said(made["_id"], 1)
    assert first["ru"]["written"]["subject"] == "Скидка"
    assert [one["number"] for one in await desk.templates.versions(made["_id"], actor=MARKETER)] == [2, 1]


async def test_of_two_who_change_a_template_at_once_one_is_told_so(desk: Any) -> None:
    import asyncio

    made = await desk.templates.add(a_template(), actor=MARKETER, key=None)
    change = TemplateChange(bodies={"ru": Body(subject="А", text="Б")})
    both = [desk.templates.change(made["_id"], change, actor=MARKETER) for _ in range(2)]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one) for one in done if isinstance(one, Exception)) in ([Conflict], [])
    numbers = [one["number"] for one in await desk.templates.versions(made["_id"], actor=MARKETER)]
    assert len(numbers) == len(set(numbers))


async def test_who_does_not_see_a_template_is_told_that_there_is_none(desk: Any) -> None:
    made = await desk.templates.add(a_template(), actor=MARKETER, key=None)
    stranger = Actor(login="ivan", reach=("owner:ivan",))
    with pytest.raises(NotFound):
        await desk.templates.get(made["_id"], stranger)
    assert (await desk.templates.page(stranger, limit=10, after=None)).items == []


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"html": "<p>{{ frist_name }}</p>"}, "bodies.ru.html", "did you mean first_name?"),
        ({"html": "<p>{% if %}</p>"}, "bodies.ru.html", "line 1: Expected an expression"),
        ({"html": "<p>{{ name | uper }}</p>"}, "bodies.ru.html", "there is no filter 'uper'; did you mean upper?"),
        ({"html": "<script>1</script>"}, "bodies.ru.html", "<script> is shown by no mail program"),
        ({"html": '<p onclick="x()">a</p>'}, "bodies.ru.html", "onclick= is run by no mail program"),
        ({"html": '<a href="javascript:x()">a</a>'}, "bodies.ru.html", "is opened by no mail program"),
        ({"html": '<a href="/sale">a</a>'}, "bodies.ru.html", "leads nowhere in a mail"),
        ({"html": '{% include "x" %}'}, "bodies.ru.html", "a template stands for itself"),
        ({"mjml": "<mjml><mj-bo"}, "bodies.ru.mjml", "no MJML"),
        ({}, "bodies.ru.text", "it says nothing"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_its_field(desk: Any, body: Any, field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.templates.add(a_template(bodies={"ru": {"subject": "x", **body}}), actor=MARKETER, key=None)
    assert words in refused.value.fields[field]


def test_mjml_becomes_a_page_with_a_plain_part_and_its_links() -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>Привет, {{ first_name }}!</mj-text>"
        '<mj-button href="https://example.com/sale">Купить</mj-button></mj-column></mj-section></mj-body></mjml>'
    )
    built = build("email", {"subject": "Скидка", "mjml": mjml})
    assert "<!doctype html>" in built["sources"]["html"].lower()
    assert "Привет, {{ first_name }}!" in built["sources"]["text"]
    assert built["links"] == ["https://example.com/sale"]
    assert built["variables"] == ["first_name"]
    assert built["pieces"] is not None


def test_what_mail_programs_do_not_bear_is_warned_of() -> None:
    html = '<img src="https://example.com/a.png"><a href="http://example.com/">x</a>' + "я" * 60_000
    problems = build("email", {"subject": "x", "html": html})["problems"]
    assert [words.split(";")[0].split(" 1")[0] for _, _, words in problems] == [
        "it has",
        "1 images have no alt",
        "http://example.com/ is not https",
    ]


def test_an_address_with_a_variable_survives_in_the_plain_part() -> None:
    built = build("email", {"subject": "x", "html": PAGE})
    assert "{{ unsubscribe_url }}" in built["sources"]["text"]


def test_links_lead_by_way_of_us_and_carry_where_they_lead() -> None:
    from hub.channels.marks import mailing_key, read_click

    master, mailing = b"m" * 32, "ml_" + "2" * 32
    content = Content(mailing=mailing, key=mailing_key(master, mailing).hex(), base="https://hub.example")
    html = short_way(build("email", {"subject": "x", "html": PAGE}), {"client_id": "cl_1"}, content)["html"]
    _, _, rest = html.partition("https://hub.example/m/l/")
    mark, target = rest.partition('"')[0].split("/")
    read = read_click(master, mark, target)
    assert read is not None
    assert (read[0].row, read[0].link, read[1]) == (f"{mailing}-7", 0, "https://example.com/?a=1&b=cl_1")
    assert read_click(master, mark, target[:-2] + "xx") is None
    assert read_click(b"n" * 32, mark, target) is None


def test_one_who_lacks_what_has_no_fallback_fails_alone_with_its_name() -> None:
    people = [(0, {"first_name": "Анна"}), (1, {"first_name": ""}), (2, {})]
    made = render_many({"text": "{% if true %}{{ first_name }}{% endif %}"}, _fields(NOBODY), people)
    assert [one.get("text") for one in made] == ["Анна", None, None]
    assert made[1]["failed"] == made[2]["failed"] == "'first_name' is undefined"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for a in range(100000) %}xxxxxxxxxxxx{% endfor %}", "it becomes more than"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "takes more than"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ range(10000000) | list }}", "Range too big"),
    ],
)
def test_a_template_that_runs_wild_is_ended_within_its_limits(text: str, words: str) -> None:
    assert words in long_way(text)["failed"]


async def test_what_takes_all_memory_ends_its_process_and_not_the_hub(desk: Any) -> None:
    built = {"sources": {"text": "{% if client_id == '1' %}{{ 'x' * 3000000000 }}{% endif %}{{ client_id }}"}}
    people = [(number, {"client_id": str(number)}) for number in range(4)]
    made = await desk.templates.rendered(built, NOBODY, people)
    assert [one.get("text") for one in made] == ["0", None, "2", "3"]
    assert made[1]["failed"]


def test_only_what_names_variables_alone_takes_the_short_way() -> None:
    assert sms("{{ first_name | default('x') | upper }} {{ data.city }}")["pieces"] is not None
    for text in ("{% if name %}a{% endif %}", "{{ name ~ 'a' }}", "{{ name | replace('a', 'b') }}", "{{ 1 + 1 }}"):
        built = sms(text)
        assert (built["pieces"], built["problems"]) == (None, [])


NAMES = st.text(alphabet="Анна <&'\"{%}\\", max_size=8)


@settings(max_examples=60)
@given(first=NAMES, city=NAMES, fallback=st.sampled_from(["друг", "<b>", ""]))
def test_the_short_way_says_what_the_long_way_says(first: str, city: str, fallback: str) -> None:
    html = f"<p>{{{{ first_name | default('{fallback}') | upper }}}} {{{{ data.city | trim }}}}</p>{PAGE}"
    built = build("email", {"subject": "{{ first_name }} ", "html": html})
    variables = {"first_name": first, "data": {"city": city}, "client_id": "cl_1"}
    (long,) = render_many(built["sources"], _fields(CONTENT), [(7, variables)])
    short = short_way(built, variables, CONTENT)
    assert ("failed" in short) == ("failed" in long)
    assert "failed" in long or short == long


async def test_a_check_tells_what_a_body_becomes_and_stores_nothing(desk: Any) -> None:
    said = await desk.templates.built("sms", "body", Body(text="{{ nme }}"))
    assert said["built"]["problems"] == [["error", "text", "there is no variable 'nme'; did you mean name?"]]
    assert desk.blobs.content == {}
