"""Rings a number of a call list: once, for one operator, under the caps of its person, and none that was stopped.

Before a number is rung the attempt is durable in the entry, it has its slot under the person's cap, and the number's
own document says that it rings: in this order, each swapped. So ten operators, ten lists and ten copies of the hub
never ring one number twice, and a number that was stopped is not rung afterwards. A kill between two of these leaves
the attempt with its operator, and the same attempt is the same call.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict
from hub.kit.ids import derive
from hub.kit.seams import seam
from hub.store.base import Document
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.rules import WAITING, Caps, capped, masks_in, refused, stopped_in
from services.campaigns.calllists.stops import Stops

RINGS_AT_MOST = timedelta(hours=2)
"""So long a number counts as rung when nobody ever said what came of it."""
_KEPT = timedelta(days=8)
"""Attempts of a person that count against his caps."""
_SOON = timedelta(minutes=5)


class Dials(Protocol):
    """Makes a call: the operator's phone rings, then the person's; of a list that dials, the person's alone."""

    async def dial(self, entry: Document, *, line: str, actor: Actor, key: str, dropped_to: str) -> str:
        """The interaction; the same key is the same call. Raises Conflict where it is refused, and TransientError."""
        ...


class Ringing:
    """What is between an operator who wants to call and a phone that rings."""

    def __init__(self, repository: CallRepository, stops: Stops, dials: Dials, clock: Clock, caps: Caps) -> None:
        self._repository = repository
        self._stops = stops
        self._dials = dials
        self._clock = clock
        self._caps = caps

    async def dial(self, entry: Document, *, line: str, actor: Actor, dropped_to: str = "") -> Document:
        """Rings him: once, however often it is asked. Raises Conflict and TransientError.

        `dropped_to` is the extension for whom a list dialled and no agent was there for.
        """
        attempt = entry.get("attempt") or await self._intended(entry)
        if attempt.get("interaction"):
            return entry
        seam("dialler.intended")
        await self._slot(entry, attempt)
        await self._ring(entry, attempt)
        seam("dialler.rung")
        try:
            interaction = await self._dials.dial(
                entry, line=line, actor=actor, key=attempt["id"], dropped_to=dropped_to
            )
        except Conflict:
            await self._undo(entry, attempt, _SOON)
            raise
        seam("dialler.dialled")
        return await self._dialled(entry["_id"], attempt, interaction)

    async def _undo(self, entry: Document, attempt: Document, pause: timedelta) -> None:
        """Nothing was rung."""
        await self.unring(attempt)
        await self._take_slot_back(entry, attempt)
        await self.give_back(entry, {"due": iso(self._clock.now() + pause)})

    async def refused(self, number: str, list_id: str) -> str:
        """Why a number is not phoned for a list; empty: it may be."""
        masks = masks_in(await self._stops.masks(), list_id)
        return refused(number, await self._repository.numbers.get(number), masks, list_id)

    async def _intended(self, entry: Document) -> dict[str, Any]:
        number = entry["attempts"] + 1
        made = derive("att", entry["_id"], str(number), entry["held_at"])
        attempt = {"id": made, "number": entry["number"], "at": iso(self._clock.now()), "interaction": None}
        if not await self._repository.entries.swap({**entry, "attempt": attempt, "attempts": number}):
            raise Conflict
        return attempt

    async def _slot(self, entry: Document, attempt: Document) -> None:
        """Under the caps of all lists together. Raises Conflict, and he is given back."""
        now = self._clock.now()
        until: list[datetime] = []

        def taken(person: Document) -> Document:
            kept = {name: at for name, at in person["attempts"].items() if from_iso(at) > now - _KEPT}
            until[:] = [free] if (free := capped(kept, now, self._caps, but=attempt["id"])) else []
            return person if until else {**person, "attempts": {**kept, attempt["id"]: attempt["at"]}}

        await self._repository.change_person(entry["person"], taken)
        if until:
            await self.give_back(entry, {"due": iso(until[0])})
            raise Conflict(f"he was phoned often enough; again at {iso(until[0])}")

    async def _ring(self, entry: Document, attempt: Document) -> None:
        """From here on the number rings, and for nobody else. Raises Conflict, and he is given back."""
        now = self._clock.now()
        why: list[str] = []

        def rung(number: Document) -> Document:
            ringing, until = number.get("ringing"), number.get("until") or ""
            why[:] = filter(None, [stopped_in(number, entry["list"])])
            if not why and ringing not in (None, attempt["id"]) and until > iso(now):
                why[:] = ["it is being rung for somebody else"]
            return number if why else {**number, "ringing": attempt["id"], "until": iso(now + RINGS_AT_MOST)}

        await self._repository.change_number(attempt["number"], rung)
        words = why[0] if why else await self.refused(attempt["number"], entry["list"])
        if words:
            await self._undo(entry, attempt, _SOON)
            raise Conflict(f"he is not phoned: {words}")

    async def unring(self, attempt: Document) -> None:
        def quiet(number: Document) -> Document:
            mine = number.get("ringing") == attempt["id"]
            return {k: v for k, v in number.items() if k not in ("ringing", "until")} if mine else number

        await self._repository.change_number(attempt["number"], quiet)

    async def _take_slot_back(self, entry: Document, attempt: Document) -> None:
        def without(person: Document) -> Document:
            left = {name: at for name, at in person["attempts"].items() if name != attempt["id"]}
            return {**person, "attempts": left}

        await self._repository.change_person(entry["person"], without)

    async def give_back(self, entry: Document, fields: Document) -> None:
        """Nothing was rung: the attempt is none."""

        def freed(now: Document) -> Document:
            rest = {name: value for name, value in now.items() if name not in ("holder", "held_at", "attempt")}
            count = now["attempts"] - (1 if now.get("attempt") else 0)
            return {**rest, "state": WAITING, "attempts": count, **fields}

        await self._repository.amend_entry(entry["_id"], freed)

    async def _dialled(self, entry_id: str, attempt: Document, interaction: str) -> Document:
        def told(now: Document) -> Document | None:
            return {**now, "attempt": {**attempt, "interaction": interaction}} if now.get("attempt") else None

        after = await self._repository.amend_entry(entry_id, told)
        assert after is not None
        return after
