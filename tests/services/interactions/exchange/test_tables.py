"""Rows are read out of whatever offices save."""

import io
import json
from pathlib import Path

import openpyxl
import pytest

from hub.kit.errors import InvalidInput
from hub.kit.tables.charsets import charset_of
from hub.kit.tables.delimited import CELL_LIMIT
from services.interactions.exchange import tables

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "contacts-csv"
RUSSIAN = "Фамилия;Имя;Город\nЩербаков;Пётр;Казань\nЁлкина;Яна;Уфа\n"


def read(content: bytes, **how: str) -> list[list[str]]:
    return list(tables.rows(content, **how))


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the corner cases of CSV are not beside the repository")
@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("csvs/*.csv")))
def test_the_corner_cases_of_csv_are_read_as_expected(name: str) -> None:
    header, *rows = read((FOLDER / "csvs" / f"{name}.csv").read_bytes())
    expected = json.loads((FOLDER / "json" / f"{name}.json").read_text(encoding="utf-8"))
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in told] == [
        {k: str(v).replace("\r\n", "\n") for k, v in row.items()} for row in expected
    ]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1251", "koi8-r", "cp866"])
def test_a_russian_table_is_read_in_any_charset(charset: str) -> None:
    assert read(RUSSIAN.encode(charset))[1] == ["Щербаков", "Пётр", "Казань"]


def test_a_table_in_western_letters_is_not_taken_for_russian() -> None:
    assert charset_of("nom;prénom\nLefèvre;Chloé\nMüller;Jürgen\n".encode("cp1252")) == "cp1252"


def test_the_line_that_names_the_delimiter_is_no_row() -> None:
    assert read(b"sep=;\na;b\n1;2,5\n") == [["a", "b"], ["1", "2,5"]]


def test_a_workbook_gives_texts_dates_and_whole_numbers() -> None:
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["ФИО", "ИНН", "Доля"])
    sheet.append(["Иванов Иван", 7707083893, 0.5])
    book.save(file)
    assert read(file.getvalue()) == [["ФИО", "ИНН", "Доля"], ["Иванов Иван", "7707083893", "0.5"]]


def test_vcards_of_old_and_new_versions_give_rows() -> None:
    cards = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;"
        "=D0=98=D0=\r\n=B2=D0=B0=D0=BD\r\nTEL;CELL:+79171234567\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna Smith\r\nTEL;VALUE=uri:tel:+12025550123\r\n"
        "item1.EMAIL;TYPE=work:anna@exam\r\n ple.com\r\nADR:;;5 Mill\\, Road;Salem;NJ;08079;US\r\nEND:VCARD\r\n"
    )
    header, *rows = read(cards.encode())
    told = [{k: v for k, v in zip(header, row, strict=True) if v} for row in rows]
    assert told == [
        {"surname": "Иванов", "given_name": "Иван", "phone": "+79171234567"},
        {
            "name": "Anna Smith",
            "phone": "+12025550123",
            "mail": "anna@example.com",
            "street": "5 Mill, Road",
            "city": "Salem",
            "region": "NJ",
            "postcode": "08079",
        },
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 no workbook", "save it as XLSX or CSV"),
        (b'a,b\n"' + b"x" * (CELL_LIMIT + 1), "is a quote not closed there"),
        (b"a\n" + b"," * 600, "more than 500 cells"),
    ],
)
def test_what_is_no_table_is_refused_with_the_fix(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(content)
