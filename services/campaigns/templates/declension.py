"""Russian names in their cases, where they are sure; of others nothing, so that a fallback stands in. Pure.

Rules: Д. Э. Розенталь, «Справочник по правописанию», § 149 (surnames), and Н. А. Еськова on given names. Not sure are
women's surnames on a consonant, surnames on -ых and -их, adjectives but -ский and -цкий, vowels that come and go
(Заяц, Конёк), foreign given names, and whatever needs to know man from woman where nothing says it.
"""

from collections.abc import Mapping
from typing import Any

CASES = ("genitive", "dative", "accusative", "instrumental", "prepositional")
MOST = 60
"""Letters of one name."""
_VOWELS, _HUSHING, _HARD = "аеёиоуыэюя", "жчшщц", "гкхжчшщ"
_MENS = """
александр алексей альберт анатолий андрей антон аркадий арсений артём артем артур богдан борис вадим валентин
валерий василий вениамин виктор виталий владимир владислав всеволод вячеслав геннадий георгий герман глеб
григорий давид даниил денис дмитрий евгений егор ефим захар иван игнат игорь илья иннокентий иосиф карен
кирилл константин лазарь лев леонид макар максим марат марк матвей мирон михаил назар николай никита олег
павел петр пётр платон прохор радик рамиль ратмир ринат роберт родион роман ростислав руслан рустам савелий
семен семён сергей станислав степан тарас тимофей тимур тихон фёдор федор феликс филипп эдуард эльдар юлиан
юрий яков ян ярослав кузьма лука савва фома данила гаврила
"""
_EITHERS = "саша женя валя слава шура паша вася миша гриша гоша тоша ваня петя коля лёша леша дима"
_MEN, _EITHER = frozenset(_MENS.split()), frozenset(_EITHERS.split())
"""Given names of men; names on -а, -я of men, or of both."""
_STEMS = {"павел": "павл", "лев": "льв", "пётр": "петр", "петр": "петр"}
_HARD_MEN = ("а", "у", "а", "ом", "е")
_SOFT_MEN = ("я", "ю", "я", "ем", "е")
_STRESSED_ICH = frozenset(("ильич", "кузьмич", "фомич", "лукич", "москвич"))
_WORDS = """
калина малина рябина смородина осина былина долина перина година ялина тычина купина дубина журавина дуброва
половина середина вершина царина скотина корова
"""
_NOUNS = frozenset(_WORDS.split())
"""Surnames of women that are words of their own: Калины, not Калиной."""
_FOREIGN_IN = frozenset(("дарвин", "чаплин", "кронин", "грин", "мартин", "герцен", "вин", "цеппелин"))


def declined(value: str, case: str, person: Mapping[str, Any]) -> str | None:
    """A name of a person (`name`, `first_name`, `patronymic`, `surname`) in a case; none where it is not sure."""
    if not 0 < len(value) <= MOST or case not in CASES:
        return None
    parts = {str(person.get(part) or ""): part for part in ("surname", "patronymic", "first_name")}
    words = [value] if value in parts else value.split()
    done = [_part(word, parts.get(word, ""), CASES.index(case), person) for word in words]
    return " ".join(one for one in done if one) if all(done) else None


def _part(word: str, part: str, case: int, person: Mapping[str, Any]) -> str | None:
    rules = {"first_name": _first_name, "patronymic": _patronymic, "surname": _surname}
    if part not in rules:
        return None
    man = _is_man(person)
    done = [_spelled(one, rules[part](one.lower(), case, man)) for one in word.split("-")]
    return "-".join(one for one in done if one) if all(done) else None


def _spelled(word: str, done: str | None) -> str | None:
    """As the word was written: one capital and small Russian letters, else it is not sure."""
    plain = word[:1].isupper() and word[1:].islower() and all("а" <= one <= "я" or one == "ё" for one in word.lower())
    return done[:1].upper() + done[1:] if done and plain and len(word) > 1 else None


def _is_man(person: Mapping[str, Any]) -> bool | None:
    """None: nothing says it for sure."""
    patronymic = str(person.get("patronymic") or "").lower()
    if patronymic.endswith("ич"):
        return True
    if patronymic.endswith(("вна", "чна")):
        return False
    first = str(person.get("first_name") or "").lower()
    if first in _MEN:
        return True
    return False if first.endswith(("а", "я")) and first not in _EITHER else None


def _first_name(word: str, case: int, man: bool | None) -> str | None:
    if word == "любовь":
        return ("любови", "любови", "любовь", "любовью", "любови")[case]
    if word.endswith(("а", "я")):
        return _on_a(word, case)
    if word not in _MEN or man is False:
        return None
    stem = _STEMS.get(word, word)
    if word.endswith(("й", "ь")):
        ends = ("я", "ю", "я", "ем", "и") if word.endswith("ий") else _SOFT_MEN
        return word[:-1] + ends[case]
    return stem + _HARD_MEN[case]


def _on_a(word: str, case: int) -> str | None:
    stem = word[:-1]
    if len(stem) < 2 or (word.endswith("а") and stem[-1] in _VOWELS):
        return None
    if word.endswith("ия"):
        return stem + ("и", "и", "ю", "ей", "и")[case]
    if word.endswith("я"):
        return stem + ("и", "е", "ю", "ёй" if word == "илья" else "ей", "е")[case]
    last = "и" if stem[-1] in _HARD else "ы"
    return stem + (last, "е", "у", "ей" if stem[-1] in _HUSHING else "ой", "е")[case]


def _patronymic(word: str, case: int, man: bool | None) -> str | None:
    del man
    if word.endswith("ич"):
        return _on_ich(word, case)
    return word[:-1] + ("ы", "е", "у", "ой", "е")[case] if word.endswith(("вна", "чна")) else None


def _surname(word: str, case: int, man: bool | None) -> str | None:
    if word.endswith(("ко", "дзе", "швили", "аго", "яго")):
        return word  # nobody's is declined
    if man is None:
        return None
    return _of_a_man(word, case) if man else _of_a_woman(word, case)


def _of_a_man(word: str, case: int) -> str | None:
    if word.endswith(("ский", "цкий")):
        return word[:-2] + ("ого", "ому", "ого", "им", "ом")[case]
    if word.endswith(("ов", "ев", "ёв", "ин", "ын")) and _syllables(word) > 1 and word not in _FOREIGN_IN:
        return word + ("а", "у", "а", "ым", "е")[case]
    if word.endswith(("ук", "юк", "ян", "як")) and _syllables(word) > 1:
        return word + _HARD_MEN[case]
    return _on_ich(word, case) if word.endswith("ич") and _syllables(word) > 1 else None


def _on_ich(word: str, case: int) -> str:
    return word + ("а", "у", "а", "ом" if word in _STRESSED_ICH else "ем", "е")[case]


def _of_a_woman(word: str, case: int) -> str | None:
    if word.endswith(("ская", "цкая")):
        return word[:-2] + ("ой", "ой", "ую", "ой", "ой")[case]
    if word.endswith(("ова", "ева", "ёва", "ина", "ына")) and _syllables(word) > 2 and word not in _NOUNS:
        return word[:-1] + ("ой", "ой", "у", "ой", "ой")[case]
    return None


def _syllables(word: str) -> int:
    return sum(letter in _VOWELS for letter in word)
