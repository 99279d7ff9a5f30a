"""Hostile sizes: the work stays in proportion to the mail; a quadratic reading would take hours."""

from random import Random

import pytest

from services.email.quotes.fragments import MOST_LINES, Lines
from services.email.quotes.split import split
from services.email.quotes.tags import MOST_TOKENS, cut

HEADER = "On Mon, 2 Mar 2026 at 12:00, Anna <anna@firma.example> wrote:\n"

TEXTS = {
    "five megabytes of marks": ">\n" * 2_500_000,
    "one line of a megabyte": "x" * 1_000_000,
    "one line of marks": ">" * 1_000_000,
    "one line of addresses": "a@firma.example " * 100_000,
    "a hundred thousand headers": HEADER * 100_000,
    "half headers": "On Monday Anna wrote:\nwell\n" * 50_000,
    "fields": "From: a\n" * 100_000,
    "rules": ("-" * 199 + "\n") * 20_000,
    "delimiters": "-- \nAnna\n" * 60_000,
    "closings": "С уважением\n" * 100_000,
    "answers between quotes": "> a\nb\n" * 60_000,
    "initials": HEADER + "AO> a\nb\n" * 60_000,
    "broken brackets": "On Mon, 2 Mar 2026 Anna <\n\n" * 60_000,
    "names": ("Anna Orlova " * 8 + "\n") * 20_000,
    "thanks": "Thanks,\nAnna\n\n" * 60_000,
    "letter headers on one line each": "From: a To: b Sent: From: a To: b Sent: c\n" * 60_000,
    "words before rules": ("wrote " * 30 + "---\n") * 20_000,
    "numbers": ("1 " * 99 + ":\n") * 20_000,
    "blank lines": "\n" * 3_000_000,
    "blanks": " " * 1_000_000,
    "notices": "confidential if you are not the intended " * 20_000,
}
PAGES = {
    "openings": "<" * 1_000_000,
    "tags unclosed": "<a " * 300_000,
    "attributes unclosed": '<a b="' * 200_000,
    "comments unclosed": "<!--" * 250_000,
    "nested quotes": '<div class="gmail_quote">x' * 100_000,
    "nested blockquotes": "<blockquote>x" * 100_000,
    "closings without openings": "<div>" * 100_000 + "</p>" * 100_000,
    "styles unclosed": "<style>" * 100_000,
    "entities": "&#" * 500_000,
    "breaks": "<br>" * 500_000,
    "one long tag": "<p " + "a=" * 500_000 + ">",
    "headers above quotes": f"<div>{HEADER}</div><blockquote>x</blockquote>" * 20_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_split(kind: str) -> None:
    split(TEXTS[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
def test_a_hostile_page_is_split(kind: str) -> None:
    split("", PAGES[kind])
    split("hello world " * 50_000, PAGES[kind])


def test_only_so_many_lines_are_told_apart() -> None:
    lines = Lines.of("a\n" * (3 * MOST_LINES))
    assert (len(lines.texts), len(lines.parts)) == (MOST_LINES + 1, MOST_LINES + 1)


def test_only_so_many_tags_are_told_apart_and_the_text_beyond_is_kept() -> None:
    tokens = list(cut("<br>" * (3 * MOST_TOKENS) + "the end"))
    assert len(tokens) == MOST_TOKENS + 1
    assert str(tokens[-1]).strip() == "the end"


def test_a_reply_above_a_quote_of_a_million_lines_is_found() -> None:
    assert split(f"On Friday.\n\n{HEADER}" + "> x\n" * 1_000_000).new_text == "On Friday."


PIECES = [
    *(
        "Hello",
        "> quoted",
        ">> twice",
        "",
        "",
        " ",
        HEADER.strip(),
        "On Mon, 2 Mar 2026",
        "Anna wrote:",
        "-- ",
        "--",
        "---",
    ),
    *(
        "From: Anna",
        "Sent: Monday",
        "To: Bob",
        "Subject: x",
        "________________________________",
        "С уважением,",
        "Анна",
    ),
    *(
        "Sent from my iPhone",
        "-----Original Message-----",
        "+7 495 123-45-67",
        "anna@firma.example",
        ">>> 1 + 1",
        "\x00\u2028",
    ),
    *(
        "This message is confidential and intended solely for the use of the addressee.",
        "x" * 2_000,
        ">",
        "|",
        "\ud800",
    ),
]


@pytest.mark.parametrize("seed", range(300))
def test_no_word_of_a_mail_is_lost_whatever_it_is_made_of(seed: int) -> None:
    lines = Random(seed).choices(PIECES, k=seed % 25)
    found = split("\n".join(lines))
    shown = sorted(f"{found.new_text}\n{found.quoted_text}\n{found.signature}".split())
    assert shown == sorted("\n".join(lines).split())
