"""A bus and a store that can be switched off, for tests of what happens then."""

from collections.abc import Sequence
from typing import Any

from hub.bus.base import Bus
from hub.contracts.base import Envelope, Record
from hub.kit.errors import BusUnavailable, StoreUnavailable
from hub.store.base import Collection, CollectionSpec, Store


class Switch:
    """Up until told otherwise."""

    def __init__(self) -> None:
        self.up = True
        self.confirms = True
        """Down: what is published is kept, and not confirmed."""


class SwitchedBus:
    """A door to a bus which refuses to publish while the switch is down. Subscribers go on."""

    def __init__(self, bus: Bus, switch: Switch) -> None:
        self._bus = bus
        self._switch = switch

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        self._check()
        await self._bus.publish(envelopes)
        self._confirm()

    async def publish_records(self, records: Sequence[Record]) -> None:
        self._check()
        await self._bus.publish_records(records)
        self._confirm()

    async def ping(self) -> None:
        self._check()
        await self._bus.ping()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    def _check(self) -> None:
        if not self._switch.up:
            raise BusUnavailable

    def _confirm(self) -> None:
        if not self._switch.confirms:
            raise BusUnavailable


class SwitchedStore:
    """A store of which no collection answers while the switch is down."""

    def __init__(self, store: Store, switch: Switch) -> None:
        self._store = store
        self._switch = switch

    def collection(self, spec: CollectionSpec) -> Any:
        return SwitchedCollection(self._store.collection(spec), self._switch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class SwitchedCollection:
    """Every method answers with StoreUnavailable while the switch is down."""

    def __init__(self, collection: Collection, switch: Switch) -> None:
        self._collection = collection
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._collection, name)

        async def call(*args: Any, **options: Any) -> Any:
            if not self._switch.up:
                raise StoreUnavailable
            return await method(*args, **options)

        return call
