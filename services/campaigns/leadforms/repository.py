"""Every query about lead forms, the leads that they took, and how often one network sends."""

from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Store

FORMS = CollectionSpec("lead_forms", (Index("removed", "at"),))
TAKEN = CollectionSpec("form_leads", (Index("form", "at"), Index("owes", sparse=True)))
SENT = CollectionSpec("form_tries")
_AT_ONCE = 100


class FormRepository:
    """A lead is kept before anything is told of it; `owes` while something is still to be done about it."""

    def __init__(self, store: Store) -> None:
        self.forms, self.taken = store.collection(FORMS), store.collection(TAKEN)
        self.sent = store.collection(SENT)

    async def owing(self) -> list[Document]:
        return (await self.taken.find({"owes": True}, limit=_AT_ONCE)).items

    async def amend_taken(self, lead: str, change: Change) -> Document | None:
        return await amend(self.taken, lead, change)
