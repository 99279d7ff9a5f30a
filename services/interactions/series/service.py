"""Makes the next one of planned contacts that come again."""

from hub.kit.clock import Clock, from_iso
from hub.store.base import Document
from services.interactions.byhand.models import settled
from services.interactions.invitations.models import invited
from services.interactions.outgoing import Outgoing
from services.interactions.repository import Repository
from services.interactions.series.models import FIRST, LIVE, NEXT, is_live, next_of


class Recurring:
    """It may be asked twice, and after a crash: the next one has an id of its own, and is made once."""

    def __init__(self, repository: Repository, outgoing: Outgoing, clock: Clock) -> None:
        self._repository = repository
        self._outgoing = outgoing
        self._clock = clock

    async def go_on(self, document: Document) -> None:
        """Before its timer fires: see `followed`. Whoever was invited to it is invited to the next one."""
        now, due = self._clock.now(), (document.get("timers") or {}).get(NEXT)
        if not due or from_iso(due) > now or not is_live(document):
            return
        made = next_of(document, now=now)
        if made is None:
            return
        told = document.get("invited")
        if told and not told["cancelled"]:
            who = {name: told[name] for name in ("account", "organizer", "text", "by")}
            made = invited(made, **who, at=now)
        stored, _ = await self._repository.interactions.insert(settled(made))
        await self._repository.interactions.amend(stored[FIRST], lambda first: {**first, LIVE: stored["_id"]})
        await self._repository.chains.tell(*(await self._repository.touch_chains([stored])).values())
        await self._repository.interactions.tell(stored)
        await self._outgoing.move_on(stored)
