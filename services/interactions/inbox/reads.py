"""How far each employee has read each chain."""

from collections.abc import Iterable

from hub.kit.ids import derive
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Store

READS = CollectionSpec("reads")


class Reads:
    """Of an employee and a chain the newest interaction that he has seen."""

    def __init__(self, store: Store) -> None:
        self._reads = store.collection(READS)

    async def note(self, login: str, chain_id: str, interaction: Document) -> None:
        """He has read up to this one; further back than before counts for nothing."""
        read = {"login": login, "chain_id": chain_id, "upto": interaction["_id"], "at": interaction["at"]}

        def later(now: Document) -> Document:
            return {**now, **read} if (now["at"], now["upto"]) < (read["at"], read["upto"]) else now

        await upsert(self._reads, {"_id": _id(login, chain_id), **read}, later)

    async def forget(self, login: str, chain_id: str) -> None:
        """As if he had never opened it."""
        await self._reads.delete_many([_id(login, chain_id)])

    async def of(self, login: str, chain_ids: Iterable[str]) -> dict[str, Document]:
        """By chain."""
        found = await self._reads.get_many({_id(login, chain_id) for chain_id in chain_ids})
        return {read["chain_id"]: read for read in found.values()}


def _id(login: str, chain_id: str) -> str:
    return derive("rd", login, chain_id)
