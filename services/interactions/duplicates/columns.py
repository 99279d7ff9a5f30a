"""Which column of a table is which field, by the names that columns usually have in English and Russian."""

import re
from collections.abc import Iterable, Mapping, Sequence

from hub.kit.errors import InvalidInput
from services.interactions.duplicates.letters import plain, words

_USUAL = {
    "given_name": "given name|first name|forename|fname|given|firstname|имя|имя клиента|name first|first|imya",
    "surname": (
        "surname|last name|family name|lastname|lname|family|фамилия|фамилия клиента|name last|last|second name|"
        "familiya"
    ),
    "patronymic": "patronymic|middle name|middlename|mname|midl name|middle|отчество|otchestvo",
    "name": (
        "name|full name|fullname|фио|ф и о|fio|client|клиент|контактное лицо|полное имя|имя фамилия|"
        "фамилия имя отчество|person|contact|contact name|customer|customer name|client name|"
        "наименование клиента|контрагент|представление"
    ),
    "birth_date": (
        "birth date|date of birth|dob|birthday|birthdate|born|дата рождения|день рождения|д р|др|год рождения|"
        "birth year|year of birth"
    ),
    "inn": "inn|инн|tin|itn|инн клиента|инн организации|taxpayer id",
    "kpp": "kpp|кпп",
    "ogrn": "ogrn|огрн|огрнип|ogrnip",
    "national_id": (
        "national id|national number|ssn|soc sec id|social security number|social security|soc sec|nino|"
        "personal id|tax id|tax number|snils|снилс|tfn|national insurance number|identity number|"
        "nhs number|страховой номер|ssid|ид код|personal number"
    ),
    "passport": "passport|passport number|паспорт|серия и номер паспорта|номер паспорта|passport no",
    "phone": (
        "phone|phone number|telephone|tel|mobile|mobile phone|cell|cell phone|home phone|work phone|"
        "telephone number|full phone num|телефон|номер телефона|мобильный|мобильный телефон|моб телефон|тел|"
        "сотовый|рабочий телефон|домашний телефон|телефоны|контактный телефон|phones"
    ),
    "mail": (
        "mail|email|e mail|email address|e mail address|электронная почта|почта|эл почта|адрес электронной почты|"
        "емейл|имейл|mails|emails|эл адрес"
    ),
    "street": (
        "street|street name|address 1|address line 1|street address|улица|res street address|addr|address1|addr1|"
        "street line"
    ),
    "house": "house|house number|street number|house no|street no|дом|номер дома|house num|building",
    "city": "city|town|suburb|locality|город|населенный пункт|нас пункт|res city desc|place|municipality",
    "region": "region|state|province|county|регион|область|край|state cd|субъект|state code|субъект рф|oblast",
    "postcode": "postcode|zip|zip code|postal code|post code|индекс|почтовый индекс|zipcode|postal|plz",
    "address": (
        "address|full address|адрес|почтовый адрес|адрес доставки|адрес регистрации|адрес проживания|"
        "фактический адрес|юридический адрес|postal address"
    ),
    "organisation": (
        "organisation|organization|company|company name|employer|firm|организация|компания|название|наименование|"
        "наименование организации|название организации|название компании|юридическое лицо|юр лицо|"
        "полное наименование|краткое наименование|org|business name|organisation name|organization name"
    ),
    "gender": "gender|sex|пол|sex code|gender code",
    "generation": "suffix|name suffix|generation|name sufx cd|generation suffix",
}
FIELDS = tuple(_USUAL)
"""What a row may tell of a client."""
SEVERAL = frozenset(("phone", "mail"))
"""Fields of which a row may have several columns."""
_BY_NAME = {name: field for field, names in _USUAL.items() for name in names.split("|")}
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])|(?<=[а-яё])(?=[А-ЯЁ])")
_NUMBERED = re.compile(r"\s*\d+$")


def columns_of(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> dict[int, str]:
    """The field of each column, by its place. `mapping` names columns for fields, and goes before the usual names.

    Raises `InvalidInput` where it names a field or a column that is not there.
    """
    found: dict[int, str] = {}
    for field, column in (mapping or {}).items():
        found[_place(header, field, column)] = field
    taken = set(found.values()) - SEVERAL
    for place, title in enumerate(header):
        field = _field(title)
        if place in found or not field or (field in taken and field not in SEVERAL):
            continue
        if field in (mapping or {}):
            continue
        found[place] = field
        taken.add(field)
    return _beside_a_surname(found)


def _beside_a_surname(found: dict[int, str]) -> dict[int, str]:
    """`Name` is the given name where the surname has a column of its own."""
    if "surname" not in found.values() or "given_name" in found.values():
        return found
    return {place: "given_name" if field == "name" else field for place, field in found.items()}


def _field(title: str) -> str:
    name = " ".join(words(plain(_CAMEL.sub(" ", title).replace("_", " "))))
    return _BY_NAME.get(name) or _BY_NAME.get(_NUMBERED.sub("", name), "")


def _place(header: Sequence[str], field: str, column: str) -> int:
    if field not in FIELDS:
        raise InvalidInput(f"{field}: no such field; there are {', '.join(FIELDS)}")
    named = [plain(title.strip()) for title in header]
    if plain(column.strip()) not in named:
        raise InvalidInput(f"{field}={column}: no such column; the table has {', '.join(header)}")
    return named.index(plain(column.strip()))


def row_of(cells: Sequence[str], columns: Mapping[int, str]) -> dict[str, str]:
    """The fields of one row that are not empty; those of several columns are joined by `; `."""
    row: dict[str, str] = {}
    for place, field in columns.items():
        text = cells[place].strip() if place < len(cells) else ""
        if text and not _is_nothing(text):
            row[field] = f"{row[field]}; {text}" if field in row else text
    return row


_NOTHING = frozenset(
    [
        "null",
        "none",
        "nan",
        "n/a",
        "na",
        "nil",
        "нет",
        "-",
        "--",
        "—",
        ".",
        "?",
        "unknown",
        "неизвестно",
        "не",
        "указано",
        "#n/a",
        "(null)",
    ]
) | {
    "не указан",
    "нет данных",
}


def _is_nothing(text: str) -> bool:
    return text.casefold() in _NOTHING


def rows_of(table: Iterable[Sequence[str]], columns: Mapping[int, str]) -> Iterable[dict[str, str]]:
    return (row_of(cells, columns) for cells in table)
