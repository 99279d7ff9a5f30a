"""The send ledger: what shall be sent, what was about to be, and what became of it (promise 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.bus.base import Bus
from hub.channels.base import Deferred, Outcome, Refused, Sent
from hub.contracts.base import Envelope
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, SendMessage
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.email.compose import message_id
from services.email.mailboxes.repository import MailboxRepository
from services.email.models import SendState, Step
from services.email.outbound.repository import SendRepository
from services.email.settings import Settings

SOURCE = "omnihub/email"
INTERRUPTED = "the server may have accepted it: the hub stopped between hand-over and the server's answer"
_COPY_PAUSE = timedelta(seconds=5)
log = Log(__name__)

_TOLD = {
    SendState.QUEUED: DeliveryState.QUEUED,
    SendState.DEFERRED: DeliveryState.QUEUED,
    SendState.SENDING: DeliveryState.QUEUED,
    SendState.SENT: DeliveryState.SENT,
    SendState.FAILED: DeliveryState.FAILED,
    SendState.UNKNOWN: DeliveryState.UNKNOWN,
}


class Ledger:
    """States: queued > sending > sent, failed, unknown or deferred > sending …; unknown > sent on later news.

    `sending` is the intent: it is durable before the mail's first byte leaves, so a crash leaves a trace.
    """

    def __init__(
        self, *, sends: SendRepository, mailboxes: MailboxRepository, bus: Bus, clock: Clock, settings: Settings
    ) -> None:
        self._sends = sends
        self._mailboxes = mailboxes
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._last = clock.now()

    async def accept(self, messages: Sequence[SendMessage]) -> set[str]:
        """Queues what is new and tells what became of the rest; the mailboxes that have something to send.

        A message seen before is not sent again, whatever its state.
        """
        known = {document["_id"]: document for document in await self._mailboxes.active()}
        documents = [self._entry(message, known.get(message.account)) for message in messages]
        new = await self._sends.add(documents)
        stored = await self._sends.get_many([d["_id"] for d in documents if d["_id"] not in new])
        current = {d["_id"]: stored.get(d["_id"], d) for d in documents}
        await self._publish([current[document_id] for document_id in current])
        return {d["mailbox_id"] for d in documents if d["_id"] in new and d["step"] == Step.SEND}

    def _entry(self, message: SendMessage, mailbox: Document | None) -> Document:
        state, step, reason = SendState.QUEUED, Step.SEND, None
        if mailbox is None:
            state, step, reason = SendState.FAILED, Step.DONE, "the mailbox it shall leave from was removed"
        at = iso(self._turn())
        domain = mailbox["address"].rpartition("@")[2] if mailbox else "removed.invalid"
        return {
            "_id": message.id,
            "mailbox_id": message.account,
            "state": state.value,
            "step": step.value,
            "next_at": at,
            "queued_at": at,
            "at": at,
            "attempts": 0,
            "command": message.model_dump_json(exclude_none=True),
            "message_id": message_id(message.id, domain),
            "reason": reason,
            "copy_state": None,
            "copy_reason": None,
            "copy_attempts": 0,
            "owed": False,
        }

    def _turn(self) -> datetime:
        """Later than any before, so that mails leave in the order in which they were asked for."""
        self._last = max(self._clock.now(), self._last + timedelta(microseconds=1))
        return self._last

    async def take_over(self, mailbox_id: str) -> None:
        """What a holder that is gone left between intent and outcome is unknown."""
        while left := await self._sends.all_at(mailbox_id, Step.INTENT):
            for document in left:
                try:
                    saved = await self._put(document, SendState.UNKNOWN, Step.DONE, INTERRUPTED)
                except Conflict:
                    continue
                log.warning("send.unknown", interaction_id=document["_id"])
                await self.tell(saved)

    async def due(self, mailbox_id: str, step: Step) -> list[Document]:
        return await self._sends.due(mailbox_id, step, iso(self._turn()))

    async def intend(self, document: Document) -> Document:
        """Writes that the mail is about to be handed over.

        Raises:
            Conflict: another copy of the hub has it.
        """
        saved = await self._sends.save(
            document,
            state=SendState.SENDING.value,
            step=Step.INTENT.value,
            at=iso(self._clock.now()),
            attempts=document["attempts"] + 1,
        )
        seam("email.after_intent")
        return saved

    async def settle(self, document: Document, outcome: Outcome) -> Document:
        """Writes what became of it; a mail that another copy called unknown meanwhile is told its real outcome."""
        try:
            saved = await self._sends.save(document, **self._outcome(document, outcome))
        except Conflict:
            newer = await self._sends.get(document["_id"])
            if newer is None or newer["state"] not in (SendState.SENDING, SendState.UNKNOWN):
                raise
            if newer["state"] == SendState.UNKNOWN and not isinstance(outcome, Sent):
                return newer
            saved = await self._sends.save(newer, **self._outcome(newer, outcome))
        seam("email.after_outcome")
        return saved

    async def fail(self, document: Document, reason: str) -> Document:
        """Nothing was handed over, and nothing will be."""
        return await self._put(document, SendState.FAILED, Step.DONE, reason)

    async def tell(self, document: Document) -> None:
        """Publishes where the mail stands and notes that the bus knows.

        Bus or store down: it stays owed, and `tell_owed` does it later.
        """
        try:
            await self._publish([document])
            await self._sends.save(document, owed=False)
        except (TransientError, Conflict) as exc:
            log.warning("delivery.owed", interaction_id=document["_id"], error=str(exc))

    async def tell_owed(self, mailbox_id: str) -> None:
        """What a crash, or a bus that was down, left untold."""
        for document in await self._sends.owing(mailbox_id):
            await self._publish([document])
            try:
                await self._sends.save(document, owed=False)
            except Conflict:
                continue

    async def begin_copy(self, document: Document) -> Document:
        """Counts a try to put the copy into the Sent folder, before it is made."""
        return await self._sends.save(document, copy_attempts=document["copy_attempts"] + 1)

    async def copied(self, document: Document) -> None:
        await self._copy(document, step=Step.DONE.value, copy_state="saved", copy_reason=None)

    async def copy_failed(self, document: Document, reason: str, *, final: bool) -> None:
        """`final`: it is not tried again, and shown."""
        if final:
            await self._copy(document, step=Step.DONE.value, copy_state="failed", copy_reason=reason)
        else:
            pause = min(_COPY_PAUSE, self._settings.reconnect_cap) * document["copy_attempts"]
            await self._sends.save(document, next_at=iso(self._clock.now() + pause), copy_reason=reason)

    async def _copy(self, document: Document, **changes: Any) -> None:
        await self.tell(await self._sends.save(document, **changes, owed=True))

    async def abandon(self, mailbox_id: str) -> None:
        """The mailbox was removed: what waits for it has failed."""
        while waiting := await self._sends.all_at(mailbox_id, Step.SEND):
            for document in waiting:
                await self.tell(await self.fail(document, "the mailbox was removed before it left"))

    async def _put(self, document: Document, state: SendState, step: Step, reason: str | None) -> Document:
        now = iso(self._clock.now())
        return await self._sends.save(document, state=state.value, step=step.value, reason=reason, at=now, owed=True)

    def _outcome(self, document: Document, outcome: Outcome) -> dict[str, Any]:
        now = self._clock.now()
        changes: dict[str, Any] = {"at": iso(now), "owed": True, "reason": outcome.words, "step": Step.DONE.value}
        if isinstance(outcome, Sent):
            reason = _sent_reason(outcome)
            return changes | _copy_due(now) | {"state": SendState.SENT.value, "reason": reason}
        if isinstance(outcome, Refused):
            return changes | {"state": SendState.FAILED.value}
        if isinstance(outcome, Deferred):
            return changes | self._later(document, outcome, now)
        return changes | {"state": SendState.UNKNOWN.value}

    def _later(self, document: Document, outcome: Deferred, now: datetime) -> dict[str, Any]:
        if now - from_iso(document["queued_at"]) >= self._settings.give_up:
            return {"state": SendState.FAILED.value, "reason": f"given up: {outcome.words}"}
        delays = self._settings.retry_delays
        attempts = document["attempts"] + (document["state"] != SendState.SENDING)
        pause = delays[min(attempts, len(delays)) - 1]
        return {
            "state": SendState.DEFERRED.value,
            "step": Step.SEND.value,
            "next_at": iso(now + pause),
            "attempts": attempts,
        }

    async def _publish(self, documents: Sequence[Document]) -> None:
        now = self._clock.now()
        envelopes = [Envelope(event=_recorded(document), source=SOURCE, time=now) for document in documents]
        if envelopes:
            await self._bus.publish(envelopes)


def _copy_due(now: datetime) -> dict[str, Any]:
    return {"step": Step.COPY.value, "next_at": iso(now), "copy_state": "pending"}


def _sent_reason(outcome: Sent) -> str:
    if not outcome.refused:
        return outcome.words
    refused = "; ".join(f"{address}: {words}" for address, words in outcome.refused.items())
    return f"{outcome.words}; refused for {refused}"


def _recorded(document: Document) -> DeliveryRecorded:
    return DeliveryRecorded(
        interaction_id=document["_id"],
        at=from_iso(document["at"]),
        state=_TOLD[SendState(document["state"])],
        reason=document["reason"],
        keys=(f"email:{document['message_id']}",),
        copy_state=document["copy_state"],
        copy_reason=document["copy_reason"],
    )
