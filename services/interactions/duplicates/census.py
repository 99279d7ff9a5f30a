"""How common each value is among the cards at hand: two Kuznetsovs say little, two Przhevalskys much."""

from collections import Counter
from collections.abc import Iterable
from math import log2

from services.interactions.duplicates.letters import sound
from services.interactions.duplicates.records import Record

_WEIGHT = 1000
"""Cards of people at large that stand beside those at hand: in a short table values are rare or common by luck."""
_AT_LARGE = {
    **{"given": 2e-3, "surname": 2e-4, "patronymic": 2e-3, "birth": 4e-5, "id": 1e-8, "phone": 1e-7, "mail": 1e-7},
    **{
        "street": 2e-4,
        "house": 0.01,
        "city": 2e-3,
        "region": 0.02,
        "postcode": 5e-4,
        "organisation": 1e-4,
        "kpp": 1e-3,
    },
}
_OWN = frozenset(("id", "phone", "mail"))
"""What is given to one only: that a pair shares it tells nothing of how many share it by chance."""
_ESTABLISHED = 4
"""A name that so many cards bear is no slip of the pen."""


class Census:
    """Counts of values, each with its share of the cards as a logarithm to the base of two."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.size = 0
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _AT_LARGE}
        for record in records:
            self._add(record)
        self._shares: dict[str, dict[str, float]] = {name: {} for name in _AT_LARGE}

    def _add(self, record: Record) -> None:
        self.size += 1
        counts = self._counts
        for name, value in values_of(record):
            counts[name][value] += 1

    def share(self, name: str, value: str) -> float:
        """Logarithm of the probability that a card of somebody else has this value, too."""
        known = self._shares[name].get(value)
        if known is None:
            others = max(self._counts[name][value] - (2 if name in _OWN else 1), 0)
            known = log2((others + _WEIGHT * _AT_LARGE[name]) / (self.size + _WEIGHT))
            self._shares[name][value] = known
        return known

    def count(self, name: str, value: str) -> int:
        return self._counts[name][value]

    def is_established(self, name: str, value: str) -> bool:
        """Whether several cards have it, so that it is hardly a slip of the pen for another one."""
        return self._counts[name][value] >= max(_ESTABLISHED, self.size // 20_000)


def values_of(record: Record) -> Iterable[tuple[str, str]]:
    """What is counted of a card."""
    single = (
        *(("given", record.called), ("surname", record.heard), ("patronymic", sound(record.patronymic))),
        *(("birth", record.birth), ("street", record.street), ("house", record.house), ("city", record.city)),
        *(("region", record.region), ("postcode", record.postcode), ("kpp", record.kpp)),
    )
    found = [(name, value) for name, value in single if value]
    if record.kind == "organisation":
        found.append(("organisation", record.organisation))
    found += [("id", f"{kind}:{one}") for kind, one in record.ids.items()]
    found += [("phone", one) for one in record.phones]
    return found + [("mail", one) for one in record.mails]
