"""The jobs of letters: print a batch, mark a batch as posted, take a file of letters that came back."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from hub.contracts.scope import reaches
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.apart import Apart, CallFailed, TooCostly
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput
from hub.kit.seams import seam
from hub.store.base import Document
from services.campaigns.batches.models import MOST
from services.campaigns.batches.repository import BatchRepository, settled
from services.campaigns.batches.service import PAGE, Batches, Change, printed_in, waits_again
from services.campaigns.letterboxes import name_of
from services.campaigns.mailings.audience import local_moment
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.models import RowState
from services.campaigns.mailings.outcomes import Outcomes, over
from services.campaigns.mailings.pages import letters, message_id
from services.campaigns.mailings.repository import OVER, PRINT, PRINTED, MailingRepository

PRINTING = "services.campaigns.batches.printing:made"
_CPU = 120.0
"""Seconds of CPU time for the files of a batch: twenty times what 1,000 letters of a page take."""
_TOGETHER = 64 * 2**20
"""Bytes of the texts of a batch: what comes after them waits for the next one."""


class Says(Protocol):
    """Consent, asked once more right before a letter is made."""

    async def standing(self, address: str) -> dict[str, Document]: ...


class PrintLetters:
    """Arguments: `batch`. The first step takes the letters, the second one makes the files."""

    kind = "letters.print"
    sends = False

    def __init__(
        self,
        repository: BatchRepository,
        rows: MailingRepository,
        batches: Batches,
        *,
        outcomes: Outcomes,
        library: Library,
        consents: Says,
        apart: Apart,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._rows = rows
        self._batches = batches
        self._outcomes = outcomes
        self._library = library
        self._consents = consents
        self._apart = apart
        self._clock = clock

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        """Known once they are taken."""
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises InvalidInput for what cannot be printed: the batch says why, and its letters wait."""
        batch = await self._repository.batches.get(args["batch"])
        if batch is None or batch["state"] != "making":
            await self._batches.put_back(args["batch"])  # a kill may have left letters in it
            return Step()
        if cursor is None:
            return Step([ItemResult("taken")], "files", partial(self._take, batch))
        try:
            made = await self._made(batch)
        except (CallFailed, TooCostly, InvalidInput) as exc:
            await self._batches.fail(batch["_id"], f"it could not be printed: {exc}")
            raise InvalidInput(str(exc)) from exc
        result = ItemResult("files", {"letters": made["letters"], "pages": made["pages"]})
        return Step([result], None, partial(self._ready, batch, made))

    # --- the letters ---

    async def _take(self, batch: Document) -> None:
        """Those that whoever made it sees; a repeated step takes what the first one left room for."""
        room, after = MOST - len(await self._rows.in_batch(batch["_id"], limit=MOST)), None
        while room > 0:
            found = await self._rows.due(batch["mailing"], PRINT, self._clock.now(), limit=PAGE, after=after)
            seen = [row for row in found.items if reaches(batch["reach"], row["seen_by"])][:room]
            room -= len(await self._rows.swap([_taken(row, batch["_id"]) for row in seen]))
            seam("batch.taken")
            if (after := found.next) is None:
                break
        now = await self._repository.batches.get(batch["_id"])
        if now is None or now["state"] != "making":
            await self._batches.put_back(batch["_id"])  # it was put back meanwhile

    async def _made(self, batch: Document) -> Document:
        """Files kept, and who got none with the reason. Raises CallFailed, TooCostly, InvalidInput."""
        rows = [row for row in await self._rows.in_batch(batch["_id"], limit=MOST) if row["step"] == PRINTED]
        mailing = await self._rows.plain.get(batch["mailing"])
        if mailing is None or not rows:
            raise InvalidInput("no letter that you see waits to be printed now")
        said_no = await self._said_no(mailing, rows)
        rows = [row for row in rows if row["_id"] not in said_no]
        people, failed, later = await self._people(mailing, rows)
        about = (batch["sheet"], batch["skip"], batch["sender"], self._day(mailing))
        told = await self._apart.call(PRINTING, people, *about, cpu=_CPU)
        await self._repository.keep(batch["_id"], {one: told[one] for one in ("letters", "labels", "addresses")})
        by_number = {row["number"]: row["_id"] for row in rows}
        failed |= {by_number[number]: why for number, why in told["left_out"].items()}
        later += [by_number[number] for number in told["later"]]
        letters = len(people) - len(told["left_out"]) - len(told["later"])
        others = {"failed": failed, "said_no": sorted(said_no), "later": later}
        return {"letters": letters, "pages": told["pages"], **others}

    async def _said_no(self, mailing: Document, rows: Sequence[Document]) -> set[str]:
        """Who said no since the audience was frozen: under his name, or by his letterbox."""
        found: set[str] = set()
        for row in rows:
            names = [row["address"], *([name_of(row["client_id"])] if row.get("client_id") else [])]
            for name in names:
                standing = await self._consents.standing(name)
                words = [standing.get("post"), standing.get(f"post/{mailing['topic']}")]
                if any(word and word["state"] == "withdrawn" for word in words):
                    found.add(row["_id"])
        return found

    async def _people(
        self, mailing: Document, rows: Sequence[Document]
    ) -> tuple[list[dict[str, Any]], dict[str, str], list[str]]:
        """Who gets a letter, who cannot have one and why, and for whom the batch has no room."""
        contents = await self._library.of(mailing)
        said: dict[str, tuple[str, str] | str] = {}
        for start in range(0, len(rows), PAGE):
            said |= await letters(contents, rows[start : start + PAGE], self._library.templates)
        people: list[dict[str, Any]] = []
        failed: dict[str, str] = {}
        later: list[str] = []
        size = 0
        for row in rows:
            letter = said[row["_id"]]
            if isinstance(letter, str):
                failed[row["_id"]] = letter
                continue
            size += len(letter[1].encode())
            if size > _TOGETHER:
                later.append(row["_id"])
                continue
            about = {"number": row["number"], "name": row["name"], "raw": row["raw"]}
            people.append({**about, "subject": letter[0], "text": letter[1]})
        return people, failed, later

    def _day(self, mailing: Document) -> str:
        now = self._clock.now()
        zone = local_moment(now.replace(tzinfo=None), mailing["time_zone"], "").tzinfo
        return now.astimezone(zone).strftime("%d.%m.%Y")

    # --- what becomes of it ---

    async def _ready(self, batch: Document, made: Document) -> None:
        now = self._clock.now()
        changes = {row_id: _failed_row(batch["_id"], why, now) for row_id, why in made["failed"].items()}
        changes |= {row_id: _left_out(batch["_id"]) for row_id in made["said_no"]}
        changes |= {row_id: waits_again(batch["_id"]) for row_id in made["later"]}
        await self._outcomes.amend(await self._rows.get_many(changes), changes)

        def change(one: Document) -> Document:
            if one["state"] != "making":
                return one
            ready = {**one, "state": "ready", "letters": made["letters"], "pages": made["pages"]}
            return settled(ready)

        await self._repository.amend(batch["_id"], change)


