"""Words of names in one form, whichever script and transliteration they were written in."""

import re
import unicodedata
from functools import lru_cache

_CYRILLIC = re.compile("[а-яё]")
_WORDS = re.compile(r"[^\W\d_]+(?:['’ʼ`´][^\W\d_]+)*|\d+")
_SOUNDS = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхцчшщыэюя", "abvgdeJiiklmnoprstufhcCSSieua", strict=True)),
        **dict(zip("ёіїєґ", "eiieg", strict=True)),
        "ъ": None,
        "ь": None,
    }
)
"""A letter for each sound; capitals stand for those that take several Latin letters."""
_DIGRAPHS = (
    *(("shch", "S"), ("stch", "S"), ("sch", "S"), ("shh", "S"), ("sh", "S"), ("tch", "C"), ("ch", "C"), ("zh", "J")),
    *(
        ("kh", "h"),
        ("ts", "c"),
        ("tz", "c"),
        ("tc", "c"),
        ("ph", "f"),
        ("ck", "k"),
        ("x", "ks"),
        ("w", "v"),
        ("q", "k"),
    ),
)
_CARONS = str.maketrans(
    {"š": "sh", "ž": "zh", "č": "ch", "ŝ": "shch", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d"}
)
_SOFT = re.compile("(?<=.)[iyj]+(?=[aou])|[iyj]+(?=e)")
"""A glide is written in as many ways as there are schemes; only a first one, before a, o and u, tells names apart."""
_DOUBLED = re.compile(r"(.)\1+")
_HARD_C = re.compile("c(?=[aoulrkt]|$)")
_VOWELS = re.compile("[aeiou]")
_KEPT = 1 << 17


@lru_cache(_KEPT)
def plain(text: str) -> str:
    """Lower case, `ё` as `е`, no accents, one space between words; Cyrillic stays Cyrillic."""
    text = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    if not text.isascii():
        text = "".join(_bare(letter) for letter in text)
    return " ".join(text.split())


def _bare(letter: str) -> str:
    if letter in "йї":
        return letter
    return "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))


def words(text: str) -> list[str]:
    """The words and numbers of a text that is `plain`; apostrophes belong to the word and are left out."""
    return [re.sub("['’ʼ`´]", "", word) for word in _WORDS.findall(text)]


def is_cyrillic(text: str) -> bool:
    return bool(_CYRILLIC.search(text))


@lru_cache(_KEPT)
def sound(word: str) -> str:
    """What a plain word sounds like: `юлия`, `yuliya`, `julia` and `iuliia` give the same."""
    if is_cyrillic(word):
        glide = "i" if word[0] in "юя" else ""
        return glide + _squeezed(word.translate(_SOUNDS))
    word = word.translate(_CARONS)
    for letters, one in _DIGRAPHS:
        word = word.replace(letters, one)
    return _squeezed(_HARD_C.sub("k", word))


def _squeezed(word: str) -> str:
    return _DOUBLED.sub(r"\1", re.sub("[yj]", "i", _SOFT.sub("", word)))


@lru_cache(_KEPT)
def bones(word: str) -> str:
    """The first sound and the consonants after it: what most slips of the pen leave as it is."""
    heard = sound(word)
    return heard[:1] + _VOWELS.sub("", heard[1:])
