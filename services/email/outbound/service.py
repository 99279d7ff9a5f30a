"""The send ledger of mail: beside what every channel's holds, the Message-ID and the copy in the Sent folder."""

from datetime import datetime, timedelta
from typing import Any

from hub.channels.deliveries import delivery
from hub.channels.ledger import Ledger
from hub.channels.states import Step
from hub.contracts.interaction import DeliveryRecorded, SendMessage
from hub.kit.clock import iso
from hub.kit.safe_html import sanitise
from hub.store.base import Document
from services.email.compose import message_id

_COPY_PAUSE = timedelta(seconds=5)


def mail_delivery(document: Document) -> DeliveryRecorded:
    """What the others hear of a mail: its Message-ID, and what became of its copy."""
    more = {
        "keys": (f"email:{document['message_id']}",),
        "copy_state": document["copy_state"],
        "copy_reason": document["copy_reason"],
    }
    return delivery(document).model_copy(update=more)


class MailLedger(Ledger):
    """A mail that was sent is copied into the Sent folder: a step of its own, which never sends again."""

    def prepared(self, message: SendMessage, account: Document | None) -> SendMessage:
        """As it leaves, whatever becomes of the mailbox's settings meanwhile: signed, and its HTML safe."""
        signature = (account or {}).get("signature", "") if message.signature is None else message.signature
        html = sanitise(message.html, images=True).html if message.html else None
        return message.model_copy(update={"signature": signature, "html": html})

    def also_kept(self, message: SendMessage, account: Document | None) -> Document:
        domain = account["address"].rpartition("@")[2] if account else "removed.invalid"
        copy = {"copy_state": None, "copy_reason": None, "copy_attempts": 0}
        # By POP3 there is no Sent folder to put it into.
        return {"message_id": message_id(message.id, domain), "copied": bool(account and account.get("imap")), **copy}

    def after_sending(self, document: Document, now: datetime) -> Document:
        """A mailing's is not copied: the Sent folder is for what people wrote."""
        if document.get("mailing") or not document.get("copied", True):
            return super().after_sending(document, now)
        return {"step": Step.COPY.value, "next_at": iso(now), "copy_state": "pending"}

    async def begin_copy(self, document: Document) -> Document:
        """Counts a try to put the copy into the Sent folder, before it is made."""
        return await self.sends.save(document, copy_attempts=document["copy_attempts"] + 1)

    async def copied(self, document: Document) -> None:
        await self._copy(document, step=Step.DONE.value, copy_state="saved", copy_reason=None)

    async def copy_failed(self, document: Document, reason: str, *, final: bool) -> None:
        """`final`: it is not tried again, and shown."""
        if final:
            await self._copy(document, step=Step.DONE.value, copy_state="failed", copy_reason=reason)
        else:
            pause = min(_COPY_PAUSE, self.patience.reconnect_cap) * document["copy_attempts"]
            await self.sends.save(document, next_at=iso(self.clock.now() + pause), copy_reason=reason)

    async def _copy(self, document: Document, **changes: Any) -> None:
        self.tell_soon(await self.sends.save(document, **changes))
