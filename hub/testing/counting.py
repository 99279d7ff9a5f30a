"""A store that counts what is asked of it."""

from collections import Counter
from typing import Any

from hub.store.base import Collection, CollectionSpec, Store

WRITES = ("insert", "insert_many", "swap", "swap_many", "put_many", "delete", "delete_many")


class CountingStore:
    """Passes everything on, and counts each call by collection and method."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[tuple[str, str]] = Counter()

    def collection(self, spec: CollectionSpec) -> Any:
        return _CountingCollection(self._store.collection(spec), spec.name, self.calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def writes(self) -> int:
        """Calls after which something is durable."""
        return sum(count for (_, method), count in self.calls.items() if method in WRITES)

    @property
    def looks(self) -> int:
        return self.calls.total() - self.writes


class _CountingCollection:
    def __init__(self, collection: Collection, name: str, calls: Counter[tuple[str, str]]) -> None:
        self._collection = collection
        self._name = name
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._collection, method)

        async def counted(*args: Any, **options: Any) -> Any:
            self._calls[self._name, method] += 1
            return await call(*args, **options)

        return counted
