"""The HTTP door of marketing events and their guests."""

from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.contracts.shown import Moment
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from hub.store.versions import version_of
from services.campaigns.marketingevents.invitations import Invitations
from services.campaigns.marketingevents.links import when
from services.campaigns.marketingevents.models import AnswerForm, CodeForm, EventForm, InviteForm, State
from services.campaigns.marketingevents.service import MarketingEvents

GuestPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="The `id` in the list of guests")]


class AfterView(View):
    task: str
    sequence: str | None


class NoticesView(View):
    """What guests are told when it is at another time or place, or called off."""

    moved: str | None
    cancelled: str | None
    account: str
    topic: str | None


class EventView(View):
    """A marketing event."""

    id: str
    title: str
    text: str
    place: str
    link: str
    starts_at: Moment
    time_zone: str
    when: str = Field(description="In its time zone, in words", examples=["12 March 2026, 19:00 (Europe/Moscow)"])
    minutes: int
    seats: int
    taken: int
    waiting: int
    source: str
    responsible: str
    attended: AfterView
    absent: AfterView
    notices: NoticesView | None
    state: Literal["open", "over", "cancelled"]
    owner: str
    team: str | None
    at: str
    version: int

    @classmethod
    def of(cls, stored: Document) -> "EventView":
        told = {
            "id": stored["_id"],
            "when": when(stored, "en"),
            "taken": len(stored["seated"]),
            "waiting": len(stored["waiting"]),
            "attended": stored["attended_after"],
            "absent": stored["absent_after"],
            "notices": stored.get("notices"),
            "version": version_of(stored),
        }
        return cls.model_validate({**stored, **told})


class EventList(View):
    items: list[EventView]
    next: str | None


class CountsView(View):
    """Guests by state."""

    unreached: int = Field(description="Not invited yet, or the letter was refused")
    invited: int
    confirmed: int
    waiting: int
    declined: int
    attended: int
    absent: int


class WholeEventView(EventView):
    guests: CountsView


class GuestStepView(View):
    """A state that he came to."""

    state: State
    at: Moment
    by: str = Field(description="Login; empty: himself, or a seat that became free")
    how: str = Field(examples=["link", "hand", "door", "moved up", "closed"])


class GuestView(View):
    """Somebody who is invited."""

    id: str
    client_id: str | None
    address: MaskedAddress | None
    name: MaskedWords
    state: State
    since: Moment
    reason: str = Field(description="Why a letter, or what follows, was refused")
    interaction: str | None = Field(description="With which his chain about it begins")
    log: list[GuestStepView]

    @classmethod
    def of(cls, stored: Document) -> "GuestView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class GuestList(View):
    items: list[GuestView]
    next: str | None


class Guests(Paging):
    state: State | None = None


def public(events: MarketingEvents, invitations: Invitations, jobs: Jobs) -> Public:
    """The operations."""
    routes = Public("marketing events")
    _add_reading(routes, events)
    _add_writing(routes, events)
    _add_invitations(routes, invitations, jobs)
    _add_guests(routes, events)
    return routes


