"""The words of files, read once each in a process of its own and kept beside the file."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from hub.kit.apart import Apart, large
from hub.kit.blobs import Blobs
from hub.kit.errors import NotFound, PermanentError
from hub.kit.log import Log
from hub.kit.loop import Loop
from services.interactions.search.files import readable_as

log = Log(__name__)
MOST_BYTES = 30 * 2**20
"""Of a file that is read; of a larger one the name is searched."""
CPU_SECONDS = 20.0
_EVERY = timedelta(seconds=30)
_READ = "services.interactions.search.files:words_of"


def is_read(attachment: Mapping[str, Any]) -> bool:
    """Whether the words of a file are searched, and not its name alone."""
    return bool(
        attachment["state"] == "ready"
        and attachment["blob"]
        and attachment["size"] <= MOST_BYTES
        and readable_as(attachment["filename"], attachment["content_type"])
    )


class Texts:
    """Whoever asks gets what is known; what is not is read soon, and its message told by `read_since`."""

    def __init__(self, blobs: Blobs, apart: Apart) -> None:
        self._blobs = blobs
        self._apart = apart
        self._unread: dict[str, tuple[str, dict[str, Any]]] = {}
        """By attachment: its message, and itself."""
        self._read: set[str] = set()
        self._loop = Loop("search.files", self.read, every=_EVERY)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def of(self, interaction_id: str, attachment: Mapping[str, Any]) -> str | None:
        """The words of a file; None while it was not read."""
        try:
            return (await self._blobs.get(_key(attachment))).decode()
        except NotFound:
            self._unread[attachment["id"]] = (interaction_id, dict(attachment))
            self._loop.wake()
            return None

    def read_since(self) -> set[str]:
        """Ids of the messages whose files were read since this was asked."""
        found, self._read = self._read, set()
        return found

    def give_back(self, interactions: set[str]) -> None:
        """They could not be taken over; they are given again."""
        self._read |= interactions

    @property
    def unread(self) -> int:
        """How many files wait."""
        return len(self._unread)

    async def read(self) -> None:
        """Reads what waits, one after another."""
        while self._unread and not self._loop.stopping:
            attachment_id, (interaction_id, attachment) = next(iter(self._unread.items()))
            await self._blobs.put(_key(attachment), (await self._words(attachment)).encode())
            self._unread.pop(attachment_id, None)
            self._read.add(interaction_id)

    async def _words(self, attachment: Mapping[str, Any]) -> str:
        try:
            content = await self._blobs.get(attachment["blob"])
            kind = readable_as(attachment["filename"], attachment["content_type"])
            words: str = await self._apart.call(_READ, large(content), kind, cpu=CPU_SECONDS)
        except PermanentError as exc:
            log.info("file.unread", attachment_id=attachment["id"], reason=str(exc)[:200])
            return ""
        return words


def _key(attachment: Mapping[str, Any]) -> str:
    return f"words/{blake2b(attachment['blob'].encode(), digest_size=16).hexdigest()}"
