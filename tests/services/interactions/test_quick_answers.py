"""The places in a quick answer that a chain fills in."""

import time

from services.interactions.quickanswers.words import check, filled


def test_places_are_filled_however_they_are_spaced_and_what_is_unknown_says_what_stands_behind_the_bar() -> None:
    text = "{{client}} {{  first_name  | друг }} {{ operator |x}} {{ subject }}!"
    assert filled(check(text), {"client": "Анна", "operator": "Ольга"}) == "Анна друг Ольга !"


def test_a_text_of_nothing_but_blanks_after_a_bracket_costs_no_more_than_any_other() -> None:
    text = ("{{ " + " " * 3_000) * 3
    began = time.process_time()
    assert filled(check(text), {}) == text
    assert time.process_time() - began < 1
