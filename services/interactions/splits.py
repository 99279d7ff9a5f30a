"""An answer under another subject: an employee says whether it is another matter."""

from collections.abc import Callable

from hub.bus.base import Bus
from hub.contracts.interaction import Link
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.chains.moved import moved, step_back
from services.interactions.linking import new_chain_id, subject_key
from services.interactions.outgoing import Outgoing
from services.interactions.repository import Repository
from services.interactions.roots import existing


class Splits:
    """Every step may be repeated, after a crash or by a second press."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        repository.on(bus, clock)
        self._repository = repository
        self._clock = clock

    async def split(self, interaction_id: str, *, by: str | None = None) -> Document:
        """The message in a chain of its own that continues the old one; what refers to it follows.

        Raises:
            NotFound: there is none.
            Conflict: it does not ask.
        """
        document = await self._found(interaction_id)
        before = document["chain_id"]
        if document["link"]["rule"] != "split":
            link = Link(rule="split", evidence=subject_key(document["subject"]), continues=before)
            place = (new_chain_id(interaction_id), document["client_id"])
            document = await self._change(document, lambda now: moved(now, place, link, by, iso(self._clock.now())))
        else:
            before = document["link"]["continues"]
        chain = (await self._repository.touch_chains([document]))[document["chain_id"]]
        await self._repository.chains.tell(chain)
        await self._repository.interactions.tell(document)
        await Outgoing(self._repository).move_on(document)
        await step_back(self._repository, before, {document["_id"]})
        return document

    async def keep(self, interaction_id: str) -> Document:
        """It belongs where it is. Errors as `split`."""
        document = await self._found(interaction_id)
        after = await self._change(document, lambda now: {**now, "link": {**now["link"], "asks": False}})
        await self._repository.interactions.tell(after)
        return after

    async def _change(self, document: Document, change: Callable[[Document], Document]) -> Document:
        def checked(now: Document) -> Document:
            if not now["link"].get("asks"):
                raise Conflict("nothing is asked about this message; it was decided already, or never in doubt")
            return change(now)

        return await self._repository.interactions.amend(document["_id"], checked) or document

    async def _found(self, interaction_id: str) -> Document:
        return await existing(self._repository.interactions, interaction_id)
