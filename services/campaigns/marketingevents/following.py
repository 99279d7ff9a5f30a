"""What follows from where a guest stands: a line in his client's chain, a touch, and when it is over a task or a
sequence.

It is owed by the guest's own document and done under keys made of it, so a crash leaves nothing undone and does
nothing twice. What is refused is noted with the guest, and holds up nothing else.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.lead import Evidence, TouchRecorded
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import HubError, TransientError
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.kit.loop import each
from hub.store.base import Document
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.links import when
from services.campaigns.marketingevents.models import State
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.marketingevents.service import MarketingEvents

_SOURCE = "omnihub/campaigns"
_SAID: dict[State, str] = {
    "invited": "Приглашён · Invited",
    "confirmed": "Придёт, место за ним · Will come, has a seat",
    "waiting": "В листе ожидания · On the waiting list",
    "declined": "Не придёт · Will not come",
    "attended": "Пришёл · Attended",
    "absent": "Не пришёл · Did not come",
}
_REAL = frozenset(("confirmed", "waiting", "attended"))
"""Who says so becomes a client, if he is none yet."""
log = Log(__name__)


class Chains(Protocol):
    """Where it is kept. Each raises TransientError, and another HubError for what is refused."""

    async def contact(self, client: str, given: Document, *, actor: Actor, key: str) -> str:
        """Written down by hand in a chain of its own; its id. The same key is the same contact."""
        ...

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None: ...

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None: ...

    async def opened(self, address: str, name: str, *, actor: Actor, key: str) -> str:
        """The client of an address that is nobody's yet."""
        ...


class Whose(Protocol):
    async def client_of(self, address: str) -> str | None: ...


class Enters(Protocol):
    async def enter(self, given: str, clients: Sequence[str], *, actor: Actor) -> dict[str, str]:
        """By client why he did not enter. Raises NotFound and Conflict."""
        ...


class Following:
    """Of all guests."""

    def __init__(
        self,
        repository: EventRepository,
        events: MarketingEvents,
        *,
        chains: Chains,
        whose: Whose,
        enters: Enters,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._events = events
        self._chains = chains
        self._whose = whose
        self._enters = enters
        self._bus = bus
        self._clock = clock

    async def look(self) -> None:
        """Does what is owed. Raises TransientError."""
        await each(await self._repository.owing_events(), self._events.settle)
        await each(await self._repository.owing_guests(), self._follow)

    async def _follow(self, guest: Document) -> None:
        if (event := await self._repository.events.get(guest["event"])) is None:
            return
        actor = Actor(login=event["responsible"], reach=(EVERYTHING,), reads=(EVERYTHING,))
        for place in range(guest["told"], len(guest["log"])):
            line = guest["log"][place]
            try:
                guest = await self._told(event, guest, place, actor)
            except TransientError:
                raise
            except HubError as exc:
                guest = await self._noted(guest, str(exc))
            if line["how"] == seats.CLOSED:
                guest = await self._after(event, guest, line, actor)
            guest = await self._done(guest, place + 1)

    async def _told(self, event: Document, guest: Document, place: int, actor: Actor) -> Document:
        """A line of his log in the chain, and the touch. Raises HubError."""
        line, key = guest["log"][place], f"{guest['_id']}-{place}"
        guest = await self._with_client(guest, line["state"], actor)
        if line["state"] in ("confirmed", "attended"):
            await self._touch(event, guest, line)
        if guest["client_id"] is None or line["state"] == line["was"]:
            return guest
        text = f"«{event['title']}», {when(event, 'ru')}: {_SAID[line['state']]}"
        if guest["interaction"] is not None:
            await self._chains.note(guest["interaction"], text, actor=actor, key=key)
            return guest
        given = {"type": "message", "subject": event["title"], "text": text, "reviewed": True}
        made = await self._chains.contact(guest["client_id"], given, actor=actor, key=key)
        return await self._amended(guest, {"interaction": made})

    async def _with_client(self, guest: Document, state: State, actor: Actor) -> Document:
        if guest["client_id"] is not None or guest["address"] is None:
            return guest
        client = await self._whose.client_of(guest["address"])
        if client is None and state in _REAL:
            key = f"{guest['_id']}-client"
            client = await self._chains.opened(guest["address"], guest["name"], actor=actor, key=key)
        return await self._amended(guest, {"client_id": client}) if client else guest

    async def _touch(self, event: Document, guest: Document, line: Document) -> None:
        """By which costs and deals of the event are counted together."""
        kind = "form" if line["how"] == "link" else "hand"
        told = TouchRecorded(
            id=derive("touch", guest["_id"], line["state"]),
            whose=guest["client_id"] or guest["address"],
            source=event["source"],
            at=from_iso(line["at"]),
            evidence=Evidence.model_validate({"kind": kind, "value": event["title"], "by": line["by"]}),
        )
        await self._bus.publish([Envelope(event=told, source=_SOURCE, time=self._clock.now())])

    async def _after(self, event: Document, guest: Document, line: Document, actor: Actor) -> Document:
        """What the event has for those who came, or did not."""
        wanted = event["attended_after" if line["state"] == "attended" else "absent_after"]
        if wanted["task"] and guest["interaction"]:
            task = {"title": wanted["task"], "assignee": event["responsible"]}
            key = f"{guest['_id']}-task"
            guest = await self._tried(guest, self._chains.task(guest["interaction"], task, actor=actor, key=key))
        if wanted["sequence"] and guest["client_id"]:
            owner = Actor(login=event["owner"], reach=tuple(event["reach"]))
            entered = self._enters.enter(wanted["sequence"], [guest["client_id"]], actor=owner)
            guest = await self._tried(guest, entered)
        return guest

    async def _tried(self, guest: Document, step: Awaitable[object]) -> Document:
        try:
            told = await step
        except TransientError:
            raise
        except HubError as exc:
            return await self._noted(guest, str(exc))
        why = "; ".join(filter(None, told.values())) if isinstance(told, dict) else ""
        return await self._noted(guest, why) if why else guest

    async def _noted(self, guest: Document, words: str) -> Document:
        log.warning("guest.unfollowed", guest=guest["_id"])
        return await self._amended(guest, {"reason": words[:500]})

    async def _amended(self, guest: Document, fields: Document) -> Document:
        after = await self._repository.amend_guest(guest["_id"], lambda now: {**now, **fields})
        assert after is not None
        return after

    async def _done(self, guest: Document, told: int) -> Document:
        def change(now: Document) -> Document:
            after = {**now, "told": told}
            whole = told >= len(now["log"])
            return {name: value for name, value in after.items() if name != "owes"} if whole else after

        after = await self._repository.amend_guest(guest["_id"], change)
        assert after is not None
        return after
