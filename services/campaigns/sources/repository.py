"""Every query about sources and their marks."""

from collections.abc import Iterable

from hub.contracts.base import Event
from hub.contracts.lead import SourceChanged
from hub.kit.every import every
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index, Store
from hub.store.told import OWES, Fact, Told

SOURCES = CollectionSpec(
    "sources", (Index("removed", "at"), Index("parent", "key"), Index("into", sparse=True), Index("reference"), OWES)
)
MARKS = CollectionSpec("source_marks", (Index("removed", "at"), Index("kind", "value")))
_CHILDREN = 1_000


class SourceRepository:
    """The directory, and what leads to its sources."""

    def __init__(self, store: Store) -> None:
        self.plain = store.collection(SOURCES)
        self.sources = Told(self.plain, facts=_facts, state=_state, source="omnihub/campaigns")
        self.marks = store.collection(MARKS)

    async def children(self, parent: str) -> list[Document]:
        """All of them, page by page."""
        find = self.plain.find
        return await every(lambda after: find({"parent": parent}, order="key", limit=_CHILDREN, after=after))

    async def called(self, reference: str) -> list[Document]:
        """Those with this reference; of very many the first two."""
        return (await self.plain.find({"reference": reference}, limit=2)).items

    async def mark(self, kind: str, value: str) -> Document | None:
        found = await self.marks.get(mark_id(kind, value))
        return found if found and not found["removed"] else None

    async def marks_of(self, kind: str, values: Iterable[str]) -> list[Document]:
        """Those that are there."""
        found = await self.marks.get_many([mark_id(kind, value) for value in values])
        return [one for one in found.values() if not one["removed"]]


def mark_id(kind: str, value: str) -> str:
    return derive("mk", kind, value.strip().casefold())


def path_id(names: Iterable[str]) -> str:
    """Of the last one of a path, from the channel down, whether it is there yet or not."""
    made: str | None = None
    for name in names:
        made = source_id(made, name)
    assert made is not None, "a path begins with a channel"
    return made


def source_id(parent: str | None, name: str) -> str:
    """The same for the same name below the same parent, however it is written."""
    return derive("src", parent or "", " ".join(name.split()).casefold())


def _facts(before: Document | None, after: Document) -> tuple[Fact, ...]:
    del before, after
    return (SourceChanged,)


def _state(kind: type[Event], document: Document) -> SourceChanged:
    del kind
    fields = ("level", "parent", "name", "reference", "into")
    return SourceChanged(
        id=document["_id"],
        revision=document["_v"],
        **{name: document.get(name) for name in fields if name in document},
    )
