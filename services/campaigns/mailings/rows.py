"""A recipient's row as it is frozen: who, by which ways, when, and what the mailing says of him."""

from datetime import datetime

from hub.channels.marks import row_id
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.campaigns.mailings.audience import Decided, Person, local_moment, variables_for
from services.campaigns.mailings.contents import Contents
from services.campaigns.mailings.repository import OVER, REST, step_of
from services.campaigns.mailings.trials import variant_of


def variant_for(mailing: Document, person: Person) -> int | None:
    """None: it waits for the best one, or there is no trial."""
    trial, who = mailing.get("trial"), person.client_id or (person.reached[0].address if person.reached else "")
    return variant_of(who, mailing["_id"], len(mailing["messages"][0]["said"]), trial["share"]) if trial else None


def row_of(mailing: Document, contents: Contents, one: Decided, number: int, at: datetime) -> Document:
    """Of somebody whom it was decided about: to be asked for, or left out with the reason."""
    person = one.person
    if not one.choices:
        row = _about(mailing, person, number, at)
        address = person.reached[0].address if person.reached else ""
        return {**row, "address": address, "state": "suppressed", "step": OVER, "due": iso(at), "reason": one.reason}
    first, *others = [{"way": c.way, "address": c.address, "raw": c.raw, "language": c.language} for c in one.choices]
    row = written(mailing, contents, person, first, number, at)
    return {**row, "others": others} if others else row


def _about(mailing: Document, person: Person, number: int, at: datetime) -> Document:
    about: Document = {
        "_id": row_id(mailing["_id"], number),
        "mailing": mailing["_id"],
        "number": number,
        "name": person.name or person.data.get("name", ""),
        "at": iso(at),
        "seen_by": list(person.seen_by)[:50],
    }
    if person.client_id:
        about["client_id"] = person.client_id
    return about


def written(
    mailing: Document, contents: Contents, person: Person, choice: Document, number: int, at: datetime
) -> Document:
    """Of somebody who gets it, by one of the ways."""
    variant = variant_for(mailing, person)
    row = {
        **_about(mailing, person, number, at),
        **choice,
        "state": "queued",
        "step": REST if mailing.get("trial") and variant is None else step_of(choice["address"]),
        "due": iso(_due(mailing, person.time_zone, at)),
        "reason": None,
        "attempt": 0,
        "time_zone": person.time_zone,
        "variables": _needed(contents, person, choice),
    }
    return row if variant is None else {**row, "variant": variant}


def again(row: Document, now: str) -> Document:
    """As it is tried once more."""
    kept = {name: value for name, value in row.items() if name not in ("message", "keys", "sent_at", "batch")}
    step = step_of(row["address"])
    return {**kept, "state": "queued", "step": step, "due": now, "attempt": row["attempt"] + 1, "reason": None}


def _needed(contents: Contents, person: Person, choice: Document) -> Document:
    """What any of its messages may say of him, and no more."""
    named: set[str] = set()
    for one in contents.spoken.values():
        named |= set(one.built["variables"])
    variables = variables_for(person, choice["address"], choice["language"])
    data = {name: value for name, value in variables.pop("data").items() if f"data.{name}" in named}
    return {**{name: value for name, value in variables.items() if name in named}, "data": data}


def _due(mailing: Document, zone: str, at: datetime) -> datetime:
    if local := mailing.get("send_at_local"):
        return max(local_moment(datetime.fromisoformat(local), zone, mailing["time_zone"]), at)
    return max(from_iso(mailing["send_at"]), at) if mailing.get("send_at") else at
