"""Documents of the interactions service and their way to and from the contracts."""

from collections.abc import Collection, Mapping
from typing import Any, get_args

import orjson

from hub.contracts.bounce import from_robot
from hub.contracts.client import ChainState
from hub.contracts.interaction import (
    Direction,
    Interaction,
    InteractionPlanned,
    InteractionReceived,
    InteractionRevised,
    Reading,
    event_id_of,
    received_id,
)
from hub.contracts.scope import OPEN, of_team, owned_by, seen_by, strictest
from hub.kit.clock import from_iso, iso
from hub.store.base import CollectionSpec, Document, Index
from hub.store.due import DUE
from hub.store.told import CORRELATION, OWES
from hub.store.waiting import BY_NAME, SINCE
from services.interactions.chains.state import ASKED, SECRET, queued, shown_state, turn_after
from services.interactions.linking import INTERACTION_REF, OPEN_CHAINS_KEPT, Claim, Decision, Head, subject_key
from services.interactions.subjects.models import KEYS

INTERACTIONS = CollectionSpec(
    "interactions",
    (
        Index("at"),
        Index("client_id", "at"),
        Index("chain_id", "at"),
        Index("channel", "direction", "at"),
        Index("planned", "send_at", sparse=True),
        Index("plan_at", sparse=True),
        Index("diary", "plan_at", many=True),
        Index("foreseen_by", "plan_at", many=True),
        Index(KEYS, "at", many=True),
        DUE,
        OWES,
    ),
)
ATTACHMENTS = CollectionSpec("attachments")
CHAIN_STATES = (*get_args(ChainState), "snoozed")
INTO = Index("into", sparse=True)
UNCOUNTED = "uncounted"
"""In a chain that others see than before, until its client is counted anew; and in a client whom that is true of."""
COUNTS = Index(UNCOUNTED, sparse=True)
CHAINS = CollectionSpec(
    "chains",
    (
        Index("client_id", "last_at"),
        Index("state", "last_at"),
        Index("state", "owner", "last_at"),
        Index("parent", "last_at", sparse=True),
        Index("secret", "state", "last_at", sparse=True),
        Index("seen_by", "state", "last_at", many=True),
        Index("queue", "state", "last_at", many=True),
        Index("tags", "last_at", many=True),
        Index("named", "state", "last_at", many=True),
        Index(KEYS, "last_at", many=True),
        Index(ASKED, sparse=True),
        DUE,
        INTO,
        COUNTS,
        OWES,
    ),
)
SILENT = "silent_since"
"""Of a client: the newest interaction with him, else when he was opened."""
CLIENTS = CollectionSpec(
    "clients",
    (
        Index("opened_at"),
        Index("seen_by", "opened_at", many=True),
        Index("employers", "opened_at", many=True),
        Index(SILENT, sparse=True),
        INTO,
        COUNTS,
        OWES,
    ),
)
ADDRESSES = CollectionSpec("addresses", (OWES,))
"""By normalised address: the client it was born with, at most one, and what it is worth. None is ever deleted:
without a client it is nobody's, and its consent stays."""
CLAIMS = CollectionSpec("claims")
"""By reference: the interaction that bears it, or for want of that the one that names it. Where an interaction is, it
says itself; a claim says where it was going while it is not stored yet."""

WAITING_NEWS = CollectionSpec("waiting", (BY_NAME, SINCE))
"""News about what is not stored yet, under the name that it waits for."""

