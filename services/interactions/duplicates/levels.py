"""How far two values agree, by field, and how often that is so of one client, of relatives, and by chance.

The model is that of Fellegi and Sunter ("A Theory for Record Linkage", 1969) with a third class: relatives, who share
surname, phone, mail and street, and are different persons all the same. What is written here is where the estimate of
`weights.py` begins.
"""

from dataclasses import dataclass

GIVEN, SURNAME, PATRONYMIC, ORDER, BIRTH, ID, PHONE, MAIL, STREET, HOUSE, PLACE, GENDER, NAME, FORM, KPP = range(15)
RULES = (
    *("given_name", "surname", "patronymic", "order", "birth_date", "id", "phone", "mail"),
    *("street", "house", "place", "gender", "organisation", "legal_form", "kpp"),
)
UNLIKE, OTHER = 6, 7
"""Of given names and patronymics: a word that is no name stands for one of them, or both are names."""
CERTAIN = 0.95
"""How probable it has to be that two cards are of one client."""
POSSIBLE = 0.5
EXACT = 0
"""The first level of each field; how often it comes by chance depends on the value."""


@dataclass(frozen=True, slots=True)
class Level:
    """Shares of the pairs that are `same`, `related`, or met by `chance` in which the field agrees so far."""

    name: str
    same: float
    related: float
    chance: float


def _levels(*rows: tuple[str, float, float, float]) -> tuple[Level, ...]:
    return tuple(Level(*row) for row in rows)


LEVELS: tuple[tuple[Level, ...], ...] = (
    _levels(
        ("exact", 0.80, 0.015, 0.01),
        ("short form", 0.06, 0.005, 0.01),
        ("spelling", 0.03, 0.003, 0.01),
        ("typo", 0.06, 0.008, 0.002),
        ("similar", 0.02, 0.02, 0.01),
        ("initial", 0.02, 0.08, 0.07),
        ("unlike", 0.02, 0.15, 0.20),
        ("different", 0.005, 0.72, 0.70),
    ),
    _levels(
        ("exact", 0.84, 0.58, 0.002),
        ("other gender", 0.005, 0.20, 0.002),
        ("spelling", 0.03, 0.01, 0.002),
        ("typo", 0.06, 0.04, 0.0005),
        ("part", 0.015, 0.01, 0.0005),
        ("similar", 0.02, 0.02, 0.005),
        ("initial", 0.005, 0.01, 0.05),
        ("different", 0.03, 0.13, 0.94),
    ),
    _levels(
        ("exact", 0.86, 0.30, 0.03),
        ("other gender", 0.001, 0.15, 0.03),
        ("spelling", 0.03, 0.01, 0.02),
        ("typo", 0.06, 0.01, 0.003),
        ("similar", 0.01, 0.02, 0.02),
        ("initial", 0.03, 0.05, 0.07),
        ("unlike", 0.01, 0.10, 0.13),
        ("different", 0.005, 0.36, 0.70),
    ),
    _levels(("straight", 0.97, 0.995, 0.995), ("swapped", 0.03, 0.005, 0.005)),
    _levels(
        ("exact", 0.86, 0.02, 4e-5),
        ("day and month swapped", 0.02, 0.0005, 1e-4),
        ("typo", 0.06, 0.003, 4e-4),
        ("two typos", 0.02, 0.01, 0.004),
        ("year", 0.02, 0.02, 0.02),
        ("different", 0.02, 0.95, 0.97),
    ),
    _levels(
        ("exact", 0.90, 0.001, 1e-6),
        ("typo", 0.06, 0.003, 2e-6),
        ("two typos", 0.02, 0.003, 1e-4),
        ("different", 0.02, 0.993, 1.0),
    ),
    _levels(
        ("exact", 0.70, 0.45, 1e-5),
        ("typo", 0.06, 0.035, 2e-5),
        ("different", 0.24, 0.515, 1.0),
    ),
    _levels(
        ("exact", 0.70, 0.15, 1e-5),
        ("typo", 0.08, 0.02, 2e-5),
        ("different", 0.22, 0.83, 1.0),
    ),
    _levels(
        ("exact", 0.70, 0.60, 0.001),
        ("similar", 0.12, 0.10, 0.003),
        ("different", 0.18, 0.30, 0.97),
    ),
    _levels(
        ("exact", 0.80, 0.83, 0.02),
        ("similar", 0.08, 0.08, 0.08),
        ("different", 0.12, 0.09, 0.9),
    ),
    _levels(
        ("exact", 0.82, 0.79, 0.05),
        ("similar", 0.08, 0.07, 0.01),
        ("different", 0.10, 0.14, 0.9),
    ),
    _levels(("same", 0.99, 0.5, 0.5), ("different", 0.01, 0.5, 0.5)),
    _levels(
        ("exact", 0.70, 0.02, 0.001),
        ("typo", 0.12, 0.02, 0.0005),
        ("part", 0.08, 0.26, 0.005),
        ("similar", 0.04, 0.10, 0.01),
        ("different", 0.06, 0.60, 0.98),
    ),
    _levels(("same", 0.97, 0.75, 0.5), ("different", 0.03, 0.25, 0.5)),
    _levels(("exact", 0.97, 0.2, 1e-3), ("typo", 0.02, 0.02, 1e-3), ("different", 0.01, 0.78, 1.0)),
)
