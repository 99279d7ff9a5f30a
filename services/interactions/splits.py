"""An answer under another subject: an employee says whether it is another matter."""

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.client import ChainOpened
from hub.contracts.interaction import InteractionChanged, Link
from hub.kit.clock import Clock
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from hub.store.outbox import owing, publish_owed
from services.interactions.answers import move_on
from services.interactions.linking import new_chain_id, subject_key
from services.interactions.models import chain_from, interaction_from
from services.interactions.repository import Repository, amend
from services.interactions.service import SOURCE


class Splits:
    """Every step may be repeated, after a crash or by a second press."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock

    async def split(self, interaction_id: str) -> Document:
        """The message in a chain of its own that continues the old one; what refers to it follows.

        Raises:
            NotFound: there is none.
            Conflict: it does not ask.
        """
        document = await self._found(interaction_id)
        if document["link"]["rule"] == "split":
            return document
        self._check_asks(document)
        link = Link(rule="split", evidence=subject_key(document["subject"]), continues=document["chain_id"])
        moved = {**document, "chain_id": new_chain_id(interaction_id), "link": link.model_dump(mode="json")}
        interaction = interaction_from(moved)
        opened = (await self._repository.touch_chains([interaction]))[interaction.chain_id]
        await self._repository.redirect([*document["keys"]], moved)
        stored = await self._save(moved, ChainOpened(chain=chain_from(opened)))
        await move_on(self._repository, interaction)
        await self._step_back(document)
        return stored

    async def keep(self, interaction_id: str) -> Document:
        """It belongs where it is. Errors as `split`."""
        document = await self._found(interaction_id)
        self._check_asks(document)
        return await self._save({**document, "link": {**document["link"], "asks": False}})

    async def _found(self, interaction_id: str) -> Document:
        document = await self._repository.interactions.get(interaction_id)
        if document is None:
            raise NotFound(f"there is nothing under {interaction_id}")
        return document

    def _check_asks(self, document: Document) -> None:
        if not document["link"].get("asks"):
            raise Conflict("nothing is asked about this message; it was decided already, or never in doubt")

    async def _save(self, document: Document, *facts: ChainOpened) -> Document:
        change = InteractionChanged(interaction=interaction_from(document), revision=document["_v"] + 1)
        now = self._clock.now()
        after = owing(document, [Envelope(event=fact, source=SOURCE, time=now) for fact in (*facts, change)])
        if not await self._repository.interactions.swap(after):
            raise Conflict
        stored = {**after, "_v": after["_v"] + 1}
        await publish_owed(self._repository.interactions, stored, self._bus)
        return stored

    async def _step_back(self, document: Document) -> None:
        """The chain it was in ends with what is left of it."""
        left = await self._repository.newest_of_chain(document["chain_id"], limit=1)
        chain = await self._repository.chains.get(document["chain_id"])
        if chain and left and chain["last_id"] == document["_id"]:
            newest = left[0]
            await amend(
                self._repository.chains, chain, lambda now: {**now, "last_id": newest["_id"], "last_at": newest["at"]}
            )
