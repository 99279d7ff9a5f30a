"""The one service that writes down what was said, its key sealed."""

from hub.kit.secrets import SecretBox
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Store
from services.telephony.transcripts.speech import Transcriber

TRANSCRIBERS = CollectionSpec("transcribers")
_ONE = "transcriber"


class TranscriberRepository:
    """One document for the hub."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        self._kept = store.collection(TRANSCRIBERS)
        self._secrets = secrets

    async def get(self) -> Transcriber | None:
        """Raises ConfigurationError where the key of the hub does not open it."""
        found = await self._kept.get(_ONE)
        if found is None or not found["url"]:
            return None
        key = self._secrets.unseal(found["sealed"]) if found["sealed"] else ""
        return Transcriber(found["url"], found["model"], key)

    async def put(self, given: Transcriber | None) -> None:
        """None takes it away."""
        told: Document = {"url": "", "model": "", "sealed": ""}
        if given:
            told = {"url": given.url, "model": given.model, "sealed": given.key and self._secrets.seal(given.key)}
        await upsert(self._kept, {"_id": _ONE, **told}, lambda kept: {**kept, **told})