_WHOSE = ("owner", "team", "seen_by", "readers", "private", "others")
TAKEN_OUT = ("split", "moved")
"""Rules of links that an employee made by taking something out of a chain."""
_BEGUN = ("started", "forward", "by_hand")
"""Rules of links that an employee made by writing first."""
_RECIPIENTS = ("to", "cc", "bcc")
_LINES = 10
_TITLE = 60
_READ = tuple(Reading.model_fields)
WAITING = ("planned", "command", "approved")
"""Only on messages that wait for their time."""
_KEPT_IN = (
    "_id",
    "_v",
    "outbox",
    "owes",
    "timers",
    "due_at",
    UNCOUNTED,
    "queue",
    SECRET,
    "absorbed",
    "named",
    KEYS,
    SILENT,
)
_HIDDEN = frozenset(
    (
        *_KEPT_IN,
        *WAITING,
        *("raw", "html", "keys", "refs", "request", "notices", "text_blob", "acknowledge", CORRELATION),
        *(
            "born_client_id",
            "moves",
            "revised_times",
            "plan_at",
            "diary",
            "foreseen_by",
            "followed",
            "series_first",
            "series_live",
        ),
    )
)
_TAKEN = {
    "direction",
    "author",
    "call",
    "team",
    "others",
    "channel",
    "type",
    "subject",
    "text",
    "participants",
    "attachments",
    "problem",
    "keys",
    "refs",
    "raw",
} | {
    "acknowledge",
    *_READ,
}
"""What an interaction takes over from its arrival as it is."""
_BLANK: dict[str, Any] = {
    name: field.get_default(call_default_factory=True)
    for name, field in Interaction.model_fields.items()
    if not field.is_required()
}
_BLANK |= {name: list(value) for name, value in _BLANK.items() if isinstance(value, tuple)}
_SHOWN_ALWAYS = {k: v for k, v in Reading().model_dump(mode="json").items() if k not in _HIDDEN}
"""For interactions that were stored before these were known."""


def linked(decision: Decision, clients: Mapping[str, str]) -> Document:
    """The document of an arrival in its chain; `clients` tells the client of each known address."""
    arrival: InteractionReceived = decision.arrival
    told = arrival.model_dump(mode="json", include=_TAKEN)
    return {
        **_BLANK,
        **told,
        "_id": arrival.id,
        "accounts": [arrival.account],
        "at": iso(arrival.at),
        "client_id": decision.client_id,
        "chain_id": decision.chain_id,
        "cause_id": decision.cause_id if decision.cause_id != arrival.id else None,
        "participants": [_owned(person, clients) for person in told["participants"]],
        "link": decision.link.model_dump(mode="json"),
        "revised_at": iso(arrival.revised_at) if isinstance(arrival, InteractionRevised) else None,
    }


def _owned(person: dict[str, Any], clients: Mapping[str, str]) -> dict[str, Any]:
    owner = None if person["ours"] else clients.get(person["address"])
    return {**person, "client_id": owner} if owner else person


def is_ours(interaction: Document) -> bool:
    """Whether we wrote it, or shall: it was planned and goes through a channel. A call of ours that a channel told of
    was not.
    """
    return interaction["direction"] == Direction.OUT and interaction["delivery"] is not None


def interaction_document(interaction: Interaction) -> Document:
    document: Document = orjson.loads(interaction.json_bytes)
    document["_id"] = document.pop("id")
    document["at"] = iso(interaction.at)
    return document


def interaction_from(document: Document) -> Interaction:
    return Interaction.model_validate({**document, "id": document["_id"]})


def correlation_of(document: Document) -> str:
    """The id of the event that an interaction began with, which whatever answers it goes on with."""
    known: str | None = document.get(CORRELATION)
    if known:
        return known
    if is_ours(document):
        return event_id_of(InteractionPlanned, document["_id"], 1)
    revised = document.get("revised_at")
    return received_id(document["_id"], document["accounts"][0], from_iso(revised) if revised else None)


def attachment_documents(interaction: Document) -> list[Document]:
    """What finds a file by its own id."""
    return [
        {**attachment, "_id": attachment["id"], "interaction_id": interaction["_id"]}
        for attachment in interaction["attachments"]
    ]


def chain_document(interaction: Document) -> Document:
    """The chain that an interaction opens; whoever began it himself owns it."""
    owner = interaction["author"] if interaction["link"]["rule"] in _BEGUN else None
    team = interaction.get("team")
    document = {
        "_id": interaction["chain_id"],
        "client_id": interaction["client_id"],
        "subject": interaction["subject"] or _beginning(interaction["text"]),
        "state": "open",
        "opened_at": interaction["at"],
        "opened_by": interaction["_id"],
        "last_at": interaction["at"],
        "last_id": interaction["_id"],
        "owner": owner,
        "team": team,
        "seen_by": seen_by(owner, [team]),
        "others": interaction.get("others") or "full",
        "continues": interaction["link"].get("continues"),
        "awaits": turn_after(interaction) or "nobody",
        "auto": from_robot(interaction.get("auto"), interaction.get("bounce"))
        or interaction["link"]["rule"] == "mailing",
    }
    if owner:
        document[UNCOUNTED] = True  # a message tells its client of its team alone
    parent = interaction["link"].get("parent")
    return queued({**document, "parent": parent} if parent else document)


