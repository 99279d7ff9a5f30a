"""Numbers of a pool are given to visitors for a time, so that a call tells which touch it belongs to."""

from datetime import datetime, timedelta

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, NotFound, StoreUnavailable
from hub.store.amend import TRIES, contended
from hub.store.base import CollectionSpec, Document, Store
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import LineRepository
from services.telephony.pools.models import LeaseInput, LeaseView

LEASES = CollectionSpec("number_leases")
_LATER = timedelta(minutes=30)
"""Who was shown a number may call it a little later, as long as nobody else was shown it since."""


class Pools:
    """One lease for each line of a pool: the newest."""

    def __init__(self, store: Store, lines: LineRepository, clock: Clock) -> None:
        self._leases = store.collection(LEASES)
        self._lines = lines
        self._clock = clock

    async def lease(self, pool: str, given: LeaseInput) -> LeaseView:
        """A number for a visitor, whoever asks at the same moment.

        Raises:
            NotFound: no line is in this pool.
            Conflict: all of its numbers are given out.
        """
        lines = [line for line in (await self._lines.directory()).lines if line.pool == pool]
        if not lines:
            raise NotFound(f"no line is in the pool {pool}; PATCH /api/v1/lines/{{id}} puts one into it")
        for attempt in range(TRIES):
            now = self._clock.now()
            held = await self._leases.get_many([line.id for line in lines])
            line = _chosen(lines, held, given.visitor, now)
            if line is None:
                raise Conflict(
                    f"all {len(lines)} numbers of {pool} are given out; add lines, or give them for less time"
                )
            if await self._write(line, held.get(line.id), given, now):
                until = now + timedelta(seconds=given.seconds)
                return LeaseView(
                    line=line.id, number=line.number, visitor=given.visitor, touch=given.touch, until=until
                )
            await contended(attempt)
        raise StoreUnavailable("numbers of this pool are asked for by too many at once; try again")

    async def touch_of(self, line: str, at: datetime) -> str | None:
        """The touch that a call to a line at a moment belongs to."""
        held = await self._leases.get(line)
        if held is None or not from_iso(held["since"]) <= at <= from_iso(held["until"]) + _LATER:
            return None
        touch: str = held["touch"]
        return touch

    async def _write(self, line: OurLine, held: Document | None, given: LeaseInput, now: datetime) -> bool:
        document: Document = {
            "_id": line.id,
            "visitor": given.visitor,
            "touch": given.touch,
            "since": iso(now) if held is None or held["visitor"] != given.visitor else held["since"],
            "until": iso(now + timedelta(seconds=given.seconds)),
        }
        if held is None:
            return await self._leases.insert(document)
        return await self._leases.swap({**document, "_v": held["_v"]})


def _chosen(lines: list[OurLine], held: dict[str, Document], visitor: str, now: datetime) -> OurLine | None:
    """His own while it is his; else the one that was free for the longest time."""
    current = iso(now)
    mine = [line for line in lines if (one := held.get(line.id)) and one["visitor"] == visitor]
    if mine and held[mine[0].id]["until"] > current:
        return mine[0]
    free = [line for line in lines if line.id not in held or held[line.id]["until"] <= current]
    return min(free, key=lambda line: held[line.id]["until"] if line.id in held else "", default=None)
