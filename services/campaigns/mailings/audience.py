"""Who gets a mailing, by what, and who does not, with the reason: a pure decision about each person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from services.campaigns.letterboxes import is_word_of
from services.campaigns.people import variables_of
from services.campaigns.segments.projection import Row, channel_of
from services.campaigns.templates.slots import Slot

NO_ADDRESS, INCOMPLETE, WORTHLESS, WITHDRAWN, NO_CONSENT, DUPLICATE = (
    "no_address",
    "incomplete",
    "worthless",
    "withdrawn",
    "no_consent",
    "duplicate",
)
"""Rules by which somebody is left out; `lacks` goes with the name of the variable."""
LACKS = "lacks"
_WORDS = {
    NO_ADDRESS: "no address of his is known for any of its channels",
    INCOMPLETE: "his postal address lacks the postcode, the place, or street and house",
    WORTHLESS: "mail to his address comes back, or it cannot be reached",
    WITHDRAWN: "he said no to the topic or to the channel",
    NO_CONSENT: "he never said yes to the topic, which requires it",
    DUPLICATE: "the same address, or letterbox, is another recipient's of this mailing",
    LACKS: "the template has no fallback for what he lacks",
}
PEOPLE = """
SELECT c.id, c.name, c.time_zone, c.language, c.card, c.seen_by,
  list([o.address, o.raw, coalesce(w.worthless, ''), coalesce(array_to_string(w.withdrawn, ','), ''),
        coalesce(array_to_string(w.given, ','), '')] ORDER BY o.address)
FROM clients c
LEFT JOIN (SELECT coalesce(m.root, o.k) AS k, o.address, o.raw FROM owned o LEFT JOIN merged m ON m.k = o.k) o
  ON o.k = c.k
LEFT JOIN addresses w ON w.address = o.address
WHERE c.k IN (SELECT unnest($keys::UBIGINT[]))
GROUP BY ALL ORDER BY c.id
"""
"""The people of some keys, with all that is known of their addresses."""


def words_of(reason: str) -> str:
    """A reason as a person reads it."""
    rule, _, what = reason.partition(":")
    return f"{_WORDS.get(rule, rule)}{f': {what}' if what else ''}"


@dataclass(frozen=True, slots=True)
class Reached:
    """One address of a person, and what is known of it."""

    address: str
    raw: str = ""
    worthless: str = ""
    withdrawn: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody that a mailing means."""

    client_id: str = ""
    name: str = ""
    time_zone: str = ""
    language: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    seen_by: tuple[str, ...] = ()
    reached: tuple[Reached, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_row(cls, row: Row) -> "Person":
        """Of `PEOPLE`."""
        reached = tuple(
            Reached(one[0], one[1] or "", one[2], frozenset(_split(one[3])), frozenset(_split(one[4])))
            for one in row[6]
            if one[0]
        )
        card = orjson.loads(row[4])
        return cls(
            client_id=row[0],
            name=row[1],
            time_zone=row[2],
            language=row[3],
            card=card,
            seen_by=tuple(row[5] or ()),
            reached=reached,
        )


def _split(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a mailing says by one channel in one language, as far as a recipient matters."""

    simple: bool
    slots: tuple[Slot, ...] = ()
    variables: tuple[str, ...] = ()
    """That it names at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One of the messages of a mailing: by which channel, from which account, in which languages."""

    channel: str
    account: str
    ours: str = ""
    """The account's own address: a chat is with one bot."""
    language: str = "ru"
    said: Mapping[str, Sequence[Said]]
    """By language the variants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What decides, beside the person."""

    topic: str
    requires_yes: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to a recipient."""

    way: int
    """Which of the mailing's messages."""
    address: str
    raw: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What becomes of a person: ways to go, the first one first, or the reason why there is none."""

    person: Person
    choices: tuple[Choice, ...] = ()
    reason: str = ""


def decide(person: Person, wanted: Wanted, variant: int = 0) -> Decided:
    """Pure."""
    choices: list[Choice] = []
    reasons: list[str] = []
    for number, way in enumerate(wanted.ways):
        found = _choice(person, wanted, number, way, variant)
        if isinstance(found, Choice):
            choices.append(found)
        else:
            reasons.append(found)
    # The reason that is nearest to success tells most.
    reason = "" if choices else max(reasons, key=_near, default=NO_ADDRESS)
    return Decided(person=person, choices=tuple(choices), reason=reason)


def _near(reason: str) -> int:
    order = (NO_ADDRESS, INCOMPLETE, WORTHLESS, NO_CONSENT, WITHDRAWN, LACKS)
    return order.index(reason.partition(":")[0])


def _choice(person: Person, wanted: Wanted, number: int, way: Way, variant: int) -> Choice | str:
    here = [one for one in person.reached if channel_of(one.address) == way.channel and _is_ours(one, way)]
    said = [one for one in here if is_word_of(one.address)]
    if len(said) == len(here):
        return INCOMPLETE if way.channel == "post" and person.card.get("postal") else NO_ADDRESS
    about = {way.channel, f"{way.channel}/{wanted.topic}"}
    if any(one.withdrawn & about for one in here):
        return WITHDRAWN  # the strictest of his addresses counts
    working = [one for one in here if not one.worthless and one not in said]
    if not working:
        return WORTHLESS
    yes = [one for one in here if f"{way.channel}/{wanted.topic}" in one.given]
    agreed = working if set(yes) & set(said) else [one for one in working if one in yes]
    if wanted.requires_yes and not agreed:
        return NO_CONSENT
    chosen = (agreed or working)[0]
    language = person.language if person.language in way.said else way.language
    if lacking := lacks(person, chosen, way.said[language], variant, language):
        return f"{LACKS}:{lacking}"
    return Choice(way=number, address=chosen.address, raw=chosen.raw, language=language)


def _is_ours(one: Reached, way: Way) -> bool:
    if way.channel != "telegram" or not way.ours:
        return True
    return one.address.startswith(f"telegram:{way.ours.lower()}/")


def lacks(person: Person, reached: Reached, said: Sequence[Said], variant: int, language: str) -> str:
    """The first variable that has neither a value nor a fallback; of what takes the long way that shows when it is
    rendered.
    """
    one = said[variant if variant < len(said) else 0]
    if not one.simple:
        return ""
    variables = variables_for(person, reached.address, language)
    return next((slot.name for slot in one.slots if slot.value(variables) is None), "")


def variables_for(person: Person, address: str, language: str) -> dict[str, Any]:
    """What a template may say of him."""
    known = {"id": person.client_id, "name": person.name or person.data.get("name", ""), **person.card}
    found = variables_of(known, [address, *(one.address for one in person.reached)])
    return {**found, "language": language, "data": dict(person.data)}


def local_moment(wanted: datetime, zone: str, fallback: str) -> datetime:
    """A time of the recipient's own day; a zone that nobody knows is `fallback`, else UTC."""
    for name in (zone, fallback, "UTC"):
        try:
            return wanted.replace(tzinfo=ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    raise AssertionError("UTC is there")


def domain_of(address: str) -> str:
    """The host of a mail address; of others their kind."""
    kind, _, bare = address.partition(":")
    return bare.rpartition("@")[2] if kind == "email" else kind


def counted(decided: Iterable[Decided]) -> dict[str, int]:
    """How many are left out, by reason."""
    found: dict[str, int] = {}
    for one in decided:
        if one.reason:
            found[one.reason] = found.get(one.reason, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))
