"""Calendars over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from hub.api.actor import Acting, Actor
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.clock import Clock
from services.interactions.agenda.forms import AgendaQuery, FreeQuery
from services.interactions.agenda.service import Agenda
from services.interactions.agenda.views import AgendaView, FreeTimes

_CALENDAR = "text/calendar"


def add(routes: Public, agenda: Agenda, clock: Clock) -> None:
    @routes.get("/agenda", right=Right.READ_CORRESPONDENCE, noun="calendar")
    async def list_agenda(query: Annotated[AgendaQuery, Query()], actor: Acting) -> AgendaView:
        """What employees have planned, and their tasks that are due, from a moment until before another.

        Of a colleague's contact that you do not see it says that he is busy.
        """
        return await agenda.entries(actor, _logins(query, actor), query.span)

    @routes.get("/agenda/calendar", right=Right.READ_CORRESPONDENCE, noun="calendar", download=_CALENDAR)
    async def show_agenda_calendar(actor: Acting) -> Response:
        """Your own calendar for other programs (RFC 5545): a month back and three ahead, of each of the two
        up to 500 contacts and 500 tasks.

        POST /api/v1/me/calendar gives it a secret address, which needs no login.
        """
        return Response(await agenda.feed(actor, clock.now()), media_type=_CALENDAR)

    @routes.get("/agenda/free", right=Right.READ_CORRESPONDENCE, noun="calendar")
    async def find_free_times(query: Annotated[FreeQuery, Query()], actor: Acting) -> FreeTimes:
        """When some employees are busy, and when all of them are free within their working hours.

        To see whether one time would do, ask for just that time: nobody is `busy` or `off`.
        """
        return await agenda.free(_logins(query, actor), query)


def _logins(query: AgendaQuery, actor: Actor) -> list[str]:
    return list(dict.fromkeys(query.login)) or [actor.login]
