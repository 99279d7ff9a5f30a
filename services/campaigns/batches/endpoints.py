"""The HTTP door of letters in batches."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.tables import CSV, streamed
from hub.api.uploads import Uploads
from hub.contracts.masks import MaskedWords
from hub.jobs.asked import who
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict, Forbidden, TooLarge
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.campaigns.batches.minding import worked_on
from services.campaigns.batches.models import BatchState, NewBatch, Posted, Returns, ReturnsFile
from services.campaigns.batches.service import Batches

PDF = "application/pdf"
_READ = Right.READ_CAMPAIGNS
_MANAGE = Right.MANAGE_CAMPAIGNS


class BatchView(View):
    """Letters that are printed together."""

    id: str
    mailing: str
    state: BatchState
    reason: MaskedWords
    sheet: str
    letters: int = Field(description="That are in its files")
    pages: int
    by: str = Field(description="Who made it, and has its files")
    at: str
    posted_at: str | None

    @classmethod
    def of(cls, stored: Document) -> "BatchView":
        state = "posted" if stored["state"] == "posting" else stored["state"]
        return cls.model_validate({**stored, "id": stored["_id"], "state": state})


class BatchList(View):
    items: list[BatchView]
    next: str | None


class ReturnedView(View):
    """What became of letters that came back."""

    returned: int
    known: int = Field(description="It was said before")
    unknown: list[int] = Field(description="Numbers that are no letter of this mailing that was posted, or not yours")


def public(batches: Batches, jobs: Jobs, uploads: Uploads) -> Public:
    """The operations."""
    routes = Public("letters", uploads=uploads)
    _add_making(routes, batches, jobs)
    _add_files(routes, batches)
    _add_moving(routes, batches, jobs)
    _add_returns(routes, batches, jobs)
    return routes


def _add_making(routes: Public, batches: Batches, jobs: Jobs) -> None:
    @routes.get("/mailings/{id}/batches", right=_READ, noun="mailing", answer=BatchList)
    async def list_batches(mailing_id: Id, query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Batches of a mailing's letters, the newest first."""
        return await listed(
            lambda limit: batches.page(mailing_id, actor, limit=limit, after=query.after),
            each(BatchView.of),
            limit=query.limit,
        )

    @routes.post(
        "/mailings/{id}/batches",
        right=_MANAGE,
        noun="client",
        action="read",
        status=202,
        refuses=[Conflict, Forbidden],
    )
    async def print_letters(mailing_id: Id, given: NewBatch, actor: Acting, key: Key = None) -> BatchView:
        """Print letters that wait, to the clients that you see, 1,000 at most, as a job: labels, letters, a list."""
        batch = await batches.add(mailing_id, given, actor=actor, key=key)
        await worked_on(jobs, batch)
        return BatchView.of(batch)

    @routes.get("/batches/{id}", right=_READ, noun="mailing")
    async def show_batch(batch_id: Id, actor: Acting) -> BatchView:
        """A batch of letters."""
        return BatchView.of(await batches.get(batch_id, actor))


def _add_files(routes: Public, batches: Batches) -> None:
    async def file(batch_id: str, part: str, actor: Actor, media: str) -> Response:
        pieces = await batches.file(batch_id, part, actor)
        return streamed(pieces, f"{part}.{'csv' if media == CSV else 'pdf'}", media)

    @routes.get(
        "/batches/{id}/labels",
        right=_MANAGE,
        noun="client",
        action="read",
        download=PDF,
        audited=True,
        refuses=[Conflict, Forbidden],
    )
    async def download_labels(batch_id: Id, actor: Acting) -> Response:
        """Labels or envelopes of your batch."""
        return await file(batch_id, "labels", actor, PDF)

    @routes.get(
        "/batches/{id}/letters",
        right=_MANAGE,
        noun="client",
        action="read",
        download=PDF,
        audited=True,
        refuses=[Conflict, Forbidden],
    )
    async def download_letters(batch_id: Id, actor: Acting) -> Response:
        """Letters of your batch, one after another, in the order of the labels."""
        return await file(batch_id, "letters", actor, PDF)

    @routes.get(
        "/batches/{id}/addresses",
        right=_MANAGE,
        noun="client",
        action="read",
        download=CSV,
        audited=True,
        refuses=[Conflict, Forbidden],
    )
    async def download_addresses(batch_id: Id, actor: Acting) -> Response:
        """The list of addresses of your batch, with the number of each letter."""
        return await file(batch_id, "addresses", actor, CSV)


def _add_moving(routes: Public, batches: Batches, jobs: Jobs) -> None:
    @routes.post("/batches/{id}/posted", right=_MANAGE, noun="mailing", action="post", status=202, refuses=[Conflict])
    async def mark_posted(batch_id: Id, given: Posted, actor: Acting) -> BatchView:
        """Say that a batch was taken to the post: a job marks each letter, and writes it into its client's chain."""
        batch = await batches.begin_posting(batch_id, given.at, actor=actor)
        await worked_on(jobs, batch)
        return BatchView.of(batch)

    @routes.post("/batches/{id}/discard", right=_MANAGE, noun="mailing", action="discard", refuses=[Conflict])
    async def discard_batch(batch_id: Id, actor: Acting) -> BatchView:
        """Put a batch back that was not posted: its letters wait for another one."""
        return BatchView.of(await batches.discard(batch_id, actor=actor))


def _add_returns(routes: Public, batches: Batches, jobs: Jobs) -> None:
    @routes.post("/mailings/{id}/returns", right=_MANAGE, noun="client", action="return")
    async def add_returns(mailing_id: Id, given: Returns, actor: Acting) -> ReturnedView:
        """Say which letters came back, and why: nothing more goes to these letterboxes."""
        return ReturnedView.model_validate(await batches.returned(mailing_id, given.letters, actor=actor))

    @routes.post(
        "/mailings/{id}/returns/files", right=_MANAGE, noun="client", action="return", status=202, refuses=[TooLarge]
    )
    async def add_returns_file(mailing_id: Id, given: ReturnsFile, actor: Acting, key: Key = None) -> JobView:
        """The same from the list of addresses with a column `reason`, up to 10,000 letters, as a job."""
        await batches.check(mailing_id, actor)
        run = derive("ret", actor.login, mailing_id, key) if key else fresh("ret")
        args = {"mailing": mailing_id, "blob": given.file.blob, "run": run, "who": who(actor)}
        return await jobs.begin("letters.returned", args, by=actor.login, key=run)
