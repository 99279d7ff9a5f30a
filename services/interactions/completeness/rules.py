"""How much of a card is filled in, by rules that are data: pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hub.store.base import Document

CUSTOM = "custom."
_Check = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a client of one status needs; each item with its weight."""

    items: Mapping[str, int]
    contact_within: timedelta | None = None
    """Since the newest interaction with him, at most."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a card does not say itself."""

    unreachable: frozenset[str] = frozenset()
    """Addresses by which nothing arrives."""
    has_people: bool = False
    """Somebody is known who works there."""
    since_contact: timedelta | None = None
    """Since the newest interaction; none: there was none."""


@dataclass(frozen=True, slots=True)
class Completeness:
    percent: int
    """Of the weights of all items that apply to him; 100 where none does."""
    missing: list[str] = field(default_factory=list)


def measured(rules: Rules, client: Document, known: Known) -> Completeness:
    """How much of what its status needs this card has."""
    wanted = {item: weight for item, weight in rules.items.items() if applies(item, client)}
    missing = [item for item in wanted if not _has(item, client, known, rules)]
    total = sum(wanted.values())
    lacking = sum(wanted[item] for item in missing)
    return Completeness(round(100 * (total - lacking) / total) if total else 100, missing)


def applies(item: str, client: Document) -> bool:
    """Whether a client of this kind can have it; one of an unknown kind has what all have."""
    kinds = _OF.get(item)
    return kinds is None or client.get("kind") == kinds


def _has(item: str, client: Document, known: Known, rules: Rules) -> bool:
    if item.startswith(CUSTOM):
        return (client.get("custom") or {}).get(item.removeprefix(CUSTOM)) not in (None, "")
    if item in _CHANNELS:
        return any(
            one["address"].startswith(_CHANNELS[item]) and one["address"] not in known.unreachable
            for one in client["addresses"]
        )
    if item == "contact_person":
        return known.has_people
    if item == "contact":
        return known.since_contact is not None and (
            rules.contact_within is None or known.since_contact <= rules.contact_within
        )
    return _FIELDS[item](client)


def _given(name: str) -> _Check:
    return lambda client: bool(client.get(name))


_CHANNELS = {
    "email": ("email:",),
    "phone": ("phone:",),
    "messenger": ("telegram:",),
}
_FIELDS: Mapping[str, _Check] = {
    **{
        name: _given(name)
        for name in ("kind", "status", "owner", "language", "time_zone", "birth_date", "comment", "postal", "inn")
    },
    "full_name": lambda client: bool(client.get("surname") and client.get("given_name")),
    "employer": _given("works_for"),
}
_OF = {
    "full_name": "person",
    "birth_date": "person",
    "employer": "person",
    "inn": "organisation",
    "contact_person": "organisation",
}
ITEMS = (*_FIELDS, *_CHANNELS, "contact_person", "contact")
DEFAULT = Rules(dict.fromkeys(("kind", "status", "owner", "full_name", "inn", "email", "phone"), 1))
"""Until somebody says otherwise."""
