"""Working calendars over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from hub.api.actor import Acting, Actor
from hub.api.forms import Id, LoginPath
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import EVERYTHING
from hub.kit.errors import Forbidden, NotFound
from services.interactions.calendars.forms import CalendarForm, CalendarView, WorkingQuery, WorkingView
from services.interactions.calendars.repository import DEFAULT, Calendars, of_employee, of_team


def add(routes: Public, calendars: Calendars) -> None:
    _add_reading(routes, calendars)
    _add_writing(routes, calendars)

    @routes.get("/calendars/working", right=Right.READ_TEAMS, noun="calendar")
    async def count_working_time(query: Annotated[WorkingQuery, Query()]) -> WorkingView:
        """Whether somebody works at a moment, and when so many minutes of his working time have passed."""
        calendar = await calendars.of(query.login, query.team)
        over = calendar.after(query.since, timedelta(minutes=query.minutes))
        return WorkingView(working=calendar.is_working(query.since), over_at=over)


def _add_reading(routes: Public, calendars: Calendars) -> None:
    async def shown(name: str) -> CalendarView:
        document = await calendars.get(name)
        if document is None:
            raise NotFound("nobody has said when; the team's calendar counts, or else the one for all")
        return CalendarView.model_validate(document)

    @routes.get("/calendars/default", right=Right.READ_TEAMS, noun="calendar")
    async def show_default_calendar() -> CalendarView:
        """When those work of whom nothing else is said."""
        return CalendarView.model_validate(await calendars.get(DEFAULT) or calendars.unsaid)

    @routes.get("/calendars/teams/{id}", right=Right.READ_TEAMS, noun="calendar")
    async def show_calendar_of_team(team_id: Id) -> CalendarView:
        """When a team works."""
        return await shown(of_team(team_id))

    @routes.get("/calendars/employees/{login}", right=Right.READ_TEAMS, noun="calendar")
    async def show_calendar_of_employee(login: LoginPath) -> CalendarView:
        """When an employee works."""
        return await shown(of_employee(login))


def _add_writing(routes: Public, calendars: Calendars) -> None:
    async def put(name: str, form: CalendarForm) -> CalendarView:
        return CalendarView.model_validate(await calendars.put(name, form.stored))

    @routes.put("/calendars/default", right=Right.MANAGE_EMPLOYEES, noun="calendar")
    async def put_default_calendar(form: CalendarForm) -> CalendarView:
        """Say when those work of whom nothing else is said."""
        return await put(DEFAULT, form)

    @routes.put("/calendars/teams/{id}", right=Right.MANAGE_EMPLOYEES, noun="calendar")
    async def put_calendar_of_team(team_id: Id, form: CalendarForm) -> CalendarView:
        """Say when a team works."""
        return await put(of_team(team_id), form)

    @routes.put("/calendars/employees/{login}", right=Right.WRITE_TASKS, noun="calendar")
    async def put_calendar_of_employee(login: LoginPath, form: CalendarForm, actor: Acting) -> CalendarView:
        """Say when you work; who sees everybody's says it for others, too."""
        _check_own(login, actor)
        return await put(of_employee(login), form)

    @routes.delete("/calendars/employees/{login}", right=Right.WRITE_TASKS, noun="calendar", status=204)
    async def remove_calendar_of_employee(login: LoginPath, actor: Acting) -> None:
        """Work as your team does."""
        _check_own(login, actor)
        await calendars.remove(of_employee(login))


def _check_own(login: str, actor: Actor) -> None:
    if login != actor.login and EVERYTHING not in actor.reach:
        raise Forbidden("this is another employee's calendar; ask him, or a supervisor")
