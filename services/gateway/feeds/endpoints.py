"""An employee's calendar at a secret address, for programs that cannot log in; renewed, and revoked."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import Field

from hub.api.forms import View
from hub.api.operation import PAGES
from hub.api.problems import NOT_FOUND
from hub.api.rights import Right
from hub.kit.errors import NotFound, Unauthenticated
from services.gateway.access.models import Access, Kind
from services.gateway.access.repository import access_of
from services.gateway.guard import ClientAddress, Me, MyAccess, Write, acting_as, needs, router
from services.gateway.parts import Hub
from services.gateway.peers.forward import passed_on

LIFETIME = timedelta(days=366)
_OPERATION = "/agenda/calendar"
_RIGHT = Right.READ_CORRESPONDENCE
_FEEDS = (Kind.CALENDAR,)
routes, doors = router("calendar feeds"), APIRouter()
Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,100}$")]


class FeedView(View):
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime = Field(description="When a program read it last, to within a minute")

    @classmethod
    def of(cls, access: Access) -> Self:
        return cls(created_at=access.created_at, expires_at=access.expires_at, last_used_at=access.last_used_at)


class NewFeed(FeedView):
    """`path` is told once; lose it and make another."""

    path: str = Field(description="Below the address that people open the hub at", examples=["/m/calendar/hub_….ics"])


@routes.get(
    "/me/calendar", operation_id="showMyCalendarFeed", responses=NOT_FOUND, dependencies=[needs(Right.OWN_ACCOUNT)]
)
async def show_my_calendar_feed(me: Me, hub: Hub) -> FeedView:
    """Whether my calendar has a secret address; the address itself was told when it was made."""
    page = await hub.desk.page(me.login, _FEEDS, limit=1, after=None)
    if not page.items:
        raise NotFound("your calendar has no address of its own; POST /api/v1/me/calendar makes one")
    return FeedView.of(access_of(page.items[0]))


@routes.post(
    "/me/calendar",
    operation_id="makeMyCalendarFeed",
    status_code=201,
    dependencies=[needs(_RIGHT, secret=True, person=True)],
)
async def make_my_calendar_feed(me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub) -> NewFeed:
    """Give my calendar a secret address, for the programs that I look at it with; one that it had before ends.

    Whoever has it reads my calendar for a year, as I am shown it, and nothing else. It ends with my sessions when my
    password changes.
    """
    await hub.desk.revoke_all(me.login, _FEEDS)
    granted = await hub.desk.make_feed(me, mine, address=address, lifetime=LIFETIME)
    write.target = granted.access.id
    return NewFeed(**FeedView.of(granted.access).model_dump(), path=f"{PAGES}/{Kind.CALENDAR}/{granted.token}.ics")


@routes.delete(
    "/me/calendar",
    operation_id="revokeMyCalendarFeed",
    status_code=204,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def revoke_my_calendar_feed(me: Me, hub: Hub) -> None:
    """Take the secret address of my calendar back."""
    await hub.desk.revoke_all(me.login, _FEEDS)


@doors.api_route(f"{PAGES}/{Kind.CALENDAR}/{{secret}}.ics", methods=["GET", "HEAD"], include_in_schema=False)
async def read_feed(secret: Secret, hub: Hub) -> Response:
    """What its owner is shown of his own calendar at this moment; 404 for whatever does not hold any more."""
    try:
        employee, access = await hub.desk.who(secret, kinds=_FEEDS)
    except Unauthenticated:
        raise NotFound from None
    if not employee.may(_RIGHT) or hub.desk.lacks_factor(employee, access, _RIGHT):
        raise NotFound
    way = next((way for way, _ in hub.table.at(_OPERATION)), None)
    if way is None:
        raise hub.table.unknown()
    actor = acting_as(employee, access, hub.staff, way.operation.noun, way.operation.action)
    response = passed_on(await way.peers[0].send("GET", _OPERATION, actor=actor))
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
