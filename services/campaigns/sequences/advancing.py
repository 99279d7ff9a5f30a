"""Runs go on: their timers fire, and what is due is asked of the mailing of its step, or the run is stopped.

A timer that fired leaves `asking` in its run. Whoever has the lease looks for those, asks what happened since the
client entered, writes the rows and then lets the runs go on: a kill in between writes the same rows again, which
are there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hub.api.actor import Actor
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.kit.reasons import reason_of
from hub.kit.restraint import Restraint
from hub.kit.seams import seam
from hub.store.amend import Change
from hub.store.base import Document
from hub.store.due import Due, with_timer
from services.campaigns.mailings.audience import WITHDRAWN, Decided, words_of
from services.campaigns.mailings.repository import OVER, WAIT, MailingRepository
from services.campaigns.mailings.rows import row_of
from services.campaigns.mailings.runner import Lease
from services.campaigns.mailings.service import Mailings
from services.campaigns.mailings.standing import Standing
from services.campaigns.segments.projection import key_of
from services.campaigns.sequences.repository import NEXT, SequenceRepository
from services.campaigns.sequences.service import in_state
from services.campaigns.sequences.stopping import Stopping

log = Log(__name__)
LOOK = timedelta(seconds=1)
AT_ONCE = 500
"""Runs that go on in one step."""
_BEAT = timedelta(seconds=10)
ENDED = "the sequence was ended"


class Advancing:
    """A loop over the sequences that go."""

    def __init__(
        self,
        repository: SequenceRepository,
        kept: MailingRepository,
        mailings: Mailings,
        standing: Standing,
        stopping: Stopping,
        clock: Clock,
        *,
        leases: Lease,
        restraint: Restraint,
    ) -> None:
        self._repository = repository
        self._kept = kept
        self._mailings = mailings
        self._standing = standing
        self._stopping = stopping
        self._clock = clock
        self._leases = leases
        self._restraint = restraint
        self.due = Due(repository.runs, {NEXT: due}, clock, held=lambda: restraint.held)
        self._loop = Loop("sequences", self.look, every=LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def look(self) -> int:
        """How many runs went on or were stopped. A sequence that fails leaves the others alone."""
        if self._restraint.held:
            return 0
        for sequence in await self._repository.ending():
            await self._end(sequence)
        await self.due.look()
        active = [one for one in await self._repository.active() if one["state"] == "running"]
        return sum([await self._one(sequence) for sequence in active])

    async def _end(self, sequence: Document) -> None:
        """Some of the runs of one that was ended end with it; until none waits any more. May be repeated."""
        now = self._clock.now()
        page = await self._repository.page(sequence["_id"], "waiting", limit=AT_ONCE, after=None)
        await self._repository.swap_runs([stopped(run, ENDED, now) for run in page.items])
        if not page.items:
            await self._repository.amend(sequence["_id"], _settled(sequence))

    async def _one(self, sequence: Document) -> int:
        try:
            if not await self._leases.take(f"sequence/{sequence['_id']}"):
                return 0
            return await self._go_on(sequence)
        except TransientError:
            raise
        except Exception as exc:
            log.error("sequence.failed", sequence=sequence["_id"], exc=exc)
            await self._hold(sequence, f"it cannot go on: {reason_of(exc)}"[:500])
            return 0

    async def _go_on(self, sequence: Document) -> int:
        now = self._clock.now()
        runs = await self._repository.asking(sequence["_id"], limit=AT_ONCE)
        if reason := await self._stale(sequence, runs, now):
            await self._hold(sequence, reason)
            return 0
        if now - from_iso(sequence["seen_at"]) >= _BEAT:
            await self._repository.amend(sequence["_id"], lambda one: {**one, "seen_at": iso(now)})
        by_step: dict[int, list[Document]] = {}
        for run in runs:
            by_step.setdefault(run["step"], []).append(run)
        return sum([await self._ask(sequence, step, some, now) for step, some in by_step.items()])

    async def _stale(self, sequence: Document, runs: Sequence[Document], now: datetime) -> str:
        """Why it does not just go on: something was due while nobody ran it for longer than it may be late."""
        limit, away = timedelta(seconds=sequence["stale_after"]), now - from_iso(sequence["seen_at"])
        late = runs and away > limit and now - from_iso(runs[0]["due_was"]) > limit
        found = await self._kept.plain.get_many(sequence["mailings"]) if runs or away >= _BEAT else {}
        held = [one["reason"] for one in found.values() if one["state"] == "held"]
        if not late:
            return held[0] if held else ""
        return f"nobody ran it for {str(away).partition('.')[0]}, and something was due; confirm that it still goes"

    async def _hold(self, sequence: Document, reason: str) -> None:
        at = iso(self._clock.now())

        def change(one: Document) -> Document | None:
            return in_state(one, "held", at, {"reason": reason}) if one["state"] == "running" else None

        await self._repository.amend(sequence["_id"], change)
        log.warning("sequence.held", sequence=sequence["_id"], reason=reason)

    async def _ask(self, sequence: Document, step: int, runs: Sequence[Document], now: datetime) -> int:
        """The rows first: a kill before the runs are changed writes them again, which are there."""
        reasons = await self._stopping.reasons(sequence, runs)
        going = [run for run in runs if run["client_id"] not in reasons]
        rows, unwanted = await self._rows(sequence, step, going)
        seam("sequence.before_rows")
        await self._kept.add_rows(list(rows.values()))
        await self._standing.wake(sequence["mailings"][step])
        seam("sequence.after_rows")
        after = [_after(sequence, run, rows.get(run["client_id"]), reasons | unwanted, now) for run in runs]
        done = await self._repository.swap_runs(after)
        await self._take_back([run["_id"] for run in after if run["_id"] not in done], rows)
        return len(done)

    async def _take_back(self, lost: Sequence[str], rows: Mapping[str, Document]) -> None:
        """Of runs that were stopped by hand meanwhile nothing leaves."""
        found = await self._repository.plain_runs.get_many(lost) if lost else {}
        of = {run["client_id"] for run in found.values() if run["state"] == "stopped"}
        await taken_back(self._kept, [row["_id"] for client, row in rows.items() if client in of])

    async def _rows(
        self, sequence: Document, step: int, runs: Sequence[Document]
    ) -> tuple[dict[str, Document], dict[str, str]]:
        """By client his row in the mailing of a step, or why his run ends."""
        mailing = await self._kept.plain.get(sequence["mailings"][step])
        assert mailing is not None, "mailings that stand are never removed"
        whose = Actor(login=sequence["owner"], reach=tuple(sequence["reach"]))
        contents, audience = await self._mailings.prepare(mailing, whose)
        found = await audience.of_keys([key_of(run["client_id"]) for run in runs])
        decided = {one.person.client_id: one for one in found}
        ends = {run["client_id"]: _unwanted(decided.get(run["client_id"])) for run in runs}
        going = [run for run in runs if not ends[run["client_id"]]]
        rows = {
            run["client_id"]: row_of(
                mailing, contents, decided[run["client_id"]], run["number"], from_iso(run["due_was"])
            )
            for run in going
        }
        return rows, {client: reason for client, reason in ends.items() if reason}


def _settled(sequence: Document) -> Change:
    """All its runs know it, unless somebody entered since it was read. Pure."""

    def change(now: Document) -> Document | None:
        if now["_v"] != sequence["_v"]:
            return None
        return {name: value for name, value in now.items() if name != "ending"}

    return change


async def taken_back(kept: MailingRepository, rows: Iterable[str]) -> None:
    """What waits of a run that was stopped by hand never leaves."""
    found = await kept.get_many(rows)
    gone = {"state": "suppressed", "step": OVER, "reason": "his run was stopped before it left"}
    await kept.swap([{**row, **gone} for row in found.values() if row["step"] == WAIT])


def due(run: Document, now: datetime) -> Document:
    """Its next step shall be asked for. Pure."""
    del now
    return {**run, "asking": run["sequence"], "due_was": run["timers"][NEXT]}


def _unwanted(one: Decided | None) -> str:
    """Who said no stops; who cannot be reached by this step may be by the next one."""
    if one is None:
        return "he is no client any more"
    return words_of(WITHDRAWN) if one.reason == WITHDRAWN else ""


def _after(
    sequence: Document, run: Document, row: Document | None, reasons: Mapping[str, str], now: datetime
) -> Document:
    """A run whose step was asked for, or that stops. Pure."""
    bare = {name: value for name, value in run.items() if name not in ("asking", "due_was")}
    if reason := reasons.get(run["client_id"]):
        return stopped(bare, reason, now)
    step = run["step"] + 1
    after = {**bare, "step": step, "rows": [*run["rows"], row["_id"] if row else None]}
    if step == len(sequence["steps"]):
        return {**after, "state": "done", "over_at": iso(now)}
    return with_timer(after, NEXT, now + timedelta(seconds=sequence["steps"][step]["wait"]))


def stopped(run: Document, reason: str, now: datetime) -> Document:
    """The run, without its timer. Pure."""
    bare = {name: value for name, value in run.items() if name not in ("timers", "due_at", "asking", "due_was")}
    return {**bare, "state": "stopped", "reason": reason[:500], "over_at": iso(now)}
