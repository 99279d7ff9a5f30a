"""Counted rows of what was found: pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from hub.kit.clock import from_iso
from hub.store.base import Document
from services.interactions.analysis.views import SHOWN, PlanFactRow, SilentRow, UnansweredRow
from services.interactions.chains.state import ASKED
from services.interactions.models import SILENT

K = TypeVar("K", bound=Hashable)


def silent_rows(clients: Iterable[Document]) -> list[SilentRow]:
    """By manager."""
    rows = [
        SilentRow(owner=owner, count=len(found), since=from_iso(found[0][SILENT]), ids=_ids(found))
        for owner, found in _grouped(clients, lambda client: client.get("owner"), SILENT).items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.owner or ""))


def unanswered_rows(chains: Iterable[Document]) -> list[UnansweredRow]:
    """By manager and team."""
    grouped = _grouped(chains, lambda chain: (chain.get("owner"), chain.get("team")), ASKED)
    rows = [
        UnansweredRow(owner=owner, team=team, count=len(found), since=from_iso(found[0][ASKED]), ids=_ids(found))
        for (owner, team), found in grouped.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.owner or "", row.team or ""))


def plan_rows(contacts: Iterable[Document], logins: Collection[str], *, now: datetime) -> list[PlanFactRow]:
    """Of these employees, or of everybody."""
    by_login: dict[str, list[Document]] = defaultdict(list)
    for contact in contacts:
        for login in contact["diary"]:
            if not logins or login in logins:
                by_login[login].append(contact)
    return [_plan_row(login, found, now) for login, found in sorted(by_login.items())]


def _plan_row(login: str, contacts: list[Document], now: datetime) -> PlanFactRow:
    facts = [one for one in contacts if one.get("fact")]
    held = [one for one in facts if one["fact"]["held"]]
    over = [one for one in contacts if not one.get("fact") and _end(one) <= now]
    return PlanFactRow(
        login=login,
        planned=len(contacts),
        held=len(held),
        cancelled=len(facts) - len(held),
        overdue=len(over),
        ahead=len(contacts) - len(facts) - len(over),
        minutes_planned=sum(one["plan"]["minutes"] for one in held),
        minutes_held=sum(one["fact"]["minutes"] for one in held),
    )


def _end(contact: Document) -> datetime:
    return from_iso(contact["plan"]["at"]) + timedelta(minutes=contact["plan"]["minutes"])


def _grouped(found: Iterable[Document], key: Callable[[Document], K], order: str) -> dict[K, list[Document]]:
    """The oldest first in each."""
    groups: dict[K, list[Document]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one[order], one["_id"])):
        groups[key(one)].append(one)
    return groups


def _ids(found: list[Document]) -> tuple[str, ...]:
    return tuple(one["_id"] for one in found[:SHOWN])
