"""Duplicates are found among people who live together, bear one name, and are entered with slips of the pen."""

from collections.abc import Callable

import pytest

from bench._people import Cards, People, english, english_without_number, russian, russian_in_one_line
from bench.duplicates import records_of
from services.interactions.duplicates.detect import Finder

PRECISION, RECALL = 0.999, 0.95
SETS = {
    "English cards with a number": (english, False, (1, 4)),
    "English cards without any number": (english_without_number, False, (1, 2)),
    "Russian cards in columns of their own": (russian, True, (1, 4)),
    "Russian cards with name and address in one line": (russian_in_one_line, True, (1, 4)),
}


def measured(cards: Cards) -> tuple[float, float]:
    """Precision and recall."""
    found = {(pair.a, pair.b) for pair in Finder(records_of(cards)).pairs()}
    right = len(found & cards.pairs())
    return right / len(found), right / len(cards.pairs())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("name", SETS)
def test_of_a_thousand_pairs_found_hardly_one_is_wrong_and_few_are_missed(name: str, seed: int) -> None:
    columns, is_russian, slips = SETS[name]
    precision, recall = measured(People(seed, russian=is_russian, slips=slips).cards(4_000, columns))
    assert precision >= PRECISION
    assert recall >= RECALL


@pytest.mark.slow
@pytest.mark.parametrize("columns", [english, russian], ids=("English", "Russian"))
def test_where_nobody_was_entered_twice_no_relative_and_no_namesake_is_taken_for_one(
    columns: Callable[..., dict[str, str]],
) -> None:
    cards = People(21, russian=columns is russian, share=0).cards(4_000, columns)
    assert cards.pairs() == set()
    assert len(Finder(records_of(cards)).pairs()) <= 1


def test_the_same_cards_give_the_same_pairs() -> None:
    cards = People(31, russian=True).cards(300, russian)
    assert Finder(records_of(cards)).pairs() == Finder(records_of(cards)).pairs()
