"""Who enters and leaves a segment that is watched: looked for again and again, and told.

Who was in it at the last look lies in a blob that its document names; both change together with what is told.
"""

from datetime import datetime, timedelta

import orjson

from hub.api.actor import Actor
from hub.contracts.campaign import SegmentMoved
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import TooLarge, TransientError
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.base import Document
from hub.store.leases import Leases
from hub.store.told import Owing
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.service import Segments

log = Log(__name__)
LOOK = timedelta(seconds=3)
_REST = timedelta(minutes=10)
_LEASE = "segments/watching"
_TTL = timedelta(seconds=30)
_PAGE, _AT_ONCE = 1_000, 5_000
"""Clients in one event, and moves told in one step."""
_US = Actor.service("campaigns")


class Watching:
    """One copy of the service looks at a time."""

    def __init__(
        self, repository: SegmentRepository, segments: Segments, blobs: Blobs, leases: Leases, clock: Clock
    ) -> None:
        self._repository = repository
        self._segments = segments
        self._blobs = blobs
        self._leases = leases
        self._clock = clock
        self._too_large: dict[tuple[str, int], datetime] = {}
        """By segment and version until when it rests."""
        self._loop = Loop("segments", self.look, every=LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def look(self) -> int:
        """How many clients moved. Where nothing is watched nothing is loaded."""
        watched = await self._repository.watched()
        if not watched or not await self._leases.take(_LEASE):
            return 0
        return sum([await self._look(segment) for segment in watched if not self._rests(segment)])

    def _rests(self, segment: Document) -> bool:
        """What was too large is looked at again when it was changed, or after a while: others have their turn."""
        return self._too_large.get((segment["_id"], segment["_v"]), self._clock.now()) > self._clock.now()

    async def _look(self, segment: Document) -> int:
        try:
            now = set(await self._segments.members(segment, _US))
        except TransientError:
            raise
        except TooLarge as exc:
            self._rest(segment, str(exc))
            return 0
        except Exception as exc:
            # Whatever it is: the others are looked at all the same.
            log.warning("segment.unreadable", segment=segment["_id"], reason=f"{type(exc).__name__}: {exc}"[:500])
            return 0
        before = await self._before(segment)
        entered, left = sorted(now - before)[:_AT_ONCE], sorted(before - now)[:_AT_ONCE]
        if entered or left or "members" not in segment:
            await self._tell(segment, (before | set(entered)) - set(left), entered, left)
        return len(entered) + len(left)

    def _rest(self, segment: Document, reason: str) -> None:
        log.warning("segment.too_large", segment=segment["_id"], reason=reason)
        now = self._clock.now()
        resting = {one: until for one, until in self._too_large.items() if until > now}
        self._too_large = {**resting, (segment["_id"], segment["_v"]): now + _REST}

    async def _before(self, segment: Document) -> set[str]:
        if "members" not in segment:
            return set()
        found: list[str] = orjson.loads(await self._blobs.get(segment["members"]))
        return set(found)

    async def _tell(self, segment: Document, members: set[str], entered: list[str], left: list[str]) -> None:
        revision = segment.get("moved", 0)
        pages = range(0, max(len(entered), len(left)), _PAGE)
        events = tuple(
            SegmentMoved(
                segment=segment["_id"],
                entered=tuple(entered[at : at + _PAGE]),
                left=tuple(left[at : at + _PAGE]),
                revision=revision + number,
                at=self._clock.now(),
            )
            for number, at in enumerate(pages, 1)
        )
        blob = f"segments/{segment['_id']}/{revision + len(events)}"
        await self._blobs.put(blob, orjson.dumps(sorted(members)))
        fields = {
            "members": blob,
            "moved": revision + len(events),
            "size": len(members),
            "looked_at": iso(self._clock.now()),
        }
        after = await self._repository.segments.swap_many([(segment, Owing({**segment, **fields}, events))])
        await self._repository.segments.tell(*after.values())
        if after and (old := segment.get("members")) and old != blob:
            await self._blobs.delete([old])
