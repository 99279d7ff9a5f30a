"""The rules about files that go up: an upload is durable before it has an id."""

import re
from contextlib import suppress
from dataclasses import dataclass

from hub.api.downloads import UNKNOWN_TYPE, clean_name
from hub.api.uploads import Uploads, description_of
from hub.contracts.interaction import Attachment
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound, TooLarge
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Store

UPLOADS = CollectionSpec("uploads")
_PAGE = 100
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:;[\x20-\x7e]{0,200})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file."""

    filename: str
    content_type: str
    content: bytes


class Attachments:
    """Keeps what employees upload."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, *, limit: int) -> None:
        self._before = store.collection(UPLOADS)
        self._blobs = blobs
        self._uploads = Uploads(blobs)
        self._clock = clock
        self._limit = limit

    async def keep(self, file: File, *, login: str, write: str) -> Attachment:
        """The descriptor; the same for the same `write` repeated, which nobody can guess. Raises TooLarge."""
        if len(file.content) > self._limit:
            raise TooLarge(f"a file may have {self._limit} bytes; send less, or raise attachment_limit in [gateway]")
        kept_id = derive("att", write)
        with suppress(NotFound):
            return await self._uploads.get(kept_id)
        attachment = Attachment(
            id=kept_id,
            filename=clean_name(file.filename),
            content_type=file.content_type if _TYPE.fullmatch(file.content_type) else UNKNOWN_TYPE,
            size=len(file.content),
        )
        return await self._uploads.keep(attachment, file.content, {"by": login, "at": iso(self._clock.now())})

    async def carry_over(self) -> None:
        """Uploads of hubs before this one were described in the store; from now on where every service reads them."""
        while documents := (await self._before.find({}, limit=_PAGE)).items:
            described: dict[str, bytes] = {}
            for document in documents:
                upload = Attachment.model_validate({**document, "id": document["_id"]})
                described |= description_of(upload, {"by": document["by"], "at": document["at"]})
            await self._blobs.put_many(described)
            await self._before.delete_many([str(document["_id"]) for document in documents])
