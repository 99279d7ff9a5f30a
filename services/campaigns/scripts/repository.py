"""Scripts in the store: each version stays, and what was answered is kept with the person of a call list."""

from hub.kit.every import every
from hub.kit.ids import derive
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Store

SCRIPTS = CollectionSpec("scripts", (Index("removed", "at"),))
VERSIONS = CollectionSpec("script_versions")
RUNS = CollectionSpec("script_runs", (Index("list", "at"),))
_PAGE = 500


class ScriptRepository:
    """Every query about them."""

    def __init__(self, store: Store) -> None:
        self.scripts = store.collection(SCRIPTS)
        self._versions = store.collection(VERSIONS)
        self.runs = store.collection(RUNS)

    async def keep_version(self, script: str, number: int, told: Document) -> None:
        """The same once more changes nothing."""
        await self._versions.insert({"_id": derive("scv", script, str(number)), "told": told})

    async def version(self, script: str, number: int) -> Document | None:
        found = await self._versions.get(derive("scv", script, str(number)))
        return found["told"] if found else None

    async def run(self, entry_id: str) -> Document | None:
        return await self.runs.get(entry_id)

    async def begin(self, run: Document) -> Document:
        """Whoever is first."""
        await self.runs.insert(run)
        found = await self.runs.get(run["_id"])
        assert found is not None
        return found

    async def amend_run(self, entry_id: str, change: Change) -> Document | None:
        return await amend(self.runs, entry_id, change)

    async def of_list(self, list_id: str) -> list[Document]:
        return await every(lambda after: self.runs.find({"list": list_id}, order="at", limit=_PAGE, after=after))
