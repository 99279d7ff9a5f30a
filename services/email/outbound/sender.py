"""The loop door outwards: sends what is due from one mailbox, one mail after the other."""

import asyncio

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent
from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.email.channel import EmailChannel
from services.email.errors import LoginRefused
from services.email.health import HealthNotes
from services.email.metrics import SENT
from services.email.models import Step
from services.email.outbound.service import Ledger
from services.email.pause import Pause, happened
from services.email.settings import Settings

POLL = 0.5
"""Seconds after which the ledger is looked at for what another copy of the hub queued."""
_ROUNDS_TO_SWEEP = 10
log = Log(__name__)


class Sender:
    """Sends for one mailbox."""

    def __init__(
        self,
        channel: EmailChannel,
        *,
        ledger: Ledger,
        health: HealthNotes,
        settings: Settings,
        copies: asyncio.Event,
    ) -> None:
        """`copies` is set when there is a copy to be put into the Sent folder."""
        self._channel = channel
        self._mailbox_id = channel.mailbox.id
        self._ledger = ledger
        self._health = health
        self._pause = Pause(cap=settings.reconnect_cap)
        self._copies = copies
        self._proven = False
        self.woken = asyncio.Event()
        self.in_hand = asyncio.Lock()
        """Held while a mail is being sent."""

    async def run(self) -> None:
        """Until cancelled; first settles what an earlier holder left open."""
        taken_over = False
        while True:
            try:
                if not taken_over:
                    await self._ledger.take_over(self._mailbox_id)
                    taken_over = True
                await self._ledger.tell_owed(self._mailbox_id)
                await self._rounds()
            except HubError as exc:
                self._note(exc)
            except Exception as exc:
                log.error("sender.failed", exc=exc, mailbox_id=self._mailbox_id)
                self._health.not_sent(f"{type(exc).__name__}: {exc}")
            self._proven = False
            await self._pause.rest()

    def _note(self, exc: HubError) -> None:
        news = self._health.not_sent(str(exc), login_refused=isinstance(exc, LoginRefused))
        tell = log.warning if news else log.debug
        tell("sender.paused", mailbox_id=self._mailbox_id, error=str(exc))

    async def _rounds(self) -> None:
        if not self._proven:
            await self._channel.outlet.probe()
            self._reached()
        while True:
            for _ in range(_ROUNDS_TO_SWEEP):
                await self._round()
            await self._ledger.tell_owed(self._mailbox_id)

    async def _round(self) -> None:
        self.woken.clear()
        due = await self._ledger.due(self._mailbox_id, Step.SEND)
        for document in due:
            async with self.in_hand:
                await self._send(document)
        if not due:
            await happened(self.woken, within=POLL)

    async def _send(self, document: Document) -> None:
        entry = document

        async def intent() -> None:
            nonlocal entry
            entry = await self._ledger.intend(document)

        try:
            outcome = await self._outcome(document, intent)
        except Conflict:
            return  # another copy of the hub has it
        seam("email.after_data")
        settled = await self._settled(entry, outcome)
        await self._ledger.tell(settled)
        self._noted(outcome)

    async def _outcome(self, document: Document, intent: Intent) -> Outcome:
        message = SendMessage.model_validate_json(document["command"])
        try:
            return await self._channel.send(message, intent=intent, at=from_iso(document["queued_at"]))
        except (TransientError, LoginRefused, Conflict):
            raise
        except (HubError, ValueError, LookupError) as exc:
            log.error("mail.unsendable", exc=exc, interaction_id=document["_id"])
            return Refused(f"cannot be sent by email: {exc}")

    async def _settled(self, entry: Document, outcome: Outcome) -> Document:
        """What became of a mail is known only here until it is stored: tried for as long as it takes."""
        pause = Pause(cap=self._pause.cap)
        while True:
            try:
                return await self._ledger.settle(entry, outcome)
            except TransientError as exc:
                log.error("outcome.unsaved", interaction_id=entry["_id"], error=str(exc))
                await pause.rest()

    def _noted(self, outcome: Outcome) -> None:
        SENT.labels(self._mailbox_id, type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Sent):
            self._health.sent()
            self._copies.set()
        if not isinstance(outcome, Deferred):
            self._reached()

    def _reached(self) -> None:
        self._proven = True
        self._pause.reset()
        self._health.reached()
