"""Who enters a sequence: those who enter its segment, and those whom somebody names. One run for each client."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.api.actor import Actor
from hub.contracts.base import Envelope
from hub.contracts.campaign import SegmentMoved
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from hub.store.due import with_timer
from services.campaigns.segments.projection import key_of
from services.campaigns.segments.service import Columns
from services.campaigns.segments.sql import among
from services.campaigns.sequences.repository import NEXT, SequenceRepository, run_id
from services.campaigns.sequences.service import Sequences

MOST = 900_000_000
"""Runs of one sequence: the number of a run is that of its rows."""
_SEEN = """
SELECT g.id, c.id, c.name, c.seen_by, {meant} FROM (
  SELECT unnest($ids::VARCHAR[]) AS id, unnest($keys::UBIGINT[]) AS k
) g LEFT JOIN merged m ON m.k = g.k JOIN clients c ON c.k = coalesce(m.root, g.k) WHERE c.leads_to = 0 AND {seen}
"""
_KEPT_TOKENS = 50


class Entering:
    """Lets clients in."""

    def __init__(self, repository: SequenceRepository, sequences: Sequences, columns: Columns, clock: Clock) -> None:
        self._repository = repository
        self._sequences = sequences
        self._columns = columns
        self._clock = clock

    async def enter(self, given: str, clients: Sequence[str], *, actor: Actor) -> dict[str, str]:
        """By client why he did not enter; empty: he did. Raises NotFound, and Conflict where it does not go."""
        sequence = await self._sequences.get(given, actor)
        if sequence["state"] not in ("running", "paused"):
            raise Conflict(f"it is {sequence['state']}: nobody enters it")
        return await self._enter(sequence, clients, actor, cause=f"by {actor.login}", fresh=True)

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Those who entered a segment enter what goes on from it. May be told twice."""
        moves = [one for one in envelopes if isinstance(one.event, SegmentMoved) and one.event.entered]
        active = await self._repository.active() if moves else []
        for envelope in moves:
            move = envelope.event
            assert isinstance(move, SegmentMoved)
            for sequence in active:
                if sequence.get("segment") == move.segment and from_iso(sequence["started_at"]) <= move.at:
                    whose = Actor(login=sequence["owner"], reach=tuple(sequence["reach"]))
                    await self._enter(sequence, move.entered, whose, cause=envelope.id, fresh=False)

    async def _enter(
        self, sequence: Document, clients: Sequence[str], actor: Actor, *, cause: str, fresh: bool
    ) -> dict[str, str]:
        """`cause` is an event that lets in once, however often it is told, unless it is `fresh`."""
        given = {"ids": list(clients), "keys": [key_of(one) for one in clients]}
        meant, seen = among(sequence["reach"], given, "meant"), among(actor.reach, given)
        found = await self._columns.ask(_SEEN.format(meant=meant, seen=seen), given)
        known = await self._repository.get_runs(sequence["_id"], [row[1] for row in found])
        now, refused = self._clock.now(), dict.fromkeys(clients, "there is no such client")
        new: dict[str, Document] = {}
        for asked, client, name, seen_by, is_meant in found:
            run = known.get(client)
            refused[asked] = _refusal(sequence, run, now) if is_meant else "whoever started it does not see him"
            again = run is not None and not fresh and run["cause"] == cause
            if not refused[asked] and not again:
                about = {"client_id": client, "name": name, "seen_by": list(seen_by or ())[:_KEPT_TOKENS]}
                new[client] = {**(_old(run) if run else {}), **about, "cause": cause}
        await self._add(sequence, list(new.values()), now)
        return refused

    async def _add(self, sequence: Document, entered: Sequence[Document], now: datetime) -> None:
        if not entered:
            return
        count = len(entered)
        after = await self._repository.amend(sequence["_id"], lambda one: {**one, "entered": one["entered"] + count})
        if after is None:
            raise NotFound(f"there is no sequence {sequence['_id']}")
        if after["entered"] > MOST:
            raise Conflict(f"it has had {MOST:,} runs, which is the most")
        first = after["entered"] - count
        wait = timedelta(seconds=sequence["steps"][0]["wait"])
        runs = [
            with_timer(_begun(sequence["_id"], one, first + n, now), NEXT, now + wait)
            for n, one in enumerate(entered)
        ]
        await self._repository.add_runs([run for run in runs if "_v" not in run])
        await self._repository.swap_runs([run for run in runs if "_v" in run])
        await self._repository.amend(sequence["_id"], _told_of_the_end)


def _told_of_the_end(sequence: Document) -> Document | None:
    """It was ended while they entered: their runs end, too. Pure."""
    return {**sequence, "ending": True} if sequence["state"] == "ended" else None


def _refusal(sequence: Document, run: Document | None, now: datetime) -> str:
    """Why a client does not enter now; empty: he does. Pure."""
    if run is None:
        return ""
    if run["state"] == "waiting":
        return "he is in it"
    if sequence["again_after"] is None:
        return f"he was in it from {run['at'][:16]} on, and nobody enters it twice (again_after)"
    opens = from_iso(run["over_at"]) + timedelta(seconds=sequence["again_after"])
    return f"he was in it, and may enter again at {iso(opens)[:16]}" if now < opens else ""


def _old(run: Document) -> Document:
    """What stays of a run that is over when another one begins."""
    return {"_v": run["_v"], "round": run["round"] + 1}


def _begun(sequence: str, entered: Document, number: int, now: datetime) -> Document:
    fields = {"sequence": sequence, "state": "waiting", "reason": "", "at": iso(now), "step": 0, "rows": []}
    return {"round": 1, **fields, "number": number, **entered, "_id": run_id(sequence, entered["client_id"])}
