"""Cards of people who live in households and some of whom were entered twice, drawn by a seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bench._person import (
    FAMILII,
    GORODA,
    KINDS,
    MEN,
    MUZH,
    SLOGI,
    STATES,
    STREETS,
    SURNAMES,
    SYLLABLES,
    TAILS,
    TOWNS,
    ULITSY,
    WOMEN,
    ZHEN,
    Person,
)
from bench._slips import SLIPS, WEIGHED, latin
from services.interactions.duplicates.records import called

Row = dict[str, str]


@dataclass
class Cards:
    """Rows with the same columns, and whose each is."""

    rows: list[Row] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def pairs(self) -> set[tuple[int, int]]:
        """Each two rows of one person, the lower one first."""
        by_owner: dict[int, list[int]] = {}
        for place, owner in enumerate(self.owners):
            by_owner.setdefault(owner, []).append(place)
        return {(a, b) for places in by_owner.values() for n, a in enumerate(places) for b in places[n + 1 :]}


class People:
    """A town of households. `russian` decides on names and habits; `share` of the people have more cards than one."""

    def __init__(self, seed: int, *, russian: bool, share: float = 0.3, slips: tuple[int, int] = (1, 4)) -> None:
        self._r = random.Random(seed)
        self._russian = russian
        self._share = share
        self._slips = slips
        self._surnames = self._all_surnames()

    def cards(self, count: int, columns: Callable[[Person, random.Random], Row]) -> Cards:
        """At least `count` rows in any order; `columns` says what a row shows of a person."""
        made: list[tuple[Row, int]] = []
        owner = 0
        recent: list[Person] = []
        while len(made) < count:
            for person in self._household(recent):
                made += [(columns(one, self._r), owner) for one in self._copies(person)]
                owner += 1
                recent = [*recent[-400:], person]
        self._r.shuffle(made)
        return Cards([row for row, _ in made], [who for _, who in made])

    def _all_surnames(self) -> list[str]:
        common = FAMILII if self._russian else SURNAMES
        rare = {self._rare() for _ in range(4000)}
        return [*common, *sorted(rare)]

    def _rare(self) -> str:
        r = self._r
        if self._russian:
            return ("".join(r.choices(SLOGI, k=2)) + r.choice(("ов", "ев", "ин", "ский", "енко"))).capitalize()
        return ("".join(r.choices(SYLLABLES, k=r.choice((1, 2)))) + r.choice(TAILS)).capitalize()

    def _pick(self, names: list[str], steepness: float = 1.0) -> str:
        """The names before are the more common ones, as they are among people."""
        if len(names) > 1000 and self._r.random() < 0.45:
            return self._r.choice(names)
        head = names[:110]
        return self._r.choices(head, [1 / (n + 3) ** steepness for n in range(len(head))])[0]

    def _household(self, recent: list[Person]) -> list[Person]:
        r = self._r
        surname = self._pick(self._surnames)
        home = self._home()
        parents = [self._person(surname, woman=woman, home=home, age=r.randint(25, 80)) for woman in (False, True)]
        parents = parents if r.random() < 0.6 else [r.choice(parents)]
        children = self._children(parents, home) if r.random() < 0.5 else []
        found = [*parents, *children]
        if r.random() < 0.35:
            shared = found[0]
            found = [replace(one, phone=shared.phone) if r.random() < 0.7 else one for one in found]
            found = [replace(one, mail=shared.mail) if r.random() < 0.3 else one for one in found]
        if recent and r.random() < 0.06:
            found.append(self._namesake(r.choice(recent)))
        return found

    def _children(self, parents: list[Person], home: tuple[str, ...]) -> list[Person]:
        """Brothers and sisters, of names of their own and no forms of one; a son may have his father's."""
        r = self._r
        father = next((one for one in parents if not one.woman), None)
        surname = father.surname if father else parents[0].surname
        found: list[Person] = []
        for _ in range(r.choice((1, 1, 2, 2, 3))):
            age = r.randint(18, 40) if parents[0].birth.year < 1975 else r.randint(0, 17)
            child = self._person(surname, woman=r.random() < 0.5, home=home, age=age, father=father)
            if father and not child.woman and r.random() < 0.04:
                child = replace(child, given=father.given)
            found += [child, *self._twin(child, home, age, father)]
        used = {called(one.given.lower()): one for one in reversed((*parents, *found))}
        return [
            one for one in found if used[called(one.given.lower())] is one or (father and one.given == father.given)
        ]

    def _twin(self, child: Person, home: tuple[str, ...], age: int, father: Person | None) -> list[Person]:
        if self._r.random() >= 0.04:
            return []
        twin = self._person(child.surname, woman=self._r.random() < 0.5, home=home, age=age, father=father)
        twin = replace(twin, birth=child.birth, surname=self._of(child.surname, twin.woman))
        return [twin] if twin.given != child.given else []

    def _namesake(self, other: Person) -> Person:
        """The same name, somebody else; sometimes of the same town and year."""
        one = self._person(other.surname, woman=other.woman, home=self._home(), age=self._r.randint(1, 80))
        one = replace(one, given=other.given, patronymic=other.patronymic, surname=other.surname)
        if self._r.random() < 0.3:
            one = replace(one, city=other.city, region=other.region)
        return one

    def _person(
        self, surname: str, *, woman: bool, home: tuple[str, ...], age: int, father: Person | None = None
    ) -> Person:
        r = self._r
        names = (ZHEN if woman else MUZH) if self._russian else (WOMEN if woman else MEN)
        given = self._pick(names)
        born = date(2026 - age, 1, 1) + timedelta(days=r.randrange(365))
        patronymic = self._patronymic(father.given if father else self._pick(MUZH), woman) if self._russian else ""
        maiden = self._of(self._pick(self._surnames), woman) if woman else ""
        local = f"{latin(given)}{r.choice(('.', '_', ''))}{latin(surname)}{r.randrange(1000)}".lower()
        host = r.choice(
            ("mail.ru", "yandex.ru", "gmail.com") if self._russian else ("gmail.com", "yahoo.com", "example.net")
        )
        phone = f"9{r.randrange(10**9):09}" if self._russian else f"{r.randrange(201, 989)}{r.randrange(10**7):07}"
        number = f"{r.randrange(10**11):011}" if self._russian else f"{r.randrange(10**9):09}"
        street, house, city, region, postcode = home
        return Person(
            given, self._of(surname, woman), patronymic, born, woman, number, phone, f"{local}@{host}",
            street, house, city, region, postcode, maiden,
        )  # fmt: skip

    def _of(self, surname: str, woman: bool) -> str:
        if not woman or not self._russian:
            return surname
        if surname.endswith(("ский", "цкий")):
            return surname[:-2] + "ая"
        if surname.endswith(("ый", "ой")):
            return surname[:-2] + "ая"
        return surname + "а" if surname.endswith(("ов", "ев", "ёв", "ин")) else surname

    def _patronymic(self, father: str, woman: bool) -> str:
        if father == "Илья":
            return "Ильинична" if woman else "Ильич"
        if father == "Никита":
            return "Никитична" if woman else "Никитич"
        stem = father[:-1] if father[-1] in "йь" else father
        soft = "ев" if father[-1] in "йь" else "ов"
        return stem + soft + ("на" if woman else "ич")

    def _home(self) -> tuple[str, ...]:
        r = self._r
        if self._russian:
            city = self._pick(GORODA)
            code = f"{100 + GORODA.index(city) * 9}{r.randrange(60):03}"
            house = f"{r.randrange(1, 150)}" + (f", кв. {r.randrange(1, 200)}" if r.random() < 0.8 else "")
            return self._pick(ULITSY, 0.6), house, city, city, code
        town = r.choice(TOWNS)
        street = f"{self._pick(STREETS, 0.5)} {r.choice(tuple(KINDS))}"
        return street, str(r.randrange(1, 400)), town, STATES[TOWNS.index(town) % 8], f"{r.randrange(1000, 9999)}"

    def _copies(self, person: Person) -> list[Person]:
        r = self._r
        copies = [person]
        if r.random() < self._share:
            for _ in range(r.choice((1, 1, 1, 2, 3))):
                copies.append(self._slipped(person))
        return copies

    def _slipped(self, person: Person) -> Person:
        for _ in range(self._r.randint(*self._slips)):
            slip = self._r.choices(SLIPS, [weight for _, weight in WEIGHED])[0]
            person = slip(person, self._r, self._russian)
        return person


