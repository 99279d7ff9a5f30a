"""Do-not-call: numbers and beginnings of numbers that are not phoned, everywhere or in one list, from the moment on
that they were added: a number says so itself, in the document that a call of it has to swap.
"""

from collections.abc import Sequence

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.ids import derive
from hub.kit.phones import phone
from hub.store.base import Document, Page, Range
from services.campaigns.calllists.models import NewStop
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.rules import EVERYWHERE

_SHORTEST = 3
"""Digits of a mask."""


class Stops:
    """All of them."""

    def __init__(self, repository: CallRepository, clock: Clock, *, region: str) -> None:
        self._repository = repository
        self._clock = clock
        self._region = region

    async def page(self, *, limit: int, after: str | None) -> Page:
        """Numbers that are not phoned, those that were added last first."""
        where = {"stopped_at": Range(since="")}
        return await self._repository.numbers.find(
            where, order="stopped_at", descending=True, limit=limit, after=after
        )

    async def masks(self) -> list[Document]:
        return await self._repository.masks_there()

    async def add(self, given: Sequence[NewStop], *, actor: Actor) -> int:
        """How many; all of them count when it returns. Raises InvalidInput, and then adds none."""
        read = [self._read(one, f"items.{number}.value") for number, one in enumerate(given)]
        for value, one in zip(read, given, strict=True):
            await self.stop(value, one.call_list or EVERYWHERE, why=one.why, by=actor.login)
        return len(read)

    def _read(self, one: NewStop, field: str) -> str:
        value = one.value.strip().removeprefix("phone:")
        if value.endswith("*"):
            digits = value[:-1].removeprefix("+")
            if value.startswith("+") and digits.isdecimal() and len(digits) >= _SHORTEST:
                return value
        elif number := phone(value, self._region):
            return number
        fix = f"{one.value!r} is neither a number nor a beginning of numbers; write +79161234567 or +7916*"
        raise InvalidInput(f"{field}: {fix}", fields={field: fix})

    async def stop(self, value: str, where: str, *, why: str, by: str) -> None:
        """Of a number or a mask, everywhere (`*`) or in a list."""
        at = iso(self._clock.now())
        if value.endswith("*"):
            mask = {
                "_id": derive("mask", value, where),
                "at": at,
                "mask": value,
                "where": where,
                "why": why,
                "by": by,
            }
            await self._repository.masks.insert(mask)
            return

        def stopped(now: Document) -> Document:
            known: dict[str, Document] = now.get("stops") or {}
            reason = {"at": at, "why": why, "by": by}
            return {**now, "stops": {where: reason, **known}, "stopped_at": now.get("stopped_at") or at}

        await self._repository.change_number(value, stopped)

    async def lift(self, value: str, where: str) -> None:
        """He may be phoned again. Raises NotFound."""
        if value.endswith("*"):
            mask = await self._repository.masks.get(derive("mask", value, where))
            if mask is None or not await self._repository.masks.delete(mask):
                raise NotFound(f"nobody said not to call {value}")
            return
        number = phone(value, self._region)
        found = await self._repository.numbers.get(number) if number else None
        if found is None or where not in (found.get("stops") or {}):
            raise NotFound(f"nobody said not to call {value}")

        def lifted(now: Document) -> Document:
            left = {place: one for place, one in (now.get("stops") or {}).items() if place != where}
            rest = {name: one for name, one in now.items() if name not in ("stops", "stopped_at")}
            return {**rest, "stops": left, "stopped_at": now["stopped_at"]} if left else rest

        await self._repository.change_number(number, lifted)
