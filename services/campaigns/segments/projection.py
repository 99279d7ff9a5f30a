"""What segments are counted in: tables of clients, addresses and acts, folded from topics that are kept for ever.

Pure: records in, rows out. Whoever keeps the tables (`Columns`) writes the rows and the position in one step.

| table | columns |
|---|---|
| `clients` | `id`, `k`, `name`, `time_zone`, `language`, `owner`, `team`, `opened_at`, `leads_to` (whom he was merged
into), `seen_by`, `card` (JSON), `revision` |
| `merged` | `k`, `root`: of those that were merged into another |
| `owned` | `address`, `k` (whose), `channel`, `raw` |
| `addresses` | `address`, `withdrawn`, `given`, `worthless`, `revision`: what it is worth, whose ever it is |
| `acts` | `id`, `k` (who), `kind`, `happened`, `mailing` |
| `members` | `list`, `address`, `data` (JSON): of static lists |

`k` are the first eight bytes of BLAKE2b of an id: a number is compared a hundred times as fast as a text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from hub.contracts.base import Record
from hub.contracts.bounce import from_robot
from hub.contracts.topics import ADDRESSES, CAMPAIGNS, CLIENTS, INTERACTIONS
from services.campaigns.letterboxes import letterbox_of, name_of

VERSION = 3
"""Of the tables; other ones are made anew, beside."""
TOPICS = (CLIENTS.name, ADDRESSES.name, INTERACTIONS.name, CAMPAIGNS.name)
KINDS = ("wrote", "called", "got", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained")
"""By their number in `acts.kind`."""
CHANNELS = {"email": "email", "phone": "sms", "telegram": "telegram", "post": "post"}
"""By the kind of an address the channel that it is of."""
_CLIENTS = frozenset((b"client.opened.v1", b"client.changed.v1"))
_LINKED, _CHANGED = b"interaction.linked.v1", b"interaction.changed.v1"
_ADDRESS, _RESPONSES = b"address.changed.v1", b"responses.recorded.v1"
Row = tuple[Any, ...]


def key_of(name: str) -> int:
    """The number of an id; 0 of none."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) if name else 0


@dataclass(slots=True)
class Rows:
    """What a batch of records comes to."""

    clients: dict[str, Row] = field(default_factory=dict)
    owned: dict[str, list[Row]] = field(default_factory=dict)
    """By client all addresses on his card."""
    addresses: dict[str, Row] = field(default_factory=dict)
    acts: list[Row] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)
    """Acts that turned out to be a machine's."""
    moved: dict[int, int] = field(default_factory=dict)
    """By the number of an act whose it is now."""


def fold(records: Iterable[Record]) -> Rows:
    """Of each client and address the newest state; what cannot be read is nobody's."""
    rows = Rows()
    for record in records:
        kind = dict(record.headers).get("ce_type", b"")
        if kind in _CLIENTS:
            _client(rows, orjson.loads(record.value))
        elif kind == _ADDRESS:
            _address(rows, orjson.loads(record.value))
        elif kind in (_LINKED, _CHANGED):
            _interaction(rows, orjson.loads(record.value), linked=kind == _LINKED)
        elif kind == _RESPONSES:
            _responses(rows, orjson.loads(record.value))
    return rows


def _client(rows: Rows, told: Mapping[str, Any]) -> None:
    client, revision = told["client"], told.get("revision", 1)
    known = rows.clients.get(client["id"])
    if known is not None and known[-1] >= revision:
        return
    rows.clients[client["id"]] = (
        client["id"],
        key_of(client["id"]),
        client.get("name") or "",
        client.get("time_zone") or "",
        client.get("language") or "",
        client.get("owner") or "",
        client.get("team") or "",
        client["opened_at"],
        key_of(client.get("into") or ""),
        list(client.get("seen_by") or ()),
        orjson.dumps(_card(client)).decode(),
        revision,
    )
    rows.owned[client["id"]] = [
        (one["address"], key_of(client["id"]), channel_of(one["address"]), one.get("raw") or "")
        for one in client.get("addresses") or ()
    ]
    rows.owned[client["id"]] += _letterbox(client)


def _letterbox(client: Mapping[str, Any]) -> list[Row]:
    """Where his letters go, and the name of what he says about them; also of one who is read as another now."""
    found = letterbox_of(client.get("postal") or ())
    if found is None and not client.get("into"):
        return []
    key = key_of(client["id"])
    box = [(found[0], key, "post", found[1])] if found else []
    return [*box, (name_of(client["id"]), key, "", "")]


def channel_of(address: str) -> str:
    """The channel that an address is of."""
    return CHANNELS.get(address.partition(":")[0], "")


_LEFT_OUT = frozenset(("addresses", "candidates", "seen_by", "opened_by", "history", "comment", "statuses"))


def _card(client: Mapping[str, Any]) -> dict[str, Any]:
    """What conditions may ask for by name; fields of our own as `custom.NAME`."""
    card = {name: value for name, value in client.items() if name not in _LEFT_OUT}
    return {**card, "custom": {one["name"]: one.get("value") for one in client.get("custom") or ()}}


def _address(rows: Rows, told: Mapping[str, Any]) -> None:
    address, revision = told["address"], told["revision"]
    name = address["address"]
    known = rows.addresses.get(name)
    if known is not None and known[-1] >= revision:
        return
    said = [
        (consent_name(one["channel"], one.get("topic", "")), one["state"]) for one in address.get("consent") or ()
    ]
    worthless = next((kind for kind in ("invalid", "complained", "unreachable") if address.get(kind)), "")
    rows.addresses[name] = (
        name,
        [one for one, state in said if state == "withdrawn"],
        [one for one, state in said if state == "given"],
        worthless,
        revision,
    )


def consent_name(channel: str, topic: str) -> str:
    """What consent is about: a channel, or a topic in it."""
    return f"{channel}/{topic}" if topic else channel


def _interaction(rows: Rows, told: Mapping[str, Any], *, linked: bool) -> None:
    one = told["interaction"]
    if one["direction"] != "in" or from_robot(one.get("auto"), one.get("bounce")):
        return
    if linked:
        kind = "called" if one["type"] == "call" else "wrote"
        rows.acts.append((key_of(one["id"]), key_of(one["client_id"]), KINDS.index(kind), one["at"], 0))
    elif one.get("moves"):
        rows.moved[key_of(one["id"])] = key_of(one["client_id"])


def _responses(rows: Rows, told: Mapping[str, Any]) -> None:
    mailing = key_of(told["mailing"])
    for one in told["responses"]:
        if one.get("machine"):
            rows.undone.append(key_of(one["id"]))
        elif one["kind"] in KINDS:
            act = (
                key_of(one["id"]),
                key_of(one.get("client_id") or ""),
                KINDS.index(one["kind"]),
                one["at"],
                mailing,
            )
            rows.acts.append(act)
