"""What is stored of duplicates: by what a client may be found as another, and pairs for a person to look at."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index
from services.interactions.duplicates.blocking import keys_of
from services.interactions.duplicates.records import Record, record_of

LIKENESSES = CollectionSpec("likenesses", (Index("keys", many=True),))
"""Of each client: the texts that are compared, and the keys by which those are found that may be the same."""
DUPLICATES = CollectionSpec("duplicates", (Index("state", "score"), Index("clients", "score", many=True)))
"""Pairs that a scan found: `clients` are two, `state` is open or dismissed."""
OPEN, DISMISSED = "open", "dismissed"
MOST_KEYS = 60
_ADDRESSES = {"phone": "phone", "email": "mail"}
_PARTS = ("given_name", "patronymic", "surname", "birth_date", "inn", "kpp", "ogrn")
_POSTAL = ("street", "house", "city", "region", "postcode")
_LONGEST = 500
"""Characters of a text that are compared."""


def row_of_client(client: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a stored client by the fields of `columns.py`."""
    row = {name: str(client[name])[:_LONGEST] for name in _PARTS if client.get(name)}
    name = str(client.get("name") or "")
    if client.get("kind") == "organisation":
        row["organisation"] = name[:_LONGEST]
    elif not (row.get("given_name") or row.get("surname")) and _is_name(name):
        row["name"] = name[:_LONGEST]
    row |= _addresses([one["address"] for one in client.get("addresses") or ()])
    for postal in (client.get("postal") or ())[:1]:
        row |= {part: str(postal[part])[:_LONGEST] for part in _POSTAL if postal.get(part)}
    return row


def _addresses(addresses: Sequence[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for address in addresses:
        kind, _, rest = address.partition(":")
        if kind in _ADDRESSES:
            found.setdefault(_ADDRESSES[kind], []).append(rest)
    return {field: "; ".join(texts)[:_LONGEST] for field, texts in found.items()}


def _is_name(text: str) -> bool:
    """A client who only wrote is called by his address."""
    return "@" not in text and any(letter.isalpha() for letter in text) and not text.startswith("+")


def likeness(client: Document) -> Document | None:
    """None where nothing of it can be compared."""
    row = row_of_client(client)
    keys = keys_of(record_of(0, row))
    return {"_id": client["_id"], "row": row, "keys": keys[:MOST_KEYS]} if keys else None


def record(found: Document) -> Record:
    """The card of a stored likeness."""
    return record_of(0, found["row"])


def pair_id(a: str, b: str) -> str:
    return derive("dup", *sorted((a, b)))


def pair(a: str, b: str, score: float, rules: Sequence[str], *, found_at: str) -> Document:
    clients = sorted((a, b))
    return {
        "_id": pair_id(a, b),
        "clients": clients,
        "score": round(score, 4),
        "rules": list(rules),
        "state": OPEN,
        "found_at": found_at,
        "decided_by": None,
        "decided_at": None,
    }
