"""A chain of rows: each has the hash of the one before, so that none is changed or taken out unseen.

The head says how long the chain is, and holds the last rows whole. It is changed by compare-and-swap, so that any
number of copies of a service make one chain; the rows are written after it, and what a crash kept from being written
is written by whoever comes next.
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha256

import orjson

from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.store.amend import contended
from hub.store.base import Collection, Document, Index, Range

log = Log(__name__)
SEQ = Index("seq", sparse=True)
"""The collection of the rows declares it."""
HEAD = "head"
FIRST = "0" * 64
"""What the first row follows."""
_TRIES = 100
_PAGE = 500
_UNHASHED = frozenset({"_v", "hash"})


class Chain:
    """Rows join it for good."""

    def __init__(self, rows: Collection, heads: Collection, *, at_once: int, name: str) -> None:
        """`at_once` rows join together: the head holds so many whole. `name` is the chain's in logs."""
        self._rows = rows
        self._heads = heads
        self._at_once = at_once
        self._name = name
        self._waiting: dict[str, Document] = {}
        self._joining = asyncio.Lock()

    async def join(self, *rows: Document) -> None:
        """Durable when it returns. Those who come together join together; who is in it already stays as he is.

        Raises StoreUnavailable.
        """
        self._waiting.update({row["_id"]: row for row in rows})
        while any(row["_id"] in self._waiting for row in rows):
            async with self._joining:
                batch = list(self._waiting.values())[: self._at_once]
                if batch and any(row["_id"] in self._waiting for row in rows):
                    await self._join(batch)
                    for each in batch:
                        self._waiting.pop(each["_id"], None)

    async def head(self) -> Document:
        await self._heads.insert({"_id": HEAD, "seq": 0, "hash": FIRST, "last": []})
        found = await self._heads.get(HEAD)
        assert found is not None
        return found

    async def _join(self, batch: list[Document]) -> None:
        for attempt in range(_TRIES):
            head = await self.head()
            stored = await self._rows.get_many(row["_id"] for row in (*head["last"], *batch))
            joined = {row_id for row_id, row in stored.items() if "seq" in row}
            if lost := [row for row in head["last"] if row["_id"] not in joined]:
                await self._rows.put_many(lost)
            # Some may be in the chain already, when an answer of the store got lost.
            known = joined | {row["_id"] for row in head["last"]}
            new = [row for row in batch if row["_id"] not in known]
            linked = _linked(new, head)
            if not linked or await self._heads.swap({**head, **_after(linked)}):
                await self._write(linked)
                return
            await contended(min(attempt, 5))
        raise StoreUnavailable(f"the {self._name} is written by too many at once; try again")

    async def _write(self, rows: list[Document]) -> None:
        """They are in the head already: what fails here, the next one writes."""
        try:
            await self._rows.put_many(rows)
        except StoreUnavailable as exc:
            log.warning(f"{self._name}.unwritten", rows=len(rows), reason=str(exc))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain is whole."""

    rows: int
    """That were looked at, from the first."""
    head: str
    """Hash of the last of them."""
    broken: str = ""
    """Which row is the first that is not as it was written, and how; empty: all are."""


async def verify(rows: Collection, heads: Collection, *, noted: str = "") -> Verdict:
    """Looks at every row; with `noted`, the hash of a head seen before must be among theirs."""
    head = await heads.get(HEAD)
    if head is None:
        found = await rows.find({"seq": Range(since=1)}, order="seq", limit=1)
        return Verdict(0, FIRST, "the head of the chain is missing" if found.items or noted else "")
    return await _verified(rows, head, noted)


async def _verified(rows: Collection, head: Document, noted: str) -> Verdict:
    last = {row["seq"]: row for row in head["last"]}
    hash_, seen = FIRST, not noted
    for first in range(1, head["seq"] + 1, _PAGE):
        places = range(first, min(first + _PAGE, head["seq"] + 1))
        page = await rows.find({"seq": Range(first, places.stop)}, order="seq", limit=_PAGE)
        stored = {row["seq"]: row for row in page.items}
        if len(stored) < len(page.items):
            return Verdict(first - 1, hash_, f"two rows have one place between {first} and {places[-1]}")
        for seq in places:
            row = stored.get(seq) or last.get(seq)
            if broken := _broken(row, seq, hash_):
                return Verdict(seq - 1, hash_, broken)
            assert row is not None
            hash_ = row["hash"]
            seen = seen or hash_ == noted
    if hash_ != head["hash"]:
        return Verdict(head["seq"], hash_, f"row {head['seq']} is not the one that the head names")
    return Verdict(head["seq"], hash_, "" if seen else "the row whose hash was noted is gone: the end was cut off")


def _broken(row: Document | None, seq: int, before: str) -> str:
    if row is None:
        return f"row {seq} is missing"
    told = f"row {seq} ({row['_id']} of {row.get('at')}, {row.get('login') or row.get('about')})"
    if row.get("prev") != before:
        return f"{told} does not follow the one before it"
    return "" if row.get("hash") == hash_of(row) else f"{told} was changed"


def hash_of(row: Document) -> str:
    """SHA-256 of all that is in the row, and of the hash of the one before, as JSON with its names in order."""
    hashed = {name: value for name, value in row.items() if name not in _UNHASHED}
    return sha256(orjson.dumps(hashed, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _linked(rows: list[Document], head: Document) -> list[Document]:
    before, linked = head["hash"], []
    for seq, row in enumerate(rows, head["seq"] + 1):
        plain = {name: value for name, value in row.items() if name not in ("_v", "open")}
        joined = {**plain, "seq": seq, "prev": before}
        before = hash_of(joined)
        linked.append({**joined, "hash": before})
    return linked


def _after(linked: list[Document]) -> Document:
    return {"seq": linked[-1]["seq"], "hash": linked[-1]["hash"], "last": linked}
