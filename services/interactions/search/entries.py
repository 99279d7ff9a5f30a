"""What is found of a document, and by what: pure functions of documents as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from hub.contracts.masks import has_address
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.interactions.chains.state import shown_state
from services.interactions.search.asking import mark
from services.interactions.search.words import tails

MOST_TEXT = 50_000
"""Characters of one text that are searched."""
SEEN = "seen:"
UNREAD = "unread"
"""Of a file whose words are still to be read."""
_BITS = 20
_FARTHEST = 2**42
"""Milliseconds, 139 years from 1970 on: what is farther leaves the 64 bits of a rank."""
_CLIENT = ("given_name", "patronymic", "surname", "legal_form", "inn", "kpp", "ogrn", "comment")
_FROM, _TO = ("from", "reply_to", "host"), ("to", "cc", "bcc", "attendee")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that can be found."""

    id: str
    """`interaction/ID`, `file/ID`, `chain/ID`, …"""
    rank: int = 0
    """Order in time, and no two alike."""
    title: str = ""
    text: str = ""
    contacts: str = ""
    """Addresses: not searched for those from whom they are hidden."""
    sender: str = ""
    recipient: str = ""
    marks: Sequence[str] = ()
    """Filters, and tokens of those who may see it."""
    note: str = ""
    """Of a chain or client: what the entries below it were made with. They are made anew when it changes."""

    @property
    def tails(self) -> set[str]:
        return tails(f"{self.title}\n{self.text}\n{self.contacts}")


@dataclass(frozen=True, slots=True)
class Around:
    """What the things of a chain take from it and from its client."""

    chain_id: str
    client_id: str
    client: str = ""
    """His name."""
    marks: Sequence[str] = field(default=())


def rank_of(entry_id: str, at: str) -> int:
    """Milliseconds, and a part of the id behind them."""
    spread = int.from_bytes(blake2b(entry_id.encode(), digest_size=4).digest()) % (1 << _BITS)
    return rank_at(int(from_iso(at).timestamp() * 1000)) + spread


def rank_at(milliseconds: int) -> int:
    """The lowest rank of a moment; those in the first and last centuries of the calendar have one together."""
    return max(-_FARTHEST, min(milliseconds, _FARTHEST)) << _BITS


def around(chain: Document, client: Document | None) -> Around:
    """`chain` and `client` are roots."""
    name = (client or {}).get("name") or ""
    client_id = client["_id"] if client else chain["client_id"]
    marks = [
        mark("chain", chain["_id"]),
        mark("client", client_id),
        mark("state", shown_state(chain)["state"]),
        *_whose(chain, "owner", "team"),
        *(mark("tag", tag) for tag in chain.get("tags") or ()),
        *_seen(chain),
    ]
    return Around(chain["_id"], client_id, name, marks)


def _whose(document: Mapping[str, Any], *names: str) -> list[str]:
    return [mark(name, document[name]) for name in names if document.get(name)]


def _seen(document: Mapping[str, Any]) -> list[str]:
    return [SEEN + token for token in document.get("seen_by") or ()]


def of_interaction(document: Document, where: Around) -> Entry:
    entry_id = f"interaction/{document['_id']}"
    people = document["participants"]
    files = [attachment["filename"] for attachment in document["attachments"]]
    names, others = _apart([where.client, *(one["name"] for one in people)])
    own = document["text"] if document.get("new_text") is None else document["new_text"]
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, document["at"]),
        title=_lines([document["subject"], *files]),
        text=_lines([own, document.get("signature") or "", *names, *_about(document)]),
        contacts=_lines([*others, *(one["raw"] or one["address"] for one in people)]),
        sender=_people(people, _FROM, where, document["direction"] == "in"),
        recipient=_people(people, _TO, where, document["direction"] == "out"),
        marks=[
            mark("in", "interaction"),
            *_of_message(document),
            *(["has:file"] if files else []),
            *where.marks,
        ],
    )


def _of_message(document: Document) -> list[str]:
    return _whose(document, "channel", "type", "author")


def _about(document: Document) -> list[str]:
    """Titles of what it is linked to."""
    return [one["title"] for one in document.get("subjects") or ()]


