"""Every query about lead forms, the leads that they took, and how often one network sends."""

from datetime import datetime

from hub.kit.clock import iso
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Range, Store

FORMS = CollectionSpec("lead_forms", (Index("removed", "at"),))
TAKEN = CollectionSpec("form_leads", (Index("form", "at"), Index("owes", sparse=True), Index("at")))
SENT = CollectionSpec("form_tries")
_AT_ONCE, _PAGE = 100, 500


class FormRepository:
    """A lead is kept before anything is told of it; `owes` while something is still to be done about it."""

    def __init__(self, store: Store) -> None:
        self.forms, self.taken = store.collection(FORMS), store.collection(TAKEN)
        self.sent = store.collection(SENT)

    async def owing(self) -> list[Document]:
        return (await self.taken.find({"owes": True}, limit=_AT_ONCE)).items

    async def forget(self, told: datetime, untold: datetime) -> int:
        """Removes those that were told and are older than the one moment, and those that never could be and are
        older than the other; how many.
        """
        count, after = 0, None
        while True:
            page = await self.taken.find({"at": Range(until=iso(told))}, order="at", limit=_PAGE, after=after)
            gone = [one["_id"] for one in page.items if _is_over(one, untold)]
            count += await self.taken.delete_many(gone) if gone else 0
            if (after := page.next) is None:
                return count

    async def amend_taken(self, lead: str, change: Change) -> Document | None:
        return await amend(self.taken, lead, change)


def _is_over(taken: Document, untold: datetime) -> bool:
    return not taken.get("owes") and (taken["interaction"] is not None or taken["at"] < iso(untold))
