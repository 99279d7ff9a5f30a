"""Letters of a mailing in batches: printed together, marked as posted or put back, and those that came back."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hub.api.actor import Actor
from hub.channels.marks import row_id
from hub.contracts.address import ReachabilityRecorded
from hub.contracts.masks import Kind
from hub.contracts.scope import reaches
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.kit.seams import seam
from hub.store.base import Document, Page
from services.campaigns.batches.models import NewBatch, ReturnedLetter
from services.campaigns.batches.repository import BatchRepository, settled
from services.campaigns.mailings.models import LEFT_US, RowState
from services.campaigns.mailings.outcomes import Outcomes
from services.campaigns.mailings.repository import OVER, PRINT, PRINTED, MailingRepository

PAGE = 100
"""Letters that are marked in one step."""
_SKEW = timedelta(minutes=10)
_PUT_BACK = ("making", "ready")
_FILE_STATES = ("ready", "posting", "posted")
Change = Callable[[Document], Document]


class Finds(Protocol):
    async def get(self, mailing_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        ...


class Batches:
    """Of all mailings."""

    def __init__(
        self,
        repository: BatchRepository,
        rows: MailingRepository,
        mailings: Finds,
        outcomes: Outcomes,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._rows = rows
        self._mailings = mailings
        self._outcomes = outcomes
        self._clock = clock

    async def add(self, mailing_id: str, given: NewBatch, *, actor: Actor, key: str | None) -> Document:
        """A batch whose files are made by a job that whoever calls begins.

        Raises:
            NotFound: there is no such mailing for him.
            Forbidden: addresses are masked for him.
            Conflict: the mailing does not run, or has nothing to print.
        """
        _check_sees(actor)
        mailing = await self._mailings.get(mailing_id, actor)
        made = derive("bt", actor.login, mailing_id, key) if key else fresh("bt")
        if known := await self._repository.batches.get(made):
            return known
        if mailing["state"] != "running":
            raise Conflict(f"it is {mailing['state']}: letters are printed while it runs")
        if not await self._rows.ripe(mailing_id, PRINT, self._clock.now(), limit=1):
            raise Conflict("no letter of this mailing waits to be printed now")
        about = {"mailing": mailing_id, "state": "making", "reason": "", "by": actor.login, "letters": 0, "pages": 0}
        about |= {"reach": list(actor.reach), "open": True}
        batch = {"_id": made, "at": iso(self._clock.now()), "posted_at": None, **about, **given.model_dump()}
        await self._repository.batches.insert(batch)
        return await self._stored(made)

    async def check(self, mailing_id: str, actor: Actor) -> None:
        """Raises NotFound for a mailing that he does not see."""
        await self._mailings.get(mailing_id, actor)

    async def page(self, mailing_id: str, actor: Actor, *, limit: int, after: str | None) -> Page:
        """The newest first. Raises NotFound."""
        await self._mailings.get(mailing_id, actor)
        return await self._repository.page(mailing_id, limit=limit, after=after)

    async def get(self, batch_id: str, actor: Actor) -> Document:
        """Raises NotFound, also for one of a mailing that he does not see."""
        batch = await self._stored(batch_id)
        await self._mailings.get(batch["mailing"], actor)
        return batch

    async def file(self, batch_id: str, part: str, actor: Actor) -> AsyncIterator[bytes]:
        """Bytes of a part, for whoever made the batch: its letters are to clients whom he reaches.

        Raises NotFound, Forbidden where addresses are masked for him, and Conflict where there are no files.
        """
        _check_sees(actor)
        batch = await self.get(batch_id, actor)
        if batch["by"] != actor.login:
            raise NotFound(f"there is no batch of yours {batch_id[:100]}")
        if batch["state"] not in _FILE_STATES:
            raise Conflict(f"this batch is {batch['state']}; it has no files")
        return self._repository.file(batch_id, part)

    # --- posted, or put back ---

    async def begin_posting(self, batch_id: str, at: datetime | None, *, actor: Actor) -> Document:
        """From now on it cannot be put back; a job that whoever calls begins marks its letters.

        Raises NotFound, InvalidInput for a moment that cannot be, and Conflict for one that is not ready.
        """
        await self.get(batch_id, actor)
        now = self._clock.now()
        if at and at > now + _SKEW:
            raise InvalidInput("at: lies ahead; say it when it was posted", fields={"at": "lies ahead"})

        def change(batch: Document) -> Document:
            if batch["state"] in ("posting", "posted"):
                return batch
            if batch["state"] != "ready":
                raise Conflict(f"this batch is {batch['state']}: that cannot be done now")
            when = min(max(at or now, from_iso(batch["at"])), now)
            return {**batch, "state": "posting", "posted_at": iso(when), "open": True}

        return await self._amended(batch_id, change)

    async def post(self, batch_id: str, after: int) -> tuple[int, int | None]:
        """A page of letters behind a number: how many left, and where the next page begins. May be repeated."""
        batch = await self._stored(batch_id)
        if batch["state"] not in ("posting", "posted"):
            return 0, None
        rows = await self._rows.in_batch(batch_id, after=after, limit=PAGE)
        done = await self._outcomes.amend(
            {row["_id"]: row for row in rows}, {row["_id"]: _posted(batch_id, batch["posted_at"]) for row in rows}
        )
        seam("batch.posted")
        left = [row for row in done.values() if row.get("batch") == batch_id and RowState(row["state"]) in LEFT_US]
        left.sort(key=lambda row: row["number"])
        await self._outcomes.left(batch["mailing"], left, from_iso(batch["posted_at"]))
        if rows:
            return len(left), rows[-1]["number"]
        await self._amended(batch_id, lambda now: settled({**now, "state": "posted", "reason": ""}))
        return 0, None

    async def discard(self, batch_id: str, *, actor: Actor) -> Document:
        """Its letters wait for another batch. Raises NotFound, and Conflict for one that was posted."""
        await self.get(batch_id, actor)

        def change(batch: Document) -> Document:
            if batch["state"] == "discarded":
                return batch
            if batch["state"] not in _PUT_BACK:
                raise Conflict(f"this batch is {batch['state']}: that cannot be done now")
            return {**batch, "state": "discarded", "over_at": iso(self._clock.now()), "open": True}

        batch = await self._amended(batch_id, change)
        await self.put_back(batch_id)
        return batch

    async def fail(self, batch_id: str, reason: str) -> None:
        """One that is being made: its letters wait for another batch. May be repeated."""
        about = {"state": "failed", "reason": reason[:500], "over_at": iso(self._clock.now())}
        await self._amended(batch_id, lambda now: {**now, **about} if now["state"] == "making" else now)
        await self.put_back(batch_id)

    async def put_back(self, batch_id: str) -> None:
        """Letters of a batch that goes nowhere, as if they had never been in it. May be repeated."""
        after = -1
        while rows := await self._rows.in_batch(batch_id, after=after, limit=PAGE):
            after = rows[-1]["number"]
            changes = {row["_id"]: waits_again(batch_id) for row in rows}
            await self._outcomes.amend({row["_id"]: row for row in rows}, changes)

    # --- what came back ---

    async def returned(
        self, mailing_id: str, letters: Sequence[ReturnedLetter], *, actor: Actor
    ) -> dict[str, int | list[int]]:
        """How many are `returned` now and were `known` to be, and the numbers that are no letter of his that was
        posted: `unknown`. Raises NotFound.
        """
        await self._mailings.get(mailing_id, actor)
        rows = await self._rows.get_many({row_id(mailing_id, one.number) for one in letters})
        counts: Counter[str] = Counter()
        unknown: list[int] = []
        named: set[int] = set()
        for one in letters:
            row = rows.get(row_id(mailing_id, one.number))
            if row is None or not _is_posted(row) or not _reaches(actor, row):
                unknown.append(one.number)
            else:
                new = one.number not in named and await self._came_back(row, one.reason)
                counts["returned" if new else "known"] += 1
                named.add(one.number)
        return {"returned": counts["returned"], "known": counts["known"], "unknown": unknown}

    async def _came_back(self, row: Document, reason: str) -> bool:
        """Whether that was not known. The letterbox is told first: of a row that says so it is not told again; all
        else is, for a kill may have come before it.
        """
        now = self._clock.now()
        words = f"the letter came back: {reason}"
        if row["state"] != RowState.BOUNCED:
            about = {"address": row["address"], "account": "post", "reachable": False, "reason": words, "at": now}
            await self._outcomes.publish([ReachabilityRecorded.model_validate(about)])
        return await self._outcomes.record(row["_id"], "bounced", now, words=words, once=True)

    # --- shared ---

    async def _stored(self, batch_id: str) -> Document:
        found = await self._repository.batches.get(batch_id)
        if found is None:
            raise NotFound(f"there is no batch {batch_id[:100]}")
        return found

    async def _amended(self, batch_id: str, change: Change) -> Document:
        after = await self._repository.amend(batch_id, change)
        if after is None:
            raise NotFound(f"there is no batch {batch_id[:100]}")
        return after


def _check_sees(actor: Actor) -> None:
    if Kind.ADDRESSES in actor.hides:
        raise Forbidden("addresses are masked for you; somebody who sees them has to print letters")


def _reaches(actor: Actor, row: Document) -> bool:
    return reaches(actor.reach, row["seen_by"])


def _is_posted(row: Document) -> bool:
    return bool(row.get("batch")) and RowState(row["state"]) in LEFT_US


def printed_in(batch_id: str, then: Change) -> Change:
    """What becomes of a letter that is printed in a batch; of any other nothing."""

    def change(row: Document) -> Document:
        return then(row) if row.get("batch") == batch_id and row["step"] == PRINTED else row

    return change


def _posted(batch_id: str, at: str) -> Change:
    sent = {"state": RowState.SENT.value, "step": OVER, "sent_at": at, "reason": None}
    return printed_in(batch_id, lambda row: {**row, **sent})


def waits_again(batch_id: str) -> Change:
    """A letter of a batch, as if it had never been in it."""

    def change(row: Document) -> Document:
        kept = {name: value for name, value in row.items() if name not in ("batch", "message")}
        return {**kept, "state": RowState.QUEUED.value, "step": PRINT}

    return printed_in(batch_id, change)
