"""The job that invites: clients, addresses, a list, or whoever got a mailing; a page of people in a step.

Each is a guest once, whatever he is invited by. The letter is a message of a template about a topic, so that it goes
by the channel's gate and ledger, and whoever said no to the topic gets none; it leaves once, by its key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from hub.api.actor import Actor
from hub.jobs.asked import actor_of
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, HubError, InvalidInput, TransientError
from hub.store.base import Document
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.links import Links
from services.campaigns.marketingevents.models import MOST_GUESTS
from services.campaigns.marketingevents.people import Invited, People
from services.campaigns.marketingevents.repository import EventRepository, guest_id
from services.campaigns.messages.service import NewMessage

PAGE = 100
_GROUPS = ("clients", "addresses", "list", "mailing")
_KEPT_TOKENS = 50


class Letters(Protocol):
    """Templates to one recipient."""

    async def send(self, template_id: str, given: NewMessage, *, actor: Actor, key: str | None) -> Document:
        """Once for one key. Raises NotFound, InvalidInput, Conflict, and TransientError."""
        ...


@dataclass(frozen=True, slots=True)
class At:
    """Where the next step begins."""

    group: int = 0
    after: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> "At":
        return cls(**orjson.loads(cursor)) if cursor else cls()


class Invite:
    """Arguments: `event`, `clients`, `addresses`, `list`, `mailing`, `template`, `channel`, `account`, `topic`, and
    `who`.
    """

    kind = "event.invite"
    sends = True

    def __init__(
        self, repository: EventRepository, people: People, letters: Letters, links: Links, clock: Clock
    ) -> None:
        self._repository = repository
        self._people = people
        self._letters = letters
        self._links = links
        self._clock = clock

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        """Not known before they were looked for."""
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises NotFound and Conflict where the event does not go on, InvalidInput where its list is gone."""
        at, actor = At.read(cursor), actor_of(args)
        event = await self._repository.events.get(args["event"])
        if event is None or event["state"] != seats.OPEN:
            raise Conflict("the event is over or cancelled: nobody is invited any more")
        groups = [name for name in _GROUPS if args[name]]
        found, following = await self._people.page(groups[at.group], args, at.after, actor)
        guests = await self._guests(event, found)

        async def act() -> None:
            for guest in guests:
                if guest["state"] == "unreached":
                    await self._invite(event, guest, args, actor)

        results = [
            ItemResult(f"{guest['_id']}-{at.group}", {"guest": guest["_id"], "state": guest["state"]})
            for guest in guests
        ]
        return Step(results, _cursor(at, following, len(groups)), act)

    async def _guests(self, event: Document, found: Sequence[Invited]) -> list[Document]:
        """As they are kept then: those who are none yet are made."""
        wanted = {guest_id(event["_id"], one.whose): one for one in found}
        known = await self._known(event["_id"], wanted)
        new = [name for name in wanted if name not in known]
        if new:
            first = await self._numbers(event["_id"], len(new))
            made = [self._guest(event["_id"], name, wanted[name], first + n) for n, name in enumerate(new)]
            await self._repository.add_guests(made)
            known |= await self._repository.known(new)
        return list({known[name]["_id"]: known[name] for name in wanted}.values())

    async def _known(self, event: str, wanted: Mapping[str, Invited]) -> dict[str, Document]:
        """Those who are guests already, also as a client who was merged into them, and by an address that was
        nobody's when they were invited.
        """
        clients = [one.client for one in wanted.values() if one.client]
        merged = await self._people.merged_into(clients) if clients else {}
        addresses = {name: guest_id(event, one.address) for name, one in wanted.items() if one.client and one.address}
        there = await self._repository.known({*wanted, *addresses.values()})
        guests = [*await self._repository.of_clients(event, [*clients, *merged]), *there.values()]
        theirs = {merged.get(one["client_id"], one["client_id"]): one for one in guests if one["client_id"]}
        nobodys = {one["_id"]: one for one in guests if not one["client_id"]}
        found = {
            name: there.get(name) or theirs.get(one.client) or nobodys.get(addresses.get(name, ""))
            for name, one in wanted.items()
        }
        return {name: guest for name, guest in found.items() if guest}

    async def _numbers(self, event: str, count: int) -> int:
        """The first of so many that nobody else has. Raises Conflict."""

        def change(now: Document) -> Document:
            if now["numbers"] + count > MOST_GUESTS:
                raise Conflict(f"an event has at most {MOST_GUESTS:,} guests; make another one")
            return {**now, "numbers": now["numbers"] + count}

        after = await self._repository.amend(event, change)
        assert after is not None
        return int(after["numbers"]) - count

    def _guest(self, event: str, name: str, one: Invited, number: int) -> Document:
        return {
            "_id": name,
            "event": event,
            "number": number,
            "client_id": one.client or None,
            "address": one.address or None,
            "name": one.name[:200],
            "state": "unreached",
            "reason": "",
            "at": iso(self._clock.now()),
            "since": iso(self._clock.now()),
            "seq": 0,
            "told": 0,
            "changes": 0,
            "log": [],
            "interaction": None,
            "code": self._links.code(event, number),
        }

    async def _invite(self, event: Document, guest: Document, args: Args, actor: Actor) -> None:
        """The letter, and that he is invited; why not, where it is refused. Raises TransientError."""
        try:
            if args["template"]:
                given = self._letter(event, guest, args)
                await self._letters.send(args["template"], given, actor=actor, key=f"{guest['_id']}-letter")
        except TransientError:
            raise
        except HubError as exc:
            reason = str(exc)[:500]
            await self._repository.amend_guest(guest["_id"], lambda now: {**now, "reason": reason})
            return
        at = iso(self._clock.now())
        await self._repository.amend_guest(guest["_id"], lambda now: invited(now, by=actor.login, at=at))

    def _letter(self, event: Document, guest: Document, args: Args) -> NewMessage:
        """Raises InvalidInput: he has no address for it, or no link can be made."""
        if not guest["address"]:
            raise InvalidInput(f"address: he has none for {args['channel']}")
        return NewMessage(
            to=guest["address"],
            name=guest["name"],
            account=args["account"],
            topic=args["topic"],
            data=self._links.data(event, guest["number"]),
        )


def invited(guest: Document, *, by: str, at: str) -> Document | None:
    """None where he answered meanwhile."""
    if guest["state"] != "unreached":
        return None
    line = {"seq": 0, "state": "invited", "by": by, "how": "", "at": at, "was": "unreached"}
    return {**guest, "state": "invited", "reason": "", "since": at, "log": [*guest["log"], line], "owes": True}


def _cursor(at: At, following: str | None, groups: int) -> str | None:
    if following is not None:
        return orjson.dumps({"group": at.group, "after": following}).decode()
    return orjson.dumps({"group": at.group + 1, "after": ""}).decode() if at.group + 1 < groups else None
