"""Lists: made of a file by a job, and read into the tables of segments when a condition names one."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import orjson
from pydantic import ConfigDict, Field

from hub.api.actor import Actor
from hub.api.forms import Form
from hub.api.names import TeamId
from hub.api.uploads import Upload
from hub.contracts.interaction import Attachment
from hub.contracts.scope import reaches
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.apart import Apart, CallFailed, TooCostly, large
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.lists.repository import ListRepository
from services.campaigns.segments.projection import Row, key_of

_HEAD, _READ = "services.campaigns.lists.reading:head", "services.campaigns.lists.reading:read"
PIECE = 2 * 2**20
"""Bytes of a file that are read in one step."""
LONGEST_LINE = 64 * 1024
MOST = 1_000_000
"""Rows of one list."""
_CPU = 20.0
REJECTED = 500
"""Lines that could not be read are kept with the reason, so many of them; all are counted."""


class NewList(Form):
    """People from a file: CSV with a first line that names the columns, `email` or `phone` among them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Выставка", "file": "att_7f2k"}]})
    name: str = Field(min_length=1, max_length=200)
    file: Upload
    team: TeamId | None = None


class Tables(Protocol):
    """Where the rows are asked for."""

    async def loaded(self, list_key: int) -> int: ...

    async def load(self, list_key: int, version: int, rows: Sequence[Row]) -> None: ...


class Lists:
    """All of them."""

    def __init__(self, repository: ListRepository, tables: Tables, clock: Clock) -> None:
        self._repository = repository
        self._tables = tables
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.lists, actor, limit=limit, after=after)

    async def get(self, list_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.lists, list_id, actor, "list")

    async def add(self, given: NewList, *, actor: Actor, key: str | None) -> Document:
        """Empty yet; the job that reads the file is begun by whoever calls."""
        made = derive("lst", actor.login, key) if key else fresh("lst")
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            "name": given.name,
            "state": "reading",
            "version": 0,
            "parts": 0,
            "rows": 0,
            "rejected": 0,
            "examples": [],
            **belongs(actor.login, given.team),
        }
        await self._repository.lists.insert(document)
        return await self.get(made, actor)

    async def remove(self, list_id: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        await self.get(list_id, actor)
        await self._repository.amend(list_id, lambda now: {**now, "removed": True})

    async def make_ready(self, ids: Sequence[str], actor: Actor) -> None:
        """See `services.campaigns.segments.service.Lists`."""
        for list_id in ids:
            found = await self._repository.lists.get(list_id)
            gone = found is None or found["removed"] or not reaches(actor.reach, found["seen_by"])
            if found is None or gone or found["state"] != "ready":
                fix = f"there is no list {list_id}" if gone else f"list {list_id} is still being read, or failed"
                raise InvalidInput(f"list: {fix}", fields={"list": fix})
            if await self._tables.loaded(key_of(list_id)) != found["version"]:
                await self._load(found)

    async def _load(self, found: Document) -> None:
        rows: list[Row] = []
        async for part in self._repository.parts(found):
            rows += await asyncio.to_thread(_rows, key_of(found["_id"]), part)
        await self._tables.load(key_of(found["_id"]), found["version"], rows)


def _rows(list_key: int, part: bytes) -> list[Row]:
    told = map(orjson.loads, part.splitlines())
    return [(list_key, one["a"], orjson.dumps(one["d"]).decode()) for one in told]


class ReadList:
    """Reads the file of a list; arguments: `list`, `blob`. A step reads some megabytes."""

    kind = "read_list"
    sends = False

    def __init__(self, repository: ListRepository, apart: Apart, *, region: str) -> None:
        self._repository = repository
        self._apart = apart
        self._region = region

    async def total(self, args: Args) -> int | None:
        """Not known before it is read."""
        del args
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises InvalidInput for what is no file with people: the job ends so, and the list says it."""
        now = orjson.loads(cursor) if cursor else {"at": 0, "part": 0, "line": 1, "rows": 0, "rejected": 0}
        try:
            return await self._step(args, now)
        except (CallFailed, TooCostly, InvalidInput) as exc:
            words = str(exc).removeprefix("ValueError: ").removeprefix("file: ")
            await self._over(args["list"], {"state": "failed", "reason": words})
            raise InvalidInput(f"file: {words}", fields={"file": words}) from exc

    async def _step(self, args: Args, now: dict[str, Any]) -> Step:
        size = await self._repository.size(args["blob"])
        piece = await self._repository.piece(args["blob"], now["at"], min(PIECE + LONGEST_LINE, size - now["at"]))
        lines = _whole(piece, last=now["at"] + len(piece) >= size)
        about = now.get("about") or await self._apart.call(_HEAD, lines[:LONGEST_LINE], cpu=_CPU)
        if now["at"] == 0:
            first = lines.find(b"\n") + 1
            now, lines = {**now, "at": first, "line": 2}, lines[first:]
        told = await self._apart.call(_READ, large(lines), about, now["line"], self._region, cpu=_CPU)
        after = {
            "about": about,
            "at": now["at"] + len(lines),
            "part": now["part"] + 1,
            "line": now["line"] + lines.count(b"\n"),
            "rows": now["rows"] + told["count"],
            "rejected": now["rejected"] + len(told["rejected"]),
        }
        return self._stepped(args["list"], now, after, told, over=after["at"] >= size)

    def _stepped(
        self, list_id: str, now: dict[str, Any], after: dict[str, Any], told: dict[str, Any], *, over: bool
    ) -> Step:
        if after["rows"] > MOST:
            words = f"it has more than {MOST:,} people"
            raise InvalidInput(f"file: {words}; cut it", fields={"file": words})

        async def act() -> None:
            await self._repository.write(list_id, now["part"], told["rows"])
            await self._over(
                list_id,
                {
                    "parts": after["part"],
                    "rows": after["rows"],
                    "rejected": after["rejected"],
                    **({"state": "ready", "version": 1} if over else {}),
                },
                told["rejected"],
            )

        detail = {"rows": told["count"], "rejected": told["rejected"][:50]}
        result = ItemResult(f"part-{now['part']}", detail)
        return Step([result], None if over else orjson.dumps(after).decode(), act)

    async def _over(self, list_id: str, fields: Document, rejected: Sequence[Sequence[Any]] = ()) -> None:
        def change(now: Document) -> Document:
            known = {line for line, _ in now["examples"]}
            new = [list(one) for one in rejected if one[0] not in known]
            return {**now, **fields, "examples": [*now["examples"], *new][:REJECTED]}

        if await self._repository.amend(list_id, change) is None:
            raise NotFound(f"there is no list {list_id}")


def _whole(piece: bytes, *, last: bool) -> bytes:
    """Up to the end of its last line, or of the last in the first two megabytes. Raises InvalidInput."""
    if last and len(piece) <= PIECE:
        return piece
    end = _line_end(piece)
    if not end:
        words = f"a line has more than {LONGEST_LINE:,} bytes"
        raise InvalidInput(f"file: {words}", fields={"file": words})
    return piece[:end]


def _line_end(piece: bytes) -> int:
    """After the last line that ends in the first two megabytes, else after the first one; 0 where none ends. What is
    between quotes ends no line: whoever cut there would make people of the halves.
    """
    found, place = 0, 0
    quotes = 0
    while (end := piece.find(b"\n", place) + 1) and (end <= PIECE or not found):
        quotes += piece.count(b'"', place, end)
        place = end
        found = end if quotes % 2 == 0 else found
    return found


def args_of(list_id: str, file: Attachment) -> Args:
    return {"list": list_id, "blob": file.blob}
