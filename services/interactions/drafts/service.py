"""Drafts: one for each employee, chain and kind; whoever changes it says which version he saw."""

from typing import Any

from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from services.interactions.drafts.forms import DraftForm, DraftKind

DRAFTS = CollectionSpec("drafts", (Index("login", "at"), Index("chain_id", "at")))
ELSEWHERE = "this draft was changed elsewhere, in another tab or on another computer; read it again"
_MOST = 50


class Drafts:
    """Nobody else is told of them; colleagues who see the chain may read them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._drafts = store.collection(DRAFTS)
        self._clock = clock

    async def put(self, login: str, chain_id: str, kind: DraftKind, form: DraftForm) -> Document | None:
        """The draft as it is then; none where it says nothing. Raises Conflict: it is not as it was seen."""
        document = {**self._written(form), "_id": _id(login, chain_id, kind), "kind": kind}
        document |= {"login": login, "chain_id": chain_id, "at": iso(self._clock.now())}
        stored = await self._drafts.get(document["_id"])
        if stored and _same(stored, document):
            return stored
        if (stored["_v"] if stored else 0) != form.version:
            raise Conflict(ELSEWHERE)
        if not await self._replace(stored, document, gone=form.says_nothing):
            raise Conflict(ELSEWHERE)
        return None if form.says_nothing else {**document, "_v": form.version + 1}

    async def _replace(self, stored: Document | None, document: Document, *, gone: bool) -> bool:
        if gone:
            return stored is None or await self._drafts.delete(stored)
        if stored is None:
            return await self._drafts.insert(document)
        return await self._drafts.swap({**document, "_v": stored["_v"]})

    async def drop(self, login: str, chain_id: str, kind: DraftKind) -> None:
        """It was sent, or thrown away."""
        await self._drafts.delete_many([_id(login, chain_id, kind)])

    async def of_chain(self, chain_id: str) -> list[Document]:
        """Everybody's, the newest first."""
        return (await self._drafts.find({"chain_id": chain_id}, order="at", descending=True, limit=_MOST)).items

    async def of(self, login: str, *, limit: int, after: str | None) -> Page:
        """Somebody's, the newest first."""
        return await self._drafts.find({"login": login}, order="at", descending=True, limit=limit, after=after)

    async def begun(self, login: str, chain_ids: list[str]) -> set[str]:
        """In which of these chains he has one."""
        ids = {_id(login, chain_id, kind): chain_id for chain_id in chain_ids for kind in ("answer", "note")}
        return {ids[draft_id] for draft_id in await self._drafts.get_many(ids)}

    def _written(self, form: DraftForm) -> dict[str, Any]:
        written: dict[str, Any] = form.model_dump(mode="json", exclude={"version"})
        return written


def _same(stored: Document, document: Document) -> bool:
    """A write that is sent again, because no answer came."""
    return all(stored.get(name) == value for name, value in document.items() if name != "at")


def _id(login: str, chain_id: str, kind: str) -> str:
    return derive("dr", login, chain_id, kind)
