"""Tells of leads that forms took: the contact, its touch and consent in one step, then the task. What a crash or a
bus that was down left is told later; each is done once, by its id.
"""

from datetime import timedelta
from typing import Protocol

from hub.api.actor import Actor
from hub.contracts.interaction import InteractionReceived
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import HubError, NotFound, TransientError
from hub.kit.log import Log
from hub.kit.loop import each
from hub.store.base import Document
from services.campaigns.leadforms.repository import FormRepository
from services.campaigns.sources.models import NewLead

KEPT, KEPT_UNTOLD = timedelta(days=90), timedelta(days=365)
"""So long a row is kept of a lead that is in its chain, and of one that never could be told."""
PATIENCE = timedelta(hours=1)
"""A contact is in its chain within a moment; whose task is refused for so long is left without."""
log = Log(__name__)


class Leads(Protocol):
    async def lead(self, given: NewLead, *, by: str, source: str = "") -> InteractionReceived:
        """Once for its `external_id`. Raises NotFound where the topic of its consent is gone, and HubError."""
        ...


class Tasks(Protocol):
    """Each raises TransientError, and Conflict where it is refused."""

    async def channel_of(self, interaction: str, *, actor: Actor) -> str:
        """Refused while the contact is not in its chain."""
        ...

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:
        """A refusal is kept under its key."""
        ...


class Telling:
    """Of all forms."""

    def __init__(self, repository: FormRepository, leads: Leads, tasks: Tasks, clock: Clock) -> None:
        self._repository = repository
        self._leads = leads
        self._tasks = tasks
        self._clock = clock

    async def look(self) -> None:
        """All that is owed. Raises TransientError."""
        await each(await self._repository.owing(), self.tell)

    async def forget(self) -> int:
        """How many rows were removed. Raises StoreUnavailable."""
        now = self._clock.now()
        return await self._repository.forget(now - KEPT, now - KEPT_UNTOLD)

    async def tell(self, taken: Document) -> None:
        """Raises TransientError: it is done later."""
        try:
            if taken["interaction"] is None:
                taken = await self._told(taken)
            if taken["task"] is not None:
                await self._give(taken)
            await self._done(taken, "")
        except TransientError:
            raise
        except HubError as exc:
            if self._clock.now() - from_iso(taken["at"]) > PATIENCE:
                log.warning("lead.unfollowed", lead=taken["_id"], error=type(exc).__name__)
                await self._done(taken, str(exc)[:500])

    async def _told(self, taken: Document) -> Document:
        received = await self._received(taken, NewLead.model_validate(taken["lead"]))
        after = await self._repository.amend_taken(taken["_id"], lambda now: {**now, "interaction": received.id})
        assert after is not None
        return after

    async def _received(self, taken: Document, given: NewLead) -> InteractionReceived:
        """A topic that was taken away takes no lead along: nobody is written to about it any more."""
        by, source = f"form:{taken['form']}", taken["source"]
        try:
            return await self._leads.lead(given, by=by, source=source)
        except NotFound:
            if given.consent is None:
                raise
            log.warning("lead.without_topic", lead=taken["_id"], topic=given.consent.topic)
            return await self._leads.lead(given.model_copy(update={"consent": None}), by=by, source=source)

    async def _give(self, taken: Document) -> None:
        actor = Actor(login=taken["by"], reach=(EVERYTHING,), reads=(EVERYTHING,))
        await self._tasks.channel_of(taken["interaction"], actor=actor)
        await self._tasks.task(taken["interaction"], taken["task"], actor=actor, key=f"{taken['_id']}-task")

    async def _done(self, taken: Document, reason: str) -> None:
        """What he wrote is in the chain now, and is not kept twice; what could not be told stays."""

        def change(now: Document) -> Document:
            rest = {name: value for name, value in now.items() if name != "owes"}
            return {**rest, "reason": reason, "lead": None if now["interaction"] else now["lead"]}

        await self._repository.amend_taken(taken["_id"], change)