def _sometimes(row: Row, r: random.Random, missing: float) -> Row:
    return {name: ("" if r.random() < missing * _KEPT.get(name, 1) else text) for name, text in row.items()}


_KEPT = {"ФИО": 0.0, **dict.fromkeys(("given_name", "surname", "First Name", "Last Name", "Имя", "Фамилия"), 0.3)}
"""Columns that are less often empty than others."""


def english(p: Person, r: random.Random) -> Row:
    """Columns as public sets of voters and patients have them; each is empty now and then."""
    row = {
        "given_name": p.given.lower(),
        "surname": p.surname.lower(),
        "street_number": p.house,
        "address_1": p.street.lower(),
        "suburb": p.city.lower(),
        "postcode": p.postcode,
        "state": p.region.lower(),
        "date_of_birth": p.birth.strftime("%Y%m%d"),
        "soc_sec_id": p.number,
    }
    return _sometimes(row, r, 0.07)


def english_without_number(p: Person, r: random.Random) -> Row:
    """Names, birth date, phone, mail and address, with no number to rely on."""
    row = {
        "First Name": p.given,
        "Last Name": p.surname.upper() if r.random() < 0.3 else p.surname,
        "Date of birth": p.birth.strftime("%m/%d/%Y"),
        "Phone": _american(p.phone, r),
        "E-mail": p.mail,
        "Street": f"{p.house} {p.street}",
        "City": p.city,
        "Zip": p.postcode,
    }
    return _sometimes(row, r, 0.07)


