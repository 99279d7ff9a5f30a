"""The send ledger: what shall be sent, what was about to be, and what became of it (promise 4)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.bus.base import Bus
from hub.channels.accounts import AccountRepository
from hub.channels.base import Deferred, Outcome, Refused, Sent, Unknown
from hub.channels.lanes import recipient_of
from hub.channels.sends import SendRepository, SendState, Step
from hub.contracts.address import ReachabilityRecorded
from hub.contracts.base import Envelope, Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, SendMessage, request_id
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document

INTERRUPTED = "the provider may have accepted it: the hub stopped between hand-over and the provider's answer"
log = Log(__name__)

Inquire = Callable[[Document], Awaitable[Outcome | None]]
"""Asks the provider what became of an entry that has an intent and no outcome; none where it cannot tell."""

_TOLD = {
    SendState.QUEUED: DeliveryState.QUEUED,
    SendState.DEFERRED: DeliveryState.QUEUED,
    SendState.SENDING: DeliveryState.QUEUED,
    SendState.SENT: DeliveryState.SENT,
    SendState.FAILED: DeliveryState.FAILED,
    SendState.UNKNOWN: DeliveryState.UNKNOWN,
    SendState.SUPPRESSED: DeliveryState.SUPPRESSED,
}
_REMOVED = "what it should leave from was removed before it left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message that is refused for now is tried: pauses, of which the last one repeats."""

    retry_delays: Sequence[timedelta]
    give_up: timedelta
    reconnect_cap: timedelta
    """The longest pause between two tries to reach a provider that is gone."""


