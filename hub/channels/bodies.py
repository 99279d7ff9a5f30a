"""The words of a message that lie in the blobs: those too large for an event, and what a mailing says to all."""

from collections import OrderedDict

from hub.channels.content import Content
from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs
from hub.kit.errors import NotFound

_KEPT = 20
"""Contents in memory: variants and languages of the mailings that leave at one time; each has up to a megabyte."""
_contents: OrderedDict[str, Content] = OrderedDict()
"""What lies under the key of a content is never another."""


async def with_bodies(message: SendMessage, blobs: Blobs) -> SendMessage:
    """The message with its text and HTML, wherever they are kept; the same one where nothing is in the blobs.

    Raises:
        NotFound: what it names is not there, or is not what it should be.
        BlobsUnavailable: the blobs do not answer.
    """
    if message.content:
        return _filled(message, await content_of(message.content, blobs))
    found: dict[str, str] = {}
    if message.text_blob:
        found["text"] = (await blobs.get(message.text_blob)).decode("utf-8", "replace")
    if message.html_blob:
        found["html"] = (await blobs.get(message.html_blob)).decode("utf-8", "replace")
    return message.model_copy(update=found) if found else message


async def content_of(key: str, blobs: Blobs) -> Content:
    """What a mailing says; read once. Raises NotFound and BlobsUnavailable."""
    if key not in _contents:
        try:
            _contents[key] = Content.of_json(await blobs.get(key))
        except (ValueError, TypeError) as exc:
            raise NotFound(f"{key} holds nothing that a mailing could say") from exc
        while len(_contents) > _KEPT:
            _contents.popitem(last=False)
    _contents.move_to_end(key)
    return _contents[key]


def _filled(message: SendMessage, content: Content) -> SendMessage:
    """Raises NotFound where it brings too few values."""
    try:
        made = content.rendered(message.number, message.values)
    except (IndexError, ValueError, TypeError) as exc:
        raise NotFound(f"{message.content} wants other values than there are") from exc
    fields = {"subject": made.subject, "text": made.text, "html": made.html, "unsubscribe": made.unsubscribe}
    return message.model_copy(update={**fields, "from_name": message.from_name or content.from_name})
