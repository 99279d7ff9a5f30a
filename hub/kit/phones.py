"""Phone numbers, as people write them and as the hub knows them, and what they tell of where they are."""

from collections.abc import Sequence
from functools import lru_cache


def valid_phone(text: str, region: str | None = None) -> str:
    """As `phone`, of a number that the plan of its country has; for numbers that are guessed to be of a region."""
    import phonenumbers

    known = phone(text, region)
    if not known or not phonenumbers.is_valid_number(phonenumbers.parse(known.partition(":")[2])):
        return ""
    return known


def phone(text: str, region: str | None = None) -> str:
    """`phone:+74951234567`; empty where it is no number. `region` is for numbers without a country."""
    import phonenumbers  # its tables take a tenth of a second, and a hub without phones never needs them

    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return f"phone:{phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)}"


@lru_cache(maxsize=4096)
def zones_of(number: str) -> tuple[str, ...]:
    """The time zones in which a number, `+7…`, may be; none where nobody knows."""
    import phonenumbers
    from phonenumbers import timezone

    try:
        found: Sequence[str] = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone != "Etc/Unknown")


@lru_cache(maxsize=65_536)
def region_of(number: str) -> str:
    """The country, as `RU`, of a number that is given out at all; empty of another. The last three digits decide
    nothing: give the number without them.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"{number}000")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or "" if phonenumbers.is_valid_number(parsed) else ""
