"""Two cards that are, and are not, of one client."""

import pytest

from services.interactions.duplicates.detect import Finder
from services.interactions.duplicates.records import record_of

Row = dict[str, str]
HOME = {"street": "ул. Ленина", "house": "5, кв. 7", "city": "Казань", "postcode": "420012"}
ANNA = {
    "surname": "Смирнова",
    "given_name": "Анна",
    "patronymic": "Петровна",
    "birth_date": "12.03.1985",
    "phone": "8 (917) 123-45-67",
    "mail": "anna.smirnova85@mail.ru",
    **HOME,
}


def are_one(one: Row, other: Row) -> bool:
    return bool(Finder([record_of(0, one), record_of(1, other)]).pairs())


def but(card: Row, **changes: str) -> Row:
    return {name: text for name, text in {**card, **changes}.items() if text}


SAME: dict[str, Row] = {
    "ё and a short form": but(ANNA, given_name="Аня"),
    "Latin letters of a passport": but(ANNA, surname="Smirnova", given_name="Anna", patronymic="Petrovna"),
    "names in each other's column": but(ANNA, surname="Анна", given_name="Смирнова"),
    "a typo in the surname": but(ANNA, surname="Смирнва"),
    "another surname after a marriage": but(ANNA, surname="Ковалёва"),
    "another phone form": but(ANNA, phone="+79171234567", mail=""),
    "day and month of the birth date swapped": but(ANNA, birth_date="03.12.1985"),
    "moved, with the same phone": but(ANNA, street="Мира", house="12", postcode="420100"),
}
OTHER: dict[str, Row] = {
    "a sister": but(ANNA, given_name="Ольга", birth_date="01.07.1988"),
    "a twin sister": but(ANNA, given_name="Ольга"),
    "a twin of almost the same name": but(ANNA, given_name="Инна"),
    "a brother of her patronymic": but(ANNA, given_name="Антон", surname="Смирнов", patronymic="Петрович"),
    "a mother of the same name": but(ANNA, birth_date="04.11.1959", patronymic="Ивановна"),
    "a namesake": {**{k: ANNA[k] for k in ("surname", "given_name", "patronymic")}, "birth_date": "30.01.1990"},
    "the name alone": {k: ANNA[k] for k in ("surname", "given_name", "patronymic")},
    "the household without a given name": but(ANNA, given_name="", patronymic="", birth_date="", mail=""),
}


@pytest.mark.parametrize("what", SAME)
def test_one_person_is_found_in_spite_of(what: str) -> None:
    assert are_one(ANNA, SAME[what])


@pytest.mark.parametrize("what", OTHER)
def test_somebody_else_is_not_taken_for_the_same(what: str) -> None:
    assert not are_one(ANNA, OTHER[what])


def test_different_numbers_tell_two_persons_apart_whatever_else_agrees() -> None:
    assert are_one(but(ANNA, national_id="112-233-445 95"), but(ANNA, national_id="11223344595"))
    assert not are_one(but(ANNA, national_id="112-233-445 95"), but(ANNA, national_id="087-654-303 00"))


def test_father_and_son_of_one_name_stay_apart_and_who_of_them_a_third_card_is_of_is_not_guessed() -> None:
    father = {"given_name": "John", "surname": "Marquinard", "street": "5 Mill Road", "phone": "2025550123"}
    rows = [
        but(father, birth_date="1950-03-04"),
        but(father, birth_date="1981-11-23"),
        father,
    ]
    assert Finder([record_of(n, row) for n, row in enumerate(rows)]).pairs() == []


FIRM = {"organisation": "ООО «Ромашка»", "inn": "7707083893", "kpp": "773601001", "phone": "84951234567"}


@pytest.mark.parametrize(
    "other",
    [
        {"organisation": '"Ромашка", ООО', "inn": "7707083893", "kpp": "773601001"},
        {"organisation": "Общество с ограниченной ответственностью РОМАШКА", "inn": "7707083893"},
        {"organisation": "OOO Romashka", "inn": "7707083893", "phone": "+7 495 123-45-67"},
    ],
)
def test_an_organisation_is_found_by_its_number_however_its_form_and_quotes_are_written(other: Row) -> None:
    assert are_one(FIRM, other)


@pytest.mark.parametrize(
    "other",
    [
        {**FIRM, "kpp": "540602001"},
        {**FIRM, "inn": "7728168971"},
        {"organisation": "ООО Ромашка Плюс", "phone": "84951234567"},
        {"organisation": "ООО Ромашка"},
    ],
)
def test_a_branch_another_number_and_a_neighbour_are_other_organisations(other: Row) -> None:
    assert not are_one(FIRM, other)
