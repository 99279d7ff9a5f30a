"""Phone numbers, as people write them and as the hub knows them."""


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
