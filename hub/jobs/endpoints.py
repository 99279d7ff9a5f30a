"""The HTTP door of a service's jobs."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.contracts.job import JobState
from hub.jobs.models import JobPage, JobView, ResultPage
from hub.jobs.service import Jobs

Limit = Annotated[int, Query(ge=1, le=500)]


def router(jobs: Jobs) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/jobs")
    async def list_jobs(limit: Limit = 100, before: str | None = None, state: JobState | None = None) -> JobPage:
        return await jobs.page(state=state, before=before, limit=limit)

    @routes.get("/jobs/{job_id}")
    async def get_job(job_id: str) -> JobView:
        return await jobs.get(job_id)

    @routes.get("/jobs/{job_id}/results")
    async def list_results(job_id: str, limit: Limit = 100, after: str | None = None) -> ResultPage:
        return await jobs.results(job_id, limit=limit, after=after)

    @routes.post("/jobs/{job_id}/cancel")
    async def cancel_job(job_id: str) -> JobView:
        return await jobs.cancel(job_id)

    @routes.post("/jobs/{job_id}/revert", status_code=202)
    async def revert_job(job_id: str) -> JobView:
        return await jobs.revert(job_id)

    return routes
