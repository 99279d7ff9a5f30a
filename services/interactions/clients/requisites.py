"""Russian requisites: tax numbers and registration numbers, by their check digits. Pure.

Sources: order of the Federal Tax Service MMV-7-6/435@ of 29 June 2012 (INN, KPP); order of the Ministry of Finance
165n of 30 October 2017 (OGRN, OGRNIP).
"""

import re

_INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_11 = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12 = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_KPP = re.compile(r"\d{4}[\dA-Z]{2}\d{3}")


def inn(text: str) -> str:
    """Ten digits of an organisation, twelve of a person. Raises ValueError, with the fix."""
    digits = re.sub(r"[\s-]", "", text)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (10, 12):
        raise ValueError("an INN has 10 digits (an organisation) or 12 (a person)")
    numbers = [*map(int, digits)]
    checks = [(9, _INN_10)] if len(digits) == 10 else [(10, _INN_11), (11, _INN_12)]
    if any(_check(numbers, weights) != numbers[place] for place, weights in checks):
        raise ValueError("its check digit is wrong; look for a mistyped digit")
    return digits


def kpp(text: str) -> str:
    """Nine characters, of an organisation at one place. Raises ValueError, with the fix."""
    found = re.sub(r"[\s-]", "", text).upper()
    if not _KPP.fullmatch(found):
        raise ValueError("a KPP has 9 characters: 4 digits, 2 digits or Latin letters, 3 digits")
    return found


def ogrn(text: str) -> str:
    """Thirteen digits of an organisation, fifteen of an entrepreneur. Raises ValueError, with the fix."""
    digits = re.sub(r"[\s-]", "", text)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (13, 15):
        raise ValueError("an OGRN has 13 digits (an organisation) or 15 (an entrepreneur)")
    if int(digits[:-1]) % (len(digits) - 2) % 10 != int(digits[-1]):
        raise ValueError("its check digit is wrong; look for a mistyped digit")
    return digits


def _check(numbers: list[int], weights: tuple[int, ...]) -> int:
    return sum(weight * number for weight, number in zip(weights, numbers, strict=False)) % 11 % 10
