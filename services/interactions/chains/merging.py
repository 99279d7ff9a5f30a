"""What merging two chains makes of their documents, and what parting them leaves: pure.

The absorbed one names the other in `into`, and goes on as it was for linking: whatever comes later is linked as if
nobody had merged anything, and is read with the survivor. So parting needs to move nothing.
"""

from collections.abc import Sequence
from typing import Any

from hub.contracts.scope import OPEN, Shown, owned_by, seen_by, strictest
from hub.kit.errors import Conflict
from hub.store.base import Document
from hub.store.due import without_timer
from services.interactions.chains.state import RETURN, queued, turn_after
from services.interactions.models import UNCOUNTED

MERGED = "merged"
"""Stored `state` of an absorbed chain: no list and no queue has it."""
MOST = 100
"""Chains that one may have absorbed."""


def check(absorbed: Document, survivor: Document) -> None:
    """Raises Conflict: they cannot be one."""
    if absorbed["_id"] == survivor["_id"]:
        raise Conflict("these are one already")
    if absorbed.get("into"):
        raise Conflict(f"this chain was merged into {absorbed['into']}; part it first, or merge that one")
    _check_not_offered(absorbed)
    if bool(absorbed.get("private")) != bool(survivor.get("private")):
        raise Conflict("one of them is private and the other is not; make both the same first")
    if len(survivor.get("absorbed") or {}) >= MOST:
        raise Conflict(f"a chain takes up at most {MOST} others")


def _check_not_offered(chain: Document) -> None:
    """Or whom it is offered to would see the other, and go on to, whatever he decides."""
    if chain.get("offered"):
        raise Conflict(f"this chain is offered to {chain['offered']['to']}; withdraw that first")


def with_absorbed(survivor: Document, absorbed: Document) -> Document:
    """The survivor, seen by whoever saw the other, as confidential as the stricter, with its tags; it remembers what
    it has of it. The same one where it has it already.
    """
    known: dict[str, Any] = survivor.get("absorbed") or {}
    if absorbed["_id"] in known:
        return survivor
    if survivor.get("into"):
        raise Conflict(f"this chain was merged into {survivor['into']} at this moment; merge it with that one")
    tokens, tags = survivor.get("seen_by") or [OPEN], survivor.get("tags") or []
    others: Shown = survivor.get("others") or "full"
    gained = {
        "seen_by": absorbed.get("seen_by") or [OPEN],
        "tags": absorbed.get("tags") or [],
        "before": {"seen_by": tokens, "tags": tags, "others": others},
    }
    newest = max((survivor, absorbed), key=lambda chain: str(chain["last_at"]))
    # What is open must not go out of sight with one that is put aside or closed.
    state = "open" if absorbed["state"] != "closed" else survivor["state"]
    opened = {} if state == survivor["state"] else {"closed_at": None, "closed_by": None, "snoozed_until": None}
    return queued(
        {
            **(without_timer(survivor, RETURN) if opened else survivor),
            **opened,
            "state": state,
            "absorbed": {**known, absorbed["_id"]: gained},
            "seen_by": sorted({*tokens, *gained["seen_by"]}),
            "others": strictest(others, absorbed.get("others")),
            "tags": [*dict.fromkeys([*tags, *gained["tags"]])],
            **{name: newest.get(name) for name in ("last_at", "last_id", "awaits")},
            UNCOUNTED: True,
        }
    )


def without_absorbed(survivor: Document, absorbed_id: str, left: Sequence[Document]) -> Document:
    """The survivor as it would be without the other; `left` are the newest interactions that stay, newest first."""
    known: dict[str, Any] = dict(survivor.get("absorbed") or {})
    gained = known.pop(absorbed_id, None)
    if gained is None:
        return survivor
    before = gained["before"]
    own = seen_by(survivor.get("owner"), [survivor.get("team")] if survivor.get("team") else [])
    own = [token for token in own if survivor.get("team") or token != OPEN]
    readers = [owned_by(login) for login in survivor.get("readers") or []]
    kept = {*before["seen_by"], *own, *readers, *(token for each in known.values() for token in each["seen_by"])}
    tokens = [t for t in survivor["seen_by"] if t not in gained["seen_by"] or t in kept]
    kept_tags = {*before["tags"], *(tag for each in known.values() for tag in each["tags"])}
    end = {"last_at": left[0]["at"], "last_id": left[0]["_id"]} if left else {}
    turn = next((found for each in left if (found := turn_after(each))), None)
    return queued(
        {
            **survivor,
            "absorbed": known,
            "seen_by": sorted({*tokens, *own}) or [OPEN],
            "tags": [t for t in survivor.get("tags") or [] if t not in gained["tags"] or t in kept_tags],
            "others": survivor["others"] if known else before["others"],
            "awaits": turn or survivor.get("awaits"),
            **end,
            UNCOUNTED: True,
        }
    )


def absorbed_into(chain: Document, survivor_id: str) -> Document:
    """The absorbed chain; the same one where it is."""
    if chain.get("into") == survivor_id:
        return chain
    if chain.get("into") or survivor_id in (chain.get("absorbed") or {}):
        raise Conflict("somebody merged it the other way at this moment; look again")
    _check_not_offered(chain)
    bare = without_timer(chain, RETURN)
    state = "open" if chain["state"] == "snoozed" else chain["state"]
    merged = {"into": survivor_id, "state": MERGED, "state_before": state, "snoozed_until": None}
    return queued({**bare, **merged, UNCOUNTED: True})


def parted(chain: Document) -> Document:
    """The chain for itself again; the same one where it is."""
    if not chain.get("into"):
        return chain
    state = chain.get("state_before") or "open"
    if chain.get("awaits") == "answer":
        state = "open"  # The client wrote since.
    bare = {name: value for name, value in chain.items() if name not in ("into", "state_before")}
    return queued({**bare, "into": None, "state": state, UNCOUNTED: True})


def with_head_into(client: Document, chain_id: str, into: str | None) -> Document:
    """The client whose list of chains says that this one was absorbed, or that it is for itself again."""
    listed = [{**entry, "into": into} if entry["id"] == chain_id else entry for entry in client["open_chains"]]
    return client if listed == client["open_chains"] else {**client, "open_chains": listed}
