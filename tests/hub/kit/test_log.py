"""Logs tell what happened, and never what was said or who to."""

import json
import logging
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from hub.kit.errors import StoreFull
from hub.kit.log import DISK_FULL, JsonLines, Log, OnceAMinute, PlainLines, configure, mask


@pytest.fixture
def kept() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("hub.example")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield records
    logger.removeHandler(handler)
    logger.setLevel(before)


log = Log("hub.example")


def in_both_forms(record: logging.LogRecord) -> str:
    return JsonLines().format(record) + "\n" + PlainLines().format(record)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("email:anna@example.com", "email:a…@example.com"),
        ("anna@example.com", "a…@example.com"),
        ("email:a@example.com", "email:…@example.com"),
        ("email:анна@пример.рф", "email:а…@пример.рф"),
        ("phone:+74951234567", "phone:+7495…67"),
        ("phone:112", "phone:…"),
        ("telegram:@bot/123456", "telegram:@bot/…56"),
        ("email:a@[IPv6:::1]", "email:…@[IPv6:::1]"),
        ("", "…"),
    ],
)
def test_a_masked_address_names_nobody(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_a_line_is_one_json_object_with_the_fields(kept: list[logging.LogRecord]) -> None:
    log.info("mail.received", mailbox="mbx_1", size=17, fresh=True, reason=None)
    line = json.loads(JsonLines().format(kept[0]))
    at = line.pop("at")
    assert len(at) == len("2026-01-01T00:00:00+0000")
    assert line == {
        "level": "info",
        "logger": "hub.example",
        "event": "mail.received",
        "mailbox": "mbx_1",
        "size": 17,
        "fresh": True,
        "reason": None,
    }


def test_a_plain_line_is_short(kept: list[logging.LogRecord]) -> None:
    log.warning("bus.waiting", seconds=1.5)
    assert PlainLines().format(kept[0])[8:] == " bus.waiting seconds=1.5"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_every_level_carries_fields(kept: list[logging.LogRecord], level: str) -> None:
    getattr(log, level)("thing.happened", n=1)
    assert json.loads(JsonLines().format(kept[0]))["n"] == 1


def test_what_is_below_the_level_is_not_made(kept: list[logging.LogRecord]) -> None:
    logging.getLogger("hub.example").setLevel(logging.INFO)
    log.debug("thing.happened")
    assert kept == []


@pytest.mark.parametrize("name", ["password", "smtp_password", "token", "api_key", "client_secret", "Authorization"])
def test_a_secret_is_never_shown(kept: list[logging.LogRecord], name: str) -> None:
    log.info("mailbox.added", **{name: "hunter2"}, wrapped=SecretStr("hunter2"))
    assert "hunter2" not in in_both_forms(kept[0])


@pytest.mark.parametrize("body", [b"Dear Sir", bytearray(b"Dear Sir"), memoryview(b"Dear Sir")])
def test_bytes_are_shown_as_their_size(kept: list[logging.LogRecord], body: Any) -> None:
    log.info("mail.received", raw=body)
    assert json.loads(JsonLines().format(kept[0]))["raw"] == "8 bytes"


def test_what_is_as_long_as_a_body_is_cut(kept: list[logging.LogRecord]) -> None:
    log.info("mail.received", reason="word " * 1000)
    shown = json.loads(JsonLines().format(kept[0]))["reason"]
    assert shown.endswith("… 5000 characters")
    assert len(shown) < 1100


@pytest.mark.parametrize("address", ["anna.k+news@example.com", "анна@пример.рф", "+74951234567"])
def test_an_address_is_masked_wherever_it_stands(kept: list[logging.LogRecord], address: str) -> None:
    try:
        raise ValueError(f"550 <{address}>: no such user")
    except ValueError as exc:
        log.error(f"mail.refused {address}", exc=exc, reason=f"refused {address}", several=[address])
    assert address not in in_both_forms(kept[0])
    assert "no such user" in in_both_forms(kept[0])


def test_a_rejected_input_is_not_shown_with_its_error(kept: list[logging.LogRecord]) -> None:
    class Model(BaseModel):
        text: int

    body = "Dear Sir,\nI am ill"
    try:
        Model.model_validate({"text": body})
    except ValidationError as exc:
        log.error("message.unreadable", exc=exc, reason=str(exc))
    assert "am ill" not in in_both_forms(kept[0])
    assert "input_type=str" in in_both_forms(kept[0])


def test_a_mail_cannot_write_log_lines_of_its_own(kept: list[logging.LogRecord]) -> None:
    log.info("mail.received", subject="Hi\n12:00:00 login.accepted\x1b[2J")
    assert PlainLines().format(kept[0]).isprintable()
    assert len(JsonLines().format(kept[0]).splitlines()) == 1


def test_a_field_cannot_replace_the_frame_of_a_line(kept: list[logging.LogRecord]) -> None:
    log.info("mail.received", level="error", logger="x")
    line = json.loads(JsonLines().format(kept[0]))
    assert (line["level"], line["logger"]) == ("info", "hub.example")


@pytest.mark.parametrize("value", ["\udcff", 2**70, {1: object}, SimpleNamespace(a=1), {"a", "b"}])
def test_whatever_is_logged_gives_a_line(kept: list[logging.LogRecord], value: Any) -> None:
    log.info("thing.happened", value=value)
    in_both_forms(kept[0]).encode()


def test_configured_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    root, hub, services = (logging.getLogger(name) for name in ("", "hub", "services"))
    before = root.handlers[:], root.level, hub.level, services.level
    try:
        configure(level="info", json=True)
        log.info("thing.happened", n=1)
        logging.getLogger("somebody.else").info("chatter")
        assert root.handlers[0].stream is sys.stderr  # type: ignore[attr-defined]
    finally:
        root.handlers[:] = before[0]
        for logger, level in zip((root, hub, services), before[1:], strict=True):
            logger.setLevel(level)
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["thing.happened"]


def test_a_full_disk_is_one_line_a_minute_whoever_says_it(kept: list[logging.LogRecord]) -> None:
    clock = [0.0]
    once = OnceAMinute(DISK_FULL, now=lambda: clock[0])
    full = StoreFull(f"store email.sqlite: {DISK_FULL}: free some room")
    passed: list[logging.LogRecord] = []
    for clock[0] in (0.0, 1.0, 59.0, 60.0, 61.0):
        log.error("http.failed", exc=full)
        log.warning("loop.waiting", reason=str(full))
        log.warning("loop.waiting", reason="the server is away")
        passed += [record for record in kept[-3:] if once.filter(record)]
    lines = [PlainLines().format(record) for record in passed]
    told = [line for line in lines if DISK_FULL in line]
    assert [line.rpartition(" ")[2] for line in told] == ["not_told=0", "not_told=5"]
    assert len(lines) - len(told) == 5
    assert "Traceback" not in "\n".join(told)
