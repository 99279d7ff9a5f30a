"""Documents of notifications, what is told of them, and how somebody wants to be told: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from hub.contracts.base import Event
from hub.contracts.notification import NotificationChanged, NotificationGiven, NotificationKind, Way
from hub.kit.clock import iso
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index
from hub.store.told import OWES, Fact

UNREAD = "unread_of"
"""Login of whom it waits for; only one that is unread has it."""
PUSH = "push_at"
"""When browsers are told of it, or tried again."""
NOTIFICATIONS = CollectionSpec(
    "notifications", (Index("login", "at"), Index(UNREAD, "at", sparse=True), Index(PUSH, sparse=True), OWES)
)
PREFERENCES = CollectionSpec("notification_preferences")
"""By login."""
MOST = 200
"""Kept for one employee; of more the newest."""
KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
_SEEN: tuple[Way, ...] = ("page",)
_SHOWN: tuple[Way, ...] = ("page", "browser", "push")
"""Nobody is pushed before he adds a browser."""
DEFAULT: Final[Mapping[NotificationKind, tuple[Way, ...]]] = {
    "mention": _SHOWN,
    "assigned": _SHOWN,
    "handover": _SHOWN,
    "client_wrote": _SHOWN,
    "reminder": _SHOWN,
    "overdue": _SEEN,
    "missed_call": _SHOWN,
    "approval_asked": _SHOWN,
    "approved": _SHOWN,
    "returned": _SHOWN,
    "invitation": _SEEN,
}
_NEVER_MUTED: tuple[NotificationKind, ...] = ("mention", "handover", "approval_asked", "approved", "returned")
"""A colleague asks him, and nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody may want to know."""

    login: str
    kind: NotificationKind
    cause: str
    """Id of the event that it follows from: told twice, it is one."""
    by: str = ""
    what: str
    """Id of the interaction, chain or task."""
    chain_id: str | None = None
    task_id: str | None = None
    client_id: str | None = None
    words: str = ""
    team: str | None = None
    accounts: tuple[str, ...] = ()


def document_of(wanted: Wanted, ways: Sequence[Way], now: datetime) -> Document:
    """One that is not to count in the page is read from the start: it stands in the list."""
    unread = {UNREAD: wanted.login, "read_at": None} if "page" in ways else {"read_at": iso(now)}
    return {
        "_id": derive("nt", wanted.login, wanted.cause),
        **{name: getattr(wanted, name) for name in ("login", "kind", "by", "what", "words")},
        **{name: getattr(wanted, name) for name in ("chain_id", "task_id", "client_id")},
        "ways": list(ways),
        "at": iso(now),
        **({PUSH: iso(now)} if "push" in ways else {}),
        **unread,
    }


def marked(notification: Document, *, read: bool, now: datetime) -> Document:
    """Read, or unread again; the same one where it is so already."""
    if read is bool(notification["read_at"]):
        return notification
    bare = {name: value for name, value in notification.items() if name != UNREAD}
    return {**bare, "read_at": iso(now)} if read else {**bare, "read_at": None, UNREAD: notification["login"]}


def ways_of(preferences: Document | None, wanted: Wanted) -> tuple[Way, ...]:
    """How he is told of it; not at all where he muted the team or the account it is of."""
    given = preferences or {}
    muted = wanted.team in given.get("teams", ()) or not set(wanted.accounts).isdisjoint(given.get("accounts", ()))
    if muted and wanted.kind not in _NEVER_MUTED:
        return ()
    return tuple(given.get("ways", {}).get(wanted.kind, DEFAULT[wanted.kind]))


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (NotificationGiven,)
    return (NotificationChanged,) if before["read_at"] != after["read_at"] else ()


def state(kind: type[Event], document: Document) -> Event:
    told = {"id": document["_id"], "to": document["login"], "read": bool(document["read_at"])}
    same = {name: document[name] for name in ("kind", "ways", "at")}
    return kind.model_validate({**told, **same, "revision": document["_v"]})
