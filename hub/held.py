"""What a service that is held would send, and how a person lets it go."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hub.kit.restraint import Restraint

Counts = Callable[[], Awaitable[Mapping[str, int]]]
"""How much waits to go out or to fire, by kind: `email`, `planned`, …"""


class HeldItem(BaseModel):
    """Some of what would go out."""

    kind: str = Field(description="`email`, `sms`, `telegram`: messages; `planned`: messages for later")
    count: int


class HeldView(BaseModel):
    """Whether nothing is sent, and what waits."""

    held: bool
    items: list[HeldItem]


def held_routes(restraint: Restraint, counts: Counts) -> APIRouter:
    """`GET /held` and `POST /held/release` of a service."""
    routes = APIRouter()

    async def view() -> HeldView:
        found = await counts()
        return HeldView(held=restraint.held, items=[HeldItem(kind=k, count=n) for k, n in found.items()])

    @routes.get("/held")
    async def show_held() -> HeldView:
        return await view()

    @routes.post("/held/release")
    async def release_held() -> HeldView:
        restraint.release()
        return await view()

    return routes
