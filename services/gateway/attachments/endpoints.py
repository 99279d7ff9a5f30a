"""The HTTP door of files that go up; down they come from the service whose interactions they belong to."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import UploadFile

from hub.api.downloads import UNKNOWN_TYPE
from hub.api.problems import TOO_LARGE
from hub.api.rights import Right
from hub.contracts.shown import AttachmentView
from hub.kit.errors import InvalidInput
from services.gateway.attachments.service import File
from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Hub

routes = router("attachments")
_FILE = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": _FILE}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": _FORM}, UNKNOWN_TYPE: {"schema": _FILE}},
    }
}


@routes.post(
    "/attachments",
    operation_id="uploadAttachment",
    status_code=201,
    responses=TOO_LARGE,
    openapi_extra=_BODY,
    dependencies=[needs(Right.WRITE_MESSAGES, Right.MANAGE_CAMPAIGNS, upload=True)],
)
async def upload_attachment(
    request: Request,
    me: Me,
    write: Write,
    hub: Hub,
    filename: Annotated[str, Query(max_length=255, description="Name of the file where the body is its bytes")] = "",
) -> AttachmentView:
    """Upload a file (25 MB by default): as form field `file`, or its bytes as the body with `?filename=`."""
    kept = await hub.attachments.keep(await _file(request, filename), login=me.login, write=write.id)
    write.target = kept.id
    return AttachmentView.model_validate(kept, from_attributes=True)


async def _file(request: Request, filename: str) -> File:
    content_type = request.headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        return await _raw(request, filename, content_type)
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput("file: give the file as form field `file`", fields={"file": "required; add it"})
        return File(file.filename or filename, file.content_type or "", await file.read())


async def _raw(request: Request, filename: str, content_type: str) -> File:
    if not filename:
        fix = "required where the body is the file itself: POST /api/v1/attachments?filename=NAME"
        raise InvalidInput(f"filename: {fix}", fields={"filename": fix})
    return File(filename, content_type, await request.body())
