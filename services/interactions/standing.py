"""What bounces and complaints make of an address: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypedDict

from hub.contracts.bounce import Severity
from hub.kit.clock import from_iso
from hub.store.base import Document

_KEPT = 50
"""Marks of an address; the first one is always among them."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """An address is invalid after `hard` hard bounces, or after `soft` bounces of which the first and the last are at
    least `span` apart: a full mailbox or a server that is down for some days is no dead address.
    """

    hard: int = 1
    soft: int = 5
    span: timedelta = timedelta(days=7)


THRESHOLDS: Final = Thresholds()


class Mark(TypedDict):
    """One notice against or for an address."""

    by: str
    """Id of the interaction that is the notice."""
    at: str
    kind: Severity | Literal["delivered"]
    why: str
    """The reason and the server's words."""


class Verdict(TypedDict):
    """Since when an address is worth nothing, and why."""

    since: str
    why: str


def marked(address: Document, mark: Mark, thresholds: Thresholds = THRESHOLDS) -> Document:
    """The document of an address after one more mark; each notice counts once, in whatever order they come."""
    before: list[Mark] = address.get("marks", [])
    if any(one["by"] == mark["by"] for one in before):
        return address
    marks = sorted([*before, mark], key=lambda one: (one["at"], one["by"]))
    marks = [marks[0], *marks[1:][-(_KEPT - 1) :]]
    return {
        **address,
        "marks": marks,
        "invalid": invalid_since(marks, thresholds),
        "complained": next((_verdict(one) for one in marks if one["kind"] == "complaint"), None),
    }


def invalid_since(marks: Sequence[Mark], thresholds: Thresholds = THRESHOLDS) -> Verdict | None:
    """When the thresholds were passed, for marks in the order of time; a delivery forgives what was before it."""
    counted: list[Mark] = []
    since: Verdict | None = None
    for mark in marks:
        if mark["kind"] == "delivered":
            counted, since = [], None
        elif mark["kind"] in ("hard", "soft"):
            counted.append(mark)
            since = since or (_verdict(mark) if _passed(counted, thresholds) else None)
    return since


def _passed(marks: Sequence[Mark], thresholds: Thresholds) -> bool:
    if sum(mark["kind"] == "hard" for mark in marks) >= thresholds.hard:
        return True
    lasting = from_iso(marks[-1]["at"]) - from_iso(marks[0]["at"]) >= thresholds.span
    return len(marks) >= thresholds.soft and lasting


def _verdict(mark: Mark) -> Verdict:
    return {"since": mark["at"], "why": mark["why"]}