def beside(chain: Document, origin: Document, *, taken_out: bool = False) -> Document:
    """A new chain, as confidential as the one that it is beside or goes on from: what was said there is told here.
    What was taken out of it is seen by whoever saw it there, and nobody else.
    """
    if taken_out:
        whose: Document = {name: origin[name] for name in _WHOSE if name in origin}
        return queued({**chain, **whose, UNCOUNTED: True})
    chain = {**chain, "others": strictest(chain["others"], origin.get("others"))}
    if not origin.get("private"):
        return queued(chain)
    owner = chain["owner"] or origin.get("owner")
    tokens = {*chain["seen_by"], *([owned_by(owner)] if owner else [])}
    return queued({**chain, "owner": owner, "private": True, "seen_by": sorted(tokens)})


def _beginning(text: str) -> str:
    """What a chain without a subject is called."""
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1]}…"


def client_document(decision: Decision) -> Document:
    """The client that an arrival opens."""
    other = decision.address
    arrival = decision.arrival
    addresses = [address_of(decision)] if other else []
    name = (other.name or other.address.partition(":")[2]) if other else arrival.subject or _nameless(arrival)
    return {
        "_id": decision.holder,
        "name": name or "?",
        "addresses": addresses,
        "opened_at": iso(arrival.at),
        "opened_by": arrival.id,
        "open_chains": [],
        "seen_by": seen_by(None, [arrival.team]),
    }


def _nameless(arrival: InteractionReceived) -> str:
    """What stands for somebody without an address: a hidden or a short number."""
    return next((person.name or person.raw for person in arrival.participants if not person.ours), "")


def address_of(decision: Decision) -> Document:
    """The sender's address as a client lists it."""
    assert decision.address
    return {"address": decision.address.address, "raw": decision.address.raw, "name": decision.address.name}


def heads_of(client: Document) -> dict[str, Head]:
    """The open chains a client document lists."""
    return {
        entry["id"]: Head(
            id=entry["id"],
            client_id=client["_id"],
            subject_key=entry["subject_key"],
            last_at=from_iso(entry["last_at"]),
            last_id=entry["last_id"],
            lines=frozenset(entry.get("lines") or ()),
            closed_at=from_iso(entry["closed_at"]) if entry.get("closed_at") else None,
            into=entry.get("into"),
        )
        for entry in client["open_chains"]
    }


def open_heads(client: Document) -> list[Document]:
    """Of the chains that a client lists those that are open."""
    return [entry for entry in client["open_chains"] if not (entry.get("closed_at") or entry.get("into"))]


def with_head(
    client: Document,
    interaction_id: str,
    chain_id: str,
    subject: str,
    at: str,
    line: str,
    team: str | None = None,
    *,
    opens: bool = True,
) -> Document:
    """The client document after an interaction in one of his chains; the newest chain comes first. `line` is the
    channel and the account of ours that it came or went by, `team` whose that is, or whose the chain is. Only one
    that opens its chain makes it everybody's: an old one may be a team's, although it is not listed any more.
    """
    listed = {entry["id"]: entry for entry in client["open_chains"]}
    before = listed.get(chain_id)
    lines = [*dict.fromkeys([*(before or {}).get("lines", []), line])][:_LINES]
    if before is None or before["last_at"] <= at:
        key = before["subject_key"] if before else subject_key(subject)
        head = {"id": chain_id, "subject_key": key, "last_at": at, "last_id": interaction_id}
        closed_at = (before or {}).get("closed_at") or ""
        into = {"into": before["into"]} if before and before.get("into") else {}
        listed[chain_id] = {**head, "lines": lines, **into, **({"closed_at": closed_at} if closed_at >= at else {})}
    newest = sorted(listed.values(), key=lambda entry: (not entry.get("closed_at"), entry["last_at"]), reverse=True)
    tokens = client.get("seen_by") or [OPEN]
    if (team or (opens and before is None)) and of_team(team) not in tokens:
        tokens = sorted((*tokens, of_team(team)))
    since = max(client.get(SILENT) or "", at)
    return {**client, "open_chains": newest[:OPEN_CHAINS_KEPT], "seen_by": tokens, SILENT: since}


