"""What a row says of a client, and what it must not say."""

import csv
import io
import re
from typing import Any

import pytest

from hub.kit.errors import InvalidInput
from hub.kit.tables.writing import as_it_was, delimited, harmless
from services.interactions.exchange.cards import card_of
from services.interactions.exchange.models import Match, changed, client_id, decided
from services.interactions.exchange.preparing import Options, cards_in, peek, prepare


def card(**row: str) -> dict[str, Any]:
    return card_of(row, region="RU")


def test_a_row_becomes_a_card_with_normalised_addresses() -> None:
    made = card(
        surname="Иванова", given_name="Анна", phone="8 (917) 123-45-67; +1 202 555 0123", mail="Anna@Example.com",
        birth_date="12.03.1985", city="Казань",
    )  # fmt: skip
    assert made == {
        "kind": "person",
        "name": "Иванова Анна",
        "surname": "Иванова",
        "given_name": "Анна",
        "birth_date": "1985-03-12",
        "addresses": [
            {"address": "phone:+79171234567", "raw": "8 (917) 123-45-67", "name": ""},
            {"address": "phone:+12025550123", "raw": "+1 202 555 0123", "name": ""},
            {"address": "email:anna@example.com", "raw": "Anna@Example.com", "name": ""},
        ],
        "postal": [{"kind": "postal", "city": "Казань"}],
    }


def test_a_name_with_a_legal_form_is_an_organisation() -> None:
    made = card(name="ООО «Ромашка»", inn="7707083893", kpp="773601001")
    assert (made["kind"], made["name"], made["legal_form"], made["inn"]) == (
        "organisation",
        "ООО «Ромашка»",
        "ООО",
        "7707083893",
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"name": "А Б", "phone": "12"}, "'12' is no address"),
        ({"name": "А Б", "mail": "anna at example"}, "is no address"),
        ({"name": "А Б", "inn": "7707083894"}, "inn: '7707083894' is none"),
        ({"name": "А Б", "birth_date": "32.13.1985"}, "write it as 1985-03-12"),
        ({"name": "А Б", "birth_date": "31.02.1985"}, "write it as 1985-03-12"),
        ({"name": "А Б", "birth_date": "1985"}, "write it as 1985-03-12"),
        ({"city": "Казань"}, "who is it"),
        ({"name": "x" * 501}, "at most 500"),
    ],
)
def test_a_row_that_is_wrong_names_the_field_and_the_fix(row: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        card(**row)


def test_a_file_is_prepared_in_parts_with_good_rows_and_bad_ones() -> None:
    content = "ФИО;Телефон\n".encode() + b"".join(
        f"Клиент{n} Анна;{'89171234567' if n % 2 else '1'}\n".encode() for n in range(1_001)
    )
    found = prepare(content, Options())
    assert (found.rows, len(found.parts), found.header) == (1_001, 3, ("ФИО", "Телефон"))
    first = cards_in(found.parts[0])
    assert [one["n"] for one in first[:2]] == [0, 1]
    assert "is no address" in first[0]["problem"]
    assert first[1]["card"]["addresses"][0]["address"] == "phone:+79171234567"


def test_a_preview_shows_what_columns_would_be_and_a_mapping_says_otherwise() -> None:
    content = "ФИО;Моб;Что\nИванов Иван;89171234567;x\n".encode()
    assert peek(content, Options()).fields == ("name", "", "")
    told = peek(content, Options(mapping={"Моб": "phone", "ФИО": "name", "Что": ""}))
    assert (told.fields, told.samples[1]) == (("name", "phone", ""), ("89171234567",))
    assert "no field tel" in peek(content, Options(mapping={"Моб": "tel"})).refused
    assert "no column 'Нет'" in peek(content, Options(mapping={"Нет": "phone"})).refused
    assert "it is empty" in peek(b"", Options()).refused


MATCH = Match("cl_1", ("address",))


@pytest.mark.parametrize(
    ("match", "policy", "action"),
    [
        (None, "skip", "create"),
        (MATCH, "skip", "skip"),
        (MATCH, "update", "update"),
        (MATCH, "merge", "merge"),
        (MATCH, "create", "create"),
        (Match("cl_1", ("address",), seen=False), "update", "reject"),
        (Match(client_id("imp_1", 3), ("address",)), "skip", "create"),
    ],
)
def test_what_becomes_of_a_row_follows_from_who_it_is_of(match: Match | None, policy: str, action: str) -> None:
    assert decided({"n": 3, "card": {}}, match, policy=policy, run="imp_1").action == action


def test_a_client_who_is_not_seen_is_not_named() -> None:
    found = decided({"n": 1, "card": {}}, Match("cl_secret", ("address",), seen=False), policy="skip", run="imp_1")
    assert "cl_secret" not in repr(found)


def test_an_update_writes_over_and_a_merge_fills_what_is_empty() -> None:
    client = {
        "_id": "cl_1",
        "name": "Анна",
        "inn": None,
        "surname": "Иванова",
        "addresses": [{"address": "phone:+7"}],
    }
    new = {"name": "Анна Петрова", "surname": "Петрова", "inn": "7707083893"}
    addresses = [{"address": "email:a@example.com"}, {"address": "phone:+7"}]
    merged = changed(client, new, addresses, over=False)
    assert (merged["name"], merged["surname"], merged["inn"]) == ("Анна", "Иванова", "7707083893")
    assert [one["address"] for one in merged["addresses"]] == ["phone:+7", "email:a@example.com"]
    updated = changed(client, new, [], over=True)
    assert (updated["name"], updated["surname"]) == ("Анна Петрова", "Петрова")
    assert changed(client, {}, [], over=True) is client


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+79171234567",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "ООО;=1+1",
        "а\t@SUM(A1)",
        "а\r\n-2+3",
        "+7;+8",
        'ООО;"=1"',
        "а; =1",
    ],
)
def test_no_part_of_a_cell_is_a_formula_by_whatever_a_program_parts_and_it_comes_back_as_it_was(cell: str) -> None:
    (text,) = csv.reader(io.StringIO(delimited([[cell]]).decode(), newline=""))
    parts = re.split(r"[;\t\r\n]", harmless(cell))
    assert not any(part.strip('"').startswith(("=", "+", "-", "@")) for part in parts)
    assert (text, as_it_was(text[0])) == ([harmless(cell)], cell)


def test_an_exported_phone_is_imported_again() -> None:
    assert card(name="А Б", phone="'+79171234567")["addresses"][0]["address"] == "phone:+79171234567"
