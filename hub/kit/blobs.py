"""Raw bytes, attachments and recordings: a folder, or any S3 bucket, through obstore."""

from typing import Protocol


class Blobs(Protocol):
    """Bytes under a key. What `put` returned for is durable.

    Every method raises `BlobsUnavailable` when the storage does not answer or does not confirm.
    """

    async def put(self, key: str, content: bytes) -> None:
        """Keeps `content`; the same key again replaces it. Keys are `/`-separated ASCII names."""
        ...

    async def put_many(self, blobs: dict[str, bytes]) -> None:
        """All of them, durable together; cheaper than one by one."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes.

        Raises:
            NotFound: there is nothing under this key.
        """
        ...

    async def ping(self) -> None:
        """Returns when a write would be confirmed."""
        ...
