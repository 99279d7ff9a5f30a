"""Domains and names that are made to be taken for others."""

import pytest

from services.email.mime.identity import normalise_address
from services.email.mime.lookalike import hides, is_mixed, shown, visible


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("anna@example.com", ""),
        ("анна@почта.рф", "анна@почта.рф"),
        ("info@bücher.example", "info@bücher.example"),
        ("x@例え.テスト", "x@例え.テスト"),
        ("pay@аpple.com", "pay@xn--pple-43d.com"),
        ("pay@аррӏе.com", "pay@xn--80ak6aa92e.com"),
        ("a@сбербанк.com", "a@сбербанк.com"),
        ("a@орех.рф", "a@орех.рф"),
        ("a@gοοgle.com", "a@xn--ggle-0nda.com"),
    ],
)
def test_a_domain_is_shown_in_unicode_only_where_that_deceives_nobody(address: str, seen: str) -> None:
    assert shown(normalise_address(address)) == seen


@pytest.mark.parametrize("address", ["pay@аpple.com", "pay@аррӏе.com", "a@gοοgle.com"])
def test_a_domain_that_could_be_another_is_mixed(address: str) -> None:
    assert is_mixed(normalise_address(address))


@pytest.mark.parametrize("address", ["anna@example.com", "анна@почта.рф", "x@xn--zzzzzzzz.com", "", "@", "x@xn--"])
def test_what_is_plain_or_no_domain_at_all_is_not(address: str) -> None:
    assert not is_mixed(f"email:{address}")


def test_what_hides_in_a_name_is_left_out_and_emoji_stay_whole() -> None:
    assert (visible("Ivan\u202e Petrov\u200b"), hides("Ivan\u202e")) == ("Ivan Petrov", True)
    family = "👨\u200d👩\u200d👧"
    assert (visible(family), hides(family)) == (family, False)
