"""The card of a client: what is written on it, and what merging two makes of it. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput
from hub.store.base import Document
from hub.store.history import noted
from services.interactions.clients.forms import CUSTOM
from services.interactions.models import UNCOUNTED

FIELDS = (
    *("kind", "name", "given_name", "patronymic", "surname", "birth_date", "inn", "kpp", "ogrn", "legal_form"),
    *("status", "language", "time_zone", "postal", "works_for", "custom", "comment"),
)
"""What stands on a card, whose he is and how he is reached apart."""
NOTED = (*FIELDS, "owner", "team", "into")
MOST = 100
"""Clients that one may have absorbed."""


def written(client: Document, given: dict[str, Any], *, by: str, now: datetime) -> Document:
    """The client with these fields.

    Raises:
        Conflict: he was merged into another.
        InvalidInput: he has too many fields of one's own.
    """
    if client.get("into"):
        raise Conflict(f"this client was merged into {client['into']}; change that one")
    after = {**client, **{name: value for name, value in given.items() if name != "custom"}}
    if "custom" in given:
        after["custom"] = _custom(client.get("custom") or {}, given["custom"])
    if "name" not in given and not client.get("name_given"):
        after["name"] = full_name(after) or client["name"]
    if given.get("name"):
        after["name_given"] = True
    after["employers"] = _employers(after)
    if client.get("status") != after.get("status"):
        said = {"status": after["status"], "since": iso(now), "by": by}
        after["statuses"] = [*(client.get("statuses") or []), said][-50:]
    return noted(client, after, NOTED, by=by, at=now)


def full_name(card: Document) -> str:
    """Surname first, as in Russian lists; of an organisation its form before its name."""
    parts = [card.get(name) or "" for name in ("surname", "given_name", "patronymic")]
    return " ".join(filter(None, parts))


def _employers(card: Document) -> list[str]:
    """By which those who work for an organisation are found."""
    return sorted({one["organisation_id"] for one in card.get("works_for") or []})


def _custom(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in {**before, **given}.items() if value is not None}
    if len(known) > CUSTOM:
        raise InvalidInput(fields={"custom": f"a card has at most {CUSTOM} fields of your own"})
    return known


def with_merged(survivor: Document, absorbed: Document, take: Collection[str], *, by: str, now: datetime) -> Document:
    """The survivor with what he takes of the other, and what he lacked; he remembers what he had."""
    known: dict[str, Any] = survivor.get("absorbed") or {}
    if absorbed["_id"] in known:
        return survivor
    if survivor.get("into"):
        raise Conflict(f"this client was merged into {survivor['into']} at this moment; merge with that one")
    if len(known) >= MOST:
        raise Conflict(f"a client takes up at most {MOST} others")
    taken = {name: absorbed.get(name) for name in FIELDS if _takes(name, survivor, absorbed, take)}
    before = {name: survivor.get(name) for name in taken}
    gained = {"before": before, "taken": taken, "by": by, "at": iso(now)}
    after = {**survivor, **taken, "absorbed": {**known, absorbed["_id"]: gained}, UNCOUNTED: True}
    after["employers"] = _employers(after)
    return noted(survivor, after, NOTED, by=by, at=now)


def _takes(name: str, survivor: Document, absorbed: Document, take: Collection[str]) -> bool:
    return bool(absorbed.get(name)) and (name in take or (not survivor.get(name) and name != "kind"))


def merged_into(client: Document, survivor_id: str) -> Document:
    """The client, read with the other from now on. Raises Conflict: somebody was faster."""
    if client.get("into") not in (None, survivor_id) or survivor_id in (client.get("absorbed") or {}):
        raise Conflict("somebody merged him the other way at this moment; look again")
    return {**client, "into": survivor_id, UNCOUNTED: True}


def without_merged(survivor: Document, absorbed_id: str, *, by: str, now: datetime) -> Document:
    """The survivor as he was, in what nobody changed since."""
    known: dict[str, Any] = dict(survivor.get("absorbed") or {})
    gained = known.pop(absorbed_id, None)
    if gained is None:
        return survivor
    same = [name for name, value in gained["taken"].items() if survivor.get(name) == value]
    back = {name: gained["before"].get(name) for name in same}
    after = {**survivor, **back, "absorbed": known, UNCOUNTED: True}
    after["employers"] = _employers(after)
    return noted(survivor, after, NOTED, by=by, at=now)


def gathered(client: Document, members: Sequence[Document]) -> Document:
    """The client with the addresses, chains and candidates of those that were merged into him."""
    if not members:
        return client
    addresses, chains = list(client["addresses"]), list(client["open_chains"])
    candidates = list(client.get("candidates") or [])
    for member in members:
        addresses += [{**one, "of": member["_id"]} for one in member["addresses"]]
        chains += [one for one in member["open_chains"] if one["id"] not in {each["id"] for each in chains}]
        candidates += [one for one in member.get("candidates") or [] if one not in candidates]
    newest = sorted(chains, key=lambda entry: str(entry["last_at"]), reverse=True)
    return {**client, "addresses": addresses, "open_chains": newest, "candidates": candidates}
