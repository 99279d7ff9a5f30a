"""Russian names in their cases: what is sure is right, and of what is not sure nothing is made."""

from typing import Any

import pytest

from hub.testing.effort import least
from services.campaigns.mailings.models import MailingForm
from services.campaigns.templates.declension import CASES, MOST, declined
from tests.services.campaigns.conftest import MARKETER, Desk, a_client
from tests.services.campaigns.mailing_desk import a_post


def a_person(*parts: str) -> dict[str, str]:
    """Surname, given name, patronymic."""
    surname, first, patronymic = (*parts, "", "", "")[:3]
    found = {"surname": surname, "first_name": first, "patronymic": patronymic}
    return {**found, "name": " ".join(filter(None, parts))}


@pytest.mark.parametrize(
    ("person", "forms"),
    [
        (
            ("Иванов", "Пётр", "Ильич"),
            "Иванова Петра Ильича, Иванову Петру Ильичу, Иванова Петра Ильича,"
            " Ивановым Петром Ильичом, Иванове Петре Ильиче",
        ),
        (
            ("Смирнова", "Мария", "Сергеевна"),
            "Смирновой Марии Сергеевны, Смирновой Марии Сергеевне, Смирнову Марию Сергеевну,"
            " Смирновой Марией Сергеевной, Смирновой Марии Сергеевне",
        ),
        (
            ("Достоевский", "Фёдор"),
            "Достоевского Фёдора, Достоевскому Фёдору, Достоевского Фёдора, Достоевским Фёдором, Достоевском Фёдоре",
        ),
        (
            ("Вознесенская", "Ольга"),
            "Вознесенской Ольги, Вознесенской Ольге, Вознесенскую Ольгу, Вознесенской Ольгой, Вознесенской Ольге",
        ),
        (("Шевченко", "Лев"), "Шевченко Льва, Шевченко Льву, Шевченко Льва, Шевченко Львом, Шевченко Льве"),
        (
            ("Петросян", "Дмитрий", "Андреевич"),
            "Петросяна Дмитрия Андреевича, Петросяну Дмитрию Андреевичу, Петросяна Дмитрия Андреевича,"
            " Петросяном Дмитрием Андреевичем, Петросяне Дмитрии Андреевиче",
        ),
        (("Салтыков-Щедрин", "Михаил"), "Салтыкова-Щедрина Михаила, Салтыкову-Щедрину Михаилу,"
            " Салтыкова-Щедрина Михаила, Салтыковым-Щедриным Михаилом, Салтыкове-Щедрине Михаиле"),
        (("", "Илья"), "Ильи, Илье, Илью, Ильёй, Илье"),
        (("", "Даша"), "Даши, Даше, Дашу, Дашей, Даше"),
        (("", "Игорь"), "Игоря, Игорю, Игоря, Игорем, Игоре"),
        (("", "Любовь"), "Любови, Любови, Любовь, Любовью, Любови"),
        (("Морозов", "Савва", "Саввич"), "Морозова Саввы Саввича, Морозову Савве Саввичу, Морозова Савву Саввича,"
            " Морозовым Саввой Саввичем, Морозове Савве Саввиче"),
        (("Кузьмич", "Иван"), "Кузьмича Ивана, Кузьмичу Ивану, Кузьмича Ивана, Кузьмичом Иваном, Кузьмиче Иване"),
        (("", "Павел"), "Павла, Павлу, Павла, Павлом, Павле"),
    ],
)  # fmt: skip
def test_a_name_is_declined(person: tuple[str, ...], forms: str) -> None:
    about = a_person(*person)
    assert ", ".join(str(declined(about["name"], case, about)) for case in CASES) == forms


@pytest.mark.parametrize(
    "person",
    [
        ("Шевчук", "Анна", "Петровна"),
        ("Черных", "Иван"),
        ("Долгих", "Анна"),
        ("Калина", "Анна"),
        ("Дуброва", "Ольга", "Ивановна"),
        ("Иванова", "Саша"),
        ("Иванов", "Женя"),
        ("Заяц", "Пётр"),
        ("Белый", "Андрей"),
        ("Дарвин", "Роберт"),
        ("", "Мадлен"),
        ("", "Франсуа"),
        ("", "Айгуль"),
        ("Smith", "John"),
        ("ИВАНОВ", "ПЁТР"),
        ("Мамедов", "Рустам", "Ахмед-оглы"),
        ("", "Иvан"),
    ],
)
def test_of_what_is_not_sure_nothing_is_made(person: tuple[str, ...]) -> None:
    about = a_person(*person)
    assert [declined(about["name"], case, about) for case in CASES] == [None] * 5


def test_what_is_no_name_of_his_is_not_declined_and_a_long_one_costs_nothing() -> None:
    about = a_person("Иванов", "Пётр")
    assert [declined(value, "dative", about) for value in ("", "друг", "Иванов Ваня", "А" * (MOST + 1))] == [None] * 4
    hostile = {"first_name": "а" * 10**6, "name": "б " * 10**6}
    assert least(lambda: [declined(hostile["name"], "dative", hostile) for _ in range(1_000)], enough=1) < 1


def bodies(subject: str, text: str) -> dict[str, Any]:
    return {"ru": {"subject": subject, "html": f"<p>{text}</p><a href='{{{{ unsubscribe_url }}}}'>x</a>"}}


@pytest.mark.parametrize("long_way", ["", "{% if true %}{% endif %}"])
async def test_a_template_declines_and_its_fallback_stands_in(desk: Desk, long_way: str) -> None:
    post = await a_post(desk)
    await desk.hear(
        a_client(1, name="Смирнова Анна Петровна"), a_client(2, name="Шевчук Анна Петровна"), a_client(3, name="John")
    )
    text = f'{long_way}{{{{ surname | dative | default("клиенту") }}}}'
    template = await post.template(bodies=bodies("Для {{ first_name | genitive | default('вас') }}", text))
    message = {"channel": "email", "template": template, "account": "mb_1"}
    mailing = await post.launched(messages=[message])
    contents = await post.library.of(mailing)
    shown = [await contents.shown(row, desk.templates) for row in await post.rows(mailing["_id"])]
    assert [(subject, text.split("\n")[0]) for subject, text in shown] == [
        ("Для Анны", "Смирновой"),
        ("Для Анны", "клиенту"),
        ("Для вас", "клиенту"),
    ]


async def test_who_has_no_sure_form_and_no_fallback_is_told_before_the_launch(desk: Desk) -> None:
    post = await a_post(desk)
    await desk.hear(a_client(1, name="Смирнова Анна Петровна"), a_client(2, name="Шевчук Анна Петровна"))
    template = await post.template(bodies=bodies("x", "{{ surname | dative }}"))
    form = MailingForm.model_validate(
        {
            "name": "x",
            "topic": "offers",
            "include": {"all": []},
            "messages": [{"channel": "email", "template": template, "account": "mb_1"}],
        }
    )
    mailing = await post.mailings.add(form, actor=MARKETER, key=None)
    counted = await post.mailings.count(mailing["_id"], MARKETER)
    assert (counted.recipients, counted.warnings) == (1, ["1 of 2 lack surname|dative"])
