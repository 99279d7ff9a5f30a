"""Phone numbers and sender names as SMS knows them."""

import re

from hub.kit.phones import phone

_NAME = re.compile(r"(?=[A-Za-z0-9 &._+-]{1,11}$)(?=.*[A-Za-z])")
_SHORT = re.compile(r"\d{3,8}")


def sender(text: str, region: str | None = None) -> str:
    """The address of whoever wrote or writes: a number, a short code `sms:1234`, or a name `sms:ROMASHKA`."""
    bare = text.strip()
    if _SHORT.fullmatch(bare) or _NAME.match(bare):
        return f"sms:{bare}"
    return phone(bare, region)


def dialled(address: str) -> str:
    """What providers take for an address: `+74951234567`, `1234`, `ROMASHKA`."""
    return address.partition(":")[2]