def _add_reading(routes: Public, events: MarketingEvents) -> None:
    @routes.get("/marketing-events", right=Right.READ_CAMPAIGNS, noun="event", answer=EventList)
    async def list_marketing_events(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Marketing events, the newest first."""
        return await listed(
            lambda limit: events.page(actor, limit=limit, after=query.after), each(EventView.of), limit=query.limit
        )

    @routes.get("/marketing-events/{id}", right=Right.READ_CAMPAIGNS, noun="event")
    async def show_marketing_event(event_id: Id, actor: Acting) -> WholeEventView:
        """An event, and how many guests are in each state."""
        event = await events.get(event_id, actor)
        counts = await events.counts(event)
        return WholeEventView.model_validate({**EventView.of(event).model_dump(), "guests": counts})


def _add_writing(routes: Public, events: MarketingEvents) -> None:
    @routes.post("/marketing-events", right=Right.MANAGE_CAMPAIGNS, noun="event", status=201)
    async def add_marketing_event(given: EventForm, actor: Acting, key: Key = None) -> EventView:
        """Add an event; its costs, touches and deals are counted by its source."""
        return EventView.of(await events.add(given, actor=actor, key=key))

    @routes.put("/marketing-events/{id}", right=Right.MANAGE_CAMPAIGNS, noun="event", refuses=[Conflict])
    async def change_marketing_event(event_id: Id, given: EventForm, actor: Acting) -> EventView:
        """Write it anew; more seats go to those who wait."""
        return EventView.of(await events.change(event_id, given, actor=actor))

    @routes.post(
        "/marketing-events/{id}/cancel",
        right=Right.MANAGE_CAMPAIGNS,
        noun="event",
        action="change",
        refuses=[Conflict],
    )
    async def cancel_marketing_event(event_id: Id, actor: Acting) -> EventView:
        """It will not be: nobody answers any more. Its guests are told by what `notices` say."""
        return EventView.of(await events.cancel(event_id, actor=actor))

    @routes.post(
        "/marketing-events/{id}/close",
        right=Right.MANAGE_CAMPAIGNS,
        noun="event",
        action="change",
        refuses=[Conflict],
    )
    async def close_marketing_event(event_id: Id, actor: Acting) -> EventView:
        """It is over: whoever had a seat and did not come is absent, and what follows is done for each."""
        return EventView.of(await events.close(event_id, actor=actor))


def _add_invitations(routes: Public, invitations: Invitations, jobs: Jobs) -> None:
    @routes.post(
        "/marketing-events/{id}/invitations",
        right=Right.MANAGE_CAMPAIGNS,
        noun="event",
        action="change",
        status=202,
        refuses=[Conflict],
    )
    async def invite_guests(event_id: Id, given: InviteForm, actor: Acting, key: Key = None) -> JobView:
        """Invite clients, addresses, a list, or whoever got a mailing, as a job. Each is a guest once."""
        args = await invitations.prepared(event_id, given, actor)
        return await jobs.begin("event.invite", args, by=actor.login, key=key)


def _add_guests(routes: Public, events: MarketingEvents) -> None:
    @routes.get("/marketing-events/{id}/guests", right=Right.READ_CAMPAIGNS, noun="event", answer=GuestList)
    async def list_guests(event_id: Id, query: Annotated[Guests, Query()], actor: Acting) -> Response:
        """Its guests, of clients whom you see, in the order in which they were invited."""
        return await listed(
            lambda limit: events.guests(event_id, query.state, actor, limit=limit, after=query.after),
            each(GuestView.of),
            limit=query.limit,
        )

    @routes.post(
        "/marketing-events/{id}/guests/{guest}/answer",
        right=Right.WRITE_TASKS,
        noun="event",
        action="change",
        refuses=[Conflict],
    )
    async def answer_for_guest(event_id: Id, guest: GuestPath, given: AnswerForm, actor: Acting) -> GuestView:
        """Write down what a guest said; where all seats are taken he waits for one."""
        found = await events.guest(event_id, guest, actor)
        return GuestView.of(await events.answer(found, given.answer, by=actor.login, how="hand"))

    @routes.post(
        "/marketing-events/{id}/guests/{guest}/check-in",
        right=Right.WRITE_TASKS,
        noun="event",
        action="change",
        refuses=[Conflict],
    )
    async def check_guest_in(event_id: Id, guest: GuestPath, actor: Acting) -> GuestView:
        """He is there; once. Who had no seat takes a free one."""
        return GuestView.of(await events.check_in(await events.guest(event_id, guest, actor), actor=actor))

    @routes.post(
        "/marketing-events/{id}/check-in",
        right=Right.WRITE_TASKS,
        noun="event",
        action="change",
        refuses=[Conflict, NotFound],
    )
    async def check_in_by_code(event_id: Id, given: CodeForm, actor: Acting) -> GuestView:
        """The same of whoever shows the code of his page."""
        return GuestView.of(await events.check_in_code(event_id, given.code, actor=actor))
