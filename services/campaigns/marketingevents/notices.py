"""Guests are told that an event is called off, or is at another time or place: once each, also after a kill.

What is to be told is owed by the event's own document, together with the change; a job tells it, guest by guest. Each
message goes by a key of the guest and the change, so it leaves once, and by the rules of its topic.
"""

from typing import Any, Protocol

from hub.api.actor import Actor
from hub.jobs.models import Args, ItemResult, JobView, Step
from hub.kit.clock import from_iso
from hub.kit.errors import HubError, TransientError
from hub.store.base import Document
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.inviting import Letters
from services.campaigns.marketingevents.links import Links, when
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.messages.service import NewMessage

PAGE = 100
_WHERE_AND_WHEN = ("starts_at", "time_zone", "place", "link")
_COMING = frozenset(("confirmed", "waiting"))
_TOLD = _COMING | {"invited"}
MOVED, CANCELLED = "moved", "cancelled"


def noticed(before: Document, after: Document, *, at: str, by: Document) -> Document:
    """The event after a change, with what its guests are owed to hear of it. Pure."""
    kind = CANCELLED if after["state"] == seats.CANCELLED != before["state"] else ""
    if not kind and any(before[name] != after[name] for name in _WHERE_AND_WHEN):
        kind = MOVED
    notices = after.get("notices") or {}
    if not kind or not notices.get(kind) or from_iso(before["starts_at"]) < from_iso(at):
        return after
    known = before.get("notice") or {"seq": 0}
    # Who was not told of an earlier change yet knows the event as it was before that.
    was = _was(before) if known.get("told", True) else known["was"]
    notice = {"seq": known["seq"] + 1, "kind": kind, "at": at, "was": was, "who": by, "told": False}
    return {**after, "notice": notice, "tells": True}


def _was(event: Document) -> Document:
    place = event["place"] or event["link"]
    return {"was_when": when(event, "ru"), "was_when_en": when(event, "en"), "was_place": place}


class Begins(Protocol):
    async def begin(self, kind: str, args: Args, *, by: str, key: str | None = None) -> JobView: ...


class Notices:
    """Begins the jobs that are owed."""

    def __init__(self, repository: EventRepository, jobs: Begins) -> None:
        self._repository = repository
        self._jobs = jobs

    async def look(self) -> None:
        """The same job once more is the same job. Raises TransientError."""
        for event in await self._repository.telling_events():
            notice = event["notice"]
            args = {"event": event["_id"], "seq": notice["seq"]}
            key = f"{event['_id']}-{notice['seq']}"
            await self._jobs.begin(Tell.kind, args, by=notice["who"]["login"], key=key)
            await self._repository.amend(event["_id"], lambda now, seq=notice["seq"]: _begun(now, seq))  # type: ignore[misc]


def _begun(event: Document, seq: int) -> Document | None:
    if not event.get("tells") or event["notice"]["seq"] != seq:
        return None
    return {name: value for name, value in event.items() if name != "tells"}


def _told(event: Document, seq: int) -> Document:
    """All know it: the next change is told as one of this. Pure."""
    notice = event["notice"]
    return {**event, "notice": {**notice, "told": True}} if notice["seq"] == seq else event


class Tell:
    """The job; arguments: `event`, `seq`. A newer change ends it: its own job tells that."""

    kind = "event.tell"
    sends = True

    def __init__(self, repository: EventRepository, letters: Letters, links: Links) -> None:
        self._repository = repository
        self._letters = letters
        self._links = links

    async def total(self, args: Args) -> int | None:
        event = await self._repository.events.get(args["event"])
        return int(event["numbers"]) if event else None

    async def step(self, args: Args, cursor: str | None) -> Step:
        event = await self._repository.events.get(args["event"])
        if event is None or event["notice"]["seq"] != args["seq"]:
            return Step()
        page = await self._repository.page(event["_id"], None, limit=PAGE, after=cursor)
        guests = [one for one in page.items if self._hears(event, one)]

        async def act() -> None:
            for guest in guests:
                await self._tell(event, guest)
            if page.next is None:
                await self._repository.amend(event["_id"], lambda now: _told(now, args["seq"]))

        return Step([ItemResult(f"{one['_id']}-{args['seq']}") for one in guests], page.next, act)

    def _hears(self, event: Document, guest: Document) -> bool:
        """A service message is for those who come; by a topic those who have not answered hear of it, too. Who was
        invited after the change knows no other event.
        """
        told = _TOLD if event["notices"]["topic"] else _COMING
        return guest["state"] in told and guest["at"] <= event["notice"]["at"] and bool(guest["address"])

    async def _tell(self, event: Document, guest: Document) -> None:
        """Why not, where it is refused, is told at the guest. Raises TransientError."""
        notices, notice = event["notices"], event["notice"]
        actor = Actor(login=notice["who"]["login"], reach=tuple(notice["who"]["reach"]))
        try:
            data = {**self._links.data(event, guest["number"]), **notice["was"]}
            given = NewMessage(
                to=guest["address"],
                name=guest["name"],
                account=notices["account"],
                topic=notices["topic"],
                data=data,
            )
            key = f"{guest['_id']}-notice-{notice['seq']}"
            await self._letters.send(notices[notice["kind"]], given, actor=actor, key=key)
        except TransientError:
            raise
        except HubError as exc:
            reason = str(exc)[:500]
            await self._repository.amend_guest(guest["_id"], lambda now: {**now, "reason": reason})


def by_whom(actor: Actor) -> dict[str, Any]:
    """Who changed it: in his name, and for whom he sees, it is told."""
    return {"login": actor.login, "reach": list(actor.reach)}
