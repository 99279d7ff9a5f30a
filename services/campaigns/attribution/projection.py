"""What attribution is counted in: tables of people, sources, touches and money, folded from topics kept for ever.

Pure: records in, rows out. Whoever keeps the tables (`LeadTables`) writes the rows and the position in one step.

| table | columns |
|---|---|
| `people` | `k`, `id`, `leads_to` (whom he was merged into), `seen_by`, `revision` |
| `holds` | `w` (an address), `k` (whose card it is on) |
| `known` | `w` (a visitor), `a` (the address that he turned out to have) |
| `nodes` | `k`, `id`, `level`, `parent`, `name`, `reference`, `leads_to` (what it is read as), `revision` |
| `touches` | `id`, `told`, `w` (whose), `node`, `happened`, `kind`, `value`, `interaction`, `lead` |
| `deals` | `k`, `id`, `client`, `opened`, `closed`, `state`, `minor`, `currency`, `revision` |
| `payments` | `k`, `id`, `w`, `moment`, `deal`, `minor`, `currency`, `removed`, `revision` |
| `costs` | `k`, `id`, `node`, `kind`, `since`, `upto`, `minor`, `currency`, `removed`, `revision` |
| `rates` | `currency`, `day`, `rate`, `revision` |

Names are numbers (`key_of`); money is whole hundredths of its currency.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from hub.contracts.base import Record
from hub.contracts.topics import CLIENTS, LEADS, OUTCOMES
from services.campaigns.segments.projection import Row, key_of

VERSION = 2
"""Of the tables; other ones are made anew, beside."""
TOPICS = (CLIENTS.name, OUTCOMES.name, LEADS.name)
HUNDREDTHS = 100


@dataclass(slots=True)
class LeadRows:
    """What a batch of records comes to: of each thing the newest, by its number."""

    people: dict[int, Row] = field(default_factory=dict)
    holds: dict[int, list[Row]] = field(default_factory=dict)
    """By client all addresses on his card."""
    known: dict[int, Row] = field(default_factory=dict)
    nodes: dict[int, Row] = field(default_factory=dict)
    touches: dict[int, Row] = field(default_factory=dict)
    deals: dict[int, Row] = field(default_factory=dict)
    payments: dict[int, Row] = field(default_factory=dict)
    costs: dict[int, Row] = field(default_factory=dict)
    rates: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


def fold(records: Iterable[Record]) -> LeadRows:
    """What cannot be read is nobody's."""
    rows = LeadRows()
    for record in records:
        kind = dict(record.headers).get("ce_type", b"").decode()
        if read := _READ.get(kind):
            read(rows, orjson.loads(record.value))
    return rows


def minor_of(amount: Mapping[str, Any] | None) -> int:
    """Whole hundredths."""
    return int((Decimal(amount["value"]) * HUNDREDTHS).to_integral_value()) if amount else 0


def _newest(rows: dict[Any, Row], key: Any, row: Row) -> bool:
    known = rows.get(key)
    if known is not None and known[-1] >= row[-1]:
        return False
    rows[key] = row
    return True


def _client(rows: LeadRows, told: Mapping[str, Any]) -> None:
    client, k = told["client"], key_of(told["client"]["id"])
    seen = list(client.get("seen_by") or ())
    row = (k, client["id"], key_of(client.get("into") or ""), seen, told.get("revision", 1))
    if _newest(rows.people, k, row):
        rows.holds[k] = [(key_of(one["address"]), k) for one in client.get("addresses") or ()]


def _deal(rows: LeadRows, told: Mapping[str, Any]) -> None:
    deal = told["outcome"]
    if deal["kind"] != "deal":
        return
    k, amount = key_of(deal["id"]), deal.get("amount")
    row = (
        k,
        deal["id"],
        key_of(deal["client_id"]),
        deal["opened_at"],
        deal.get("closed_at"),
        deal["state"],
        minor_of(amount),
        amount["currency"] if amount else "",
        told.get("revision", 1),
    )
    _newest(rows.deals, k, row)


def _source(rows: LeadRows, told: Mapping[str, Any]) -> None:
    k = key_of(told["id"])
    above, into = key_of(told.get("parent") or ""), key_of(told.get("into") or "")
    reference = told.get("reference") or ""
    row = (k, told["id"], told["level"], above, told["name"], reference, into, told.get("revision", 1))
    _newest(rows.nodes, k, row)


def _touch(rows: LeadRows, told: Mapping[str, Any]) -> None:
    """The first that is told of one counts."""
    seen = told["evidence"]
    row = (
        key_of(told["id"]),
        told["id"],
        key_of(told["whose"]),
        key_of(told["source"]),
        told["at"],
        seen["kind"],
        seen.get("value") or seen.get("url") or "",
        seen.get("interaction") or "",
        bool(told.get("lead")),
    )
    rows.touches.setdefault(row[0], row)


def _visitor(rows: LeadRows, told: Mapping[str, Any]) -> None:
    rows.known[key_of(told["visitor"])] = (key_of(told["visitor"]), key_of(told["address"]))


def _cost(rows: LeadRows, told: Mapping[str, Any]) -> None:
    k = key_of(told["id"])
    money = (minor_of(told["amount"]), told["amount"]["currency"], bool(told.get("removed")))
    days = (told["kind"], told["since"], told["until"])
    _newest(rows.costs, k, (k, told["id"], key_of(told["source"]), *days, *money, told.get("revision", 1)))


def _payment(rows: LeadRows, told: Mapping[str, Any]) -> None:
    k = key_of(told["id"])
    money = (minor_of(told["amount"]), told["amount"]["currency"], bool(told.get("removed")))
    deal = key_of(told.get("deal") or "")
    _newest(
        rows.payments, k, (k, told["id"], key_of(told["whose"]), told["at"], deal, *money, told.get("revision", 1))
    )


def _rate(rows: LeadRows, told: Mapping[str, Any]) -> None:
    key = (told["currency"], told["day"])
    _newest(rows.rates, key, (*key, Decimal(told["rate"]), told.get("revision", 1)))


_READ: Mapping[str, Callable[[LeadRows, Mapping[str, Any]], None]] = {
    "client.opened.v1": _client,
    "client.changed.v1": _client,
    "outcome.opened.v1": _deal,
    "outcome.changed.v1": _deal,
    "source.changed.v1": _source,
    "touch.recorded.v1": _touch,
    "visitor.known.v1": _visitor,
    "cost.changed.v1": _cost,
    "payment.changed.v1": _payment,
    "rate.changed.v1": _rate,
}
