"""The HTTP door: mailboxes and how they are."""

from typing import Annotated

from fastapi import Query, Response

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.channels.endpoints import add_channels
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict
from hub.kit.ids import fresh
from services.email.mailboxes.models import MailboxChange, MailboxInput, MailboxPage, MailboxView, RereadInput
from services.email.mailboxes.service import Mailboxes


def public(mailboxes: Mailboxes, jobs: Jobs) -> Public:
    """The service's operations beside those on its jobs."""
    routes = Public("mailboxes and channels")

    @routes.get("/mailboxes", right=Right.READ_CHANNELS, noun="mailbox", answer=MailboxPage)
    async def list_mailboxes(query: Annotated[Paging, Query()]) -> Response:
        """Our mailboxes."""
        return await listed(
            lambda limit: mailboxes.page(limit=limit, after=query.after), each(MailboxView.of), limit=query.limit
        )

    @routes.post("/mailboxes", right=Right.MANAGE_CHANNELS, noun="mailbox", status=201, refuses=[Conflict])
    async def add_mailbox(given: MailboxInput) -> MailboxView:
        """Add a mailbox. Both logins are tried first; the answer says which of the two failed and why."""
        return MailboxView.of(await mailboxes.add(given))

    @routes.get("/mailboxes/{id}", right=Right.READ_CHANNELS, noun="mailbox")
    async def show_mailbox(mailbox_id: Id) -> MailboxView:
        """One mailbox."""
        return MailboxView.of(await mailboxes.get(mailbox_id))

    @routes.patch("/mailboxes/{id}", right=Right.MANAGE_CHANNELS, noun="mailbox", refuses=[Conflict])
    async def change_mailbox(mailbox_id: Id, change: MailboxChange) -> MailboxView:
        """Change a mailbox; new servers and logins are tried first."""
        return MailboxView.of(await mailboxes.change(mailbox_id, change))

    @routes.delete("/mailboxes/{id}", right=Right.MANAGE_CHANNELS, noun="mailbox", status=204)
    async def remove_mailbox(mailbox_id: Id) -> None:
        """Read and send from this mailbox no more; what it brought stays."""
        await mailboxes.remove(mailbox_id)

    @routes.post("/mailboxes/{id}/reread", right=Right.MANAGE_CHANNELS, noun="mailbox", action="reread", status=202)
    async def reread_mailbox(mailbox_id: Id, given: RereadInput, actor: Acting, key: Key = None) -> JobView:
        """Read all mails of a mailbox again, as a job; show, or change, what is read otherwise. Nothing is sent."""
        await mailboxes.get(mailbox_id)
        args = {"mailbox_id": mailbox_id, "apply": given.apply, "run": fresh("run")}
        return await jobs.begin("reread", args, by=actor.login, key=key)

    add_channels(routes, mailboxes.channels)
    return routes
