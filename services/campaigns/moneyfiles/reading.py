"""Makes costs and payments of the rows of a file, in a process of its own, for strangers wrote them."""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import orjson
from pydantic import ValidationError

from hub.kit.errors import InvalidInput
from hub.kit.tables import reading
from hub.kit.tables.columns import Preview, headed, previewed
from services.campaigns.attribution.models import NewCost, NewPayment
from services.campaigns.moneyfiles.cells import amount_of, currency_of, days_of, moment_of
from services.campaigns.moneyfiles.columns import FIELDS, columns_of, row_of
from services.campaigns.moneyfiles.models import ORDER, ROW, Options

CHUNK = 500
"""Rows of a part, which is a step of the job."""
MOST_ROWS = 200_000
CELL = 500
"""Characters of a cell that is read."""
_FAST = 1
_PATH = ("channel", "source", "campaign", "creative")
_PLAN = frozenset(("plan", "план", "planned", "плановые", "плановый", "бюджет"))
_FACT = frozenset(("fact", "факт", "actual", "фактические", "фактический", "расход"))
_GONE = frozenset(
    (
        *("cancelled", "canceled", "failed", "declined", "rejected", "expired", "unpaid", "pending", "deleted"),
        *("отменен", "отменено", "отмена", "отказ", "отклонен", "отклонено", "ошибка", "удален"),
        *("не оплачен", "не оплачено", "ожидает оплаты"),
    )
)
_BACK = frozenset(("refund", "refunded", "returned", "chargeback", "возврат", "возвращен", "возвращено"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a file, in parts; or why it cannot be read."""

    rows: int = 0
    parts: tuple[bytes, ...] = ()
    refused: str = ""


def peek(content: bytes, options: Options) -> Preview:
    """The columns of a file."""
    try:
        rows = reading.rows(content, charset=options.charset, delimiter=options.delimiter)
        return previewed(rows, *_headed(rows, options))
    except InvalidInput as exc:
        return Preview(refused=str(exc))


def prepare(content: bytes, options: Options) -> Prepared:
    """All rows: `{n, row, item}`, or `{n, row, problem}` where a value is wrong, or `{n, row, skip}`."""
    parts, count = [], 0
    try:
        rows = reading.rows(content, charset=options.charset, delimiter=options.delimiter)
        header, columns = _headed(rows, options)
        if "amount" not in columns.values():
            raise InvalidInput(f"mapping: no column is the amount among {', '.join(header)[:500]}; say which it is")
        read = _items(rows, columns, options)
        while chunk := list(islice(read, CHUNK)):
            count += len(chunk)
            if count > MOST_ROWS:
                raise InvalidInput(f"file: more than {MOST_ROWS:,} rows; split it")
            parts.append(zlib.compress(orjson.dumps(chunk), _FAST))
    except InvalidInput as exc:
        return Prepared(refused=str(exc))
    return Prepared(count, tuple(parts))


def rows_in(part: bytes) -> list[dict[str, Any]]:
    """The rows of a part."""
    found: list[dict[str, Any]] = orjson.loads(zlib.decompress(part))
    return found


def _headed(rows: Iterator[list[str]], options: Options) -> tuple[list[str], dict[int, str]]:
    return headed(
        rows,
        options.mapping,
        fields=FIELDS[options.subject],
        guess=lambda header: columns_of(options.subject, header),
    )


def _items(rows: Iterator[list[str]], columns: Mapping[int, str], options: Options) -> Iterator[dict[str, Any]]:
    names = _Names(options)
    make = _cost if options.subject == "costs" else _payment
    for n, cells in enumerate(rows):
        if not (row := row_of(cells, columns)):
            continue
        shown = {field: text[:CELL] for field, text in row.items()}
        try:
            _check(row)
            if why := _left(row, options):
                yield {"n": n, "row": shown, "skip": why}
                continue
            yield {"n": n, "row": shown, "item": names.named(n, make(row, options))}
        except InvalidInput as exc:
            yield {"n": n, "row": shown, "problem": str(exc)}
        except ValidationError as exc:
            first = exc.errors()[0]
            yield {"n": n, "row": shown, "problem": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:CELL]}


def _check(row: Mapping[str, str]) -> None:
    for field, text in row.items():
        if len(text) > CELL:
            raise InvalidInput(f"{field}: {len(text):,} characters; at most {CELL}")
    if "amount" not in row:
        raise InvalidInput("amount: it is empty; write it as 1234,50")


def _left(row: Mapping[str, str], options: Options) -> str:
    """Why a row is nobody's money: what was cancelled, or not paid."""
    said = row.get("state", "").casefold().replace("ё", "е")
    return f"state: {row['state']}" if options.subject != "costs" and said in _GONE else ""


def _money(row: Mapping[str, str], options: Options) -> dict[str, str]:
    value, sign = amount_of(row["amount"])
    named = currency_of(row["currency"]) if "currency" in row else ""
    if named and sign and named != sign:
        raise InvalidInput(f"currency: it is {named}, and {sign} stands at the amount; correct one of them")
    return {"value": str(value), "currency": named or currency_of(sign or options.currency)}


def _cost(row: Mapping[str, str], options: Options) -> dict[str, Any]:
    since, until = _days(row, options)
    fields = {
        "source": row.get("source_id", "src"),
        "kind": _kind(row),
        "since": since,
        "until": until,
        "amount": _money(row, options),
        "external_id": row.get("external_id", ""),
    }
    path = [row.get(name, "") for name in _PATH]
    names = path[: next((n for n, name in enumerate(path) if not name), len(path))]
    if not (names or "source_id" in row or "reference" in row):
        raise InvalidInput("channel: the row names no source; give channel, source_id or reference")
    if any(len(name) > 200 for name in names):
        raise InvalidInput("channel, source, campaign, creative: at most 200 characters each; shorten it")
    told = NewCost.model_validate(fields).model_dump(mode="json")
    return {**told, "source": row.get("source_id", ""), "reference": row.get("reference", ""), "path": names}


def _kind(row: Mapping[str, str]) -> str:
    said = row.get("kind", "факт").casefold()
    if said not in _PLAN | _FACT:
        raise InvalidInput(f"kind: {said[:40]!r} is neither plan nor fact; write план or факт")
    return "plan" if said in _PLAN else "fact"


def _days(row: Mapping[str, str], options: Options) -> tuple[Any, Any]:
    if not any(name in row for name in ("date", "since")):
        raise InvalidInput("date: when was it spent? give date, or since and until")
    field = "since" if "since" in row else "date"
    since, until = days_of(row[field], field=field, month_first=options.month_first)
    return since, (
        days_of(row["until"], field="until", month_first=options.month_first)[1] if "until" in row else until
    )


def _payment(row: Mapping[str, str], options: Options) -> dict[str, Any]:
    whose = row.get("client") or row.get("phone") or row.get("mail")
    if not whose:
        raise InvalidInput("phone: whose is it? give client, phone or mail")
    if "date" not in row:
        raise InvalidInput("date: it is empty; write it as 02.03.2026")
    amount = _money(row, options)
    if row.get("state", "").casefold().replace("ё", "е") in _BACK and not amount["value"].startswith("-"):
        raise InvalidInput(f"amount: the state is {row['state']!r}; write what was given back with a minus")
    fields = {
        "whose": whose,
        "at": moment_of(row["date"], field="date", zone=options.zone, month_first=options.month_first).isoformat(),
        "amount": amount,
        "deal": row.get("deal"),
        "external_id": _prefix(options) * ("external_id" in row) + row.get("external_id", ""),
    }
    return NewPayment.model_validate(fields).model_dump(mode="json")


def _prefix(options: Options) -> str:
    return ORDER if options.subject == "orders" else ""


class _Names:
    """An `external_id` for each row of a file. Rows without one that say the same are told apart by which it is."""

    def __init__(self, options: Options) -> None:
        self._subject = options.subject
        self._prefix = _prefix(options)
        self._unnamed: Counter[bytes] = Counter()
        self._said: dict[str, tuple[int, bytes]] = {}

    def named(self, n: int, item: dict[str, Any]) -> dict[str, Any]:
        """Raises InvalidInput where a row before says something else by the same one."""
        digest = sha256(orjson.dumps([self._subject, item], option=orjson.OPT_SORT_KEYS)).digest()[:16]
        if not item["external_id"]:
            self._unnamed[digest] += 1
            return {**item, "external_id": f"{ROW}{digest.hex()}:{self._unnamed[digest]}"}
        first, said = self._said.setdefault(item["external_id"], (n, digest))
        if said != digest:
            number = item["external_id"].removeprefix(self._prefix)
            fix = f"row {first} has {number[:100]!r}, too, and says something else"
            raise InvalidInput(f"external_id: {fix}; give each its own, or map another column")
        return item
