"""How far apart two values are, in slips of the pen."""

from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from services.interactions.duplicates import organisations
from services.interactions.duplicates.letters import is_cyrillic, sound

_CACHED = 400_000
SHORT, LONG = 4, 8
"""Letters of a word up to which no slip is believed, and from which two are."""
_ALIKE = 0.88
STREETS_ALIKE = 0.90
_JANUARY = "0101"
"""What is entered where the day is not known."""


def one_script(a: str, b: str) -> bool:
    return is_cyrillic(a) == is_cyrillic(b)


def distance(a: str, b: str) -> int:
    """0: a slip of the pen apart; 1: alike; 2: neither."""
    if not one_script(a, b):
        a, b = sound(a), sound(b)
    longer = max(len(a), len(b))
    slips = 1 if longer < LONG else 2
    apart = OSA.distance(a, b, score_cutoff=slips)
    if apart <= slips and longer >= SHORT:
        return 0
    return 1 if JaroWinkler.similarity(a, b) >= _ALIKE else 2


def father(patronymic: str) -> str:
    """The sound of the father's name in a patronymic of either gender."""
    for ending in ("oviC", "eviC", "ovna", "evna", "iCna", "iC"):
        if patronymic.endswith(ending):
            return patronymic[: -len(ending)]
    return patronymic


def birth_level(a: str, b: str) -> int:
    """The level of `levels.BIRTH` that two birth dates agree at."""
    if a == b:
        return 4 if a.endswith("0000") else 0
    if a[:4] == b[:4]:
        if "0000" in (a[4:], b[4:]) or _JANUARY in (a[4:], b[4:]):
            return 4
        if a[4:6] == b[6:] and a[6:] == b[4:6]:
            return 1
    elif "0000" in (a[4:], b[4:]):
        return 2 if OSA.distance(a[:4], b[:4]) == 1 else 5
    apart: int = OSA.distance(a, b, score_cutoff=2)
    return apart + 1 if apart <= 2 else 5


def birth_slips(a: str, b: str, at_most: int) -> int:
    """Slips of the pen between two birth dates, counted up to one more than `at_most`."""
    level = birth_level(a, b)
    if level < 5:
        return (0, 1, 1, 2, 0)[level]
    return OSA.distance(a, b, score_cutoff=at_most)


def id_level(kind: str, a: str, b: str) -> int:
    """The level of `levels.ID`."""
    return id_slips(kind, a, b, 2)


def id_slips(kind: str, a: str, b: str, at_most: int) -> int:
    """Slips of the pen between two numbers, counted up to one more than `at_most`: of two whose check digits are
    right neither is a slip for the other.
    """
    if a == b:
        return 0
    if _is_checked(kind, a) and _is_checked(kind, b):
        return at_most + 1
    return OSA.distance(a, b, score_cutoff=at_most)


@lru_cache(_CACHED)
def _is_checked(kind: str, one: str) -> bool:
    if not one.isascii() or not one.isdigit():
        return False
    check = {"inn": organisations.is_inn, "ogrn": organisations.is_ogrn, "national_id": organisations.is_snils}.get(
        kind
    )
    return bool(check and check(one))


def phones_alike(a: str, b: str) -> bool:
    if len(a) != len(b):
        return min(len(a), len(b)) >= 6 and (a.endswith(b) or b.endswith(a))
    return OSA.distance(a, b, score_cutoff=1) == 1


def mails_alike(a: str, b: str) -> bool:
    """A slip, or the same unusual name at another host; other digits are somebody else of the same name."""
    if _digits(a) != _digits(b):
        return False
    one, other = a.partition("@")[0], b.partition("@")[0]
    if one == other:
        return len(_digits(one)) > 1
    return len(one) >= SHORT and OSA.distance(a, b, score_cutoff=2) <= 2


@lru_cache(_CACHED)
def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def cities(a: str, b: str) -> tuple[int, float | None]:
    if is_cyrillic(a) != is_cyrillic(b):
        a, b = sound(a), sound(b)
        if a == b:
            return 1, None
    return (1 if JaroWinkler.similarity(a, b) >= STREETS_ALIKE else 2), None
