"""Dates, numbers, phones, mails and postal addresses in a form that can be compared."""

import re
from functools import lru_cache

from services.interactions.duplicates.letters import plain, words


def _split(text: str) -> list[str]:
    return text.split()


_DIGITS = re.compile(r"\D+")
_NUMBERS = re.compile(r"\d+")
_SEVERAL = re.compile(r"[;|\n]|,(?=\s*[+\d(\w])|(?<=\d)\s*/\s*(?=[+8(])")
_EXTENSION = re.compile(r"(?:доб|внутр|ext|extension|x)\.?\s*\d+.*$", re.IGNORECASE)
_MONTHS = (
    "jan янв",
    "feb фев",
    "mar мар",
    "apr апр",
    "may май мая",
    "jun июн",
    "jul июл",
    "aug авг",
    "sep сен",
    "oct окт",
    "nov ноя",
    "dec дек",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_CENTURIES = ("18", "19", "20")
_CENTURY_TURN = 30
"""A year of two digits above this one was in the last century."""
_ID_LENGTH = 5
_PHONE_LENGTHS = range(6, 16)
_NATIONAL = 10
_LOCAL_LENGTH = 5
_NOT_MAILS = ("none", "no", "noemail", "нет", "test", "unknown", "na", "noreply")


@lru_cache(1 << 16)
def birth_date(text: str, month_first: bool = False) -> str:
    """`YYYYMMDD`, with `0000` for month and day when only the year is known; empty where there is no date.

    Digits are kept as they are although the day may not exist: a slip makes such days.
    """
    text = text.strip()
    if len(text) > 10 and (found := re.match(r"(\d{4}-\d\d-\d\d|\d\d[./-]\d\d[./-]\d{4})[T ]", text)):
        text = found[1]
    numbers = _NUMBERS.findall(text)
    if len(numbers) == 1 and text.isdigit():
        return _packed(text)
    named = next((_MONTH[word[:3]] for word in words(plain(text)) if word[:3] in _MONTH), 0)
    if named and len(numbers) == 2:
        return _ordered([numbers[0], str(named), numbers[1]], month_first=False)
    return _ordered(numbers, month_first) if len(numbers) == 3 else ""


def _packed(digits: str) -> str:
    if len(digits) == 8:
        day_first = digits[4:6] in _CENTURIES and digits[:2] <= "31" and digits[2:4] <= "12"
        return digits if digits[:2] in _CENTURIES or not day_first else f"{digits[4:]}{digits[2:4]}{digits[:2]}"
    return f"{digits}0000" if len(digits) == 4 and digits[:2] in _CENTURIES else ""


def _ordered(numbers: list[str], month_first: bool) -> str:
    if len(numbers[0]) == 4:
        year, month, day = numbers
    else:
        (day, month, year) = (numbers[1], numbers[0], numbers[2]) if month_first else tuple(numbers)
    if len(year) == 2:
        year = ("19" if int(year) > _CENTURY_TURN else "20") + year
    if len(year) != 4 or len(month) > 2 or len(day) > 2 or not int(year):
        return ""
    return f"{year}{int(month):02}{int(day):02}"


def is_month_first(texts: list[str]) -> bool:
    """Whether dates with slashes have the month before the day, as far as those tell whose parts are above 12."""
    firsts = seconds = 0
    for text in texts:
        numbers = _NUMBERS.findall(text)
        if "/" in text and len(numbers) == 3 and len(numbers[0]) <= 2 and len(numbers[1]) <= 2:
            firsts += int(numbers[0]) > 12
            seconds += int(numbers[1]) > 12
    return seconds > firsts


@lru_cache(1 << 16)
def number(text: str) -> str:
    """An id without what separates it: digits and capital letters; empty for what stands for none."""
    bare = re.sub(r"[\W_]+", "", text).upper()
    if len(bare) < _ID_LENGTH or len(set(bare)) == 1 or bare in "12345678901234567890":
        return ""
    return bare


def digits(text: str) -> str:
    return _DIGITS.sub("", text)


@lru_cache(1 << 16)
def phones(text: str) -> tuple[str, ...]:
    """The last ten digits of each number in a cell, without the extension; what is shorter is local."""
    found = [digits(_EXTENSION.sub("", part)) for part in _SEVERAL.split(text)]
    kept = [one[-_NATIONAL:] for one in found if len(one) in _PHONE_LENGTHS]
    return tuple(dict.fromkeys(one for one in kept if len(set(one)) > 2))


@lru_cache(1 << 16)
def mails(text: str) -> tuple[str, ...]:
    """Each address in lower case, without a `+tag`."""
    found = re.findall(r"[^\s,;<>|]+@[^\s,;<>|]+", text.casefold())
    kept = [(local.partition("+")[0], host.rstrip(".")) for local, _, host in (one.rpartition("@") for one in found)]
    return tuple(dict.fromkeys(f"{local}@{host}" for local, host in kept if local and local not in _NOT_MAILS))


_STREET_TYPES = frozenset(
    _split(
        """
    street st str road rd avenue ave av drive dr lane ln court ct place pl boulevard blvd circuit cct
    crescent cres cr close cl parade pde terrace tce highway hwy way wy square sq circle cir trail trl
    parkway pkwy grove gr the ул улица пр пр-т просп проспект пер переулок ш шоссе б бул бульвар наб
    набережная пл площадь проезд пр-д тупик аллея мкр микрорайон ulitsa ul ulica prospekt per pereulok
    shosse
    """
    )
)
_HOUSE_WORDS = frozenset(
    _split(
        """
    д дом к корп корпус стр строение кв квартира оф офис apt apartment unit flat house no suite ste d dom kv
    korp
    """
    )
)
_PLACE_WORDS = frozenset(
    _split(
        """
    г гор город пгт пос поселок с село дер деревня ст станица обл область край респ республика р н район
    city town gorod g oblast
    """
    )
)
_ORDINAL = re.compile(r"(\d+)\s*-?\s*(?:ая|ый|ой|ья|ий|я|й|nd|rd|st|th)(?!\w)")
_AS_LETTERS = str.maketrans("0123456789", "abcdefghij")
"""The number of a street is a word of its name, and none of its houses."""
_HOUSE = re.compile(r"(?<!\w)\d+\s?[a-zа-я]?(?!\w)")
_LETTERS = str.maketrans("авекмнорсту", "abekmhopcty")
"""Cyrillic letters of a house that look like Latin ones."""


@lru_cache(1 << 16)
def street(text: str) -> tuple[str, str]:
    """The words of a street without its type, and the numbers of house and flat if they stand in the same cell."""
    text = _ORDINAL.sub(lambda found: f"th{found[1].translate(_AS_LETTERS)}", plain(text))
    house = house_number(text)
    text = _HOUSE.sub(" ", text)
    kept = [word for word in words(text.replace(".", " ")) if word not in _STREET_TYPES and word not in _HOUSE_WORDS]
    return " ".join(word for word in kept if not word.isdigit()), house


@lru_cache(1 << 16)
def house_number(text: str) -> str:
    """`12a 5`: the numbers in the order in which they stand, each with its letter."""
    found = _HOUSE.findall(plain(text))
    return " ".join(one.replace(" ", "").translate(_LETTERS) for one in found)


@lru_cache(1 << 16)
def place(text: str) -> str:
    """A city or region without what says that it is one."""
    return " ".join(word for word in words(plain(text)) if word not in _PLACE_WORDS)


_POSTCODE = re.compile(r"(?<!\d)(\d{6}|\d{5}(?:-\d{4})?)(?!\d)")
_CITY = re.compile(r"(?:^|,)\s*(?:г|гор|город|пос|пгт|с|д|дер)\.?\s+([^,]+)", re.IGNORECASE)
_STREET = re.compile(
    r"\b(?:ул|улица|пр-т|проспект|просп|пер|переулок|ш|шоссе|бульвар|б-р|наб|набережная|проезд|street|st|road|rd|avenue|ave|drive|dr|lane|ln)\b",
    re.IGNORECASE,
)


@lru_cache(1 << 16)
def whole_address(text: str) -> tuple[str, str, str, str]:
    """Street, house, city and postcode out of one line, as far as its commas and abbreviations tell."""
    found = _POSTCODE.search(text)
    postcode = found[1] if found else ""
    rest = text.replace(found[0], " ", 1) if found else text
    city = _CITY.search(rest)
    town = place(city[1]) if city else ""
    parts = [part for part in rest.split(",") if part.strip() and not (city and city[1].strip() == part.strip(" ."))]
    parts = [part for part in parts if not (city and part.strip() in city[0])]
    streets = [n for n, part in enumerate(parts) if _STREET.search(part)] or [
        n for n, part in enumerate(parts) if any(letter.isdigit() for letter in part)
    ]
    if not streets:
        return street(rest)[0], house_number(rest), town, postcode
    at = streets[0]
    name, number_there = street(parts[at])
    houses = " ".join(filter(None, (number_there, *(house_number(part) for part in parts[at + 1 :]))))
    others = [part for n, part in enumerate(parts) if n != at and not any(letter.isdigit() for letter in part)]
    return name, houses, town or (place(others[0]) if others else ""), postcode
