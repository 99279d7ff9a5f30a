"""Rows of a file of vCards, versions 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350)."""

import quopri
import re
from collections.abc import Iterator

FIELDS = (
    *("name", "surname", "given_name", "patronymic", "organisation", "birth_date", "phone", "mail"),
    *("street", "city", "region", "postcode"),
)
"""The header of such a table."""
_SPLIT = re.compile(r"(?<!\\);")
_ESCAPED = re.compile(r"\\([\\;,:nN])")
_SOFT = re.compile(r"=\r?\n")


def rows(text: str) -> Iterator[list[str]]:
    """The header, then a row for each card."""
    yield list(FIELDS)
    card: dict[str, list[str]] | None = None
    for line in _lines(text):
        name, parameters, value = _parted(line)
        if name == "BEGIN":
            card = {}
        elif name == "END" and card is not None:
            yield ["; ".join(card.get(field, ())) for field in FIELDS]
            card = None
        elif card is not None:
            _add(card, name, _decoded(parameters, value))


def _lines(text: str) -> list[str]:
    """Unfolded: a line goes on where the next one begins with a space; quoted-printable has its own way."""
    text = _SOFT.sub("", text) if "QUOTED-PRINTABLE" in text.upper() else text
    return re.sub(r"\r?\n[ \t]", "", text).splitlines()


def _parted(line: str) -> tuple[str, str, str]:
    head, _, value = line.partition(":")
    name, _, parameters = head.partition(";")
    return name.rpartition(".")[2].upper().strip(), parameters.upper(), value


def _decoded(parameters: str, value: str) -> str:
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    found = re.search(r"CHARSET=([\w-]+)", parameters)
    raw = quopri.decodestring(value.encode("latin-1", "replace"))
    try:
        return raw.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _unescaped(found: "re.Match[str]") -> str:
    return "\n" if found[1] in "nN" else found[1]


def _add(card: dict[str, list[str]], name: str, value: str) -> None:
    parts = [
        _ESCAPED.sub(lambda one: "\n" if one[1] in "nN" else one[1], part).strip() for part in _SPLIT.split(value)
    ]
    named = {
        "FN": {"name": 0},
        "N": {"surname": 0, "given_name": 1, "patronymic": 2},
        "ORG": {"organisation": 0},
        "BDAY": {"birth_date": 0},
        "TEL": {"phone": 0},
        "EMAIL": {"mail": 0},
        "ADR": {"street": 2, "city": 3, "region": 4, "postcode": 5},
    }
    for field, place in named.get(name, {}).items():
        text = parts[place].removeprefix("tel:") if place < len(parts) else ""
        if text and (field in ("phone", "mail") or field not in card):
            card.setdefault(field, []).append(text)
