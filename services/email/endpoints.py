"""The HTTP door: mailboxes and how they are."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.channels.views import ChannelList
from services.email.mailboxes.models import (
    MailboxChange,
    MailboxInput,
    MailboxPage,
    MailboxView,
)
from services.email.mailboxes.service import Mailboxes

Limit = Annotated[int, Query(ge=1, le=500)]


def router(mailboxes: Mailboxes) -> APIRouter:
    """The service's routes."""
    routes = APIRouter()

    @routes.get("/mailboxes")
    async def list_mailboxes(limit: Limit = 100, after: str | None = None) -> MailboxPage:
        page = await mailboxes.page(limit=limit, after=after)
        return MailboxPage(items=[MailboxView.of(document) for document in page.items], next=page.next)

    @routes.post("/mailboxes", status_code=201)
    async def add_mailbox(given: MailboxInput) -> MailboxView:
        return MailboxView.of(await mailboxes.add(given))

    @routes.get("/mailboxes/{mailbox_id}")
    async def get_mailbox(mailbox_id: str) -> MailboxView:
        return MailboxView.of(await mailboxes.get(mailbox_id))

    @routes.patch("/mailboxes/{mailbox_id}")
    async def change_mailbox(mailbox_id: str, change: MailboxChange) -> MailboxView:
        return MailboxView.of(await mailboxes.change(mailbox_id, change))

    @routes.delete("/mailboxes/{mailbox_id}", status_code=204)
    async def remove_mailbox(mailbox_id: str) -> None:
        await mailboxes.remove(mailbox_id)

    @routes.get("/channels")
    async def list_channels() -> ChannelList:
        return ChannelList(items=await mailboxes.channels())

    return routes
