"""What a number tells: the short way for mobiles says what phonenumbers says the long way."""

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number

from hub.kit.phones import _mobiles_of, region_of, zones_of

CODES = ("7", "375", "380", "44", "49", "1", "48", "998", "20")


@given(st.sampled_from(CODES), st.text("0123456789", min_size=7, max_size=11))
def test_the_short_way_to_a_region_and_its_zones_says_what_the_long_way_says(code: str, national: str) -> None:
    for number in (f"+{code}{national}", f"+79{national[:9]:0<9}"):
        short = _mobiles_of(number)
        if short:
            parsed = phonenumbers.parse(number)
            assert phonenumbers.is_valid_number(parsed)
            assert phonenumbers.region_code_for_number(parsed) == short.region
            assert set(time_zones_for_number(parsed)) - {"Etc/Unknown"} == set(short.zones)


def test_a_mobile_of_here_goes_the_short_way_and_a_line_of_a_town_the_long_one() -> None:
    short = _mobiles_of("+79161234567")
    assert short is not None
    assert (short.region, "Europe/Moscow" in short.zones) == ("RU", True)
    assert (_mobiles_of("+74951234567"), region_of("+74951234")) == (None, "RU")
    assert zones_of("+74951234567") == ("Europe/Moscow",)
