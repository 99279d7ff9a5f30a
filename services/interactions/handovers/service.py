"""Handing over all open work of an employee, for good or until he is back."""

from collections.abc import Sequence
from datetime import timedelta

from hub.api.actor import Actor
from hub.contracts.scope import owned_by, reaches
from hub.jobs.asked import who
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Index, Range, Store
from services.interactions.handovers.forms import HandoverForm
from services.interactions.handovers.job import HandOverWork

HANDOVERS = CollectionSpec("handovers", (Index("until", sparse=True),))
_LOOK = timedelta(seconds=5)
_FARTHEST = timedelta(days=85)
"""A job can be taken back for 90 days."""
log = Log(__name__)


class Handovers:
    """What goes back by itself is kept until it has; whatever copy looks, the job is reverted once."""

    def __init__(self, store: Store, jobs: Jobs, clock: Clock) -> None:
        self._waiting = store.collection(HANDOVERS)
        self._jobs = jobs
        self._clock = clock
        self._loop = Loop("handovers", self.look, every=_LOOK)
        self.start, self.stop = self._loop.start, self._loop.stop

    async def begin(self, form: HandoverForm, *, actor: Actor, key: str | None) -> JobView:
        """The job that does it.

        Raises:
            Forbidden: it is not his own work, nor does he see that of whose it is.
            InvalidInput: it is to go back too late, or at once.
        """
        if form.from_login != actor.login and not reaches(actor.reach, [owned_by(form.from_login)]):
            raise Forbidden("you hand over your own work, and that of those whom you lead; ask a supervisor")
        now = self._clock.now()
        if form.until and not now < form.until <= now + _FARTHEST:
            raise InvalidInput(fields={"until": f"must lie ahead, at most {_FARTHEST.days} days"})
        asked = who(actor)
        # What goes to somebody is taken back from him, whoever asked.
        concerned = [owned_by(login) for login in (form.from_login, form.to) if login]
        args = {**form.model_dump(mode="json"), "who": {**asked, "reach": [*asked["reach"], *concerned]}}
        job = await self._jobs.begin(HandOverWork.kind, args, by=actor.login, key=key)
        if form.until:
            await self._waiting.insert({"_id": job.id, "until": iso(form.until)})
        return job

    async def look(self) -> int:
        """How many went back. Raises TransientError."""
        page = await self._waiting.find({"until": Range(since="", until=iso(self._clock.now()))}, order="until")
        return await self._return(page.items)

    async def _return(self, due: Sequence[Document]) -> int:
        for waiting in due:
            try:
                if (await self._jobs.get(waiting["_id"])).state in ("queued", "running"):
                    continue  # It goes back when it has gone.
                await self._jobs.revert(waiting["_id"])
            except (Conflict, NotFound) as exc:
                log.warning("handover.not_returned", job=waiting["_id"], reason=str(exc))
            await amend(self._waiting, waiting["_id"], _returned)
        return len(due)


def _returned(waiting: Document) -> Document:
    return {name: value for name, value in waiting.items() if name != "until"}
