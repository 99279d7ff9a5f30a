"""Asks the interactions service how it has a mail."""

from collections.abc import Callable
from typing import Any

import httpx

from hub.contracts.interaction import Attachment, Reading
from hub.kit.errors import TransientError
from services.email.reread.models import Held

_PATIENCE = 10.0


class InteractionsPeer:
    """By HTTP, as everything between services."""

    def __init__(self, peer: Callable[[str], httpx.AsyncClient]) -> None:
        self._client = peer("interactions")

    async def close(self) -> None:
        await self._client.aclose()

    async def held(self, interaction_id: str) -> Held | None:
        """See `services.email.reread.job.Interactions`."""
        shown = await self._get(f"/interactions/{interaction_id}")
        if shown is None:
            return None
        page = await self._get(f"/interactions/{interaction_id}/blobs") if shown["has_html"] else None
        whole = shown["new_text"] == shown["text"].strip() and not shown["quoted_text"]
        fields = {**shown, "html": page["html"] if page else None}
        reading = Reading.model_validate({**fields, "new_text": None if whole else shown["new_text"]})
        return Held(
            subject=shown["subject"],
            text=shown["text"],
            reading=reading,
            attachments=tuple(Attachment.model_validate(one) for one in shown["attachments"]),
            accounts=tuple(shown["accounts"]),
        )

    async def attachment(self, attachment: Attachment) -> Attachment:
        """With the key of its blob."""
        stored = await self._get(f"/attachments/{attachment.id}/blob")
        return attachment.model_copy(update={"blob": stored["blob"]}) if stored else attachment

    async def _get(self, path: str) -> Any:
        """None where there is nothing. Raises TransientError."""
        try:
            answer = await self._client.get(path, timeout=_PATIENCE)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPError as exc:
            raise TransientError(f"the service interactions does not answer: {type(exc).__name__}") from exc
