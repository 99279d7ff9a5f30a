"""The HTTP door: mailboxes and how they are."""

from typing import Annotated

from fastapi import APIRouter, Header, Query

from hub.channels.views import ChannelList
from hub.jobs import endpoints as job_endpoints
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.ids import fresh
from services.email.mailboxes.models import (
    MailboxChange,
    MailboxInput,
    MailboxPage,
    MailboxView,
    RereadInput,
)
from services.email.mailboxes.service import Mailboxes

Limit = Annotated[int, Query(ge=1, le=500)]


def router(mailboxes: Mailboxes, jobs: Jobs) -> APIRouter:
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

    @routes.post("/mailboxes/{mailbox_id}/reread", status_code=202)
    async def reread_mailbox(
        mailbox_id: str,
        given: RereadInput,
        x_hub_employee: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> JobView:
        await mailboxes.get(mailbox_id)
        args = {"mailbox_id": mailbox_id, "apply": given.apply, "run": fresh("run")}
        return await jobs.begin("reread", args, by=x_hub_employee, key=idempotency_key)

    @routes.get("/channels")
    async def list_channels() -> ChannelList:
        return ChannelList(items=await mailboxes.channels())

    routes.include_router(job_endpoints.router(jobs))
    return routes
