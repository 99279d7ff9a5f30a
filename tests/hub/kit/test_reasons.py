"""What an error says, fit to be stored."""

import pytest
from pydantic import BaseModel, ValidationError

from hub.kit.reasons import REASON, reason_of, storable


class Item(BaseModel):
    number: int


class Order(BaseModel):
    items: list[Item]


def refused(count: int) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({"items": [{}] * count})
    return caught.value


def test_a_validation_error_tells_its_first_faults_and_their_number() -> None:
    fields = "; ".join(f"items.{n}.number: Field required" for n in range(5))
    assert reason_of(refused(1)) == "an error in Order: items.0.number: Field required"
    assert reason_of(refused(7)) == f"7 errors in Order: {fields}; …"


def test_of_very_many_faults_only_the_number_is_told() -> None:
    # All faults are made or none: what is not listed was not made.
    assert reason_of(refused(101)) == "101 errors in Order"


def test_a_text_is_valid_unicode_of_bounded_length() -> None:
    assert storable("a\udcffb", 10) == "a?b"
    assert storable("x" * 11, 10) == "x" * 9 + "…"
    assert len(reason_of(ValueError("\udcff" * 9_999))) == REASON


def test_an_error_that_cannot_speak_is_named() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            return None  # type: ignore[return-value]

    assert reason_of(Odd()) == "(cannot be shown: TypeError)"
