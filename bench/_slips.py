"""What happens to a card when it is entered again: slips of the pen, short names, moves, marriages."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from bench._person import KINDS, SCHEMES, SHORT, STREETS, ULITSY, Person


def latin(text: str, scheme: int = 0) -> str:
    table = SCHEMES[scheme]
    return "".join(table.get(letter, letter) for letter in text.casefold()).replace("_", "")


def typo(text: str, r: random.Random) -> str:
    """One slip: a letter left out, doubled, exchanged with the next, or another one."""
    if len(text) < 3:
        return text
    at = r.randrange(1, len(text))
    letters = (
        "абвгдежзиклмнопрстуфхчш"
        if text[0].casefold() in "абвгдеёжзийклмнопрстуфхцчшщыэюя"
        else "abcdefghiklmnoprstuvwyz"
    )
    if text[at].isdigit():
        letters = "0123456789"
    kind = r.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at - 1] + text[at:]
    if kind == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + r.choice(letters) + text[at + 1 :]


def digit(text: str, r: random.Random) -> str:
    at = r.randrange(len(text))
    return text[:at] + str(r.randrange(10)) + text[at + 1 :] if text else text


Slip = Callable[[Person, random.Random, bool], Person]


def _given_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, given=typo(p.given, r))


def _surname_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, surname=typo(p.surname, r))


def _patronymic_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, patronymic=typo(p.patronymic, r))


def _short(p: Person, _: random.Random, __: bool) -> Person:
    return replace(p, given=SHORT.get(p.given, p.given))


def _swapped(p: Person, _: random.Random, __: bool) -> Person:
    return replace(p, given=p.surname, surname=p.given)


def _married(p: Person, _: random.Random, __: bool) -> Person:
    return replace(p, surname=p.maiden) if p.maiden else p


def _transliterated(p: Person, r: random.Random, russian: bool) -> Person:
    if not russian:
        return p
    scheme = r.randrange(3)
    given, surname, patronymic = (latin(one, scheme).title() for one in (p.given, p.surname, p.patronymic))
    return replace(p, given=given, surname=surname, patronymic=patronymic)


def _yo(p: Person, _: random.Random, __: bool) -> Person:
    return replace(p, given=p.given.replace("ё", "е"), surname=p.surname.replace("ё", "е"))


def _birth_slip(p: Person, r: random.Random, _: bool) -> Person:
    kind = r.randrange(4)
    try:
        if kind == 0:
            return replace(p, birth=date(p.birth.year, p.birth.day, p.birth.month))
        if kind == 1:
            return replace(p, birth=date(p.birth.year + r.choice((-10, -1, 1, 10)), p.birth.month, p.birth.day))
        return replace(p, birth=date(*map(int, (digit(p.birth.strftime("%Y"), r)[-4:], p.birth.month, p.birth.day))))  # type: ignore[arg-type]
    except ValueError:
        return p


def _day_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, birth=p.birth.replace(day=r.choice((1, p.birth.day % 28 + 1, (p.birth.day + 9) % 28 + 1))))


def _number_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, number=digit(p.number, r))


def _phone_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, phone=digit(p.phone, r))


def _new_phone(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, phone=f"9{r.randrange(10**9):09}")


def _new_mail(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, mail=f"{latin(p.surname).lower()}{r.randrange(10**5)}@example.org")


def _mail_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, mail=typo(p.mail, r))


def _house_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, house=digit(p.house, r) if p.house[:1].isdigit() and len(p.house) < 4 else p.house)


def _street_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, street=typo(p.street, r))


def _abbreviated(p: Person, _: random.Random, __: bool) -> Person:
    name, _space, kind = p.street.rpartition(" ")
    return replace(p, street=f"{name} {KINDS[kind]}") if kind in KINDS else p


def _moved(p: Person, r: random.Random, russian: bool) -> Person:
    if russian:
        return replace(p, street=r.choice(ULITSY), house=str(r.randrange(1, 150)), postcode=digit(p.postcode, r))
    return replace(
        p, street=f"{r.choice(STREETS)} Road", house=str(r.randrange(400)), postcode=f"{r.randrange(1000, 9999)}"
    )


def _town_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, city=typo(p.city, r))


def _code_slip(p: Person, r: random.Random, _: bool) -> Person:
    return replace(p, postcode=digit(p.postcode, r))


def _initials(p: Person, _: random.Random, russian: bool) -> Person:
    return replace(p, patronymic=p.patronymic[:1]) if russian else p


WEIGHED: tuple[tuple[Slip, float], ...] = (
    *((_given_slip, 3), (_surname_slip, 3), (_patronymic_slip, 1), (_short, 3), (_swapped, 1), (_married, 0.7)),
    *(
        (_transliterated, 2),
        (_yo, 1),
        (_birth_slip, 2),
        (_day_slip, 1),
        (_number_slip, 2),
        (_phone_slip, 2),
        (_new_phone, 2),
    ),
    *(
        (_new_mail, 1.5),
        (_mail_slip, 1.5),
        (_house_slip, 2),
        (_street_slip, 3),
        (_abbreviated, 3),
        (_moved, 1),
        (_town_slip, 2),
    ),
    *((_code_slip, 2), (_initials, 0.7)),
)
SLIPS: tuple[Slip, ...] = tuple(slip for slip, _ in WEIGHED)
