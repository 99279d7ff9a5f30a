"""What templates may say of a person: made of a client as others hear of him. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hub.store.base import Document

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PATRONYMIC = re.compile(r"(ович|евич|ич|овна|евна|ична|инична|оглы|кызы)$")
_SURNAME = re.compile(r"(ов|ова|ев|ева|ёв|ёва|ин|ина|ын|ына|ский|ская|цкий|цкая|ко|юк|ук|ян|дзе|швили)$")
_FIELDS = ("given_name", "patronymic", "surname")


def variables_of(client: Mapping[str, Any], addresses: Iterable[str] = ()) -> Document:
    """By the names of `services.campaigns.templates.slots.VARIABLES`; what is not known is left out."""
    first, patronymic, surname = _parts(client)
    found = {
        "name": client.get("name"),
        "first_name": first,
        "patronymic": patronymic,
        "surname": surname,
        "client_id": client.get("id"),
        "language": client.get("language"),
        **_reached(addresses),
    }
    return {name: value for name, value in found.items() if value}


def _reached(addresses: Iterable[str]) -> Document:
    found: Document = {}
    for address in addresses:
        kind, _, bare = address.partition(":")
        if kind in ("email", "phone"):
            found.setdefault(kind, bare)
    return found


def _parts(client: Mapping[str, Any]) -> tuple[str, str, str]:
    """Given name, patronymic, surname: as the card has them, else guessed where the name leaves no doubt."""
    given = [str(client.get(field) or "") for field in _FIELDS]
    if any(given) or client.get("kind") == "organisation":
        return given[0], given[1], given[2]
    words = str(client.get("name") or "").split()
    if not 1 <= len(words) <= 3 or not all(_WORD.fullmatch(word) and word[:1].isupper() for word in words):
        return "", "", ""
    return _guessed(words)


def _guessed(words: list[str]) -> tuple[str, str, str]:
    patronymic = next((word for word in words[1:] if _PATRONYMIC.search(word.lower())), "")
    if patronymic:
        at = words.index(patronymic)
        others = [word for word in words if word not in (patronymic, words[at - 1])]
        return words[at - 1], patronymic, others[0] if others else ""
    if len(words) == 1:
        return words[0], "", ""
    if len(words) == 2 and _SURNAME.search(words[0].lower()) and not _SURNAME.search(words[1].lower()):
        return words[1], "", words[0]
    return words[0], "", words[-1]
