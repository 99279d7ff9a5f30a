"""The HTTP door of single messages."""

from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, View
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.mailings.models import RowState
from services.campaigns.messages.service import Messages, NewMessage


class SentView(View):
    """A message, and what became of it."""

    id: str
    to: MaskedAddress
    channel: str
    template: str = Field(examples=["tpl_7f2k/3"])
    topic: str
    ground: str = Field(description="Why he may be written to", examples=["consent cst_7f2k"])
    state: RowState
    reason: MaskedWords | None
    at: str

    @classmethod
    def of(cls, row: Document) -> "SentView":
        return cls.model_validate({**row, "id": row["mailing"], "to": row["address"]})


def public(messages: Messages) -> Public:
    """The operations."""
    routes = Public("messages")

    @routes.post(
        "/templates/{id}/messages",
        right=Right.WRITE_MESSAGES,
        noun="client",
        action="read",
        status=202,
        refuses=[Conflict],
    )
    async def send_template(template_id: Id, given: NewMessage, actor: Acting, key: Key = None) -> SentView:
        """Send a template to one recipient. About a topic who said no to it gets nothing (409); a service message has
        none. With the same Idempotency-Key it is sent once.
        """
        return SentView.of(await messages.send(template_id, given, actor=actor, key=key))

    @routes.get("/messages/{id}", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def show_message(message_id: Id, actor: Acting) -> SentView:
        """What became of a message that was sent of a template."""
        return SentView.of(await messages.get(message_id, actor))

    return routes
