"""Brings what an older version stored to what this one looks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hub.contracts.scope import OPEN
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.base import Collection, CollectionSpec, Document, Range, Store, Where
from services.interactions.byhand.models import in_diaries
from services.interactions.chains.state import ASKED, asking, queued
from services.interactions.models import CHAINS, CLIENTS, INTERACTIONS, SILENT

UPGRADES = CollectionSpec("upgrades")
_AT_ONCE = 500
_AGAIN = timedelta(minutes=1)
_SEEN, _QUEUE, _DIARY = "seen_by", "queue", "diary"
log = Log(__name__)


def _queued(document: Document) -> Document:
    seen = document if _SEEN in document else {**document, _SEEN: [OPEN]}
    return seen if "last_at" not in seen or _QUEUE in seen else queued(seen)


def _in_diaries(document: Document) -> Document:
    return document if _DIARY in document else in_diaries(document)


def _named(chain: Document) -> Document:
    return {**chain, "named": chain["readers"]} if chain.get("readers") and "named" not in chain else chain


def _silent(client: Document) -> Document:
    if client.get(SILENT):
        return client
    return {**client, SILENT: max([client["opened_at"], *(entry["last_at"] for entry in client["open_chains"])])}


@dataclass(frozen=True, slots=True)
class Step:
    """What is missing in which documents."""

    name: str
    specs: tuple[CollectionSpec, ...]
    full: Callable[[Document], Document]
    where: Where = field(default_factory=dict)
    order: str = "_id"


STEPS = (
    Step(_QUEUE, (CHAINS, CLIENTS), _queued),
    Step(ASKED, (CHAINS,), asking),
    Step(SILENT, (CLIENTS,), _silent),
    Step("named", (CHAINS,), _named),
    Step(_DIARY, (INTERACTIONS,), _in_diaries, {"plan_at": Range(since="")}, "plan_at"),
)


class Upgrades:
    """Lists by whom chains and clients are seen that were stored before that was a question (everybody), by what
    queues count them, and in whose calendars planned contacts stand.

    It runs beside the service, once in the life of a store; until it is over, whoever sees only some chains finds the
    newest ones. Nothing is told: readers of events take what is missing for the same.
    """

    def __init__(self, store: Store) -> None:
        self._steps = [(step, [store.collection(spec) for spec in step.specs]) for step in STEPS]
        self._done = store.collection(UPGRADES)
        self._over = False
        self._loop = Loop("upgrades", self.run, every=_AGAIN)
        self.start = self._loop.start
        self.stop = self._loop.stop

    async def run(self) -> None:
        if self._over:
            return
        for step, collections in self._steps:
            if not await self._done.get(step.name):
                await self._take(step, collections)
        self._over = not self._loop.stopping

    async def _take(self, step: Step, collections: Sequence[Collection]) -> None:
        filled = 0
        for collection in collections:
            # One that somebody changes at that moment is found at the next round.
            while found := await self._fill(collection, step):
                filled += found
        if self._loop.stopping:
            return
        await self._done.insert({"_id": step.name})
        if filled:
            log.info("upgrade.done", step=step.name, documents=filled)

    async def _fill(self, collection: Collection, step: Step) -> int:
        filled, after = 0, None
        while not self._loop.stopping:
            page = await collection.find(step.where, order=step.order, limit=_AT_ONCE, after=after)
            lacking = [full for document in page.items if (full := step.full(document)) != document]
            filled += len(await collection.swap_many(lacking)) if lacking else 0
            if (after := page.next) is None:
                break
        return filled
