"""What state a chain is in, and whose turn it is: pure functions of its document.

Stored `state` is `open`, `snoozed` or `closed`; a snoozed chain is an open one that comes back at its time, or when
the client writes. `awaits` is who has the next word; `queue` are the tokens by which queues count it: its owner's, or
its teams' while nobody owns it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.contracts.bounce import from_robot
from hub.contracts.client import Awaits
from hub.contracts.interaction import Direction
from hub.contracts.scope import OPEN, owned_by
from hub.kit.clock import iso
from hub.store.base import Document
from hub.store.due import with_timer, without_timer

RETURN = "return"
"""The timer of a snoozed chain."""
TAGS = 50
_SILENT = ("call", "meeting", "note")
"""What was spoken, and what is among ourselves, leaves the turn where it was."""
OPEN_STATES = ("open", "snoozed")
ASKED = "asked_at"
"""Since when we owe an answer: the first message of the client that is not answered."""
SECRET = "secret"
"""True of a chain that others are not told of at all: see `hub.contracts.scope.shown_to`."""


def queued(chain: Document) -> Document:
    """The chain with what queues count it by."""
    tokens = chain.get("seen_by") or [OPEN]
    owner = chain.get("owner")
    queue = [owned_by(owner)] if owner else [token for token in tokens if token.startswith(OPEN)]
    secret = {SECRET: True} if chain.get("others") == "nothing" else {}
    bare = {name: value for name, value in chain.items() if name != SECRET}
    return asking({**bare, "queue": [] if chain.get("into") else queue, **secret})


def asking(chain: Document) -> Document:
    """The chain with since when we owe an answer, which only one has that is open and where we do."""
    owes = chain.get("awaits") == "answer" and chain["state"] in OPEN_STATES and not chain.get("into")
    if owes == bool(chain.get(ASKED)):
        return chain
    return {**chain, ASKED: chain["last_at"]} if owes else {k: v for k, v in chain.items() if k != ASKED}


def said(chain: Document, parts: Sequence[Document]) -> Document:
    """The chain after these interactions, which are newer than all of it: whose turn it is, and open again when the
    client wrote. What came before it was closed does not open it.
    """
    newest = max((part for part in parts if turn_after(part)), key=lambda part: str(part["at"]), default=None)
    if newest is None:
        return chain
    turn = turn_after(newest)
    after = chain if chain.get("awaits") == turn else {**chain, "awaits": turn}
    if turn == "client":
        return asking(after if after.get("answered_at") else {**after, "answered_at": newest["at"]})
    after = reopened(returned(after), newest["at"])
    if after["state"] not in OPEN_STATES or after.get(ASKED):
        return after
    return {**after, ASKED: _asked_at(parts)}


def _asked_at(parts: Sequence[Document]) -> str:
    """Of the first message after our last one."""
    answered = max((str(part["at"]) for part in parts if turn_after(part) == "client"), default="")
    return min(str(part["at"]) for part in parts if turn_after(part) == "answer" and str(part["at"]) >= answered)


def turn_after(interaction: Document) -> Awaits | None:
    """Who has the next word after it; none where it says nothing about that: a machine's, a call, a note, that
    somebody comes.
    """
    if (
        interaction["channel"] in _SILENT
        or interaction["link"]["rule"] == "mailing"
        or from_robot(interaction.get("auto"), interaction.get("bounce"))
        or _is_bare_answer(interaction.get("invitation"))
    ):
        return None
    return "answer" if interaction["direction"] == Direction.IN else "client"


def _is_bare_answer(invitation: Mapping[str, Any] | None) -> bool:
    """Somebody's calendar says whether he comes, and he says nothing beside it."""
    return invitation is not None and invitation["method"] == "reply" and not invitation["comment"]


def reopened(chain: Document, at: str) -> Document:
    """A closed chain that somebody went on with after that; its first closing stays known."""
    if chain["state"] != "closed" or (chain.get("closed_at") or "") >= at:
        return chain
    return {
        **chain,
        "state": "open",
        "closed_at": None,
        "closed_by": None,
        "reopened": (chain.get("reopened") or 0) + 1,
    }


def closed(chain: Document, by: str, now: datetime) -> Document:
    """Snoozed no more; who answers later opens it again, within the time that the settings say."""
    if chain["state"] == "closed":
        return chain
    at = iso(now)
    first = chain.get("first_closed_at") or at
    return {**returned(chain), "state": "closed", "closed_at": at, "closed_by": by, "first_closed_at": first}


def snoozed(chain: Document, until: datetime) -> Document:
    return with_timer({**chain, "state": "snoozed", "snoozed_until": iso(until)}, RETURN, until)


def returned(chain: Document) -> Document:
    """Snoozed no more; the same one where it was not."""
    if chain["state"] != "snoozed":
        return chain
    return without_timer({**chain, "state": "open", "snoozed_until": None}, RETURN)


def back(chain: Document, now: datetime) -> Document:
    """Its time has come."""
    return {**chain, "state": "open", "snoozed_until": None, "returned_at": iso(now)}


def shown_state(chain: Document) -> dict[str, Any]:
    """As the contract and the API have it. An absorbed one is over: what goes on is the one it was merged into."""
    return {"state": {"snoozed": "open", "merged": "closed"}.get(chain["state"], chain["state"])}