class Ledger:
    """States: queued > sending > sent, failed, unknown or deferred > sending …; unknown > sent on later news;
    queued or deferred > suppressed, by the gate.

    `sending` is the intent: it is durable before the message's first byte leaves, so a crash leaves a trace.
    """

    def __init__(
        self,
        *,
        service: str,
        sends: SendRepository,
        accounts: AccountRepository,
        bus: Bus,
        clock: Clock,
        patience: Patience,
    ) -> None:
        """`service` is the one that tells what became of the messages."""
        self._source = f"omnihub/{service}"
        self._service = service
        self.sends = sends
        self._accounts = accounts
        self._bus = bus
        self.clock = clock
        self.patience = patience
        self._last = clock.now()

    async def hear(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Accepts the requests among these events, and keeps what each of them goes on with."""
        requests = [(envelope, envelope.event) for envelope in envelopes if isinstance(envelope.event, SendMessage)]
        began = {message.id: envelope.correlation_id for envelope, message in requests}
        return await self.accept([message for _, message in requests], began=began)

    async def accept(self, messages: Sequence[SendMessage], *, began: Mapping[str, str] | None = None) -> set[str]:
        """Queues what is new and tells what became of the rest; the accounts that have something to send.

        A message seen before is not sent again, whatever its state. `began` are correlation ids by message.
        """
        known = {document["_id"]: document for document in await self._accounts.active()}
        documents = [
            {**self._entry(message, known.get(message.account)), "correlation_id": (began or {}).get(message.id, "")}
            for message in messages
        ]
        new = await self.sends.add(documents)
        stored = await self.sends.get_many([d["_id"] for d in documents if d["_id"] not in new])
        current = {d["_id"]: stored.get(d["_id"], d) for d in documents}
        await self._publish([current[document_id] for document_id in current])
        return {d["account"] for d in documents if d["_id"] in new and d["step"] == Step.SEND}

    def _entry(self, message: SendMessage, account: Document | None) -> Document:
        state, step, reason = SendState.QUEUED, Step.SEND, None
        if account is None:
            state, step, reason = SendState.FAILED, Step.DONE, "what it shall leave from was removed"
        at = iso(self._turn())
        return {
            "_id": message.id,
            "account": message.account,
            "state": state.value,
            "step": step.value,
            "next_at": at,
            "queued_at": at,
            "at": at,
            "attempts": 0,
            "command": self.prepared(message, account).model_dump_json(exclude_none=True),
            "keys": [],
            "reason": reason,
            "owed": False,
            **_place(message),
            **self.also_kept(message, account),
        }

    def prepared(self, message: SendMessage, account: Document | None) -> SendMessage:
        """The message as it leaves, at every try; `account` is none when it was removed."""
        del account
        return message

    def also_kept(self, message: SendMessage, account: Document | None) -> Document:
        """What a channel keeps beside; `account` is none when it was removed."""
        del message, account
        return {}

    def after_sending(self, now: datetime) -> Document:
        """What has to be done once the provider took a message."""
        del now
        return {"step": Step.DONE.value}

    def told(self, document: Document) -> DeliveryRecorded:
        """What the others hear of an entry."""
        return DeliveryRecorded(
            interaction_id=document["_id"],
            at=from_iso(document["at"]),
            state=_TOLD[SendState(document["state"])],
            reason=document["reason"],
            keys=tuple(document["keys"]),
        )

    def moment(self) -> datetime:
        """Now; where the clock was set back, the latest moment that was given to a message."""
        return max(self.clock.now(), self._last)

    def _turn(self) -> datetime:
        """Later than any before, so that messages leave in the order in which they were asked for."""
        self._last = max(self.clock.now(), self._last + timedelta(microseconds=1))
        return self._last

    async def take_over(self, account: str, inquire: Inquire | None = None) -> None:
        """What a holder that is gone left between intent and outcome: asked for at the provider where it can answer,
        otherwise unknown.

        Raises:
            ProviderUnavailable: as `inquire` raised it; what is left stays as it is.
        """
        while left := await self.sends.all_at(account, Step.INTENT):
            for document in left:
                outcome = await self._inquired(document, inquire)
                try:
                    saved = await self.sends.save(
                        document, **self._outcome(document, outcome or Unknown(INTERRUPTED))
                    )
                except Conflict:
                    continue
                log.warning("send.settled", interaction_id=document["_id"], state=saved["state"])
                await self.tell(saved)

    async def _inquired(self, document: Document, inquire: Inquire | None) -> Outcome | None:
        """One entry that cannot be asked for must not keep the account from sending."""
        try:
            return await inquire(document) if inquire else None
        except TransientError:
            raise
        except Exception as exc:
            log.error("inquiry.failed", exc=exc, interaction_id=document["_id"])
            return None

    async def due(self, account: str, step: Step, *, limit: int = 20) -> list[Document]:
        return await self.sends.due(account, step, iso(self._turn()), limit=limit)

    async def intend(self, document: Document, *, token: str = "") -> Document:
        """Writes that the message is about to be handed over; `token` tells this try from every other.

        Raises:
            Conflict: another copy of the hub has it.
            StoreUnavailable: it may be written, or not; see `take_back`.
        """
        now = iso(self.clock.now())
        saved = await self.sends.save(
            document,
            state=SendState.SENDING.value,
            step=Step.INTENT.value,
            at=now,
            handed_at=now,
            attempts=document["attempts"] + 1,
            intent=token,
            **({"paused": False} if document.get("paused") else {}),
        )
        seam(f"{self._service}.after_intent")
        return saved

    async def take_back(self, document: Document, *, token: str) -> None:
        """Nothing was handed over by whoever wrote, or may have written, this intent: it is as it was before.

        `document` is the entry before the intent. What another copy did to it since stays. Raises StoreUnavailable.
        """
        now = await self.sends.get(document["_id"])
        if now is None or now["step"] != Step.INTENT or now.get("intent") != token:
            return
        try:
            await self.sends.save({**document, "_v": now["_v"]})
        except Conflict:
            return  # another copy of the hub took it over
        log.warning("intent.taken_back", interaction_id=document["_id"])

    async def settle(self, document: Document, outcome: Outcome) -> Document:
        """Writes what became of it; a message that another copy called unknown meanwhile is told its real outcome."""
        changes = self._outcome(document, outcome)
        try:
            saved = await self.sends.save(document, **changes)
        except Conflict:
            newer = await self.sends.get(document["_id"])
            if newer and all(newer[name] == changes[name] for name in ("state", "reason", "keys")):
                return newer  # it was written at an earlier try, whose confirmation was lost
            if newer is None or newer["state"] not in (SendState.SENDING, SendState.UNKNOWN):
                raise
            if newer["state"] == SendState.UNKNOWN and not isinstance(outcome, Sent):
                return newer
            saved = await self.sends.save(newer, **self._outcome(newer, outcome))
        seam(f"{self._service}.after_outcome")
        return saved

    async def fail(self, document: Document, reason: str) -> Document:
        """Nothing was handed over, and nothing will be."""
        return await self._put(document, SendState.FAILED, Step.DONE, reason)

    async def tell(self, document: Document) -> None:
        """Publishes where the message stands and notes that the bus knows.

        Bus or store down: it stays owed, and `tell_owed` does it later.
        """
        try:
            await self._publish([document])
            await self.sends.save_many([{**document, "owed": False}])
        except TransientError as exc:
            log.warning("delivery.owed", interaction_id=document["_id"], error=str(exc))

    async def tell_many(self, documents: Sequence[Document]) -> None:
        """As `tell`, in one step; an entry that cannot be told leaves the others alone."""
        try:
            await self._publish(documents)
            await self.sends.save_many([{**document, "owed": False} for document in documents])
        except TransientError as exc:
            log.warning("delivery.owed", documents=len(documents), error=str(exc))

    async def tell_owed(self, *accounts: str) -> None:
        """What a crash, or a bus that was down, left untold. Raises TransientError."""
        owing = await self.sends.owed_by(accounts)
        if owing:
            await self._publish(owing)
            await self.sends.save_many([{**document, "owed": False} for document in owing])

    async def hold(self, document: Document, until: timedelta, words: str) -> None:
        """It waits, as no fault of its own, and everybody may know why."""
        await self.hold_many([(document, self.clock.now() + until, words, False)])

    async def hold_many(self, held: Sequence[tuple[Document, datetime, str, bool]]) -> None:
        """Each waits until its moment, with the reason; the last says that its group rests. Told in one step."""
        changed = [
            {**document, "next_at": iso(until), "reason": words, "owed": True, "paused": paused}
            for document, until, words, paused in held
        ]
        await self.tell_many(await self.sends.save_many(changed))

    async def suppress_many(self, suppressed: Sequence[tuple[Document, str]]) -> None:
        """Each never leaves, for the reason given with it. Told in one step."""
        now = iso(self.clock.now())
        end = {"state": SendState.SUPPRESSED.value, "step": Step.DONE.value, "at": now, "owed": True}
        await self.tell_many(
            await self.sends.save_many([{**document, **end, "reason": reason} for document, reason in suppressed])
        )

    async def put_behind(self, behind: Sequence[tuple[Document, datetime]]) -> None:
        """Each waits for what is before it to the same recipient, which goes at the moment given with it."""
        await self.sends.save_many([{**document, "next_at": iso(until)} for document, until in behind])

    async def wake_group(self, group: str) -> None:
        """What of a group is held or deferred is asked for anew, now."""
        while waiting := await self.sends.held_in_group(group, iso(self._turn())):
            await self.sends.save_many(
                [{**document, "next_at": iso(self._turn()), "paused": False} for document in waiting]
            )

    async def reopen(self, interaction_id: str, words: str) -> str | None:
        """A message that the provider took and did not deliver goes once more, by another way.

        The account that has it to send; none where there is nothing to be sent again.
        """
        document = await self.sends.get(interaction_id)
        if document is None or document["state"] not in (SendState.SENT, SendState.UNKNOWN):
            return None
        again = {"state": SendState.DEFERRED.value, "step": Step.SEND.value, "next_at": iso(self._turn())}
        saved = await self.sends.save(document, **again, reason=words, owed=True)
        account: str = saved["account"]
        return account

    async def abandon(self, account: str) -> None:
        """The account was removed: what waits for it has failed."""
        while waiting := await self.sends.all_at(account, Step.SEND):
            now = iso(self.clock.now())
            end = {
                "state": SendState.FAILED.value,
                "step": Step.DONE.value,
                "reason": _REMOVED,
                "at": now,
                "owed": True,
            }
            await self.tell_many(await self.sends.save_many([{**document, **end} for document in waiting]))

    async def _put(self, document: Document, state: SendState, step: Step, reason: str | None) -> Document:
        now = iso(self.clock.now())
        return await self.sends.save(document, state=state.value, step=step.value, reason=reason, at=now, owed=True)

    def _outcome(self, document: Document, outcome: Outcome) -> dict[str, Any]:
        now = self.clock.now()
        keys = [*document["keys"], *(key for key in outcome.keys if key not in document["keys"])]
        changes: dict[str, Any] = {
            "at": iso(now),
            "owed": True,
            "reason": outcome.words,
            "step": Step.DONE.value,
            "keys": keys,
        }
        if isinstance(outcome, Sent):
            return (
                changes | {"state": SendState.SENT.value, "reason": _sent_reason(outcome)} | self.after_sending(now)
            )
        if isinstance(outcome, Refused):
            return changes | {"state": SendState.FAILED.value, "unreachable": list(outcome.unreachable)}
        if isinstance(outcome, Deferred):
            return changes | self._later(document, outcome, now)
        return changes | {"state": SendState.UNKNOWN.value}

    def _later(self, document: Document, outcome: Deferred, now: datetime) -> dict[str, Any]:
        if now - from_iso(document["queued_at"]) >= self.patience.give_up:
            return {"state": SendState.FAILED.value, "reason": f"given up: {outcome.words}"}
        delays = self.patience.retry_delays
        attempts = document["attempts"] + (document["state"] != SendState.SENDING)
        pause = outcome.after if outcome.after is not None else delays[min(attempts, len(delays)) - 1]
        return {
            "state": SendState.DEFERRED.value,
            "step": Step.SEND.value,
            "next_at": iso(now + pause),
            "attempts": attempts,
        }

    async def _publish(self, documents: Sequence[Document]) -> None:
        now = self.clock.now()
        facts = [self._told(fact, document, now) for document in documents for fact in self._facts(document)]
        if facts:
            await self._bus.publish(facts)

    def _told(self, fact: Event, document: Document, now: datetime) -> Envelope:
        """It follows from the request; what an older hub queued does not say what that goes on with."""
        began = document.get("correlation_id", "")
        cause = request_id(document["_id"]) if began else ""
        return Envelope(event=fact, source=self._source, time=now, correlation_id=began, causation_id=cause)

    def _facts(self, document: Document) -> list[Event]:
        """None where the entry cannot be read: a person sees it in the log, and the others are told."""
        try:
            return [self.told(document), *_unreachable(document)]
        except (ValueError, KeyError, TypeError) as exc:
            log.error("delivery.untellable", exc=exc, interaction_id=document["_id"])
            return []


def _place(message: SendMessage) -> Document:
    """Where it stands among those that wait."""
    recipient, lane = recipient_of(message), message.in_lane
    place: Document = {"lane": lane, "to": recipient}
    if message.group:
        place["group"] = message.group
    if lane == "mass":
        place["mass_to"] = recipient
    return place


def _unreachable(document: Document) -> list[ReachabilityRecorded]:
    return [
        ReachabilityRecorded(
            address=address,
            account=document["account"],
            reachable=False,
            reason=document["reason"] or "",
            at=from_iso(document["at"]),
        )
        for address in document.get("unreachable", ())
    ]


def _sent_reason(outcome: Sent) -> str:
    if not outcome.refused:
        return outcome.words
    refused = "; ".join(f"{address}: {words}" for address, words in outcome.refused.items())
    return f"{outcome.words}; refused for {refused}"
