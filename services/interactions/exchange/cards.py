"""What a row of a table says of a client, checked: pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.kit.errors import InvalidInput
from hub.kit.tables.writing import as_it_was
from services.interactions.addresses import normalised
from services.interactions.duplicates import organisations, people, values

Card = dict[str, Any]
_NAME, _ANY = 200, 500
_PLAIN = ("given_name", "patronymic", "surname")
_POSTAL = ("street", "house", "city", "region", "postcode")
_LONGEST = {"street": 200, "house": 60, "city": 200, "region": 200, "postcode": 20}
"""Characters of each that a card has room for."""
_RUSSIAN = re.compile(r"(?:\+?7|8)(\d{10})")
_LOOSE = re.compile(r"[\s()\-.\u00a0]")
_SEVERAL = re.compile(r"[;\n]|,(?=\s*[+\w])")
MOST_ADDRESSES = 20
_CHECKED = {"inn": organisations.is_inn, "ogrn": organisations.is_ogrn}


def card_of(row: Mapping[str, str], *, region: str, month_first: bool = False) -> Card:
    """The fields of a client document that the row has, `addresses` normalised.

    Raises:
        InvalidInput: a value is none of its kind; it names the field and the fix.
    """
    row = {field: as_it_was(text) for field, text in row.items()}
    for field, text in row.items():
        if len(text) > _ANY:
            raise InvalidInput(f"{field}: {len(text):,} characters; at most {_ANY}")
    card: Card = {name: row[name][:_NAME] for name in _PLAIN if name in row}
    card |= _named(row) | _numbers(row) | _born(row, month_first)
    card["addresses"] = _addresses(row, region)
    if postal := _postal(row):
        card["postal"] = [{"kind": "postal", **{part: text[: _LONGEST[part]] for part, text in postal.items()}}]
    if not card.get("name"):
        card["name"] = _called(card)
    return card


def _named(row: Mapping[str, str]) -> Card:
    name, organisation = row.get("name", ""), row.get("organisation", "")
    parts = " ".join(row[part] for part in ("surname", "given_name", "patronymic") if part in row)
    if not parts and (organisation or organisations.looks_like_one(name)):
        form = organisations.parted(organisation or name)[1]
        return {"kind": "organisation", "name": (organisation or name)[:_NAME], "legal_form": form.upper()}
    card: Card = {"kind": "person", "name": (parts or name)[:_NAME]}
    if not parts and name:
        found = people.of_line(name)
        told = {"given_name": found.given, "patronymic": found.patronymic, "surname": found.surname}
        card |= {part: text.title() for part, text in told.items() if text and found.given}
    return card


def _numbers(row: Mapping[str, str]) -> Card:
    card: Card = {}
    for field in ("inn", "kpp", "ogrn"):
        if field not in row:
            continue
        bare = values.number(row[field])
        check = _CHECKED.get(field)
        if not bare or (check and not (bare.isdigit() and check(bare))):
            raise InvalidInput(f"{field}: {row[field]!r} is none, by its length or check digits; correct it")
        card[field] = bare
    return card


def _born(row: Mapping[str, str], month_first: bool) -> Card:
    if "birth_date" not in row:
        return {}
    found = values.birth_date(row["birth_date"], month_first)
    try:
        return {"birth_date": date(int(found[:4]), int(found[4:6]), int(found[6:])).isoformat()}
    except ValueError as exc:
        fix = f"birth_date: {row['birth_date']!r} is no date; write it as 1985-03-12 or 12.03.1985"
        raise InvalidInput(fix) from exc


def _addresses(row: Mapping[str, str], region: str) -> list[dict[str, str]]:
    texts = [text.strip() for field in ("phone", "mail") for text in _SEVERAL.split(row.get(field, ""))]
    found = {_normalised(text, region): text for text in texts if text}
    if len(found) > MOST_ADDRESSES:
        raise InvalidInput(f"phone, mail: {len(found)} addresses; at most {MOST_ADDRESSES}")
    return [{"address": address, "raw": text, "name": ""} for address, text in found.items()]


def _normalised(text: str, region: str) -> str:
    """Most numbers are Russian and written in one of two ways: those need no tables of all countries."""
    russian = _RUSSIAN.fullmatch(_LOOSE.sub("", text)) if region == "RU" else None
    return f"phone:+7{russian[1]}" if russian else normalised(text, region)


def _postal(row: Mapping[str, str]) -> dict[str, str]:
    found = {part: row[part] for part in _POSTAL if part in row}
    if "address" in row and not found:
        street, house, city, postcode = values.whole_address(row["address"])
        told = {"street": street, "house": house, "city": city, "postcode": postcode}
        found = {part: text.title() for part, text in told.items() if text} or {"street": row["address"]}
    return found


def _called(card: Card) -> str:
    if not card["addresses"]:
        raise InvalidInput("name: the row has neither a name nor a phone nor a mail; who is it?")
    return str(card["addresses"][0]["raw"])
