"""The name of an organisation without its legal form, and the numbers that Russian registers give."""

import re
from functools import lru_cache

from services.interactions.duplicates.letters import plain, words

_FORMS = {
    "ооо": ("ооо", "общество с ограниченной ответственностью", "ooo"),
    "ао": ("ао", "зао", "пао", "оао", "нао", "акционерное общество", "закрытое акционерное общество", "jsc", "pjsc"),
    "ип": ("ип", "индивидуальный предприниматель", "ипбоюл", "чп", "пбоюл"),
    "гуп": ("гуп", "муп", "фгуп", "унитарное предприятие", "государственное унитарное предприятие"),
    "учреждение": (
        "гбу",
        "мбу",
        "фгбу",
        "гбоу",
        "мбоу",
        "мку",
        "мкоу",
        "фгбоу",
        "ано",
        "нко",
        "фонд",
        "тсж",
        "снт",
        "кфх",
    ),
    "ltd": ("ltd", "limited", "llc", "l l c", "pty ltd", "pty limited", "proprietary limited"),
    "inc": ("inc", "incorporated", "corp", "corporation", "co", "company"),
    "gmbh": ("gmbh", "ag", "kg", "sa", "srl", "bv", "nv", "oy", "ab", "plc"),
}
_LONG = (
    ("публичное акционерное общество", "ао"),
    ("открытое акционерное общество", "ао"),
    *sorted(
        ((text, form) for form, texts in _FORMS.items() for text in texts if " " in text),
        key=lambda one: -len(one[0]),
    ),
)
_SHORT = {text: form for form, texts in _FORMS.items() for text in texts if " " not in text}
_RUSSIAN_FORM = re.compile(r"(?<!\w)(?:ооо|зао|пао|оао|нао|ао|ип|гуп|муп|фгуп|нко|ано|тсж)(?!\w)")
_QUOTED = re.compile('[«»„“”"]')
_OGRN_LENGTHS = {13: 11, 15: 13}


@lru_cache(1 << 16)
def parted(name: str) -> tuple[str, str]:
    """The plain words of a name, and its legal form by family (`ооо`, `ао`, `ип`, `ltd`…), or nothing."""
    text = " ".join(words(plain(name)))
    form = ""
    for long, family in _LONG:
        if f" {long} " in f" {text} ":
            text, form = f" {text} ".replace(f" {long} ", " ").strip(), form or family
    kept = text.split()
    bare = [word for word in kept if word not in _SHORT]
    if not bare:
        return text, form
    found = [_SHORT[word] for word in kept if word in _SHORT]
    return " ".join(bare), form or (found[0] if found else "")


def looks_like_one(name: str) -> bool:
    """A legal form or quotes: no person is written so."""
    return bool(
        _QUOTED.search(name) or _RUSSIAN_FORM.search(plain(name)) or parted(name)[1] in ("ltd", "inc", "gmbh")
    )


def is_inn(digits: str) -> bool:
    """An INN of an organisation (10 digits) or a person (12), by its check digits."""
    if len(digits) == 10:
        return digits[9] == _check(digits, (2, 4, 10, 3, 5, 9, 4, 6, 8))
    if len(digits) == 12:
        first = _check(digits, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
        return digits[10] == first and digits[11] == _check(digits, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
    return False


def _check(digits: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11 % 10)


def is_snils(digits: str) -> bool:
    """A SNILS by its check number."""
    if len(digits) != 11:
        return False
    total = sum(int(d) * w for d, w in zip(digits, range(9, 0, -1), strict=False))
    return int(digits[9:]) == total % 101 % 100


def is_ogrn(digits: str) -> bool:
    """An OGRN (13 digits) or OGRNIP (15), by its check digit."""
    modulus = _OGRN_LENGTHS.get(len(digits))
    return modulus is not None and int(digits[:-1]) % modulus % 10 == int(digits[-1])
