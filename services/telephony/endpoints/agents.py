"""Agents: what they do, said by themselves, seen by those who see them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from hub.api.actor import Acting, Actor
from hub.api.forms import LoginPath, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from services.telephony.agents.counting import presence_of
from services.telephony.agents.models import (
    AgentList,
    AgentView,
    HistoryView,
    PauseReason,
    PauseReasonList,
    PauseReasonView,
    Period,
    Presence,
    PresenceStatistics,
    StatisticsQuery,
)
from services.telephony.agents.service import Presence as Agents

CodePath = Annotated[str, Path(alias="code", pattern=r"^[a-z][a-z0-9_]{0,40}$", description="Of the dictionary")]


def add(routes: Public, agents: Agents) -> None:
    _add_own(routes, agents)
    _add_others(routes, agents)
    _add_reasons(routes, agents)


def _add_own(routes: Public, agents: Agents) -> None:
    @routes.get("/agents/me", right=Right.WRITE_MESSAGES, noun="agent", action="declare")
    async def show_my_presence(actor: Acting) -> AgentView:
        """What you do, as the hub knows it."""
        return AgentView.of(await agents.mine(actor))

    @routes.put("/agents/me", right=Right.WRITE_MESSAGES, noun="agent", action="declare")
    async def declare_my_presence(given: Presence, actor: Acting) -> AgentView:
        """You are available, paused for a reason, or away; during a call it counts from the end of the call on."""
        return AgentView.of(await agents.declare(given, actor=actor))

    @routes.post(
        "/agents/me/renewals",
        right=Right.WRITE_MESSAGES,
        noun="agent",
        action="declare",
        personal=True,
    )
    async def renew_my_presence(actor: Acting) -> AgentView:
        """You are still there: to be called well before `lease_until`, else you count as away."""
        return AgentView.of(await agents.renew(actor=actor))


def _add_others(routes: Public, agents: Agents) -> None:
    @routes.get("/agents", right=Right.READ_CORRESPONDENCE, noun="agent", answer=AgentList)
    async def list_agents(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Who is there for calls, since when, and why not."""
        return await listed(
            lambda limit: agents.page(actor, limit=limit, after=query.after), each(AgentView.of), limit=query.limit
        )

    @routes.put("/agents/{login}", right=Right.MANAGE_CAMPAIGNS, noun="agent")
    async def turn_agent(login: LoginPath, given: Presence, actor: Acting) -> AgentView:
        """Say it of somebody who forgot to."""
        return AgentView.of(await agents.turn(login, given, actor=actor))

    @routes.get("/agent-statistics", right=Right.READ_CORRESPONDENCE, noun="agent")
    async def agent_statistics(query: Annotated[StatisticsQuery, Query()], actor: Acting) -> PresenceStatistics:
        """Presence of those whom you see: seconds by state and reason, and how often each came, paused and went."""
        found, following = await agents.statistics(query, actor=actor, limit=query.limit, after=query.after)
        return PresenceStatistics(items=[presence_of(one) for one in found], next=following)

    @routes.get("/agents/{login}/history", right=Right.READ_CORRESPONDENCE, noun="agent")
    async def agent_history(login: LoginPath, query: Annotated[Period, Query()], actor: Acting) -> HistoryView:
        """What somebody did, without gaps, with the seconds of each state."""
        return await agents.history(login, query, actor=actor)


def _add_reasons(routes: Public, agents: Agents) -> None:
    @routes.get("/pause-reasons", right=Right.READ_CHANNELS, noun="pause_reason")
    async def list_pause_reasons() -> PauseReasonList:
        """Why agents pause; one dictionary for all."""
        found = await agents.reasons()
        return PauseReasonList(items=[PauseReasonView(code=code, **dict(one)) for code, one in found.items()])

    @routes.put("/pause-reasons/{code}", right=Right.MANAGE_CAMPAIGNS, noun="pause_reason")
    async def define_pause_reason(code: CodePath, given: PauseReason) -> PauseReasonView:
        """Add a reason, or say what it means from now on."""
        await agents.define(code, given)
        return PauseReasonView(code=code, **dict(given))


class Joining(BaseModel):
    """An employee begins, or ceases, to take calls of a list."""

    login: str
    teams: tuple[str, ...] = ()
    joins: bool
    after_call: float = Field(ge=0)
    """Seconds."""


def for_services(agents: Agents) -> APIRouter:
    """What only other services of the hub ask: who may take calls of a list is known by whoever has the list."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/call-lists/{call_list}/agents")
    async def join(call_list: str, given: Joining) -> AgentView:
        actor = Actor(login=given.login, teams=given.teams)
        if given.joins:
            return AgentView.of(await agents.join(call_list, work=timedelta(seconds=given.after_call), actor=actor))
        return AgentView.of(await agents.leave(call_list, actor=actor))

    return routes
