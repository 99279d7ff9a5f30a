"""Warm-ups: kept as plans, and asked by whoever lets mailings go which rows may leave today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict
from hub.kit.ids import derive
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen, sees
from services.campaigns.mailings.repository import WARM
from services.campaigns.warmups.models import (
    PROVIDERS,
    NewWarmUp,
    WarmUpForm,
    cap_of,
    day_of,
    provider_of,
    today,
    tomorrow,
)
from services.campaigns.warmups.repository import MOST, WarmUpRepository

_PUT_OFF = timedelta(days=2)
"""No row is put off for longer."""
_MOMENT = timedelta(seconds=30)


class Counts(Protocol):
    """The rows of mailings."""

    async def warmed(self, name: str, *, at_most: int) -> int:
        """How many rows left under this name, up to so many."""
        ...

    async def active(self) -> list[Document]:
        """Mailings that go on."""
        ...

    async def later(self, mailing_id: str, since: datetime, until: datetime, *, after: str | None) -> Page:
        """Rows whose time is between two moments, in its order."""
        ...

    async def swap(self, rows: Sequence[Document]) -> set[str]: ...


class Lease(Protocol):
    async def take(self, name: str) -> object | None: ...


@dataclass(slots=True)
class Let:
    """What may leave now, what waits for tomorrow, and why something waits."""

    rows: list[Document] = field(default_factory=list)
    later: list[Document] = field(default_factory=list)
    """With tomorrow as their time: others behind them go."""
    words: str = ""


@dataclass(slots=True)
class Room:
    """Of a plan on a day."""

    plan: Document
    day: int
    left: int
    by_provider: dict[str, int]
    name: str
    until: datetime


class WarmUps:
    """All of them."""

    def __init__(self, repository: WarmUpRepository, counts: Counts, leases: Lease, clock: Clock) -> None:
        self._repository = repository
        self._counts = counts
        self._leases = leases
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plans, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.plans, given, actor, "warm-up")

    async def add(self, given: NewWarmUp, *, actor: Actor) -> Document:
        """Raises Conflict where there is one for it."""
        of = given.of.lower() if "." in given.of else given.of
        made = derive("wu", of)
        known = await self._repository.plans.get(made)
        if known is not None and not known["removed"]:
            theirs = "another team's; ask an administrator"
            raise Conflict(
                f"there is a warm-up of {of}; {f'change that one: {made}' if sees(actor, known) else theirs}"
            )
        if len(await self._repository.all()) >= MOST:
            raise Conflict(f"there are {MOST} warm-ups, which is the most")
        plan = {"_id": made, "of": of, "at": iso(self._clock.now()), **self._fields(given, actor.login)}
        done = await (
            self._repository.plans.swap({**plan, "_v": known["_v"]}) if known else self._repository.plans.insert(plan)
        )
        if not done:
            raise Conflict
        return await self.get(made, actor)

    async def change(self, given: str, form: WarmUpForm, *, actor: Actor) -> Document:
        """What left today stays counted. Raises NotFound and Conflict."""
        plan = await self.get(given, actor)
        since = form.since.isoformat() if form.since else plan["since"]
        after = {**plan, **self._fields(form, plan["owner"]), "since": since}
        if not await self._repository.plans.swap(after):
            raise Conflict
        return after

    async def remove(self, given: str, *, actor: Actor) -> None:
        """From now on nothing is kept back, and what waits for tomorrow goes. Raises NotFound."""
        await self.get(given, actor)
        at = iso(self._clock.now())
        await self._repository.amend(given, lambda now: {**now, "removed": True, "frees": True, "removed_at": at})

    async def free(self) -> int:
        """Lets rows go that wait for plans that were taken away; how many. May be repeated."""
        freed = [await self._free(plan) for plan in await self._repository.freeing()]
        return sum(freed)

    async def _free(self, plan: Document) -> int:
        """Whoever was letting go by the plan when it was removed may put rows off for a moment longer."""
        mailings = await self._counts.active()
        count = sum([await self._freed(plan, mailing["_id"]) for mailing in mailings])
        if not count and self._clock.now() - from_iso(plan["removed_at"]) > _MOMENT:
            await self._repository.amend(plan["_id"], _free)
        return count

    async def _freed(self, plan: Document, mailing: str) -> int:
        """Whom it put off had had his time: that is now."""
        count, after, now = 0, None, self._clock.now()
        about = f"the warm-up of {plan['of']}, day "
        while True:
            page = await self._counts.later(mailing, now, now + _PUT_OFF, after=after)
            theirs = [row for row in page.items if (row["reason"] or "").startswith(about)]
            freed = [{**row, "due": iso(now), "reason": None} for row in theirs]
            count += len(await self._counts.swap(freed))
            if (after := page.next) is None:
                return count

    def _fields(self, given: WarmUpForm, owner: str) -> Document:
        fields: Document = given.model_dump(mode="json", include={"caps", "providers", "time_zone"})
        since = given.since or today(fields, self._clock.now())
        return {**fields, "since": since.isoformat(), "removed": False, **belongs(owner, given.team)}

    async def status(self, plan: Document) -> tuple[int | None, dict[str, tuple[int, int | None]]]:
        """Which day it is, from 1 (0: not yet; none: over), and by provider how many left today and may."""
        day = day_of(plan, now := self._clock.now())
        if day is None:
            return None, {}
        name = _name(plan, now)
        left = {one: await self._counts.warmed(f"{name}/{one}", at_most=10_000_000) for one in PROVIDERS}
        told = {one: (count, cap_of(plan, day, one)) for one, count in left.items()}
        return day + 1, {"all": (sum(left.values()), cap_of(plan, day)), **told}

    # --- for whoever lets mailings go ---

    async def let(self, mailing: Document, rows: Sequence[Document], now: datetime) -> Let:
        """Which of these rows may leave today; one copy of the service asks for a plan at a time.

        Raises StoreUnavailable.
        """
        plans = {plan["of"]: plan for plan in await self._repository.all()} if rows else {}
        rooms: dict[str, Room | None] = {}
        found = Let()
        for row in rows:
            plan = _plan_of(plans, mailing["messages"][row["way"]])
            if plan is not None and plan["_id"] not in rooms:
                rooms[plan["_id"]] = await self._room(plan, now)
            room = rooms[plan["_id"]] if plan else None
            found.rows += [row] if plan is None else []
            if plan and room:
                _placed(found, row, room, alone=len(mailing["messages"]) == 1)
        return found

    async def _room(self, plan: Document, now: datetime) -> Room | None:
        """None: another copy lets go by this plan. A plan that is over has room for all."""
        if not await self._leases.take(f"warmup/{plan['_id']}"):
            return None
        day, name = day_of(plan, now), _name(plan, now)
        if day is None:
            return Room(plan, len(plan["caps"]), 10_000_000, {}, name, now)
        cap = cap_of(plan, day) or 0
        left = {one: await self._counts.warmed(f"{name}/{one}", at_most=cap + 1) for one in PROVIDERS}
        caps = {one: cap_of(plan, day, one) for one in PROVIDERS}
        by_provider = {one: limit - left[one] for one, limit in caps.items() if limit is not None}
        return Room(plan, day, cap - sum(left.values()), by_provider, name, tomorrow(plan, now))


def _free(plan: Document) -> Document:
    """Nobody waits for it any more. Pure."""
    return {name: value for name, value in plan.items() if name != "frees"}


def _name(plan: Document, now: datetime) -> str:
    return f"{plan['_id']}/{today(plan, now).isoformat()}"


def _plan_of(plans: Mapping[str, Document], message: Document) -> Document | None:
    """The account's own, else its domain's."""
    domain = message["ours"].rpartition("@")[2].lower()
    return plans.get(message["account"]) or (plans.get(domain) if domain else None)


def _placed(found: Let, row: Document, room: Room, *, alone: bool) -> None:
    """The row goes and takes its room, or waits. All wait where there is no room at all: their time stays where it is
    `alone`, the mailing's only way, for nobody behind them goes another one.
    """
    provider = provider_of(row["address"])
    about = f"the warm-up of {room.plan['of']}, day {room.day + 1}"
    if room.left <= 0:
        words = f"{about}: {cap_of(room.plan, room.day)} may leave today"
        found.words = f"{words}; it goes on at {iso(room.until)[:16]}"
        found.later += [] if alone else [{**row, "due": iso(room.until), "reason": words}]
    elif room.by_provider.get(provider, 1) <= 0:
        cap = cap_of(room.plan, room.day, provider)
        words = f"{about}: {cap} may leave to {provider} today"
        found.later.append({**row, "due": iso(room.until), "reason": words})
    else:
        room.left -= 1
        if provider in room.by_provider:
            room.by_provider[provider] -= 1
        found.rows.append({**row, WARM[row["way"]]: f"{room.name}/{provider}", "reason": None})
