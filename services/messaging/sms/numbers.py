"""Phone numbers and sender names as SMS knows them."""

import re

import phonenumbers

_NAME = re.compile(r"(?=[A-Za-z0-9 &._+-]{1,11}$)(?=.*[A-Za-z])")
_SHORT = re.compile(r"\d{3,8}")


def phone(text: str, region: str | None = None) -> str:
    """`phone:+74951234567`; empty where it is no number. `region` is for numbers without a country."""
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return f"phone:{phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)}"


def sender(text: str, region: str | None = None) -> str:
    """The address of whoever wrote or writes: a number, a short code `sms:1234`, or a name `sms:ROMASHKA`."""
    bare = text.strip()
    if _SHORT.fullmatch(bare) or _NAME.match(bare):
        return f"sms:{bare}"
    return phone(bare, region)


def dialled(address: str) -> str:
    """What providers take for an address: `+74951234567`, `1234`, `ROMASHKA`."""
    return address.partition(":")[2]
