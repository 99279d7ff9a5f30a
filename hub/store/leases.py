"""Leases: of several copies of a process, one at a time does a thing that only one may do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import Collection, CollectionSpec, Document

LEASES = CollectionSpec("leases")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do `name`, up to `until` unless it is renewed."""

    name: str
    owner: str
    until: datetime
    epoch: int
    """Grows with every new owner: what an earlier one still writes can be told by it."""


class Leases:
    """Takes and renews leases for one owner.

    A lease that is not renewed falls to the next who asks, `ttl` after it was taken or renewed. The clocks of the
    owners must agree to well within `ttl`. Every method raises StoreUnavailable when the store does not confirm.
    """

    def __init__(self, collection: Collection, clock: Clock, owner: str, ttl: timedelta) -> None:
        """`owner` names one running process, so it is fresh at every start; `collection` is of the spec `LEASES`."""
        self._collection = collection
        self._clock = clock
        self._owner = owner
        self._ttl = ttl

    async def take(self, name: str) -> Lease | None:
        """The lease, if nobody else holds it; one that is ours already is renewed and keeps its epoch."""
        held = await self._collection.get(name)
        if held is None:
            lease = self._lease(name, epoch=1)
            return lease if await self._collection.insert(_document(lease)) else None
        ours = held["owner"] == self._owner
        if not ours and from_iso(held["until"]) > self._clock.now():
            return None
        lease = self._lease(name, epoch=held["epoch"] + (0 if ours else 1))
        return lease if await self._collection.swap({**_document(lease), "_v": held["_v"]}) else None

    async def renew(self, lease: Lease) -> bool:
        """Holds it for another `ttl`. False: it is lost, stop what it was for."""
        held = await self._held(lease)
        renewed = _document(self._lease(lease.name, epoch=lease.epoch))
        return held is not None and await self._collection.swap({**renewed, "_v": held["_v"]})

    async def release(self, lease: Lease) -> None:
        """Lets the next one have it at once; harmless when it is lost already."""
        held = await self._held(lease)
        if held is not None:
            await self._collection.swap({**held, "owner": None, "until": iso(self._clock.now())})

    async def _held(self, lease: Lease) -> Document | None:
        held = await self._collection.get(lease.name)
        ours = held is not None and (held["owner"], held["epoch"]) == (lease.owner, lease.epoch)
        return held if ours else None

    def _lease(self, name: str, *, epoch: int) -> Lease:
        return Lease(name, self._owner, self._clock.now() + self._ttl, epoch)


def _document(lease: Lease) -> Document:
    return {"_id": lease.name, "owner": lease.owner, "until": iso(lease.until), "epoch": lease.epoch}
