"""The HTTP door of warm-ups."""

from datetime import date
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.warmups.models import NewWarmUp, WarmUpForm, told
from services.campaigns.warmups.service import WarmUps


class WarmUpView(View):
    """A plan."""

    id: str
    of: str = Field(examples=["mb_7f2k"])
    caps: list[int]
    providers: dict[str, list[int]]
    since: date
    time_zone: str

    @classmethod
    def of_plan(cls, stored: Document) -> "WarmUpView":
        return cls.model_validate(told(stored))


class WarmUpList(View):
    items: list[WarmUpView]
    next: str | None


class WarmedView(View):
    provider: str = Field(examples=["gmail"], description="`all`: of all of them")
    left: int = Field(description="How many left today")
    cap: int | None = Field(description="How many may; null: no more than of all")


class WarmUpStatusView(WarmUpView):
    """A plan, and how much of today's is used."""

    day: int | None = Field(description="From 1; 0: it has not begun, and nothing leaves; null: it is over")
    today: list[WarmedView]


def public(warm_ups: WarmUps) -> Public:
    """The operations."""
    routes = Public("warm-ups")

    @routes.get("/warm-ups", right=Right.READ_CAMPAIGNS, noun="warm_up", answer=WarmUpList)
    async def list_warm_ups(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Plans, the newest first."""
        return await listed(
            lambda limit: warm_ups.page(actor, limit=limit, after=query.after),
            each(WarmUpView.of_plan),
            limit=query.limit,
        )

    @routes.post("/warm-ups", right=Right.MANAGE_CAMPAIGNS, noun="warm_up", status=201, refuses=[Conflict])
    async def add_warm_up(given: NewWarmUp, actor: Acting) -> WarmUpView:
        """Say how many messages of all mailings may leave day by day from a mailbox or a domain of ours."""
        return WarmUpView.of_plan(await warm_ups.add(given, actor=actor))

    @routes.get("/warm-ups/{id}", right=Right.READ_CAMPAIGNS, noun="warm_up")
    async def show_warm_up(warm_up_id: Id, actor: Acting) -> WarmUpStatusView:
        """A plan, and how much of today's is used."""
        plan = await warm_ups.get(warm_up_id, actor)
        day, found = await warm_ups.status(plan)
        today = [WarmedView(provider=one, left=left, cap=cap) for one, (left, cap) in found.items()]
        return WarmUpStatusView.model_validate({**told(plan), "day": day, "today": today})

    @routes.put("/warm-ups/{id}", right=Right.MANAGE_CAMPAIGNS, noun="warm_up", refuses=[Conflict])
    async def change_warm_up(warm_up_id: Id, given: WarmUpForm, actor: Acting) -> WarmUpView:
        """Change a plan; what left today stays counted."""
        return WarmUpView.of_plan(await warm_ups.change(warm_up_id, given, actor=actor))

    @routes.delete("/warm-ups/{id}", right=Right.MANAGE_CAMPAIGNS, noun="warm_up", status=204)
    async def remove_warm_up(warm_up_id: Id, actor: Acting) -> None:
        """End a plan: nothing is kept back any more."""
        await warm_ups.remove(warm_up_id, actor=actor)

    return routes
