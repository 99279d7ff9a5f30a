"""Phone numbers, as people write them and as the hub knows them."""


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
