"""The HTTP door: mailboxes and how they are."""

from typing import Annotated

from fastapi import Query, Request, Response

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.channels.endpoints import add_channels
from hub.channels.trials import TrialView
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict, TooLarge
from hub.kit.http import body_of
from hub.kit.ids import fresh
from services.email.inbound.posted import Posted, PostedView
from services.email.mailboxes.models import MailboxChange, MailboxInput, MailboxPage, MailboxView, RereadInput
from services.email.mailboxes.service import Mailboxes


def public(mailboxes: Mailboxes, jobs: Jobs, posted: Posted, *, most: int) -> Public:
    """The service's operations beside those on its jobs; `most` bytes has a mail that is posted."""
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

    @routes.post("/mailboxes/{id}/try", right=Right.MANAGE_CHANNELS, noun="mailbox", action="try", repeatable=False)
    async def try_mailbox(mailbox_id: Id) -> TrialView:
        """Log in at the servers of a mailbox, as it is kept, and say what does not work. Nothing is sent."""
        return await mailboxes.tried(mailbox_id)

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

    @routes.post(
        "/mailboxes/{id}/mails",
        right=Right.MANAGE_CHANNELS,
        noun="mailbox",
        action="post",
        upload=most,
        repeatable=False,
        refuses=[TooLarge],
    )
    async def post_mail(mailbox_id: Id, request: Request) -> PostedView:
        """Hand a mail over as it is (RFC 5322), as if it had come into the mailbox. The same one again, by its
        Message-ID and what it says, is known. Nobody gets an automatic answer to it.
        """
        raw = await body_of(request, most, words=f"a mail may have {most} bytes: [email] max_mail_size")
        return await posted.take(mailbox_id, raw)

    add_channels(routes, mailboxes.channels)
    return routes
