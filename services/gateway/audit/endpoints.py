"""The HTTP door of the audit."""

from datetime import datetime

from pydantic import Field

from hub.api.forms import After, Limit, Moment, View
from hub.api.rights import Right
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.gateway.guard import needs, router
from services.gateway.parts import Hub

routes = router("audit")


class ChangeView(View):
    """A field that a write changed; secrets are masked, long texts are told by their length."""

    field: str = Field(examples=["role"])
    before: str | int | float | bool | None = Field(description="Null: nothing, or not known", examples=["operator"])
    after: str | int | float | bool | None = Field(examples=["supervisor"])


class AuditView(View):
    """One write, login, refusal or lock."""

    id: str
    at: datetime
    login: str = Field(description="Who; `-` at a login, whose `target` is the login that was tried")
    method: str = Field(examples=["POST"])
    route: str = Field(examples=["/api/v1/chains/{id}/messages"])
    action: str = Field(default="", description="The operation", examples=["changeEmployee"])
    target: str = Field(description="Id of what was written")
    address: str = Field(description="Client address", examples=["192.0.2.7"])
    status: int | None = Field(description="The answer; null where a crash cut it short", examples=[202])
    changes: list[ChangeView] = Field(default=[], description="What was changed, or asked for")
    seq: int | None = Field(default=None, description="Its place in the chain; null while it is being done")


class AuditList(View):
    items: list[AuditView]
    next: str | None


@routes.get("/audit", operation_id="listAudit", dependencies=[needs(Right.READ_AUDIT)])
async def list_audit(
    hub: Hub,
    login: str | None = None,
    action: str | None = None,
    target: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    after: After = None,
) -> AuditList:
    """Every write, login, refusal and lock, newest first; by employee, operation, object and time."""
    where = {"login": login, "action": action, "target": target}
    page = await hub.audit.page(where, since=since, until=until, limit=limit, after=after)
    return AuditList(items=[_view(document) for document in page.items], next=page.next)


def _view(document: Document) -> AuditView:
    return AuditView.model_validate({**document, "id": document["_id"], "at": from_iso(document["at"])})
