"""Rows that an import did not take, as a table to be corrected and imported again."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.kit.tables.writing import delimited
from services.interactions.duplicates.columns import FIELDS
from services.interactions.exchange.models import Decision

HEADER = ("row", "reason", *FIELDS)


def lines_of(rows: Sequence[Mapping[str, Any]], decisions: Sequence[Decision]) -> bytes:
    """The rejected ones of a part; empty where there are none."""
    reasons = {one.n: one.reason for one in decisions if one.action == "reject"}
    found = [
        [str(row["n"]), reasons[row["n"]], *(row["row"].get(field, "") for field in FIELDS)]
        for row in rows
        if row["n"] in reasons
    ]
    return delimited(found) if found else b""
