"""When an address counts as dead."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from hub.kit.clock import iso
from hub.testing.builders import NOON
from services.interactions.standing import Mark, marked


def a_mark(day: float, kind: str = "soft") -> Mark:
    return {"by": f"{kind} {day}", "at": iso(NOON + timedelta(days=day)), "kind": kind, "why": "why"}  # type: ignore[typeddict-item]


def after(*marks: Mark) -> dict[str, Any]:
    address: dict[str, Any] = {"_id": "email:anna@example.com"}
    for mark in marks:
        address = marked(address, mark)
    return address


def since(day: float) -> dict[str, str]:
    return {"since": iso(NOON + timedelta(days=day)), "why": "why"}


def test_one_hard_bounce_makes_an_address_invalid() -> None:
    assert after(a_mark(0, "hard"))["invalid"] == since(0)


def test_soft_bounces_count_when_they_go_on_for_a_week() -> None:
    assert after(*map(a_mark, (0, 1, 2, 3)))["invalid"] is None
    assert after(*map(a_mark, (0, 1, 2, 3, 4, 5, 6)))["invalid"] is None
    assert after(*map(a_mark, (0, 1, 2, 3, 7, 9)))["invalid"] == since(7)


def test_the_fifth_soft_bounce_makes_an_address_invalid_and_the_fourth_does_not() -> None:
    assert after(*map(a_mark, (0, 3, 6, 9)))["invalid"] is None
    assert after(*map(a_mark, (0, 3, 6, 9, 12)))["invalid"] == since(12)


def test_a_delivery_forgives_the_bounces_before_it() -> None:
    assert after(a_mark(0, "hard"), a_mark(1, "delivered"))["invalid"] is None
    assert after(*map(a_mark, (0, 1, 2, 3)), a_mark(4, "delivered"), a_mark(8))["invalid"] is None


def test_a_delivery_does_not_forgive_a_complaint() -> None:
    assert after(a_mark(0, "complaint"), a_mark(1, "delivered"))["complained"] == since(0)


def test_the_order_in_which_notices_come_does_not_matter() -> None:
    marks = [a_mark(0, "hard"), a_mark(1, "delivered"), a_mark(2, "complaint"), a_mark(3)]
    assert len({str(after(*order)) for order in permutations(marks)}) == 1


def test_a_notice_counts_once() -> None:
    once = after(a_mark(0))
    assert marked(once, a_mark(0)) is once


@pytest.mark.parametrize("count", [60, 500])
def test_a_flood_of_bounces_does_not_let_the_document_grow(count: int) -> None:
    address = after(*map(a_mark, range(count)))
    assert len(address["marks"]) == 50
    assert address["marks"][0]["at"] == iso(NOON)
