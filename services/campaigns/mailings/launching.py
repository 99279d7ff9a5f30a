"""Freezes an audience: decides about each person once, writes it down, and only then lets the mailing run.

The people are taken at one instant; what they are and agreed to is looked up page by page. A step that is repeated
after a kill decides the same people again, and rows that are there stay.
"""

from collections.abc import Callable
from typing import Any

import orjson

from hub.jobs.models import Args, ItemResult, Step
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import NotFound, TransientError
from hub.kit.reasons import reason_of
from hub.store.base import Document
from services.campaigns.mailings.audience import Person, Reached
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.rows import row_of, written


class Launch:
    """The job; arguments: `mailing`. Its first step freezes, each other one writes rows."""

    kind = "launch"
    sends = True

    def __init__(
        self,
        repository: MailingRepository,
        prepare: Callable[[Document], Any],
        clock: Clock,
    ) -> None:
        """`prepare` gives the contents and the audience of a mailing."""
        self._repository = repository
        self._prepare = prepare
        self._clock = clock

    async def total(self, args: Args) -> int | None:
        """Known once it is frozen."""
        del args
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises NotFound for a mailing that is gone."""
        mailing = await self._repository.plain.get(args["mailing"])
        if mailing is None:
            raise NotFound(f"there is no mailing {args['mailing']}")
        if mailing["state"] != "freezing":
            return Step()  # cancelled, or done by another copy
        try:
            if cursor is None:
                return await self._freeze(mailing)
            return await self._write(mailing, orjson.loads(cursor))
        except TransientError:
            raise
        except Exception as exc:
            await self._fail(mailing["_id"], f"it could not be launched: {reason_of(exc)}")
            raise

    async def _fail(self, mailing_id: str, reason: str) -> None:
        """Nothing of it has left; whoever looks sees why."""
        at = iso(self._clock.now())

        def change(now: Document) -> Document:
            if now["state"] != "freezing":
                return now
            return {**now, "state": "failed", "reason": reason[:500], "changed_at": at}

        if failed := await self._repository.mailings.amend(mailing_id, change):
            await self._repository.mailings.tell(failed)

    async def _freeze(self, mailing: Document) -> Step:
        contents, audience = await self._prepare(mailing)
        await contents.keep(self._repository)
        at, number, part = from_iso(mailing["launched_at"]), 0, 0
        async for page in audience.decided():
            rows = [row_of(mailing, contents, one, number + n, at) for n, one in enumerate(page)]
            number += len(rows)
            await self._repository.freeze(mailing["_id"], part, rows)
            part += 1
        result = ItemResult("frozen", {"audience": number})
        return Step([result], orjson.dumps({"part": 0, "parts": part, "audience": number}).decode())

    async def _write(self, mailing: Document, now: dict[str, int]) -> Step:
        if now["part"] == now["parts"]:

            async def run() -> None:
                await self._run(mailing["_id"], now["audience"])

            return Step([], None, run)
        rows = await self._repository.frozen(mailing["_id"], now["part"])

        async def act() -> None:
            await self._repository.add_rows(rows)

        after = orjson.dumps({**now, "part": now["part"] + 1}).decode()
        return Step([ItemResult(f"part-{now['part']}", {"rows": len(rows)})], after, act)

    async def _run(self, mailing_id: str, audience: int) -> None:
        at = iso(self._clock.now())
        seeds = await self._seeds(mailing_id)
        await self._repository.add_rows(seeds)

        def change(now: Document) -> Document:
            if now["state"] != "freezing":
                return now
            return {**now, "state": "running", "audience": audience, "changed_at": at, "active": True, "seen_at": at}

        changed = await self._repository.mailings.amend(mailing_id, change)
        if changed:
            await self._repository.mailings.tell(changed)

    async def _seeds(self, mailing_id: str) -> list[Document]:
        """Colleagues who look whether all is well: they get it, and are in no count."""
        mailing = await self._repository.plain.get(mailing_id)
        if mailing is None or not mailing["seeds"]:
            return []
        contents, _ = await self._prepare(mailing)
        at = from_iso(mailing["launched_at"])
        rows = []
        for number, address in enumerate(mailing["seeds"], 900_000_000):
            way = next(
                (n for n, m in enumerate(mailing["messages"]) if address.startswith(_KINDS[m["channel"]])), None
            )
            if way is None:
                continue
            person = Person(name="", reached=(Reached(address),), seen_by=("team:",))
            choice = {"way": way, "address": address, "raw": "", "language": mailing["messages"][way]["language"]}
            rows.append({**written(mailing, contents, person, choice, number, at), "mailing": f"{mailing_id}/seeds"})
        return rows


_KINDS = {"email": "email:", "sms": "phone:", "telegram": "telegram:"}
