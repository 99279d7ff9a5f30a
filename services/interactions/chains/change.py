"""What an employee changes about a chain beside whose it is: pure."""

from datetime import datetime, timedelta
from typing import Any

from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, InvalidInput
from hub.store.base import Document
from services.interactions.chains.state import TAGS, closed, returned, snoozed

NOTED = ("subject", "state", "owner", "team", "private", "snoozed_until", "awaits", "tags", "offered")
"""What its history tells of."""
KEPT = (*NOTED, "closed_at", "closed_by", "first_closed_at")
"""What a change of many chains remembers of each, to take it back."""
LATEST = timedelta(days=366 * 5)


def stated(chain: Document, given: dict[str, Any], *, by: str, now: datetime) -> Document:
    """The chain with these fields of a form (`subject`, `state`, `snooze_until`, `awaits`, `tags`, `add_tags`,
    `remove_tags`), those that are None left out.

    Raises:
        Conflict: it was merged into another.
        InvalidInput: it has too many tags, or the moment has passed.
    """
    if chain.get("into"):
        raise Conflict(f"this chain was merged into {chain['into']}; change that one")
    chain = {**chain, **{name: given[name] for name in ("subject", "awaits") if name in given}}
    chain = _tagged(chain, given)
    if given.get("state") == "closed":
        return closed(chain, by, now)
    if given.get("state") == "open" and chain["state"] == "closed":
        chain = {**chain, "state": "open", "closed_at": None, "closed_by": None}
    return _snoozed(chain, given, now)


def _snoozed(chain: Document, given: dict[str, Any], now: datetime) -> Document:
    if "snooze_until" not in given:
        return chain
    until = given["snooze_until"]
    if until == "":
        return returned(chain)
    if chain["state"] == "closed":
        raise Conflict("this chain is closed; open it, or leave it: it comes back when the client writes")
    if not now < until <= now + LATEST:
        raise InvalidInput(fields={"snooze_until": f"must lie ahead, at most {LATEST.days // 365} years"})
    return snoozed(chain, until)


def _tagged(chain: Document, given: dict[str, Any]) -> Document:
    before = list(chain.get("tags") or [])
    tags = list(given.get("tags", before))
    tags = [*dict.fromkeys([*tags, *given.get("add_tags", ())])]
    tags = [tag for tag in tags if tag not in given.get("remove_tags", ())]
    if len(tags) > TAGS:
        raise InvalidInput(fields={"tags": f"a chain has at most {TAGS}"})
    return chain if tags == before else {**chain, "tags": tags}


def with_closed_head(client: Document, chain: Document) -> Document:
    """The client whose list of chains says whether this one is closed, and since when."""
    closed_at = chain.get("closed_at")
    listed = [
        {**entry, "closed_at": closed_at} if chain["_id"] in (entry["id"], entry.get("into")) else entry
        for entry in client["open_chains"]
    ]
    return client if listed == client["open_chains"] else {**client, "open_chains": listed}


def taken_back(chain: Document, given: dict[str, Any], before: Document) -> Document:
    """The chain as it was before this was changed, in what nobody changed since; `before` has what is in `KEPT`."""
    if chain.get("into"):
        return chain
    same = [name for name in ("subject", "awaits") if name in given and given[name] == chain.get(name)]
    after: Document = chain | {name: before[name] for name in same}
    return _state_back(_tags_back(after, given, before), given, before)


def _tags_back(chain: Document, given: dict[str, Any], before: Document) -> Document:
    had, has = list(before.get("tags") or []), list(chain.get("tags") or [])
    if "tags" in given:
        return {**chain, "tags": had} if has == list(given["tags"]) else chain
    added = set(given.get("add_tags", ())) - set(had)
    taken = [tag for tag in given.get("remove_tags", ()) if tag in had and tag not in has]
    tags = [*(tag for tag in has if tag not in added), *taken]
    return chain if tags == has else {**chain, "tags": tags}


def _state_back(chain: Document, given: dict[str, Any], before: Document) -> Document:
    closing = {name: before.get(name) for name in ("closed_at", "closed_by", "first_closed_at")}
    if given.get("state") == "closed" and chain["state"] == "closed" and before["state"] != "closed":
        chain = {**chain, "state": "open", **closing}
    if given.get("state") == "open" and chain["state"] == "open" and before["state"] == "closed":
        return {**chain, "state": "closed", **closing}
    if chain["state"] != "closed" and before["state"] == "snoozed" and ("snooze_until" in given or "state" in given):
        return snoozed(chain, from_iso(before["snoozed_until"]))
    if chain["state"] == "snoozed" and before["state"] == "open" and "snooze_until" in given:
        return returned(chain)
    return chain
