"""`omnihub inspect telegram` and `inspect sms`: one line for each, whatever they are given."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

from services.messaging.inspect import inspect_sms, inspect_telegram

PETR = {"id": 1, "is_bot": False, "first_name": "Пётр"}
CHAT = {"id": 1, "type": "private"}
START: dict[str, Any] = {
    "update_id": 5,
    "message": {"message_id": 7, "date": 1772442600, "chat": CHAT, "from": PETR, "text": "/start dacha"},
}
EDIT = {
    "update_id": 6,
    "edited_message": {**START["message"], "edit_date": 1772442700, "text": "Две, пожалуйста"},
}


def lines(*paths: Path) -> tuple[int, list[dict[str, Any]]]:
    out = StringIO()
    code = inspect_telegram(paths, out, bot="Romashka_Bot")
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def of_sms(text: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    assert inspect_sms(text, out, **options) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_an_update_is_one_line_with_what_the_hub_would_make_of_it(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(START))
    code, (line,) = lines(tmp_path / "one.json")
    assert code == 0
    assert line["interaction"].startswith("in_")
    assert (line["update_id"], line["kind"], line["address"]) == (5, "message", "telegram:@romashka_bot/1")
    assert (line["text"], line["source"], line["reason"]) == ("/start dacha", "dacha", None)


def test_an_edit_revises_the_message_it_is_of(tmp_path: Path) -> None:
    (tmp_path / "array.json").write_text(json.dumps([START, EDIT]))
    _, (first, edit) = lines(tmp_path / "array.json")
    assert edit["revision_of"] == first["interaction"]
    assert edit["text"] == "Две, пожалуйста"


def test_a_broken_line_is_told_and_the_next_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text(f"{json.dumps(START)}\n{{broken\n\n{json.dumps(EDIT)}\n")
    code, (_, broken, edit) = lines(tmp_path / "lines.jsonl")
    assert code == 0
    assert broken["reason"].startswith("not JSON")
    assert edit["update_id"] == 6


def test_a_file_that_is_not_there_is_told_by_name_and_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(START))
    code, (missing, line) = lines(tmp_path / "none.json", tmp_path / "one.json")
    assert code == 1
    assert "none.json: No such file" in missing["reason"]
    assert line["update_id"] == 5


def test_what_is_no_update_at_all_is_one_line_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('[1, null, "x", {"update_id": "nine", "message": []}, {}]')
    code, found = lines(tmp_path / "odd.json")
    assert code == 0
    assert len(found) == 5
    assert all(line["reason"] for line in found)


def test_an_sms_is_told_with_encoding_segments_and_exact_price() -> None:
    assert of_sms("Ваш «заказ» готов", tariff="3.50") == {
        "encoding": "UCS-2",
        "segments": 1,
        "characters": 17,
        "remaining": 53,
        "price": "3.50",
    }


def test_smart_encoding_makes_typographic_latin_fit_gsm() -> None:
    assert of_sms("“Quoted” — text")["encoding"] == "UCS-2"
    assert of_sms("“Quoted” — text", smart=True)["encoding"] == "GSM-7"
