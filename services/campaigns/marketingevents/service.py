"""Marketing events: written, changed, cancelled and closed; what their guests say, and who came."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.api.actor import Actor
from hub.contracts.scope import owned_by
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from hub.store.versions import next_version
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.models import MOST_CHANGES, STATES, EventForm
from services.campaigns.marketingevents.naming import Finds, letter_of
from services.campaigns.marketingevents.notices import by_whom, noticed
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.sources.service import Sources

_AT_ONCE = 200


class Whose(Protocol):
    """Whom somebody sees. Each raises StoreUnavailable."""

    async def sees_client(self, client: str, actor: Actor) -> bool: ...

    async def seen_clients(self, clients: Sequence[str], actor: Actor) -> set[str]: ...


class MarketingEvents:
    """All of them."""

    def __init__(
        self,
        repository: EventRepository,
        sources: Sources,
        whose: Whose,
        clock: Clock,
        templates: Finds | None = None,
    ) -> None:
        self._repository = repository
        self._sources = sources
        self._whose = whose
        self._templates = templates
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.events, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        event = await seen(self._repository.events, given, actor, "event")
        return {**event, "name": event["title"]}

    async def source_of(self, given: str) -> str | None:
        """By which source it is counted."""
        event = await self._repository.events.get(given)
        return event["source"] if event else None

    async def counts(self, event: Document) -> dict[str, int]:
        """Guests by state."""
        return dict.fromkeys(STATES, 0) | await self._repository.count(event["_id"])

    async def add(self, given: EventForm, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput for a source that is not there for him."""
        await self._sources.named(given.source, actor, field="source")
        await self._check_notices(given, actor)
        made = derive("mev", actor.login, key) if key else fresh("mev")
        base = {"_id": made, "at": iso(self._clock.now()), "removed": False, "state": seats.OPEN, "by": actor.login}
        empty = {"seq": 0, "numbers": 0, "moves": [], "seated": [], "waiting": [], "attended": []}
        fields = _fields(given, owner=actor.login, responsible=given.responsible or actor.login)
        await self._repository.events.insert({**base, **empty, "reach": list(actor.reach), **fields})
        return await self.get(made, actor)

    async def change(self, given: str, form: EventForm, *, actor: Actor) -> Document:
        """All of it anew; more seats go to those who wait. Raises NotFound, InvalidInput and Conflict."""
        event = await self.get(given, actor)
        if form.source != event["source"]:
            await self._sources.named(form.source, actor, field="source")
        await self._check_notices(form, actor)
        at = iso(self._clock.now())

        def change(now: Document) -> Document:
            if now["state"] != seats.OPEN:
                raise Conflict(f"it is {now['state']}: it stays as it was")
            if form.seats < len(now["seated"]):
                fix = f"{len(now['seated'])} seats are taken; give as many or more, or decline for some"
                raise InvalidInput(f"seats: {fix}", fields={"seats": fix})
            responsible = form.responsible or now["responsible"]
            fields = _fields(form, owner=now["owner"], responsible=responsible)
            if all(now.get(name) == value for name, value in fields.items()):
                return now
            after = {**now, **fields, **next_version(now, form.version)}
            return noticed(now, seats.promoted(after, at=at), at=at, by=by_whom(actor))

        return await self._amended(given, change)

    async def _check_notices(self, given: EventForm, actor: Actor) -> None:
        """Raises InvalidInput for a template that is not there, or is for letters by post."""
        if given.notices is None or self._templates is None:
            return
        for name in ("moved", "cancelled"):
            if template := getattr(given.notices, name):
                await letter_of(self._templates, template, actor, field=f"notices.{name}")

    async def cancel(self, given: str, *, actor: Actor) -> Document:
        """Nobody answers any more; its guests are told, where it says by what. Raises NotFound and Conflict."""
        await self.get(given, actor)
        at = iso(self._clock.now())

        def change(now: Document) -> Document:
            if now["state"] == seats.OVER:
                raise Conflict("it is over")
            return noticed(now, {**now, "state": seats.CANCELLED}, at=at, by=by_whom(actor))

        return await self._amended(given, change)

    async def close(self, given: str, *, actor: Actor) -> Document:
        """It is over: whoever had a seat came, or did not. Raises NotFound, and Conflict before it begins."""
        event = await self.get(given, actor)
        if self._clock.now() < from_iso(event["starts_at"]):
            raise Conflict("it has not begun; close it when it is over, or cancel it")
        at = iso(self._clock.now())
        after = await self._repository.amend(given, lambda now: seats.closed(now, by=actor.login, at=at))
        assert after is not None
        return {**after, "name": after["title"]}  # its guests hear of it beside: there may be thousands

    # --- guests ---

    async def guests(self, given: str, state: str | None, actor: Actor, *, limit: int, after: str | None) -> Page:
        """Those of clients whom he sees, and of nobody that is known. Raises NotFound."""
        await self.get(given, actor)
        page = await self._repository.page(given, state, limit=limit, after=after)
        clients = {one["client_id"] for one in page.items if one["client_id"]}
        visible = await self._whose.seen_clients(sorted(clients), actor) if clients else set()
        return Page([one for one in page.items if one["client_id"] in visible | {None}], page.next)

    async def guest(self, given: str, guest: str, actor: Actor) -> Document:
        """Raises NotFound, also for one whom he does not see."""
        await self.get(given, actor)
        found = (await self._repository.known([guest])).get(guest)
        if found is None or found["event"] != given:
            raise NotFound(f"there is no guest {guest}")
        if found["client_id"] and not await self._whose.sees_client(found["client_id"], actor):
            raise NotFound(f"there is no guest {guest}")
        return found

    async def answer(self, guest: Document, answer: str, *, by: str, how: str) -> Document:
        """What he said; the guest as he is then. The same answer again changes nothing. Raises Conflict."""
        if answer == guest["state"]:
            return guest
        if how == "link" and guest["changes"] >= MOST_CHANGES:
            raise Conflict("the answer was changed too often; ask whoever invited you")
        said = seats.confirmed if answer == "confirmed" else seats.declined
        at = iso(self._clock.now())
        await self._amended(guest["event"], lambda now: said(now, guest["number"], by=by, how=how, at=at))
        return (await self._repository.known([guest["_id"]]))[guest["_id"]]

    async def check_in(self, guest: Document, *, actor: Actor) -> Document:
        """He is there; once. Raises Conflict."""
        at = iso(self._clock.now())
        await self._amended(guest["event"], lambda now: seats.checked_in(now, guest["number"], by=actor.login, at=at))
        return (await self._repository.known([guest["_id"]]))[guest["_id"]]

    async def check_in_code(self, given: str, code: str, *, actor: Actor) -> Document:
        """The same of whoever shows a code. Raises NotFound and Conflict."""
        await self.get(given, actor)
        found = await self._repository.coded(given, code.upper())
        if found is None:
            raise NotFound("no guest of this event has this code; look for him by name")
        return await self.check_in(found, actor=actor)

    # --- what is owed ---

    async def _amended(self, given: str, change: Callable[[Document], Document]) -> Document:
        after = await self._repository.amend(given, change)
        if after is None:
            raise NotFound(f"there is no event {given}")
        await self.settle(after)
        return {**after, "name": after["title"]}

    async def settle(self, event: Document) -> None:
        """Tells some of its guests where they stand; whoever comes second, after a crash, changes nothing."""
        moves = event["moves"][:_AT_ONCE]
        for move in moves:
            guest = await self._repository.numbered(event["_id"], move["number"])
            if guest is not None:
                await self._repository.amend_guest(guest["_id"], lambda now, move=move: moved(now, move))  # type: ignore[misc]
        if moves:
            last = moves[-1]["seq"]
            await self._repository.amend(event["_id"], lambda now: seats.settled(now, last))


def moved(guest: Document, move: Document) -> Document | None:
    """The guest after a move; none where he knows it. What is to be told of it is owed."""
    if guest["seq"] >= move["seq"]:
        return None
    line = {name: move[name] for name in ("seq", "state", "by", "how", "at")}
    log = [*guest["log"], {**line, "was": guest["state"]}]
    after = {"state": move["state"], "reason": "", "since": move["at"], "seq": move["seq"]}
    return {**guest, **after, "log": log, "changes": guest["changes"] + 1, "owes": True}


def _fields(given: EventForm, *, owner: str, responsible: str) -> Document:
    """With its beginning in UTC, and whose it is: whoever is responsible sees it."""
    starts = given.starts.replace(tzinfo=ZoneInfo(given.time_zone)).astimezone(UTC)
    told = given.model_dump(mode="json", exclude={"team", "version", "starts", "attended", "absent"})
    after = {f"{name}_after": getattr(given, name).model_dump() for name in ("attended", "absent")}
    fields: Document = {**told, **after, "responsible": responsible}
    whose = belongs(owner, given.team)
    return {
        **fields,
        "starts_at": iso(starts),
        **whose,
        "seen_by": sorted({*whose["seen_by"], owned_by(responsible)}),
    }
