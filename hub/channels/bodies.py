"""The words of a message that are too large for an event: they lie in the blobs."""

from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs


async def with_bodies(message: SendMessage, blobs: Blobs) -> SendMessage:
    """The message with its text and HTML, wherever they are kept; the same one where nothing is in the blobs.

    Raises:
        NotFound: what it names is not there.
        BlobsUnavailable: the blobs do not answer.
    """
    found: dict[str, str] = {}
    if message.text_blob:
        found["text"] = (await blobs.get(message.text_blob)).decode("utf-8", "replace")
    if message.html_blob:
        found["html"] = (await blobs.get(message.html_blob)).decode("utf-8", "replace")
    return message.model_copy(update=found) if found else message
