"""Ids: one mail is one id, two mails are two."""

import pytest

from services.email.mime.identity import interaction_id, normalise_message_id, references
from services.email.mime.parse import parse

MAIL = (
    b"From: Anna <anna@client.example>\r\nTo: support@romashka.example\r\nSubject: Hello\r\n"
    b"Date: Mon, 2 Mar 2026 10:15:00 +0300\r\nMessage-ID: <1@client.example>\r\n\r\nGood day\r\n"
)


def id_of(raw: bytes) -> str:
    return interaction_id(parse(raw))


def test_copies_in_two_mailboxes_have_one_id() -> None:
    first = b"Return-Path: <a@client.example>\r\nDelivered-To: support@romashka.example\r\nReceived: x\r\n" + MAIL
    second = b"Delivered-To: sales@romashka.example\r\nReceived: y\r\nReceived: z\r\n" + MAIL
    assert id_of(first) == id_of(second) == id_of(MAIL)


def test_line_ends_folding_and_trailing_blank_lines_do_not_change_the_id() -> None:
    folded = MAIL.replace(b"Subject: Hello", b"Subject:\r\n Hello")
    assert id_of(MAIL) == id_of(MAIL.replace(b"\r\n", b"\n")) == id_of(folded + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Good day", b"Good night"), (b"Hello", b"Bye"), (b"10:15", b"10:16"), (b"Anna", b"Olga"), (b"<1@", b"<2@")],
)
def test_two_mails_that_share_most_have_two_ids(old: bytes, new: bytes) -> None:
    assert id_of(MAIL) != id_of(MAIL.replace(old, new))


def test_a_mail_without_a_message_id_has_an_id_that_stays() -> None:
    bare = MAIL.replace(b"Message-ID: <1@client.example>\r\n", b"")
    assert id_of(bare) == id_of(bare)
    assert id_of(bare) != id_of(bare.replace(b"day", b"night"))
    assert id_of(b"").startswith("in_")


def test_the_id_of_a_mail_is_the_same_for_ever() -> None:
    assert id_of(MAIL) == "in_69a56324ffc729e5d9cd0dc84af7a695"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<A.b@C.example>", "A.b@C.example"),
        ("  <a@b.example>  (added by mx)", "a@b.example"),
        ("<a @\r\n b.example>", "a@b.example"),
        ("a@b.example", "a@b.example"),
        ("a@b.example (comment)", "a@b.example"),
        ("<a@b.example", "a@b.example"),
        ("<>", ""),
        ("", ""),
    ],
)
def test_a_message_id_has_one_normal_form(value: str, expected: str) -> None:
    assert normalise_message_id(value) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (b"References: <a@x> <b@x>\nIn-Reply-To: <b@x>\n", ("a@x", "b@x")),
        (b"References: <a@x> <b@x>\nIn-Reply-To: <a@x>\n", ("b@x", "a@x")),
        (b"References: <a@x><b@x>,<c@x>\n", ("a@x", "b@x", "c@x")),
        (b"References: <a@x> <a@x> <b@x> <a@x>\n", ("a@x", "b@x")),
        (b"References: a@x b@x\n", ("a@x", "b@x")),
        (b"In-Reply-To: Your message of Monday <a@x>\n", ("a@x",)),
        (b'In-Reply-To: "Anna\'s message"\n', ()),
        (b"Message-ID: <me@x>\nReferences: <a@x> <me@x>\n", ("a@x",)),
        (b"References: <a\n @x>\n <b@x>\n", ("a@x", "b@x")),
        (b"", ()),
    ],
)
def test_references_are_found_once_each_and_never_the_mail_itself(headers: bytes, expected: tuple[str, ...]) -> None:
    assert references(parse(headers + b"\nbody")) == expected
