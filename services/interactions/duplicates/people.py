"""The parts of a person's name, from columns of its own or from one line."""

import re
from dataclasses import dataclass

from services.interactions.duplicates.given_names import FEMALE, MALE, full_names, gender
from services.interactions.duplicates.letters import is_cyrillic, plain, sound, words

_PATRONYMIC = re.compile(
    r"\w{2,}(?:ович|евич|овна|евна|инична|ична|ьич)$|(?:ильич|кузьмич|фомич|лукич)$|(?:оглы|кызы|угли|кизи)$"
)
_HEARD = re.compile(r"\w{2,}(?:oviC|eviC|ovna|evna|iCna)$")
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "г", "н", "гн", "господин", "госпожа"])
_GENERATIONS = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "iii": "iii", "iv": "iv"}
_GENERATIONS |= {"младший": "jr", "старший": "sr", "мл": "jr", "ст": "sr"}


@dataclass(slots=True)
class Name:
    """Plain words; an initial is a part of one letter. `generation`: jr, sr, ii, iii, iv."""

    given: str = ""
    patronymic: str = ""
    """Or a middle name."""
    surname: str = ""
    generation: str = ""

    @property
    def gender(self) -> str:
        """`m` or `f` where the patronymic or the given name tells."""
        return _gender_of_patronymic(self.patronymic) or gender(self.given)


def of_columns(given: str, patronymic: str, surname: str) -> Name:
    """From columns of their own; what stands in the wrong one is put where it belongs when its form tells so."""
    if surname and not given and not patronymic and len(words(plain(surname))) > 1:
        return of_line(surname)
    if given and not surname and len(words(plain(given))) > 1:
        return of_line(given)
    firsts, generation = _without_generation(words(plain(given)))
    lasts, later = _without_generation(words(plain(surname)))
    middles = words(plain(patronymic))
    if not middles:
        middles = [word for word in firsts[1:] if is_patronymic(word)] or firsts[1:]
    middle = "".join(middles)
    if is_patronymic("".join(firsts)) and middle and not is_patronymic(middle):
        firsts, middle = [middle], "".join(firsts)
    return Name("".join(firsts[:1]), middle, " ".join(lasts), generation or later)


def of_line(line: str) -> Name:
    """From one line: `Иванов Иван Иванович`, `Иван Иванов`, `Иванов И. И.`, `Smith, John A.`, `John A. Smith Jr`."""
    before, comma, after = plain(line).partition(",")
    found, generation = _without_generation(words(before))
    rest, later = _without_generation(words(after))
    if comma and found and rest:
        return Name(rest[0], "".join(rest[1:]), " ".join(found), generation or later)
    return _placed(found or rest, generation or later)


def _placed(found: list[str], generation: str) -> Name:
    if len(found) < 2:
        return Name(surname=" ".join(found), generation=generation)
    at = next((n for n, word in enumerate(found) if n and is_patronymic(word)), None)
    if at is not None and not (at == len(found) - 1 and at == 1 and not full_names(found[0])):
        if at == 2 and full_names(found[0]) and not full_names(found[1]):
            found = [found[1], found[0], *found[2:]]
        rest = [*found[: at - 1], *found[at + 1 :]]
        return Name(found[at - 1], found[at], " ".join(rest), generation)
    initials = [word for word in found if len(word) == 1]
    longer = [word for word in found if len(word) > 1]
    if initials and len(longer) == 1:
        return Name(initials[0], "".join(initials[1:2]), longer[0], generation)
    if initials and longer:
        name = _ordered(longer, generation)
        name.patronymic = name.patronymic or initials[0]
        return name
    return _ordered(found, generation)


def _ordered(found: list[str], generation: str) -> Name:
    """Without a patronymic: the given name is the one known as such; of two, English has it first, Russian last."""
    first, last = bool(full_names(found[0])), bool(full_names(found[-1]))
    if len(found) == 3 and is_cyrillic(found[0]) and full_names(found[1]) and not first:
        return Name(found[1], found[2], found[0], generation)
    surname_first = last and not first if first != last else is_cyrillic(found[0]) and len(found) == 2
    if surname_first:
        return Name(found[1], "".join(found[2:]), found[0], generation)
    return Name(found[0], "".join(found[1:-1]), found[-1], generation)


def _without_generation(found: list[str]) -> tuple[list[str], str]:
    named = [_GENERATIONS[word] for word in found[1:] if word in _GENERATIONS]
    kept = [word for n, word in enumerate(found) if not (n and word in _GENERATIONS)]
    while len(kept) > 1 and kept[0] in _TITLES:
        kept = kept[1:]
    return kept, named[0] if named else ""


def generation(text: str) -> str:
    """Of a column of its own."""
    return next((_GENERATIONS[word] for word in words(plain(text)) if word in _GENERATIONS), "")


def is_patronymic(word: str) -> bool:
    return bool(_PATRONYMIC.search(word) if is_cyrillic(word) else _HEARD.search(sound(word)))


def _gender_of_patronymic(word: str) -> str:
    if len(word) < 4 or not is_patronymic(word):
        return ""
    heard = sound(word)
    if heard.endswith(("C", "ogli", "ugli")):
        return MALE
    return FEMALE if heard.endswith(("na", "kizi")) else ""
