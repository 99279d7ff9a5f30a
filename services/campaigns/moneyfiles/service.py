"""Files of money: looked at before, taken over as a job, and what came of it as a file."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from hub.api.actor import Actor
from hub.jobs.asked import who
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from hub.kit.ids import derive, fresh
from hub.kit.tables.columns import Preview
from hub.kit.tables.parts import joined
from hub.kit.tables.previews import previewed
from services.campaigns.moneyfiles.job import TakeMoney, rejected_header, rejected_key
from services.campaigns.moneyfiles.models import Options

PEEK = "services.campaigns.moneyfiles.reading:peek"


class MoneyFiles:
    """What marketers ask of them."""

    def __init__(self, jobs: Jobs, *, blobs: Blobs, apart: Apart, currency: str) -> None:
        self._jobs = jobs
        self._blobs = blobs
        self._apart = apart
        self._currency = currency

    async def preview(self, blob: str, options: Options) -> Preview:
        """Raises InvalidInput: it is no table; and TooLarge: it takes more memory or time than it may."""
        return await previewed(self._apart, PEEK, await self._blobs.get(blob), options)

    async def take(self, asked: Mapping[str, Any], *, actor: Actor, key: str | None) -> JobView:
        """Begins an import. Raises TooLarge."""
        run = derive("imp", actor.login, key) if key else fresh("imp")
        args = {**asked, "currency": asked["currency"] or self._currency, "run": run, "who": who(actor)}
        return await self._jobs.begin(TakeMoney.kind, args, by=actor.login, key=key)

    async def rejected(self, actor: Actor, job_id: str) -> AsyncIterator[bytes]:
        """The file of the rows that an import of his did not take. Raises NotFound."""
        job = await self._jobs.own(job_id, TakeMoney.kind, by=actor.login)
        keys = (rejected_key(job["args"]["run"], n) for n in range(job["done"]))
        return joined(self._blobs, rejected_header(job["args"]["subject"]), keys)
