"""The words of files, read once each in a process of its own and kept beside the file."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from hub.kit.apart import Apart, TooCostly, large
from hub.kit.blobs import Blobs
from hub.kit.errors import NotFound, PermanentError
from hub.kit.log import Log
from hub.kit.loop import Loop
from services.interactions.search.files import readable_as

log = Log(__name__)
MOST_BYTES = 30 * 2**20
"""Of a file that is read; of a larger one the name is searched."""
CPU_SECONDS = (2.0, 20.0)
"""For a file at first, and for one that took more once all others are read."""
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
        self._costly: dict[str, tuple[str, dict[str, Any]]] = {}
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
            if attachment["id"] not in self._costly:
                self._unread[attachment["id"]] = (interaction_id, dict(attachment))
            self._loop.wake()
            return None

    async def said(self, blob: str) -> str:
        """What was said in a call, as it was written down; it is gone together with the recording."""
        try:
            return (await self._blobs.get(blob)).decode()
        except NotFound:
            return ""

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
        return len(self._unread) + len(self._costly)

    async def read(self) -> None:
        """Reads what waits, one after another; what is costly comes last, so that it keeps nothing else waiting."""
        while (self._unread or self._costly) and not self._loop.stopping:
            waiting, seconds = (self._unread, CPU_SECONDS[0]) if self._unread else (self._costly, CPU_SECONDS[1])
            attachment_id = next(iter(waiting))
            interaction_id, attachment = waiting.pop(attachment_id)
            try:
                words = await self._words(attachment, seconds)
            except TooCostly:
                self._costly[attachment_id] = interaction_id, attachment
                continue
            except BaseException:
                waiting[attachment_id] = interaction_id, attachment
                raise
            await self._blobs.put(_key(attachment), words.encode())
            self._read.add(interaction_id)

    async def _words(self, attachment: Mapping[str, Any], seconds: float) -> str:
        """Raises TooCostly where more time might help."""
        try:
            content = await self._blobs.get(attachment["blob"])
            kind = readable_as(attachment["filename"], attachment["content_type"])
            words: str = await self._apart.call(_READ, large(content), kind, cpu=seconds)
        except TooCostly as exc:
            if seconds < CPU_SECONDS[1]:
                raise
            return self._none(attachment, exc)
        except (NotFound, PermanentError) as exc:
            return self._none(attachment, exc)
        return words

    def _none(self, attachment: Mapping[str, Any], exc: Exception) -> str:
        log.info("file.unread", attachment_id=attachment["id"], reason=str(exc)[:200])
        return ""


def _key(attachment: Mapping[str, Any]) -> str:
    return f"words/{blake2b(attachment['blob'].encode(), digest_size=16).hexdigest()}"
