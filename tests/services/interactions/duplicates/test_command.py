"""`omnihub clients duplicates FILE.csv`."""

import json
from pathlib import Path

import pytest

from hub.cli import main

ROWS = """Фамилия{d}Имя{d}Отчество{d}Дата рождения{d}Телефон
Щербаков{d}Александр{d}Ильич{d}01.02.1980{d}8 917 123-45-67
Ёлкина{d}Мария{d}Ивановна{d}12.05.1991{d}89031112233
Щербаков{d}Саша{d}{d}01.02.1980{d}+79171234567
"""


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    with pytest.raises(SystemExit) as ended:
        main(["clients", "duplicates", *arguments])
    assert ended.value.code == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1251", "koi8-r", "cp866", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_pairs_are_told_from_any_charset_and_delimiter(
    charset: str, delimiter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clients.csv"
    file.write_bytes(ROWS.format(d=delimiter).encode(charset))
    (pair,) = lines(capsys, str(file))
    assert (pair["a"], pair["b"]) == (0, 2)
    assert isinstance(pair["score"], float)
    assert 0.95 <= pair["score"] <= 1
    assert pair["rules"] == ["given_name: short form", "surname", "birth_date", "phone"]


def test_a_column_is_named_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "clients.csv"
    file.write_text("Who,Born,Reach\nJohn Marsh,1980-02-01,2025550123\nMarsh, ,\nJohn Marsh,1980-02-01,2025550123\n")
    (pair,) = lines(capsys, str(file), "--map", "name=Who", "--map", "birth_date=Born", "--map", "phone=Reach")
    assert (pair["a"], pair["b"]) == (0, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        ("a,b\n1,2\n", "no column with names among a, b; name it with --map"),
        ('surname,phone\n"' + "x,1\n" * 40_000, "is a quote not closed there?"),
    ],
)
def test_what_is_no_table_of_clients_is_refused_with_the_fix(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["clients", "duplicates", str(file)])
    assert ended.value.code == 1
    assert words in capsys.readouterr().err
