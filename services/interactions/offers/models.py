"""An offer, as a document has it, and how it ends: pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from hub.contracts.notice import NoticeGiven, NoticeKind
from hub.contracts.offer import Offer
from hub.kit.errors import Conflict, Forbidden
from hub.store.base import Document
from hub.store.history import noted

Ending = Literal["accepted", "declined", "withdrawn"]
_WORDS = 200


def offered(document: Document, *, to: str, by: str, comment: str, at: datetime) -> Document:
    """Raises Conflict: somebody has it to decide on already."""
    before = document.get("offered")
    if before and before["to"] != to:
        raise Conflict(f"it is offered to {before['to']}; withdraw that first")
    return {**document, "offered": Offer(to=to, by=by, at=at, comment=comment).model_dump(mode="json")}


def offer_of(document: Document, login: str | None = None) -> Document:
    """Raises Conflict: there is none; Forbidden: it is another's to decide on than `login`'s."""
    found: Document | None = document.get("offered")
    if not found:
        raise Conflict("it is not offered to anybody; perhaps that was withdrawn")
    if login is not None and found["to"] != login:
        raise Forbidden(f"it is offered to {found['to']}, who decides")
    return found


def assigned(
    before: Document | None, after: Document, whose: str, *, by: str, at: datetime
) -> tuple[NoticeGiven, ...]:
    """To whom a chain or a task is another's since; `whose` is the field that says it. Who takes it knows."""
    login = after.get(whose)
    if not login or login == by or (before and before.get(whose) == login):
        return ()
    return (notice(after, [login], by=by, words=after.get("title") or "", at=at, kind="assigned"),)


def ended(
    before: Document, after: Document, names: Sequence[str], how: Ending, *, reason: str, by: str, at: datetime
) -> Document:
    """The document without its offer; its history tells how that ended, beside whatever else is another."""
    said = {**before["offered"], "ended": how, **({"reason": reason} if reason else {})}
    told = noted(before, {**after, "offered": said}, names, by=by, at=at)
    return {**told, "offered": None}


def notice(
    document: Document, to: Sequence[str], *, by: str, words: str, at: datetime, kind: NoticeKind = "handover"
) -> NoticeGiven:
    """Of a chain or a task, to whom it concerns beside `by`."""
    return NoticeGiven(
        kind=kind,
        to=tuple(login for login in dict.fromkeys(to) if login != by),
        by=by,
        what=document["_id"],
        chain_id=document.get("chain_id") or (document["_id"] if "last_at" in document else None),
        client_id=document.get("client_id"),
        words=words[:_WORDS],
        at=at,
    )
