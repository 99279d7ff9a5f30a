"""The job that takes a file of letters that came back: the list of addresses with a column that says why."""

from collections.abc import Sequence
from typing import Any

from hub.jobs.asked import actor_of
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.apart import Apart, CallFailed
from hub.kit.errors import InvalidInput
from hub.kit.tables.apart import read_apart
from services.campaigns.batches.models import ReturnedLetter
from services.campaigns.batches.repository import BatchRepository
from services.campaigns.batches.service import PAGE, Batches

READ = "services.campaigns.batches.returns:read"
_CPU = 60.0


class TakeReturns:
    """Arguments: `mailing`, `blob`, `run`, `who`."""

    kind = "letters.returned"
    sends = False

    def __init__(self, repository: BatchRepository, batches: Batches, apart: Apart) -> None:
        self._repository = repository
        self._batches = batches
        self._apart = apart

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        """Not known before the file was read."""
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises InvalidInput: it is no such list; and TooLarge."""
        if cursor is None:
            await self._repository.keep_returned(args["run"], await self._read(args["blob"]))
            return Step(cursor="0")
        letters, at = await self._repository.returned(args["run"]), int(cursor)
        told = [ReturnedLetter(number=number, reason=reason) for number, reason in letters[at : at + PAGE]]
        done = await self._batches.returned(args["mailing"], told, actor=actor_of(args))
        following = str(at + PAGE) if at + PAGE < len(letters) else None
        return Step([ItemResult(f"from-{at}", dict(done))], following)

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:  # noqa: ARG002
        """What was kept beside the results; the file itself is an upload."""
        await self._repository.forget_returned(args["run"])

    async def _read(self, blob: str) -> list[Any]:
        content = await self._repository.upload(blob)
        try:
            found: dict[str, Any] = await read_apart(self._apart, READ, content, cpu=_CPU)
        except CallFailed as exc:
            raise InvalidInput(f"file: it is no table ({exc})", fields={"file": "save it as CSV or XLSX"}) from exc
        if found["refused"]:
            raise InvalidInput(f"file: {found['refused']}", fields={"file": found["refused"]})
        letters: list[Any] = found["letters"]
        return letters
