"""Phone numbers, as people write them and as the hub knows them, and what they tell of where they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

_NEVER = r"(?!)"


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


@dataclass(frozen=True, slots=True)
class _Mobiles:
    """Mobile numbers of the first country of a code: what phonenumbers would match one by one, compiled once."""

    region: str
    zones: tuple[str, ...]
    lengths: frozenset[int]
    every: re.Pattern[str]
    mobile: re.Pattern[str]
    fixed: re.Pattern[str]
    prefix: re.Pattern[str]
    leading: re.Pattern[str]

    def has(self, national: str) -> bool:
        """Whether it surely is one; what may be something else, too, is asked for the long way."""
        return bool(
            len(national) in self.lengths
            and self.leading.match(national)
            and self.mobile.fullmatch(national)
            and self.every.fullmatch(national)
            and not self.fixed.fullmatch(national)
            and not self.prefix.match(national)
        )


def _mobiles_of(number: str) -> _Mobiles | None:
    """The mobiles that a number, `+7…`, is one of; none: ask phonenumbers."""
    if not number.startswith("+") or not number[1:].isdecimal():
        return None
    for digits in (1, 2, 3):
        known = _mobiles(number[1 : 1 + digits])
        if known:
            return known if known.has(number[1 + digits :]) else None
    return None


@cache
def _mobiles(code: str) -> _Mobiles | None:
    """Of a country code; none where mobiles cannot be told, or tell a place."""
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    plan = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if regions else None
    mobile, every = plan and plan.mobile, plan and plan.general_desc
    if not (plan and mobile and every and mobile.national_number_pattern and mobile.example_number):
        return None
    kind = phonenumbers.PhoneNumberType.MOBILE
    tells_a_place = phonenumbers.phonenumberutil.is_number_type_geographical(kind, int(code))
    if plan.same_mobile_and_fixed_line_pattern or tells_a_place:
        return None
    fixed = plan.fixed_line and plan.fixed_line.national_number_pattern
    return _Mobiles(
        region=regions[0],
        zones=_zones_of(f"+{code}{mobile.example_number}"),
        lengths=frozenset(mobile.possible_length) & frozenset(every.possible_length),
        every=re.compile(every.national_number_pattern or _NEVER),
        mobile=re.compile(mobile.national_number_pattern),
        fixed=re.compile(fixed or _NEVER),
        leading=re.compile(plan.leading_digits or ""),
        prefix=re.compile(plan.national_prefix_for_parsing or _NEVER),
    )


def zones_of(number: str) -> tuple[str, ...]:
    """The time zones in which a number, `+7…`, may be; none where nobody knows. A mobile may be anywhere in its
    country.
    """
    known = _mobiles_of(number)
    return known.zones if known else _zones_of(number)


@lru_cache(maxsize=4096)
def _zones_of(number: str) -> tuple[str, ...]:
    import phonenumbers
    from phonenumbers import timezone

    try:
        found: Sequence[str] = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone != "Etc/Unknown")


def region_of(number: str) -> str:
    """The country, as `RU`, of a number that is given out at all; empty of another. The last three digits decide
    nothing: give the number without them.
    """
    known = _mobiles_of(f"{number}000")
    return known.region if known else _region_of(number)


@lru_cache(maxsize=65_536)
def _region_of(number: str) -> str:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"{number}000")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or "" if phonenumbers.is_valid_number(parsed) else ""
