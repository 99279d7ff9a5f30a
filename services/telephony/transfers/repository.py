"""Commands for calls that go on: asked for at any copy of the hub, done by the one that listens to the exchange."""

from datetime import timedelta

from hub.kit.clock import Clock, iso
from hub.kit.ids import fresh
from hub.store.base import CollectionSpec, Document, Index, Range, Store, Where

COMMANDS = CollectionSpec("commands", (Index("exchange", "state", "at"), Index("at")))
GOOD_FOR = timedelta(seconds=10)
"""A command that nobody took up by then is void: nobody is handed on minutes later."""


class CommandRepository:
    """A document for each command."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._commands = store.collection(COMMANDS)
        self._clock = clock

    async def ask(self, exchange: str, wanted: Document) -> Document:
        document: Document = {
            **wanted,
            "_id": fresh("cmd"),
            "exchange": exchange,
            "state": "asked",
            "at": iso(self._clock.now()),
        }
        await self._commands.insert(document)
        return document

    async def get(self, command_id: str) -> Document | None:
        return await self._commands.get(command_id)

    async def due(self, exchange: str) -> list[Document]:
        since = iso(self._clock.now() - GOOD_FOR)
        where: Where = {"exchange": exchange, "state": "asked", "at": Range(since=since)}
        return (await self._commands.find(where, order="at", limit=20)).items

    async def take(self, document: Document) -> Document | None:
        """It is ours to do, once; none where somebody was faster."""
        taken = await self._commands.swap({**document, "state": "taken"})
        return {**document, "state": "taken", "_v": document["_v"] + 1} if taken else None

    async def done(self, document: Document, *, failed: bool, words: str) -> None:
        await self._commands.swap({**document, "state": "failed" if failed else "done", "words": words[:500]})

    async def forget_old(self) -> None:
        until = iso(self._clock.now() - timedelta(days=1))
        page = await self._commands.find({"at": Range(since="", until=until)}, order="at", limit=500)
        await self._commands.delete_many([one["_id"] for one in page.items])
