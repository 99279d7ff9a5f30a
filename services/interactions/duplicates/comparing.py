"""How far two cards agree, field by field."""

from collections.abc import Callable
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from services.interactions.duplicates import levels
from services.interactions.duplicates.census import Census
from services.interactions.duplicates.distances import (
    STREETS_ALIKE,
    birth_level,
    cities,
    distance,
    father,
    id_level,
    mails_alike,
    phones_alike,
)
from services.interactions.duplicates.given_names import full_names
from services.interactions.duplicates.letters import is_cyrillic, sound
from services.interactions.duplicates.records import Record, called, stem

_CACHED = 400_000
_COMMONER = 8


class Found(NamedTuple):
    """A field of a pair: the level that it agrees at, and how probable that is by chance (log2; none: the usual)."""

    field: int
    level: int
    chance: float | None = None


class Comparer:
    """Compares cards of one census."""

    def __init__(self, census: Census) -> None:
        self._census = census
        self._known: dict[tuple[int, str, str], tuple[int, float | None] | None] = {}

    def compare(self, a: Record, b: Record) -> list[Found]:
        """The fields that both have. Both are of the same kind."""
        found = self._persons(a, b) if a.kind == "person" else self._organisations(a, b)
        if a.birth and b.birth:
            found.append(self._births(a.birth, b.birth))
        if a.ids and b.ids:
            found += self._ids(a, b)
        if a.phones and b.phones:
            found.append(Found(levels.PHONE, *self._several("phone", a.phones, b.phones, phones_alike)))
        if a.mails and b.mails:
            found.append(Found(levels.MAIL, *self._several("mail", a.mails, b.mails, mails_alike)))
        return found + self._addresses(a, b)

    def are_others(self, a: Record, b: Record) -> bool:
        """Whether given names or patronymics are those of others, as can be told without looking at anything else:
        unless they have a number in common, or names stand in each other's column.
        """
        if a.ids and b.ids and not a.ids.keys().isdisjoint(b.ids):
            return False
        if a.given[:2] == b.surname[:2] or a.surname[:2] == b.given[:2]:
            return False
        for field, one, other, compare in (
            (levels.GIVEN, a.given, b.given, self._givens),
            (levels.PATRONYMIC, a.patronymic, b.patronymic, self._middles),
        ):
            if one and other and one != other:
                found = self._cached(field, one, other, compare)
                if found and found[0] == levels.OTHER:
                    return True
        return False

    def _persons(self, a: Record, b: Record) -> list[Found]:
        straight = self._names(a.given, a.surname, b)
        if len(straight) == 2 and straight[0].level >= _GIVEN_SIMILAR and straight[1].level >= _SURNAME_SIMILAR:
            swapped = self._swapped(a, b)
            if swapped:
                straight = swapped
        found = straight
        if a.patronymic and b.patronymic:
            found += _named(
                levels.PATRONYMIC, self._cached(levels.PATRONYMIC, a.patronymic, b.patronymic, self._middles)
            )
        if a.gender and b.gender:
            found.append(Found(levels.GENDER, int(a.gender != b.gender)))
        return found

    def _names(self, given: str, surname: str, b: Record) -> list[Found]:
        found = []
        if given and b.given:
            found += _named(levels.GIVEN, self._cached(levels.GIVEN, given, b.given, self._givens))
        if surname and b.surname:
            found += _named(levels.SURNAME, self._cached(levels.SURNAME, surname, b.surname, self._surnames))
        return found

    def _swapped(self, a: Record, b: Record) -> list[Found]:
        found = self._names(a.surname, a.given, b)
        agree = found[0].level < _GIVEN_SIMILAR and found[1].level < _SURNAME_SIMILAR
        return [*found, Found(levels.ORDER, 1)] if agree else []

    def _cached(
        self, field: int, a: str, b: str, compare: Callable[[str, str], tuple[int, float | None] | None]
    ) -> tuple[int, float | None] | None:
        key = (field, a, b) if a < b else (field, b, a)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _CACHED:
            self._known.clear()
        result = self._known[key] = compare(key[1], key[2])
        return result

    def _givens(self, a: str, b: str) -> tuple[int, float | None]:
        mark = called(a)
        if a == b:
            return 0, self._census.share("given", mark)
        if len(a) == 1 or len(b) == 1:
            return (5 if sound(a)[:1] == sound(b)[:1] else levels.OTHER), None
        ours, theirs = full_names(a), full_names(b)
        if ours & theirs:
            spelling = sound(a) == sound(b)
            return (2 if spelling else 1), self._census.share("given", min(ours & theirs))
        if ours and theirs:
            return levels.OTHER, None
        if sound(a) == sound(b):
            return 2, self._census.share("given", mark)
        if self._is_name(a) and self._is_name(b) and not self._is_slip(a, b):
            return levels.OTHER, None
        return (3, 4, levels.UNLIKE)[distance(a, b)], None

    def _is_slip(self, a: str, b: str) -> bool:
        """Of a common name there are slips enough to look like a name of its own."""
        rarer, other = sorted(self._census.count("given", called(one)) for one in (a, b))
        return distance(a, b) == 0 and rarer * _COMMONER < other

    def _is_name(self, given: str) -> bool:
        return bool(full_names(given)) or self._census.is_established("given", called(given))

    def _surnames(self, a: str, b: str) -> tuple[int, float | None]:
        share = self._census.share("surname", stem(a))
        if a == b:
            return 0, share
        if len(a) == 1 or len(b) == 1:
            return (6 if sound(a)[:1] == sound(b)[:1] else 7), None
        if sound(a.replace(" ", "")) == sound(b.replace(" ", "")):
            return 2, share
        if stem(a) == stem(b):
            return 1, share
        if set(a.split()) & set(b.split()):
            return 4, None
        near = distance(a.replace(" ", ""), b.replace(" ", ""))
        if near == 0 and self._both_established("surname", stem(a), stem(b)):
            near = 1
        return (3, 5, 7)[near], None

    def _both_established(self, name: str, a: str, b: str) -> bool:
        return self._census.is_established(name, a) and self._census.is_established(name, b)

    def _middles(self, a: str, b: str) -> tuple[int, float | None]:
        one, other = sound(a), sound(b)
        if a == b:
            return 0, self._census.share("patronymic", one)
        if len(a) == 1 or len(b) == 1:
            return (5 if one[:1] == other[:1] else levels.OTHER), None
        if one == other or (full_names(a) & full_names(b)):
            return 2, self._census.share("patronymic", one)
        if father(one) == father(other):
            return 1, None
        if self._both_established("patronymic", one, other):
            return levels.OTHER, None
        return (3, 4, levels.UNLIKE)[distance(a, b)], None

    def _births(self, a: str, b: str) -> Found:
        level = birth_level(a, b)
        return Found(levels.BIRTH, level, self._census.share("birth", a) if level == 0 else None)

    def _ids(self, a: Record, b: Record) -> list[Found]:
        """The kind that agrees best; that one differs, though another one agrees, is for the veto."""
        best: tuple[int, float | None] | None = None
        for kind, one in a.ids.items():
            other = b.ids.get(kind)
            if other:
                found = id_level(kind, one, other)
                if best is None or found < best[0]:
                    best = found, self._census.share("id", f"{kind}:{one}") if not found else None
        return _named(levels.ID, best)

    def _several(
        self, name: str, ours: tuple[str, ...], theirs: tuple[str, ...], alike: Callable[[str, str], bool]
    ) -> tuple[int, float | None]:
        same = [one for one in ours if one in theirs]
        if same:
            return 0, min(self._census.share(name, one) for one in same)
        near = any(alike(one, other) for one in ours for other in theirs)
        return (1 if near else 2), None

    def _addresses(self, a: Record, b: Record) -> list[Found]:
        found = []
        together = False
        if a.street and b.street:
            level, chance = self._cached(levels.STREET, a.street, b.street, self._streets) or (2, None)
            together = level < 2
            found.append(Found(levels.STREET, level, chance))
        if a.house and b.house and (together or not (a.street and b.street)):
            found.append(Found(levels.HOUSE, *self._houses(a.house, b.house)))
        place = self._places(a, b)
        if place and together and place[1] is not None:
            place = place[0], max(place[1], _SAME_STREET)
        return found + _named(levels.PLACE, place)

    def _streets(self, a: str, b: str) -> tuple[int, float | None]:
        if a == b:
            return 0, self._census.share("street", a)
        one, other = a.split(), b.split()
        if set(one) <= set(other) or set(other) <= set(one):
            return 1, None
        if is_cyrillic(a) != is_cyrillic(b):
            one, other = [sound(word) for word in one], [sound(word) for word in other]
        alike = JaroWinkler.similarity(" ".join(sorted(one)), " ".join(sorted(other)))
        return (1 if alike >= STREETS_ALIKE else 2), None

    def _houses(self, a: str, b: str) -> tuple[int, float | None]:
        if a == b:
            return 0, self._census.share("house", a)
        one, other = a.split(), b.split()
        if one[0] == other[0] and (len(one) == 1 or len(other) == 1):
            return 0, self._census.share("house", a)
        return (1 if OSA.distance(a, b) == 1 else 2), None

    def _places(self, a: Record, b: Record) -> tuple[int, float | None] | None:
        if a.postcode and a.postcode == b.postcode:
            return 0, self._census.share("postcode", a.postcode)
        if a.city and a.city == b.city:
            return 0, self._census.share("city", a.city)
        if a.city and b.city:
            alike = self._cached(levels.PLACE, a.city, b.city, cities)
            if alike and alike[0] == 1:
                return alike
        if a.postcode and b.postcode:
            return (1 if OSA.distance(a.postcode, b.postcode, score_cutoff=1) == 1 else 2), None
        if a.city and b.city:
            return 2, None
        if a.region and b.region:
            return (0, self._census.share("region", a.region)) if a.region == b.region else (2, None)
        return None

    def _organisations(self, a: Record, b: Record) -> list[Found]:
        found = []
        if a.organisation and b.organisation:
            found += _named(levels.NAME, self._cached(levels.NAME, a.organisation, b.organisation, self._firms))
        if a.legal_form and b.legal_form:
            found.append(Found(levels.FORM, int(a.legal_form != b.legal_form)))
        if a.kpp and b.kpp:
            found.append(Found(levels.KPP, *self._kpps(a.kpp, b.kpp)))
        return found

    def _kpps(self, a: str, b: str) -> tuple[int, float | None]:
        if a == b:
            return 0, self._census.share("kpp", a)
        return (1 if OSA.distance(a, b, score_cutoff=1) == 1 else 2), None

    def _firms(self, a: str, b: str) -> tuple[int, float | None]:
        one, other = [sorted(sound(word) for word in name.split()) for name in (a, b)]
        if one == other or "".join(one) == "".join(other):
            return 0, self._census.share("organisation", a)
        if set(one) < set(other) or set(other) < set(one):
            return 2, None
        if [word for word in one if word.isdigit()] != [word for word in other if word.isdigit()]:
            return 4, None
        near = distance("".join(sound(word) for word in a.split()), "".join(sound(word) for word in b.split()))
        if near == 0 and self._both_established("organisation", a, b):
            near = 1
        return (1, 3, 4)[near], None


_GIVEN_SIMILAR, _SURNAME_SIMILAR = 4, 5
_SAME_STREET = -3.0
"""Who lives in one street has the same postcode and city: that says little beside it."""


def _named(field: int, result: tuple[int, float | None] | None) -> list[Found]:
    return [Found(field, *result)] if result else []
