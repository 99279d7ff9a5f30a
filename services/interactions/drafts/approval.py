"""Four eyes on a draft: asked for, returned with a comment, approved as it stands; pure functions of its document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.contracts.draft import DraftMoved
from hub.contracts.notice import NoticeGiven, NoticeKind
from hub.kit.clock import iso
from hub.kit.errors import Conflict, Forbidden
from hub.kit.ids import derive
from hub.store.base import Document
from hub.store.told import Owing

REVIEWERS = "reviewers"
"""Logins of those who are asked now; only a draft that waits for them has it."""
_WRITTEN = ("text", "cc", "bcc", "reply_all", "account")
_WORDS = 200


@dataclass(frozen=True, slots=True)
class Approved:
    """What leaves on an approval."""

    message: str
    """Id of the one message that does, however often it is sent."""
    answers: str | None
    """Id of what was to be answered when it was asked for: it goes to nobody else than an answer to that."""


def version_of(draft: Document) -> int:
    """Of what it says, and whether that is approved; the store counts more than that."""
    return int(draft.get("version") or draft["_v"])


def said(written: dict[str, Any], files: Sequence[str]) -> str:
    """Equal for what says the same, with the same files to the same people."""
    return derive("ct", orjson.dumps([written[name] or None for name in _WRITTEN]).decode(), *files)


def said_in(draft: Document) -> str:
    return said(draft, [one["id"] for one in draft["attachments"]])


def asked(draft: Document, reviewers: Sequence[str], *, comment: str, answers: str | None, at: datetime) -> Owing:
    """Those decide on it as it stands, until its author takes that back; `answers` is what it is an answer to."""
    approval = {"state": "asked", "reviewers": list(reviewers), "by": None, "comment": comment, "at": iso(at)}
    after = _next({**draft, "approval": {**approval, "answers": answers}, REVIEWERS: list(reviewers)})
    words = comment or draft["text"]
    return Owing(after, (*_moved(after, at), _notice(after, "approval_asked", draft["login"], words, at)))


def withdrawn(draft: Document, at: datetime) -> Owing:
    """As if nobody had been asked. Raises Conflict: nobody is."""
    approval_of(draft)
    after = _next({name: value for name, value in draft.items() if name not in ("approval", REVIEWERS)})
    return Owing(after, _moved(after, at, draft["approval"]["reviewers"]))


def spent(draft: Document, message: str) -> Document:
    """For this message; the same one where it is spent already."""
    approval = draft["approval"]
    return draft if approval.get("message") else {**draft, "approval": {**approval, "message": message}}


def written_anew(draft: Document, written: Document, *, by: str, answers: str | None, at: datetime) -> Owing:
    """With other words. What was approved said something else: it is asked for anew."""
    after = {**draft, **written}
    approval = draft.get("approval")
    if not approval:
        return Owing(_next(after))
    changed = said_in(after) != said_in(draft)
    after = {**after, "edited_by": by} if changed else after
    if changed and approval["state"] == "approved":
        return asked(after, approval["reviewers"], comment="", answers=answers, at=at)
    after = _next(after)
    return Owing(after, _moved(after, at) if changed else ())


def approved(draft: Document, *, by: str, version: int, at: datetime) -> Owing:
    """Raises Conflict: it is not as he saw it, or waits for nobody; Forbidden: others are asked."""
    _check(draft, by, version)
    return _decided(draft, "approved", by=by, comment="", words=draft["text"], at=at)


def returned(draft: Document, *, by: str, version: int, comment: str, at: datetime) -> Owing:
    """To its author, with what is to be otherwise. Raises as `approved`."""
    _check(draft, by, version)
    return _decided(draft, "returned", by=by, comment=comment, words=comment, at=at)


def _decided(draft: Document, state: NoticeKind, *, by: str, comment: str, words: str, at: datetime) -> Owing:
    approval = {**draft["approval"], "state": state, "by": by, "comment": comment, "at": iso(at)}
    after = _next({name: value for name, value in {**draft, "approval": approval}.items() if name != REVIEWERS})
    return Owing(after, (*_moved(after, at), _notice(after, state, by, words, at)))


def approval_of(draft: Document) -> Document:
    """Raises Conflict: nobody is asked."""
    found: Document | None = draft.get("approval")
    if not found:
        raise Conflict("nobody is asked to approve this draft; its author asks first")
    return found


def check_reviewer(draft: Document, login: str) -> None:
    """Raises Conflict: nobody is asked; Forbidden: others are."""
    reviewers = approval_of(draft)["reviewers"]
    if login not in reviewers:
        raise Forbidden(f"{', '.join(reviewers)} decide on this draft; ask one of them, or its author to ask you")


def _check(draft: Document, login: str, version: int) -> None:
    check_reviewer(draft, login)
    if (state := draft["approval"]["state"]) != "asked":
        raise Conflict(f"it is {state} already by {draft['approval']['by']}")
    if version_of(draft) != version:
        raise Conflict("it was changed since you read it; read it again, then decide")


def _next(draft: Document) -> Document:
    return {**draft, "version": version_of(draft) + 1}


def _moved(draft: Document, at: datetime, also: Sequence[str] = ()) -> tuple[DraftMoved, ...]:
    approval = draft.get("approval") or {}
    to = (draft["login"], *approval.get("reviewers", ()), *also)
    return (
        DraftMoved(
            id=draft["_id"],
            chain_id=draft["chain_id"],
            author=draft["login"],
            to=tuple(dict.fromkeys(to)),
            state=approval.get("state"),
            version=version_of(draft),
            at=at,
        ),
    )


def _notice(draft: Document, kind: NoticeKind, by: str, words: str, at: datetime) -> NoticeGiven:
    concerned = (draft["login"], *draft["approval"]["reviewers"])
    return NoticeGiven(
        kind=kind,
        to=tuple(login for login in dict.fromkeys(concerned) if login != by),
        by=by,
        what=draft["_id"],
        chain_id=draft["chain_id"],
        words=" ".join(words.split())[:_WORDS],
        at=at,
    )
