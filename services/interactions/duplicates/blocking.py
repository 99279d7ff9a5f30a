"""Which cards are compared at all: those that share a key, so that the cost grows as their number does."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, count

from services.interactions.duplicates.letters import bones, sound
from services.interactions.duplicates.records import Record

Keys = Callable[[Record], tuple[str, ...]]

_WHOLE = 12
"""Cards of one key that are all compared with each other; of more, each only with its neighbours in two orders."""
_NEIGHBOURS = 4


def candidates(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Places of the cards to compare, the lower one first; hardly any pair comes twice."""
    whole: list[set[int]] = [set() for _ in records]
    numbers = count()
    for keys in ALL_KEYS:
        blocks = _blocks(records, keys)
        for block in blocks:
            yield from _pairs(records, block, whole)
        for block in blocks:
            if len(block) <= _WHOLE:
                number = next(numbers)
                for place in block:
                    whole[place].add(number)


def _blocks(records: Sequence[Record], keys: Keys) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        for key in keys(record):
            found.setdefault(key, []).append(place)
    return [block for block in found.values() if len(block) > 1]


def _pairs(records: Sequence[Record], block: list[int], whole: Sequence[set[int]]) -> Iterator[tuple[int, int]]:
    """But for those that a block before has had."""
    pairs = combinations(block, 2) if len(block) <= _WHOLE else _neighbours(records, block)
    for a, b in pairs:
        if a != b and whole[a].isdisjoint(whole[b]):
            yield a, b


def _neighbours(records: Sequence[Record], block: list[int]) -> Iterator[tuple[int, int]]:
    for order in (_by_name, _by_number):
        ranked = sorted(block, key=lambda place: order(records[place]))
        for n, a in enumerate(ranked):
            for b in ranked[n + 1 : n + 1 + _NEIGHBOURS]:
                yield (a, b) if a < b else (b, a)


def _by_name(record: Record) -> tuple[str, ...]:
    return (record.organisation, record.heard, record.called, record.patronymic, record.birth)


def _by_number(record: Record) -> tuple[str, ...]:
    return (record.birth, *record.phones[:1], *record.mails[:1], record.postcode, record.street, record.house)


def _ids(record: Record) -> tuple[str, ...]:
    return tuple(record.ids.values())


def _halves_of_ids(record: Record) -> tuple[str, ...]:
    found = []
    for one in record.ids.values():
        middle = len(one) // 2
        found += [f"<{one[:middle]}", f">{one[middle:]}"]
    return tuple(found)


def _phones(record: Record) -> tuple[str, ...]:
    return tuple(one[-7:] for one in record.phones)


def _mails(record: Record) -> tuple[str, ...]:
    locals_ = (one.partition("@")[0] for one in record.mails)
    return (*record.mails, *(one for one in locals_ if len(one) > 5))


def _births(record: Record) -> tuple[str, ...]:
    """Equal for day and month swapped."""
    birth = record.birth
    return (birth[:4] + "".join(sorted((birth[4:6], birth[6:]))),) if birth and not birth.endswith("0000") else ()


def _both_names(record: Record) -> tuple[str, ...]:
    """The same in either order."""
    if record.kind == "organisation" or not record.given or not record.surname:
        return ()
    one, other = sound(record.given), sound(record.surname.replace(" ", ""))
    return (" ".join(sorted((one, other))), f"{record.called} {record.heard}")


def _surname_and_year(record: Record) -> tuple[str, ...]:
    if not record.surname:
        return ()
    heart = bones(record.surname.replace(" ", ""))[:5]
    return tuple(f"{heart} {part}" for part in (record.birth[:4], record.birth[4:]) if part and part != "0000")


def _given_and_date(record: Record) -> tuple[str, ...]:
    """Either half of the birth date with the given name; both names, as they may be swapped."""
    if not record.birth:
        return ()
    names = {record.called, sound(record.surname)} - {""}
    return tuple(
        f"{name} {part}" for name in names for part in (record.birth[:6], record.birth[4:]) if part != "0000"
    )


def _home(record: Record) -> tuple[str, ...]:
    if not record.street or not record.house:
        return ()
    return (f"{bones(record.street.split()[0])} {record.house.split()[0]} {record.postcode[:3] or record.city[:3]}",)


def _name_and_place(record: Record) -> tuple[str, ...]:
    names = {record.called, bones(record.surname.replace(" ", ""))[:5], sound(record.given)} - {""}
    places = {record.postcode, sound(record.street.replace(" ", ""))[:8], sound(record.city)} - {""}
    return tuple(f"{name} {place}" for name in names for place in places)


def _slipped_names(record: Record) -> tuple[str, ...]:
    """The beginnings of both names and of the patronymic, in either order."""
    if record.kind == "organisation" or not record.given or not record.surname:
        return ()
    beginnings = sorted((sound(record.given)[:3], sound(record.surname)[:4]))
    return (" ".join((*beginnings, sound(record.patronymic)[:3])),)


def _firms(record: Record) -> tuple[str, ...]:
    if record.kind != "organisation":
        return ()
    heard = sorted(sound(word) for word in record.organisation.split())
    longest = max(heard, key=len, default="")
    return (" ".join(heard), f"{bones(longest)[:6]} {sound(record.city)[:4] or record.postcode[:3]}", bones(longest))


ALL_KEYS: tuple[Keys, ...] = (
    *(_ids, _phones, _mails, _births, _both_names, _firms, _home, _halves_of_ids),
    *(_surname_and_year, _given_and_date, _slipped_names, _name_and_place),
)


_FOR_ONE: tuple[Keys, ...] = (_ids, _phones, _mails, _both_names, _firms, _home, _slipped_names, _given_and_date)


def keys_of(record: Record) -> list[str]:
    """Marks by which a stored card is found by those that may be the same client's, the most telling first."""
    marked = (f"{n}:{key}" for n, keys in enumerate(_FOR_ONE) for key in keys(record) if key.strip())
    return list(dict.fromkeys(marked))
