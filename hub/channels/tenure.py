"""Leases of many accounts at once: a look and a write for all of them, however many there are."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import Collection, Document
from hub.store.leases import Lease


class Tenure:
    """Takes, renews and gives back many leases of one owner: as `hub.store.leases.Leases`, one for each name."""

    def __init__(self, collection: Collection, clock: Clock, owner: str, ttl: timedelta) -> None:
        """As `Leases`."""
        self._collection = collection
        self._clock = clock
        self._owner = owner
        self._ttl = ttl

    async def take(self, names: Iterable[str]) -> dict[str, Lease]:
        """Those of the leases that nobody else holds, by name. Raises StoreUnavailable."""
        names = list(names)
        if not names:
            return {}
        held = await self._collection.get_many(names)
        fresh = {name: self._lease(name, epoch=1) for name in names if name not in held}
        again = {name: self._again(held[name]) for name in names if name in held and self._free(held[name])}
        taken = await self._collection.insert_many(list(map(document_of, fresh.values()))) if fresh else set()
        taken |= await self._swap([(lease, held[name]) for name, lease in again.items()])
        return {name: lease for name, lease in (fresh | again).items() if name in taken}

    async def renew(self, leases: Sequence[Lease]) -> set[str]:
        """The names of those that are held for another `ttl`; the others are lost. Raises StoreUnavailable."""
        held = await self._ours(leases)
        return await self._swap(
            [(self._lease(one.name, epoch=one.epoch), held[one.name]) for one in leases if one.name in held]
        )

    async def release(self, leases: Sequence[Lease]) -> None:
        """Lets the next one have them at once. Raises StoreUnavailable."""
        now = iso(self._clock.now())
        ours = await self._ours(leases)
        if ours:
            await self._collection.swap_many([{**held, "owner": None, "until": now} for held in ours.values()])

    def _lease(self, name: str, *, epoch: int) -> Lease:
        return Lease(name, self._owner, self._clock.now() + self._ttl, epoch)

    def _free(self, held: Document) -> bool:
        return held["owner"] == self._owner or from_iso(held["until"]) <= self._clock.now()

    def _again(self, held: Document) -> Lease:
        ours = held["owner"] == self._owner
        return self._lease(held["_id"], epoch=held["epoch"] + (0 if ours else 1))

    async def _ours(self, leases: Sequence[Lease]) -> dict[str, Document]:
        if not leases:
            return {}
        stored = await self._collection.get_many([one.name for one in leases])
        wanted = {one.name: (one.owner, one.epoch) for one in leases}
        return {name: held for name, held in stored.items() if (held["owner"], held["epoch"]) == wanted[name]}

    async def _swap(self, changes: Sequence[tuple[Lease, Document]]) -> set[str]:
        documents = [{**document_of(lease), "_v": held["_v"]} for lease, held in changes]
        return await self._collection.swap_many(documents) if documents else set()


def document_of(lease: Lease) -> Document:
    """A lease as `hub.store.leases` stores it."""
    return {"_id": lease.name, "owner": lease.owner, "until": iso(lease.until), "epoch": lease.epoch}
