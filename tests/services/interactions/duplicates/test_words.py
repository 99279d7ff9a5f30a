"""Names, dates, numbers and addresses come into one form."""

import pytest

from hub.kit.errors import InvalidInput
from services.interactions.duplicates import organisations, people, values
from services.interactions.duplicates.columns import columns_of
from services.interactions.duplicates.letters import sound
from services.interactions.duplicates.people import Name


@pytest.mark.parametrize(
    "spellings",
    [
        ("юлия", "yuliya", "julia", "iuliia"),
        ("евгений", "yevgeniy", "evgenii", "jevgenij"),
        ("щукин", "shchukin", "schukin"),
        ("алексей", "aleksey", "alexei", "aleksei"),
        ("григорьев", "grigoriev", "grigor'ev".replace("'", "")),
    ],
)
def test_a_name_sounds_the_same_in_every_transliteration(spellings: tuple[str, ...]) -> None:
    assert len({sound(one) for one in spellings}) == 1


def test_names_that_differ_by_their_first_glide_stay_apart() -> None:
    assert sound("яна") != sound("анна")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Иванов Иван Петрович", Name("иван", "петрович", "иванов")),
        ("Иван Петрович Иванов", Name("иван", "петрович", "иванов")),
        ("Иванов И. П.", Name("и", "п", "иванов")),
        ("Иванов Иван", Name("иван", "", "иванов")),
        ("Smith, John A.", Name("john", "a", "smith")),
        ("Mr John Fitzgerald Smith Jr", Name("john", "fitzgerald", "smith", "jr")),
        ("O'Brien, Anna", Name("anna", "", "obrien")),
    ],
)
def test_a_name_in_one_line_is_parted(line: str, name: Name) -> None:
    assert people.of_line(line) == name


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("19850312", "19850312"),
        ("1985-03-12T00:00:00", "19850312"),
        ("12.03.1985", "19850312"),
        ("12 марта 1985 г.", "19850312"),
        ("March 12, 1985", "19850312"),
        ("12.3.85", "19850312"),
        ("1985", "19850000"),
        ("—", ""),
    ],
)
def test_a_birth_date_is_read_as_people_write_it(text: str, date: str) -> None:
    assert values.birth_date(text) == date


def test_the_month_stands_first_where_the_table_shows_it() -> None:
    assert values.is_month_first(["03/25/1985", "01/02/1990"])
    assert values.birth_date("01/02/1990", month_first=True) == "19900102"


def test_phones_are_the_same_with_8_and_7_and_several_stand_in_one_cell() -> None:
    assert values.phones("8 (917) 123-45-67 доб. 12; +7 495 123 45 67") == ("9171234567", "4951234567")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("420012, г. Казань, ул. Ленина, д. 5, кв. 7", ("ленина", "5 7", "казань", "420012")),
        ("Казань, Ленина 5", ("ленина", "5", "казань", "")),
        ("12 Main Street, Springfield, 01103", ("main", "12", "springfield", "01103")),
        ("ул. 5-я Парковая, 12а", ("thf парковая", "12a", "", "")),
    ],
)
def test_an_address_in_one_line_is_parted(text: str, parts: tuple[str, ...]) -> None:
    assert values.whole_address(text) == parts


def test_numbers_are_checked_by_their_digits() -> None:
    assert organisations.is_inn("7707083893")
    assert organisations.is_inn("500100732259")
    assert not organisations.is_inn("7707083894")
    assert organisations.is_snils("11223344595")
    assert organisations.is_ogrn("1027700132195")


def test_a_number_that_stands_for_none_is_none() -> None:
    assert [values.number(text) for text in ("000-000-000 00", "12345678", "n/a")] == ["", "", ""]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (
            ["rec_id", "given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state"],
            ["given_name", "surname", "house", "street", "city", "postcode", "region"],
        ),
        (["date_of_birth", "soc_sec_id"], ["birth_date", "national_id"]),
        (["Фамилия", "Имя", "Отчество", "СНИЛС", "Телефон 1", "Телефон 2"], None),
        (["Name", "Surname", "firstName"], ["name", "surname", "given_name"]),
        (["Name", "Surname"], ["given_name", "surname"]),
    ],
)
def test_columns_are_known_by_their_usual_names(header: list[str], fields: list[str] | None) -> None:
    known = ["surname", "given_name", "patronymic", "national_id", "phone", "phone"]
    assert list(columns_of(header).values()) == (fields or known)


def test_an_unusual_column_is_named_and_a_missing_one_is_refused_with_what_there_is() -> None:
    assert columns_of(["Nom", "Prénom"], {"surname": "Nom", "given_name": "prénom"}) == {
        0: "surname",
        1: "given_name",
    }
    with pytest.raises(InvalidInput, match="the table has Nom"):
        columns_of(["Nom"], {"surname": "Name"})
    with pytest.raises(InvalidInput, match="no such field; there are given_name"):
        columns_of(["Nom"], {"nom": "Nom"})
