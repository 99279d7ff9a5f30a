"""Dials lists by itself: each look settles what became of those that it dialled, and dials as many as pacing says.

What was dialled is known from the entries that the dialler holds, and what came of it from the service of calls,
which counts: a dialler that was killed, or another copy that goes on, finds both, so no number is dialled twice, none
is forgotten, and the share of those who were dropped goes on from what is recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.leases import Leases
from services.campaigns.calllists.pacing import Seen, Settings, to_dial
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Ringing
from services.campaigns.calllists.work import Work

DIALS = ("progressive", "predictive")
"""Modes of lists that dial by themselves."""
_LOST = timedelta(minutes=5)
"""After so long a call that the service of calls never heard of will not be: it gives up far earlier."""
_CODES = {"busy": "busy", "no_answer": "no_answer", "failed": "failed", "machine": "answering_machine"}
_TALKS = ("connecting", "talking")
_QUIET = 5
"""Looks for lists that dial, in seconds, while there is none."""
log = Log(__name__)


class Floor(Protocol):
    """The service of calls."""

    async def dials(self, list_id: str, ids: Sequence[str]) -> Document:
        """`available`, of these `shared` with `others`, `busy`, counts, and `dials` of these interactions.

        Raises TransientError.
        """
        ...


def dialler_of(list_id: str) -> Actor:
    """Whoever holds those that a list dials."""
    return Actor(login=f"service:dialler/{list_id}", reach=(EVERYTHING,), reads=(EVERYTHING,))


class Dialler:
    """Of all lists; one copy of the hub dials a list at a time."""

    def __init__(
        self,
        repository: CallRepository,
        work: Work,
        ringing: Ringing,
        floor: Floor,
        leases: Leases,
        clock: Clock,
        *,
        held: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nobody new is dialled while `held`."""
        self._repository = repository
        self._work = work
        self._ringing = ringing
        self._floor = floor
        self._leases = leases
        self._clock = clock
        self._held = held
        self._quiet = 0

    async def look(self) -> None:
        """Once over all lists that dial, and those that rest and have somebody who was dialled."""
        self._quiet -= 1
        if self._quiet > 0:
            return
        lists = await self._repository.dialling()
        self._quiet = 0 if lists else _QUIET
        for call_list in lists:
            if await self._leases.take(f"dialler/{call_list['_id']}") is None:
                continue
            try:
                await self._one(call_list)
            except HubError as exc:
                log.warning("dialler.waiting", list=call_list["_id"], error=str(exc))

    async def _one(self, call_list: Document) -> None:
        actor = dialler_of(call_list["_id"])
        held = await self._work.mine(actor)
        if not held and call_list["state"] != "running":
            return
        asked = {one["attempt"]["interaction"]: one for one in held if _interaction(one)}
        told = await self._floor.dials(call_list["_id"], list(asked))
        going_on = await self._settled(asked, told["dials"], actor)
        begun = await self._resumed(call_list, [one for one in held if not _interaction(one)], actor)
        if call_list["state"] == "running" and not self._held():
            told = {**told, "available": told["available"] - await self._spoken_for(told)}
            wanted = to_dial(seen_of(told, going_on + begun, call_list["after_call"]), settings_of(call_list))
            await self._dial(call_list, min(wanted, call_list["most_lines"] - len(held)), actor)

    async def _spoken_for(self, told: Document) -> int:
        """Agents for whom other lists of theirs ring already: nobody can take two who answer."""
        if not told["shared"]:
            return 0
        held = [await self._work.mine(dialler_of(other)) for other in told["others"]]
        return min(int(told["shared"]), sum(map(len, held)))

    async def _settled(self, asked: Mapping[str, Document], dials: Sequence[Document], actor: Actor) -> int:
        """How many still ring."""
        known, now, ringing = {one["id"]: one for one in dials}, self._clock.now(), 0
        for interaction, entry in asked.items():
            dial = known.get(interaction)
            if dial and (dial["talked"] or dial["state"] in _TALKS):
                await self._hand_over(entry, dial)
            elif dial and dial["end"]:
                await self._over(entry, "dropped" if dial["end"] == "dropped" else _CODES[dial["end"]], actor)
            elif dial is None and now - from_iso(entry["attempt"]["at"]) > _LOST:
                await self._over(entry, "failed", actor)
            else:
                ringing += dial is None or dial["state"] == "ringing"
        return ringing

    async def _hand_over(self, entry: Document, dial: Document) -> None:
        """He speaks with an agent, whose he is from now on: the agent says what came of it."""
        if dial["talked"]:
            after = {**entry, "holder": dial["agent"], "held_at": iso(self._clock.now())}
            await self._repository.entries.swap(after)

    async def _over(self, entry: Document, code: str, actor: Actor) -> None:
        try:
            await self._work.came(entry, code, actor=actor)
        except Conflict as exc:
            log.warning("dialler.unsettled", entry=entry["_id"], error=str(exc))

    async def _resumed(self, call_list: Document, held: Sequence[Document], actor: Actor) -> int:
        """What a crash left between a decision and the call: the same attempt is the same call."""
        count = 0
        for entry in held:
            if entry.get("attempt"):
                count += await self._rung(entry, call_list, actor)
            else:
                await self._ringing.give_back(entry, {"due": iso(self._clock.now())})
        return count

    async def _dial(self, call_list: Document, wanted: int, actor: Actor) -> None:
        for _ in range(wanted):
            entry = await self._work.another(call_list, actor=actor)
            if entry is None:
                return
            await self._rung(entry, call_list, actor)

    async def _rung(self, entry: Document, call_list: Document, actor: Actor) -> bool:
        try:
            await self._ringing.dial(entry, line=call_list["line"], actor=actor, dropped_to=call_list["dropped_to"])
        except TransientError:
            raise
        except HubError as exc:
            log.info("dialler.refused", entry=entry["_id"], error=str(exc))
            return False
        return True


def _interaction(entry: Document) -> str | None:
    return (entry.get("attempt") or {}).get("interaction")


def settings_of(call_list: Document) -> Settings:
    """How a list is dialled."""
    pacing = call_list["pacing"]
    return Settings(mode=call_list["mode"], lines=pacing["lines"], cap=pacing["cap"], limit=pacing["limit"])


def seen_of(told: Document, ringing: int, after_call: float) -> Seen:
    """What pacing decides by. Agents and calls have numbers here: which one it is decides nothing."""
    busy = {f"busy{number}": 0.0 for number in range(told["busy"])}
    over = told["over"]
    handled = max(1, told["answered"] - told["dropped"]) if told["talk"] else 0
    return Seen(
        idle={f"idle{number}" for number in range(told["available"])},
        busy=busy,
        ringing={f"ring{number}": 0.0 for number in range(ringing)},
        waiting={f"wait{number}": 0.0 for number in range(told["waiting"])},
        dialled=told["dialled"],
        answered=told["answered"],
        dropped=told["dropped"],
        handled=handled,
        handling=handled * (told["talk"] + after_call),
        rang=told["ring"] * over,
        over=over,
    )