def _taken(row: Document, batch_id: str) -> Document:
    about = {"state": RowState.SENDING.value, "step": PRINTED, "batch": batch_id}
    return {**row, **about, "message": message_id(row)}


def _failed_row(batch_id: str, why: str, now: datetime) -> Change:
    failed = {"state": RowState.FAILED.value, "reason": f"cannot be made: {why}"[:500]}
    return printed_in(batch_id, lambda row: over({**row, **failed}, RowState.FAILED, iso(now)))


def _left_out(batch_id: str) -> Change:
    left_out = {"state": RowState.SUPPRESSED.value, "step": OVER, "reason": "withdrawn"}
    return printed_in(batch_id, lambda row: {**row, **left_out})


class PostLetters:
    """Marks the letters of a batch as posted; arguments: `batch`."""

    kind = "letters.post"
    sends = False

    def __init__(self, batches: Batches, repository: BatchRepository) -> None:
        self._batches = batches
        self._repository = repository

    async def total(self, args: Args) -> int | None:
        batch = await self._repository.batches.get(args["batch"])
        return batch["letters"] if batch else None

    async def step(self, args: Args, cursor: str | None) -> Step:
        count, after = await self._batches.post(args["batch"], int(cursor) if cursor else -1)
        if after is None:
            return Step()
        return Step([ItemResult(f"after-{cursor or 0}", {"letters": count})], str(after))
