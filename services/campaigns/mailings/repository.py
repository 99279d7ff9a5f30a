"""Every query about mailings: the mailing itself, which others hear of, and a row for each recipient."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.bus.base import Bus
from hub.contracts.base import Event
from hub.contracts.interaction import GroupChanged
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Scalar, Store, Where
from hub.store.told import OWES, Fact, Told

WARM = ("warm", "warm_1", "warm_2")
"""By way under which name of a warm-up a row left: who is tried by another way stays counted where he left first."""
MAILINGS = CollectionSpec("mailings", (Index("removed", "at"), Index("active", sparse=True), OWES))
RECIPIENTS = CollectionSpec(
    "recipients",
    (
        Index("mailing", "step", "due"),
        Index("mailing", "number"),
        Index("mailing", "state", "number"),
        Index("mailing", "left", sparse=True),
        Index("mailing", "variant", "state", sparse=True),
        Index("message", sparse=True),
        *(Index(one, sparse=True) for one in WARM),
        Index("client_id", "at", sparse=True),
        Index("batch", "number", sparse=True),
        Index("address", "at"),
    ),
)
WAIT, REST, ASKED, OVER = "wait", "rest", "asked", "over"
"""What is next about a row: it waits for its time; it waits for the best variant; its channel was asked; nothing."""
PRINT, PRINTED = "print", "printed"
"""Of a letter: it waits for somebody who prints it; it is in a batch that nobody posted yet."""
_GROUPS = {"running": "running", "paused": "paused", "held": "paused", "cancelled": "recalled"}
"""What the channels hear of a mailing's state."""
_ACTIVE = 500
_STEP = timedelta(microseconds=1)
"""What is due this very moment is ripe; the end of a range is outside of it."""


class MailingRepository:
    """Mailings and their recipients."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.plain = store.collection(MAILINGS)
        self.mailings = Told(self.plain, facts=facts, state=stated, source="omnihub/campaigns")
        self.rows = store.collection(RECIPIENTS)
        self._blobs = blobs

    def on(self, bus: Bus, clock: Clock) -> None:
        self.mailings.on(bus, clock)

    async def active(self) -> list[Document]:
        return (await self.plain.find({"active": True}, limit=_ACTIVE)).items

    # --- what is frozen ---

    async def freeze(self, mailing_id: str, part: int, rows: Sequence[Document]) -> None:
        await self._blobs.put(_part(mailing_id, part), orjson.dumps(list(rows)))

    async def frozen(self, mailing_id: str, part: int) -> list[Document]:
        found: list[Document] = orjson.loads(await self._blobs.get(_part(mailing_id, part)))
        return found

    async def keep(self, blob: str, content: bytes) -> None:
        await self._blobs.put(blob, content)

    async def kept(self, blob: str) -> bytes:
        return await self._blobs.get(blob)

    # --- rows ---

    async def add_rows(self, rows: Sequence[Document]) -> None:
        """Those that are there already stay as they are."""
        if rows:
            await self.rows.insert_many(rows)

    async def ripe(self, mailing_id: str, step: str, now: datetime, *, limit: int) -> list[Document]:
        """Rows whose time has come, in its order."""
        where: Where = {"mailing": mailing_id, "step": step, "due": Range(until=iso(now + _STEP))}
        return (await self.rows.find(where, order="due", limit=limit)).items

    async def due(self, mailing_id: str, step: str, now: datetime, *, limit: int, after: str | None) -> Page:
        """As `ripe`, page by page, whatever becomes of those that were shown."""
        where: Where = {"mailing": mailing_id, "step": step, "due": Range(until=iso(now + _STEP))}
        return await self.rows.find(where, order="due", limit=limit, after=after)

    async def next_due(self, mailing_id: str) -> datetime | None:
        page = await self.rows.find({"mailing": mailing_id, "step": WAIT}, order="due", limit=1)
        return from_iso(page.items[0]["due"]) if page.items else None

    async def later(self, mailing_id: str, since: datetime, until: datetime, *, after: str | None) -> Page:
        """Rows that wait for a time between two moments, in its order."""
        where: Where = {"mailing": mailing_id, "step": WAIT, "due": Range(since=iso(since), until=iso(until))}
        return await self.rows.find(where, order="due", limit=500, after=after)

    async def warmed(self, name: str, *, at_most: int) -> int:
        """How many rows were asked for under a name of a warm-up: its plan, day and provider."""
        return sum([await self.rows.count({one: name}, at_most=at_most) for one in WARM])

    async def swap(self, rows: Sequence[Document]) -> set[str]:
        """The ids of those that nobody had changed since."""
        return await self.rows.swap_many(rows) if rows else set()

    async def by_message(self, messages: Sequence[str]) -> dict[str, Document]:
        """Rows by the message that left for them last."""
        if not messages:
            return {}
        page = await self.rows.find({"message": In(messages)}, limit=len(messages))
        return {row["message"]: row for row in page.items}

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self.rows.get_many(ids)

    async def to_address(self, address: str, since: datetime) -> list[Document]:
        """What went to an address since then, the newest first."""
        where: Where = {"address": address, "at": Range(since=iso(since))}
        return (await self.rows.find(where, order="at", descending=True, limit=20)).items

    async def page(self, mailing_id: str, state: str | None, *, limit: int, after: str | None) -> Page:
        where: dict[str, Any] = {"mailing": mailing_id, **({"state": state} if state else {})}
        return await self.rows.find(where, order="number", limit=limit, after=after)

    async def of_client(self, client_id: str, *, limit: int, after: str | None) -> Page:
        where = {"client_id": client_id}
        return await self.rows.find(where, order="at", descending=True, limit=limit, after=after)

    async def in_batch(self, batch_id: str, *, after: int = -1, limit: int) -> list[Document]:
        """Of a batch of letters, in the order of the audience, those behind a number."""
        where: Where = {"batch": batch_id, "number": Range(since=after + 1)}
        return (await self.rows.find(where, order="number", limit=limit)).items

    async def count(self, mailing_id: str, field: str) -> dict[Scalar, int]:
        return await self.rows.count_by(field, {"mailing": mailing_id})

    async def count_variants(self, mailing_id: str, variants: int) -> dict[int, dict[str, int]]:
        """By variant and state."""
        found: dict[int, dict[str, int]] = {}
        for variant in range(variants):
            counts = await self.rows.count_by("state", {"mailing": mailing_id, "variant": variant})
            found[variant] = {str(state): count for state, count in counts.items()}
        return found

    async def left(self, mailing_id: str, step: str, *, at_most: int = 1) -> int:
        return await self.rows.count({"mailing": mailing_id, "step": step}, at_most=at_most)


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    """That it runs, rests or is taken back; a draft is nobody's business."""
    group = _GROUPS.get(after["state"])
    if group is None or group == _GROUPS.get((before or {}).get("state", "")):
        return ()
    return (
        GroupChanged(
            group=after["_id"],
            state="running" if group == "running" else "paused" if group == "paused" else "recalled",
            revision=after["_v"],
            at=from_iso(after["changed_at"]),
        ),
    )


def stated(kind: type[Event], document: Document) -> Event:
    raise TypeError(f"{kind.TYPE} does not state a mailing ({document['_id']})")


def step_of(address: str) -> str:
    """How what goes there begins: letters are printed by people."""
    return PRINT if address.startswith("post:") else WAIT


def _part(mailing_id: str, part: int) -> str:
    return f"mailings/{mailing_id}/audience/{part}"
