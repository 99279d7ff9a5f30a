"""A card in the form in which cards are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from services.interactions.duplicates import organisations, people, values
from services.interactions.duplicates.given_names import FEMALE, MALE, full_names
from services.interactions.duplicates.letters import plain, sound

Kind = Literal["person", "organisation"]
_MEN = frozenset(["m", "male", "м", "муж", "мужской", "мужчина"])
_WOMEN = frozenset(["f", "female", "w", "ж", "жен", "женский", "женщина"])
_SHORTEST = 4
"""A surname of so few sounds has no ending to lose."""


@dataclass(slots=True)
class Record:
    """All parts are plain and may be empty; `ids` are by the kind of number."""

    number: int
    kind: Kind = "person"
    given: str = ""
    patronymic: str = ""
    surname: str = ""
    generation: str = ""
    gender: str = ""
    birth: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    kpp: str = ""
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    street: str = ""
    house: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    organisation: str = ""
    """Its words without the legal form; of a person, where he works."""
    legal_form: str = ""
    called: str = ""
    """The mark of the given name by which short forms meet, or its sound."""
    heard: str = ""
    """The sound of the surname, the same for men and women."""


def record_of(number: int, row: Mapping[str, str], *, month_first: bool = False) -> Record:
    """`row` holds texts by the fields of `columns.py`."""
    record = Record(number)
    _name(record, row)
    record.birth = values.birth_date(row.get("birth_date", ""), month_first)
    record.ids = _ids(row)
    record.kpp = values.number(row.get("kpp", ""))
    record.phones = values.phones(row.get("phone", ""))
    record.mails = values.mails(row.get("mail", ""))
    _postal(record, row)
    return record


def _name(record: Record, row: Mapping[str, str]) -> None:
    parts = [row.get(part, "") for part in ("given_name", "patronymic", "surname")]
    line, organisation = row.get("name", ""), row.get("organisation", "")
    if not any(parts) and line and organisations.looks_like_one(line):
        line, organisation = "", organisation or line
    name = people.of_columns(*parts) if any(parts) else people.of_line(line)
    if organisation:
        record.organisation, record.legal_form = organisations.parted(organisation)
    if organisation and not (name.given or name.surname):
        record.kind = "organisation"
    record.given, record.patronymic, record.surname = name.given, name.patronymic, name.surname
    record.generation = name.generation or people.generation(row.get("generation", ""))
    record.gender = _gender(row.get("gender", "")) or name.gender
    record.called, record.heard = called(name.given), stem(name.surname)


def _gender(text: str) -> str:
    text = plain(text)
    return MALE if text in _MEN else FEMALE if text in _WOMEN else ""


@lru_cache(1 << 16)
def called(given: str) -> str:
    """One mark for all forms of a given name; of a form that several names have, the first."""
    return min(full_names(given), default=sound(given)) if given else ""


@lru_cache(1 << 16)
def stem(surname: str) -> str:
    """The sound of a surname without the ending that tells men from women."""
    heard = "".join(sound(word) for word in surname.split())
    return heard[:-1] if len(heard) > _SHORTEST and heard[-1] in "ai" else heard


def _ids(row: Mapping[str, str]) -> dict[str, str]:
    found = {kind: values.number(row.get(kind, "")) for kind in ("inn", "ogrn", "national_id", "passport")}
    return {kind: one for kind, one in found.items() if one}


def _postal(record: Record, row: Mapping[str, str]) -> None:
    record.street, record.house = values.street(row.get("street", ""))
    record.city, record.region = values.place(row.get("city", "")), values.place(row.get("region", ""))
    record.postcode = values.digits(row.get("postcode", "")) or plain(row.get("postcode", ""))
    if "house" in row:
        record.house = values.house_number(row["house"]) or record.house
    if "address" in row:
        street, house, city, postcode = values.whole_address(row["address"])
        record.street, record.house = record.street or street, record.house or house
        record.city, record.postcode = record.city or city, record.postcode or postcode
