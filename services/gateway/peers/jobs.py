"""The HTTP doors of jobs: those of all services as one list, each answered by the service that works on it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, Field

from hub.contracts.job import JobState
from hub.kit.clock import iso
from hub.kit.errors import HubError, NotFound
from services.gateway.errors import PeerUnavailable
from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Parts, parts_of
from services.gateway.peers.documented import gives
from services.gateway.peers.forward import Peer
from services.gateway.peers.views import Paging
from services.gateway.rights import Right
from services.gateway.views import CONFLICT, NOT_FOUND, Form, Id, JobList, JobResultList, JobView

routes = router("jobs")
Hub = Annotated[Parts, Depends(parts_of)]
_READ = [needs(Right.READ_JOBS)]
_MANAGE = [needs(Right.MANAGE_JOBS)]


class JobQuery(Form):
    """Parameters of the list of jobs."""

    limit: int = Field(default=50, ge=1, le=500, description="How many at most")
    before: AwareDatetime | None = Field(default=None, description="`next` of the page before")
    state: JobState | None = Field(default=None, examples=["running"])


@routes.get("/jobs", operation_id="listJobs", dependencies=_READ, **gives(JobList))
async def list_jobs(query: Annotated[JobQuery, Query()], me: Me, hub: Hub) -> Response:
    """What takes longer than a request, the newest first: imports, exports, re-readings."""
    given = {"limit": str(query.limit), "state": query.state, "before": iso(query.before) if query.before else None}
    path = "/jobs?" + "&".join(f"{name}={value}" for name, value in given.items() if value)
    found = await asyncio.gather(*(_listed(peer, path, me.login) for peer in hub.peers), return_exceptions=True)
    told = [one for one in found if isinstance(one, dict)]
    if not told:
        raise PeerUnavailable("no service answers now; try again in a few seconds")
    silent = [peer.name for peer, one in zip(hub.peers, found, strict=True) if not isinstance(one, dict)]
    items = sorted((i for one in told for i in one["items"]), key=lambda item: str(item["created_at"]), reverse=True)
    more = len(items) > query.limit or any(one["next"] for one in told)
    items = items[: query.limit]
    page = {"items": items, "next": items[-1]["created_at"] if more and items else None, "silent": silent}
    return Response(orjson.dumps(page), media_type="application/json")


@routes.get("/jobs/{id}", operation_id="showJob", dependencies=_READ, **gives(JobView, NOT_FOUND))
async def show_job(item_id: Id, me: Me, hub: Hub) -> Response:
    """How far a job is."""
    peer = await _home(hub.peers, item_id, me.login)
    return await peer.read(f"/jobs/{item_id}", None, employee=me.login)


@routes.get(
    "/jobs/{id}/results",
    operation_id="listJobResults",
    dependencies=[needs(Right.READ_CORRESPONDENCE)],
    **gives(JobResultList, NOT_FOUND),
)
async def list_job_results(item_id: Id, query: Annotated[Paging, Query()], me: Me, hub: Hub) -> Response:
    """What became of each item, in the order in which they were done."""
    peer = await _home(hub.peers, item_id, me.login)
    return await peer.read(f"/jobs/{item_id}/results", query, employee=me.login)


@routes.post(
    "/jobs/{id}/cancel", operation_id="cancelJob", dependencies=_MANAGE, **gives(JobView, NOT_FOUND, CONFLICT)
)
async def cancel_job(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Stop a job after what it has in hand; what was done stays done."""
    peer = await _home(hub.peers, item_id, me.login)
    return await peer.write("POST", f"/jobs/{item_id}/cancel", None, employee=me.login, key=write.key)


@routes.post(
    "/jobs/{id}/revert",
    operation_id="revertJob",
    dependencies=_MANAGE,
    **gives(JobView, NOT_FOUND, CONFLICT, status=202),
)
async def revert_job(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Undo what a job did, the last item first; where that cannot be done, 409 says so."""
    peer = await _home(hub.peers, item_id, me.login)
    return await peer.write("POST", f"/jobs/{item_id}/revert", None, employee=me.login, key=write.key)


async def _listed(peer: Peer, path: str, login: str) -> dict[str, Any]:
    """The jobs of one service; a service that knows none has none. Raises PeerUnavailable."""
    try:
        page: dict[str, Any] = orjson.loads(await peer.ask(path, employee=login))
    except NotFound:
        return {"items": [], "next": None}
    return page


async def _home(peers: Sequence[Peer], job_id: str, login: str) -> Peer:
    """The service that has this job.

    Raises:
        NotFound: none has it.
        PeerUnavailable: one that may have it does not answer.
    """
    asked = (peer.ask(f"/jobs/{job_id}", employee=login) for peer in peers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for peer, answer in zip(peers, answers, strict=True):
        if isinstance(answer, bytes):
            return peer
    silent = [answer for answer in answers if not isinstance(answer, NotFound)]
    if silent and isinstance(silent[0], HubError):
        raise silent[0]
    raise NotFound(f"there is no job {job_id}")