def claim_document(name: str, decision: Decision, *, bears: bool) -> Document:
    """`bears`: the arrival is what the name names; otherwise it only refers to it."""
    return {
        "_id": name,
        "chain_id": decision.chain_id,
        "client_id": decision.holder,
        "interaction_id": decision.arrival.id if bears else None,
        "by": decision.arrival.id,
    }


def name_document(name: str, interaction: Document) -> Document:
    """A claim: this name leads to this interaction."""
    return {
        "_id": name,
        "chain_id": interaction["chain_id"],
        "client_id": interaction["client_id"],
        "interaction_id": interaction["_id"],
        "by": interaction["_id"],
    }


def answered_as(claim: Document) -> Document | None:
    """The claim of whoever answered a message before it came; `claim` is that of the message's name."""
    if claim["interaction_id"] is None:
        return claim
    earlier: Document | None = claim.get("answered")
    return {**earlier, "_id": claim["_id"], "interaction_id": None} if earlier else None


def interaction_name(interaction_id: str) -> str:
    """How an interaction is referred to by its id; news about it waits under this name."""
    return f"{INTERACTION_REF}{interaction_id}"


def copied(interaction: Document) -> list[str]:
    """Addresses that a message of ours went to beside the one it is for, and that are not known to be his."""
    found = [p for p in interaction["participants"] if p["role"] in _RECIPIENTS and not p["ours"]]
    return [p["address"] for p in found[1:] if p["client_id"] != interaction["client_id"]]


def claim_from(document: Document, interaction: Document | None) -> Claim:
    """What a claim says; where its interaction is, that one tells, if it is stored by now."""
    place = interaction or document
    return Claim(
        place["chain_id"],
        place["client_id"],
        document["interaction_id"],
        document["by"],
        frozenset(copied(interaction) if interaction and document["interaction_id"] else ()),
    )


def interaction_view(document: Document) -> dict[str, Any]:
    """What the API shows: no blob keys, no stored bookkeeping."""
    view = _SHOWN_ALWAYS | {key: value for key, value in document.items() if key not in _HIDDEN}
    return {
        "id": document["_id"],
        **view,
        "new_text": document["text"].strip() if view["new_text"] is None else view["new_text"],
        "has_html": bool(document.get("html")),
        "attachments": [{k: v for k, v in a.items() if k != "blob"} for a in document["attachments"]],
    }


def chain_view(document: Document) -> dict[str, Any]:
    shown = {"auto": False, "parent": None, "continues": None, **_stored(document), **shown_state(document)}
    return {"id": document["_id"], **shown}


def client_view(
    document: Document, addresses: Mapping[str, Document], seen: Collection[str] | None = None
) -> dict[str, Any]:
    """`addresses` are the documents of the client's addresses, which tell what they are worth; `seen` are the ids of
    the open chains that may be named.
    """
    listed = [_address_view(entry, addresses.get(entry["address"], {})) for entry in document["addresses"]]
    chains = [entry["id"] for entry in open_heads(document) if seen is None or entry["id"] in seen]
    shown = {"candidates": [], "time_zone": None, **_stored(document)}
    return {"id": document["_id"], **shown, "addresses": listed, "open_chains": chains}


def _address_view(entry: Document, address: Document) -> dict[str, Any]:
    told = {name: address.get(name) for name in ("invalid", "complained", "unreachable")}
    return {**entry, **told, "consent": address.get("consent") or {}, "verified": bool(address.get("verified"))}


def _stored(document: Document) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _KEPT_IN}
