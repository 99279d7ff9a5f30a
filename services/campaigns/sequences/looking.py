"""What came of sequences: by step, run by run, and why somebody got no more of one; and the end of a run by hand."""

from dataclasses import dataclass

from hub.api.actor import Actor
from hub.contracts.scope import reaches
from hub.kit.clock import Clock
from hub.kit.errors import NotFound
from hub.store.base import Document, Page
from services.campaigns.mailings.looking import Looking as Mailed
from services.campaigns.mailings.looking import told
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.sequences.advancing import stopped, taken_back
from services.campaigns.sequences.repository import SequenceRepository, run_id
from services.campaigns.sequences.service import Sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Runs by state, and of each step what came of its messages."""

    runs: dict[str, int]
    steps: list[Document]


class Looking:
    """Of runs of clients whom somebody sees."""

    def __init__(
        self,
        repository: SequenceRepository,
        sequences: Sequences,
        kept: MailingRepository,
        mailed: Mailed,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._sequences = sequences
        self._kept = kept
        self._mailed = mailed
        self._clock = clock

    async def statistics(self, given: str, actor: Actor) -> Counted:
        """Raises NotFound."""
        sequence = await self._sequences.get(given, actor)
        mailings = await self._kept.plain.get_many(sequence.get("mailings") or ())
        steps = [await self._mailed.statistics(mailings[one]) for one in sequence.get("mailings") or ()]
        return Counted(runs=await self._repository.count(given), steps=steps)

    async def runs(self, given: str, state: str | None, actor: Actor, *, limit: int, after: str | None) -> Page:
        """The newest first. Raises NotFound."""
        await self._sequences.get(given, actor)
        page = await self._repository.page(given, state, limit=limit, after=after)
        return Page([run for run in page.items if reaches(actor.reach, run["seen_by"])], page.next)

    async def why(self, given: str, client: str, actor: Actor) -> list[str]:
        """What a client got of it, and why no more, in its order. Raises NotFound."""
        sequence = await self._sequences.get(given, actor)
        run = await self._repository.plain_runs.get(run_id(given, client))
        if run is None or not reaches(actor.reach, run["seen_by"]):
            began = f", which goes since {sequence['started_at'][:16]}" if sequence.get("started_at") else ""
            return [f"he did not enter it{began}"]
        how = "by its segment" if run["cause"].startswith("ev_") else run["cause"]
        lines = [f"he entered it at {run['at'][:16]} {how}"]
        rows = await self._kept.get_many(filter(None, run["rows"]))
        for number, row in enumerate(run["rows"], 1):
            lines += [f"step {number}: {line}" for line in (told(rows[row]) if row in rows else [])[1:]]
        return [*lines, _ends(sequence, run)]

    async def stop(self, given: str, client: str, why: str, *, actor: Actor) -> Document:
        """He gets no more of it. Raises NotFound where he is not in it."""
        await self._sequences.get(given, actor)
        now = self._clock.now()

        def change(run: Document) -> Document | None:
            return stopped(run, f"{why} ({actor.login})", now) if run["state"] == "waiting" else None

        known = await self._repository.plain_runs.get(run_id(given, client))
        if known is None or not reaches(actor.reach, known["seen_by"]):
            raise NotFound(f"{client} is not in it")
        after = await self._repository.runs.amend(known["_id"], change)
        assert after is not None, "runs are never removed"
        await taken_back(self._kept, filter(None, after["rows"]))
        return after


def _ends(sequence: Document, run: Document) -> str:
    if run["state"] == "stopped":
        return f"it was stopped before step {run['step'] + 1} at {run['over_at'][:16]}: {run['reason']}"
    if run["state"] == "done":
        return f"he was through it at {run['over_at'][:16]}"
    due = run.get("due_at") or run.get("due_was") or ""
    rests = "" if sequence["state"] == "running" else f"; the sequence is {sequence['state']}"
    return f"step {run['step'] + 1} of {len(sequence['steps'])} is due at {due[:16]}{rests}"
