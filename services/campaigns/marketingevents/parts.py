"""Puts the parts of marketing events together, on what the service has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hub.api.public import Public
from hub.bus.base import Bus
from hub.jobs.service import Jobs
from hub.kit.clock import Clock
from hub.kit.loop import Loop
from hub.store.base import Store
from services.campaigns.consent.service import Consents
from services.campaigns.lists.service import Lists
from services.campaigns.marketingevents import doors, endpoints
from services.campaigns.marketingevents.following import Chains, Enters, Following
from services.campaigns.marketingevents.following import Whose as Owners
from services.campaigns.marketingevents.guestlist import GuestList
from services.campaigns.marketingevents.invitations import Invitations
from services.campaigns.marketingevents.inviting import Invite, Letters
from services.campaigns.marketingevents.links import Links
from services.campaigns.marketingevents.naming import Finds
from services.campaigns.marketingevents.notices import Notices, Tell
from services.campaigns.marketingevents.people import Mailed, People
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.marketingevents.service import MarketingEvents, Whose
from services.campaigns.segments.service import Columns
from services.campaigns.sources.service import Sources

_FOLLOWS = timedelta(seconds=1)


class Seen(Whose, Owners, Protocol):
    """Whose addresses are, and whom somebody sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: EventRepository
    events: MarketingEvents
    invitations: Invitations
    following: Following
    links: Links
    clock: Clock
    master: bytes

    def public(self, jobs: Jobs) -> tuple[Public, ...]:
        return (
            endpoints.public(self.events, self.invitations, jobs),
            doors.public(self.events, self.repository, self.clock, self.master),
        )

    def job(self, columns: Columns, lists: Lists, mailed: Mailed, consents: Consents, letters: Letters) -> Invite:
        people = People(columns, lists, mailed, consents)
        return Invite(self.repository, people, letters, self.links, self.clock)

    def telling(self, letters: Letters) -> Tell:
        return Tell(self.repository, letters, self.links)

    def loops(self, jobs: Jobs) -> tuple[Loop, Loop]:
        notices = Notices(self.repository, jobs)
        return (
            Loop("guests", self.following.look, every=_FOLLOWS),
            Loop("notices", notices.look, every=_FOLLOWS),
        )


def guests(store: Store, *, master: bytes, base: str) -> GuestList:
    """For mailings to them, which are there before the events are."""
    return GuestList(EventRepository(store), Links(master=master, base=base))


def built(
    store: Store,
    bus: Bus,
    clock: Clock,
    *,
    sources: Sources,
    consents: Consents,
    whose: Seen,
    chains: Chains,
    enters: Enters,
    finds: Mapping[str, Finds],
    master: bytes,
    base: str,
) -> Parts:
    """Its loops are started by whoever calls.

    `finds` templates, lists and mailings; `base` is where customers reach the gateway, `master` signs links.
    """
    repository = EventRepository(store)
    events, links = (
        MarketingEvents(repository, sources, whose, clock, finds["template"]),
        Links(master=master, base=base),
    )
    return Parts(
        repository=repository,
        events=events,
        invitations=Invitations(events, consents, links, finds),
        following=Following(repository, events, chains=chains, whose=whose, enters=enters, bus=bus, clock=clock),
        links=links,
        clock=clock,
        master=master,
    )
