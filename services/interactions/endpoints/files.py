"""Files of interactions."""

from fastapi import Response

from hub.api.actor import Acting
from hub.api.downloads import download_headers, download_type, streamed
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.uploads import Uploads
from hub.contracts.interaction import Attachment
from hub.kit.errors import Conflict
from services.interactions.endpoints.shared import Doors

_NOT_READY = {
    "pending": "the file is still being fetched from the provider; try again in a few seconds",
    "failed": "the file could not be fetched: {reason}",
    "blocked": "the file is not handed out: {reason}",
}


def add(routes: Public, doors: Doors, uploads: Uploads) -> None:
    repository, blobs = doors.repository, doors.blobs

    @routes.get(
        "/attachments/{id}",
        right=Right.READ_CORRESPONDENCE,
        noun="attachment",
        download="application/octet-stream",
        refuses=[Conflict],
    )
    async def download_attachment(attachment_id: Id, actor: Acting) -> Response:
        """Download a file of an interaction, or one of our uploads. It is always saved, never shown in a browser."""
        stored = await repository.attachments.get(attachment_id)
        if stored:
            await doors.seen.whole_interaction(actor, stored["interaction_id"])
        attachment = Attachment.model_validate(stored) if stored else await uploads.get(attachment_id)
        if attachment.state != "ready":
            raise Conflict(_NOT_READY[attachment.state].format(reason=attachment.reason))
        headers = download_headers(attachment)
        return await streamed(blobs, attachment.blob, media_type=download_type(attachment), headers=headers)
