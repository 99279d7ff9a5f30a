"""What somebody typed into the search."""

from datetime import UTC, datetime

import pytest

from hub.kit.errors import InvalidInput
from services.interactions.search.asking import Wanted, understood


def asked(text: str) -> Wanted:
    return understood(text, "Europe/Moscow")


def test_the_question_of_the_description_is_understood_in_both_languages() -> None:
    wanted = asked('from:Смирнова state:open has:file after:2026-03-01 "шкаф купе"')
    assert (wanted.people, wanted.marks) == ([("from", "смирнова")], ["state:open", "has:file"])
    assert (wanted.phrases, wanted.since) == ([["шкаф", "купе"]], datetime(2026, 2, 28, 21, tzinfo=UTC))
    assert asked('от:Смирнова состояние:открыта есть:файл после:2026-03-01 "шкаф купе"') == wanted


def test_what_only_looks_like_a_filter_is_words() -> None:
    wanted = asked("https://example.com/a re: договор ")
    assert (wanted.words, wanted.marks) == (["https", "example", "com", "a", "re", "договор"], [])


def test_a_phone_written_with_spaces_is_one_number() -> None:
    assert asked("8 (916) 123-45-67").tails == ["7654321619"]
    assert asked("+7 916 123 45 67").tails == ["7654321619"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("after:вчера", "takes a day as 2026-03-01"),
        ("after:9999-99-99", "takes a day"),
        ("before:0001-01-01", "takes a day"),
        ("state:broken", "takes one of open, snoozed, closed"),
        ("!!! ???", "nothing to look for"),
        ("-шкаф", "nothing to look for"),
        ("шкаф -state:open", "cannot be asked"),
        (" ".join(["слово"] * 31), "30 at most"),
    ],
)
def test_a_question_that_cannot_be_asked_says_how_it_can(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(text)
    assert why in refused.value.fields["q"]