def _people(people: Iterable[Mapping[str, Any]], roles: Sequence[str], where: Around, client: bool) -> str:
    """Names and addresses; the client's present name where he is among them."""
    found = [f"{one['name']} {one['raw'] or one['address']}" for one in people if one["role"] in roles]
    return _lines([*found, *([where.client] if client else [])])


def of_file(document: Document, attachment: Mapping[str, Any], text: str | None, where: Around) -> Entry:
    """A file of an interaction, by its name and by what stands in it; no text: it was not read yet."""
    entry_id = f"file/{attachment['id']}"
    people = document["participants"]
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, document["at"]),
        title=attachment["filename"],
        text=(text or "")[:MOST_TEXT],
        sender=_people(people, _FROM, where, document["direction"] == "in"),
        recipient=_people(people, _TO, where, document["direction"] == "out"),
        marks=[
            mark("in", "file"),
            "has:file",
            *_of_message(document),
            *([UNREAD] if text is None else []),
            *where.marks,
        ],
        note=document["_id"],
    )


def of_transcript(document: Document, recording: Mapping[str, Any], text: str, where: Around) -> Entry:
    """What was said in a call. It is of a kind of its own, for fewer may read it than see the call."""
    entry_id = f"transcript/{recording['id']}"
    if not text:
        return Entry(id=entry_id, note=document["_id"])
    people = document["participants"]
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, document["at"]),
        text=text[:MOST_TEXT],
        sender=_people(people, _FROM, where, document["direction"] == "in"),
        recipient=_people(people, _TO, where, document["direction"] == "out"),
        marks=[mark("in", "transcript"), *_of_message(document), *where.marks],
        note=document["_id"],
    )


def written_down(document: Document) -> Sequence[Mapping[str, Any]]:
    """The recordings of a call that were written down, or had been."""
    call = document.get("call") or {}
    return [one for one in call.get("recordings") or () if one.get("transcript")]


def of_chain(chain: Document, where: Around, note: str) -> Entry:
    """One that was merged into another is found by nothing."""
    entry_id = f"chain/{chain['_id']}"
    if chain.get("into"):
        return Entry(id=entry_id, note=note)
    names, others = _apart([where.client])
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, chain["last_at"]),
        title=chain["subject"],
        text=_lines([*names, *_about(chain)]),
        contacts=_lines(others),
        marks=[mark("in", "chain"), *where.marks],
        note=note,
    )


def of_client(client: Document, note: str) -> Entry:
    """`client` is whole: with the addresses of those that were merged into him."""
    entry_id = f"client/{client['_id']}"
    if client.get("into"):
        return Entry(id=entry_id, note=note)
    custom = [str(value) for value in (client.get("custom") or {}).values()]
    names, others = _apart([client["name"]])
    postal = [str(value) for one in client.get("postal") or () for value in one.values()]
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, client["opened_at"]),
        text=_lines([*names, *(str(client.get(name) or "") for name in _CLIENT), *custom, *postal]),
        contacts=_lines([*others, *(f"{one['name']} {one['raw'] or one['address']}" for one in client["addresses"])]),
        marks=[
            mark("in", "client"),
            mark("client", client["_id"]),
            *_whose(client, "owner", "team"),
            *(mark("tag", tag) for tag in client.get("tags") or ()),
            *_seen(client),
        ],
        note=note,
    )


def of_work(kind: str, document: Document) -> Entry:
    """A task, a deal or a claim."""
    entry_id = f"{kind}/{document['_id']}"
    owner = document.get("assignee") or document.get("owner")
    return Entry(
        id=entry_id,
        rank=rank_of(entry_id, document["opened_at"]),
        title=document["title"],
        text=_lines([document["text"], *(line["text"] for line in document.get("checklist") or ())]),
        marks=[
            mark("in", kind),
            mark("state", document["state"]),
            *([mark("owner", owner)] if owner else []),
            *_whose(document, "author", "team"),
            *(mark(name, document[f"{name}_id"]) for name in ("chain", "client") if document.get(f"{name}_id")),
            *_seen(document),
        ],
    )


def _apart(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names, and what stands in place of a name and is an address."""
    found = list(names)
    return [name for name in found if not has_address(name)], [name for name in found if has_address(name)]


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text)[:MOST_TEXT]
