"""The HTTP door of a service's jobs: every service shows its own, the gateway all of them as one list."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor
from hub.api.forms import Form, Id, Moment, Paging
from hub.api.operation import Spread
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.job import JobState
from hub.contracts.scope import owned_by, reaches
from hub.jobs.models import JobPage, JobView, ResultPage, ResultView
from hub.jobs.service import Jobs
from hub.kit.clock import iso
from hub.kit.errors import Conflict, NotFound


class JobQuery(Form):
    """Parameters of the list of jobs."""

    limit: int = Field(default=50, ge=1, le=500, description="How many at most")
    before: Moment | None = Field(default=None, description="`next` of the page before")
    state: JobState | None = Field(default=None, examples=["running"])


def public(jobs: Jobs) -> Public:
    """The operations."""
    routes = Public("jobs")

    async def seen(actor: Actor, job_id: str) -> JobView:
        """Raises NotFound."""
        job = await jobs.get(job_id)
        if not _sees(actor, job):
            raise NotFound(f"there is no job {job_id}")
        return job

    @routes.get("/jobs", right=Right.READ_JOBS, noun="job", spread=Spread.ALL, order="created_at")
    async def list_jobs(query: Annotated[JobQuery, Query()], actor: Acting) -> JobPage:
        """What takes longer than a request, the newest first: imports, exports, re-readings."""
        before = iso(query.before) if query.before else None
        page = await jobs.page(state=query.state, before=before, limit=query.limit)
        return page.model_copy(update={"items": [job for job in page.items if _sees(actor, job)]})

    @routes.get("/jobs/{id}", right=Right.READ_JOBS, noun="job", spread=Spread.OWNER)
    async def show_job(job_id: Id, actor: Acting) -> JobView:
        """How far a job is."""
        return await seen(actor, job_id)

    @routes.get(
        "/jobs/{id}/results",
        right=Right.READ_CORRESPONDENCE,
        noun="job",
        action="results",
        spread=Spread.OWNER,
        answer=ResultPage,
    )
    async def list_job_results(job_id: Id, query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """What became of each item, in the order in which they were done."""
        await seen(actor, job_id)
        return await listed(
            lambda limit: jobs.results(job_id, limit=limit, after=query.after), each(_itself), limit=query.limit
        )

    @routes.post(
        "/jobs/{id}/cancel",
        right=Right.MANAGE_JOBS,
        noun="job",
        action="cancel",
        spread=Spread.OWNER,
        refuses=[Conflict],
    )
    async def cancel_job(job_id: Id, actor: Acting) -> JobView:
        """Stop a job after what it has in hand; what was done stays done."""
        await seen(actor, job_id)
        return await jobs.cancel(job_id)

    @routes.post(
        "/jobs/{id}/revert",
        right=Right.MANAGE_JOBS,
        noun="job",
        action="revert",
        spread=Spread.OWNER,
        status=202,
        refuses=[Conflict],
    )
    async def revert_job(job_id: Id, actor: Acting) -> JobView:
        """Undo what a job did, the last item first; where that cannot be done, 409 says so."""
        await seen(actor, job_id)
        return await jobs.revert(job_id)

    return routes


def _sees(actor: Actor, job: JobView) -> bool:
    """Whoever started it owns it."""
    return reaches(actor.reach, [owned_by(job.by)])


def _itself(result: ResultView) -> ResultView:
    return result
