"""Imports and exports: begun, looked at before, and what came of them as files."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from hub.api.actor import Actor
from hub.jobs.asked import who
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from hub.kit.errors import Conflict
from hub.kit.ids import derive, fresh
from hub.kit.tables.columns import Preview
from hub.kit.tables.parts import joined
from hub.kit.tables.previews import previewed
from hub.kit.tables.writing import header
from services.interactions.exchange import rejects, workbook
from services.interactions.exchange.exporting import Exporting, part_key
from services.interactions.exchange.importing import Importing, rejected_key
from services.interactions.exchange.preparing import Options
from services.interactions.exchange.repository import ExchangeRepository

PEEK = "services.interactions.exchange.preparing:peek"


class Exchange:
    """What employees ask of imports and exports."""

    def __init__(
        self, repository: ExchangeRepository, jobs: Jobs, *, blobs: Blobs, apart: Apart, region: str
    ) -> None:
        self._repository = repository
        self._jobs = jobs
        self._blobs = blobs
        self._apart = apart
        self._region = region

    async def preview(self, blob: str, *, charset: str, delimiter: str) -> tuple[Preview, bool]:
        """The columns of a file with the fields that they would be; whether so they were the last time.

        Raises:
            InvalidInput: it is no table.
            TooLarge: it takes more memory or time than it may.
        """
        found = await self._peek(blob, Options(charset, delimiter))
        kept = await self._repository.mapping(found.header)
        if kept is None:
            return found, False
        return await self._peek(blob, Options(charset, delimiter, kept)), True

    async def _peek(self, blob: str, options: Options) -> Preview:
        return await previewed(self._apart, PEEK, await self._blobs.get(blob), options)

    async def take(self, asked: Mapping[str, Any], *, actor: Actor, key: str | None) -> JobView:
        """Begins an import. Raises TooLarge."""
        run = derive("imp", actor.login, key) if key else fresh("imp")
        args = {**asked, "run": run, "region": self._region, "who": who(actor)}
        return await self._jobs.begin(Importing.kind, args, by=actor.login, key=key)

    async def give(self, asked: Mapping[str, Any], *, actor: Actor, key: str | None) -> JobView:
        """Begins an export."""
        run = derive("exp", actor.login, key) if key else fresh("exp")
        args = {**asked, "run": run, "hides": list(actor.hides), "who": who(actor)}
        return await self._jobs.begin(Exporting.kind, args, by=actor.login, key=key)

    async def rejected(self, actor: Actor, job_id: str) -> AsyncIterator[bytes]:
        """The file of the rows that an import did not take. Raises NotFound."""
        job = await self._jobs.own(job_id, Importing.kind, by=actor.login)
        keys = (rejected_key(job["args"]["run"], n) for n in range(job["done"]))
        return joined(self._blobs, header(rejects.HEADER), keys)

    async def file(self, actor: Actor, job_id: str) -> tuple[str, AsyncIterator[bytes]]:
        """The format and the bytes of an export.

        Raises:
            NotFound: there is none of his.
            Conflict: it is not done.
        """
        job = await self._jobs.own(job_id, Exporting.kind, by=actor.login)
        if job["state"] != "done":
            raise Conflict(f"this export is {job['state']}; its file is there when it is done")
        args = job["args"]
        parts = self._parts(args["run"], job["done"])
        if args["format"] == "xlsx":
            return "xlsx", workbook.stream(args["columns"], parts)
        return "csv", _with_header(args["columns"], parts)

    async def _parts(self, run: str, count: int) -> AsyncIterator[bytes]:
        for n in range(count):
            yield await self._blobs.get(part_key(run, n))


async def _with_header(columns: Sequence[str], parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield header(columns)
    async for part in parts:
        yield part
