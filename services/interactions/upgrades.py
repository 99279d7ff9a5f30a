"""Brings what an older version stored to what this one looks for."""

from datetime import timedelta

from hub.contracts.scope import OPEN
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.base import Collection, CollectionSpec, Document, Store
from services.interactions.chains.state import queued
from services.interactions.models import CHAINS, CLIENTS

UPGRADES = CollectionSpec("upgrades")
_AT_ONCE = 500
_AGAIN = timedelta(minutes=1)
_SEEN, _QUEUE = "seen_by", "queue"
log = Log(__name__)


class Upgrades:
    """Lists by whom chains and clients are seen that were stored before that was a question (everybody), and by what
    queues count them.

    It runs beside the service, once in the life of a store; until it is over, whoever sees only some chains finds the
    newest ones. Nothing is told: readers of events take what is missing for the same.
    """

    def __init__(self, store: Store) -> None:
        self._done = store.collection(UPGRADES)
        self._collections = [store.collection(spec) for spec in (CHAINS, CLIENTS)]
        self._over = False
        self._loop = Loop("upgrades", self.run, every=_AGAIN)
        self.start = self._loop.start
        self.stop = self._loop.stop

    async def run(self) -> None:
        if self._over or await self._done.get(_QUEUE):
            self._over = True
            return
        filled = 0
        for collection in self._collections:
            # One that somebody changes at that moment is found at the next round.
            while found := await self._fill(collection):
                filled += found
        if self._loop.stopping:
            return
        await self._done.insert({"_id": _QUEUE})
        self._over = True
        if filled:
            log.info("upgrade.done", documents=filled)

    async def _fill(self, collection: Collection) -> int:
        filled, after = 0, None
        while not self._loop.stopping:
            page = await collection.find({}, limit=_AT_ONCE, after=after)
            lacking = [full for document in page.items if (full := _full(document)) != document]
            filled += len(await collection.swap_many(lacking)) if lacking else 0
            if (after := page.next) is None:
                break
        return filled


def _full(document: Document) -> Document:
    seen = document if _SEEN in document else {**document, _SEEN: [OPEN]}
    return seen if "last_at" not in seen or _QUEUE in seen else queued(seen)