def _american(phone: str, r: random.Random) -> str:
    form = r.choice(("({}) {}-{}", "+1 {} {} {}", "{}-{}-{}", "1{}{}{}"))
    return form.format(phone[:3], phone[3:6], phone[6:])


def russian(p: Person, r: random.Random) -> Row:
    """Columns of their own for each part, as an accounting system exports them."""
    row = {
        "Фамилия": p.surname,
        "Имя": p.given,
        "Отчество": p.patronymic,
        "Дата рождения": p.birth.strftime("%d.%m.%Y"),
        "СНИЛС": f"{p.number[:3]}-{p.number[3:6]}-{p.number[6:9]} {p.number[9:]}",
        "Телефон": _russian_phone(p.phone, r),
        "E-mail": p.mail,
        "Город": p.city,
        "Улица": r.choice(("ул. {}", "{}", "улица {}")).format(p.street),
        "Дом": p.house,
        "Индекс": p.postcode,
    }
    return _sometimes(row, r, 0.1)


def russian_in_one_line(p: Person, r: random.Random) -> Row:
    """The name in one column, the address in another, no number."""
    orders = ("{s} {g} {p}", "{s} {g} {p}", "{g} {p} {s}", "{s} {g}")
    row = {
        "ФИО": r.choice(orders).format(s=p.surname, g=p.given, p=p.patronymic).strip(),
        "Дата рождения": p.birth.strftime("%d.%m.%Y"),
        "Телефон": _russian_phone(p.phone, r),
        "Почта": p.mail,
        "Адрес": f"{p.postcode}, г. {p.city}, ул. {p.street}, д. {p.house}",
    }
    return _sometimes(row, r, 0.07)


def _russian_phone(phone: str, r: random.Random) -> str:
    form = r.choice(("8{}{}{}{}", "+7 ({}) {}-{}-{}", "7{}{}{}{}", "8 ({}) {}-{}-{}", "{}{}{}{}"))
    return form.format(phone[:3], phone[3:6], phone[6:8], phone[8:])
