"""The send ledger: what shall be sent, what was about to be, and what became of it (promise 4)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.bus.base import Bus
from hub.channels.accounts import AccountRepository
from hub.channels.base import Deferred, Outcome, Refused, Sent, Unknown
from hub.channels.lanes import LANES, recipient_of
from hub.channels.sends import SendRepository
from hub.channels.states import SendState, Step
from hub.contracts.base import Envelope
from hub.contracts.interaction import SendMessage, SendPage, request_id
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from hub.store.told import CAUSATION, CORRELATION

INTERRUPTED = "the provider may have accepted it: the hub stopped between hand-over and the provider's answer"
log = Log(__name__)

Inquire = Callable[[Document], Awaitable[Outcome | None]]
"""Asks the provider what became of an entry that has an intent and no outcome; none where it cannot tell."""

_EXPLAINED = 100
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
        """`service` is the one whose messages these are."""
        self._service = service
        self.sends = sends
        sends.entries.on(bus, clock)
        self._accounts = accounts
        self._bus = bus
        self.clock = clock
        self.patience = patience
        self._last = clock.now()
        self._untold: list[Document] = []
        self._telling: asyncio.Task[None] | None = None

    async def hear(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Accepts the requests among these events, and keeps what each of them goes on with."""
        requests = [(envelope, message) for envelope in envelopes for message in _messages(envelope)]
        began = {message.id: envelope.correlation_id for envelope, message in requests}
        return await self.accept([message for _, message in requests], began=began)

    async def accept(self, messages: Sequence[SendMessage], *, began: Mapping[str, str] | None = None) -> set[str]:
        """Queues what is new and tells what became of the rest; the accounts that have something to send.

        A message seen before is not sent again, whatever its state. `began` are correlation ids by message.
        """
        known = {document["_id"]: document for document in await self._accounts.active()}
        documents = [
            self._entry(message, known.get(message.account)) | _caused(message, (began or {}).get(message.id, ""))
            for message in messages
        ]
        stored, new = await self.sends.add(documents)
        if told := [envelope for document in stored.values() for envelope in self._anew(document)]:
            await self._bus.publish(told)
        return {d["account"] for d in documents if d["_id"] in new and d["step"] == Step.SEND}

    def _anew(self, document: Document) -> list[Envelope]:
        """None where the entry cannot be read: a person sees it in the log, and the others are told."""
        try:
            return self.sends.entries.anew([document], {})
        except (ValueError, KeyError, TypeError) as exc:
            log.error("delivery.untellable", exc=exc, interaction_id=document["_id"])
            return []

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

    def after_sending(self, document: Document, now: datetime) -> Document:
        """What has to be done once the provider took the message of an entry."""
        del document, now
        return {"step": Step.DONE.value}

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

    async def intend_many(self, documents: Sequence[tuple[Document, str]]) -> dict[str, Document]:
        """The same for many, each with its token, in one write: those that no other copy of the hub has, by id.

        Raises StoreUnavailable: they may be written, or not; see `take_back`.
        """
        now = iso(self.clock.now())
        intent = {"state": SendState.SENDING.value, "step": Step.INTENT.value, "at": now, "handed_at": now}
        changes = [
            (one, {**one, **intent, "attempts": one["attempts"] + 1, "intent": token, "paused": False})
            for one, token in documents
        ]
        saved = {one["_id"]: one for one in await self.sends.save_many(changes)}
        seam(f"{self._service}.after_intent")
        return saved

    async def settle_many(self, outcomes: Sequence[tuple[Document, Outcome]]) -> list[Document]:
        """The same as `settle` for many, in one write; those that another copy changed meanwhile one by one."""
        changes = [(document, {**document, **self._outcome(document, outcome)}) for document, outcome in outcomes]
        saved = {one["_id"]: one for one in await self.sends.save_many(changes)}
        for document, outcome in outcomes:
            if document["_id"] not in saved:
                try:
                    saved[document["_id"]] = await self.settle(document, outcome)
                except Conflict:
                    log.warning("outcome.lost", interaction_id=document["_id"])
        seam(f"{self._service}.after_outcome")
        return list(saved.values())

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

    async def tell(self, *documents: Document) -> None:
        """Publishes where these messages stand. Bus or store down: they owe it, and it is told later."""
        await self.sends.entries.tell(*documents)

    def tell_soon(self, document: Document) -> None:
        """The same beside whatever is done next, with all others of the moment: in their order, in one step."""
        self._untold.append(document)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_untold())

    async def _tell_untold(self) -> None:
        while self._untold:
            documents, self._untold = self._untold, []
            try:
                await self.tell(*documents)
            except Exception as exc:
                # They owe it; the sweeper finds out whose fault it is.
                log.error("delivery.untold", exc=exc, documents=len(documents))

    async def told(self) -> None:
        """Returns when all is told that was to be told soon."""
        if self._telling:
            await asyncio.wait([self._telling])

    async def hold(self, document: Document, until: timedelta, words: str) -> None:
        """It waits, as no fault of its own, and everybody may know why."""
        await self.hold_many([(document, self.clock.now() + until, words, False)])

    async def hold_many(self, held: Sequence[tuple[Document, datetime, str, bool]]) -> None:
        """Each waits until its moment, with the reason; the last says that its group rests. Told in one step."""
        changes = [
            (document, {**document, "next_at": iso(until), "reason": words, "paused": paused})
            for document, until, words, paused in held
        ]
        await self.tell(*await self.sends.save_many(changes))

    async def explain(self, account: str, words: str) -> None:
        """What is due from an account that sends nothing now says why, the first ones of each lane; told in one step.

        They wait as they did. Raises StoreUnavailable.
        """
        now, changes = iso(self.moment()), list[tuple[Document, Document]]()
        for lane in LANES:
            page = await self.sends.in_lane(account, lane, since=None, until=now, limit=_EXPLAINED)
            changes += [(one, {**one, "reason": words}) for one in page.items if one["reason"] != words]
        if changes:
            await self.tell(*await self.sends.save_many(changes))

    async def learnt(self, interaction_id: str, outcome: Sent | Refused) -> None:
        """A receipt says what became of a message of which only the hand-over was known."""
        document = await self.sends.get(interaction_id)
        if document is None or document["state"] != SendState.UNKNOWN:
            return
        try:
            saved = await self.sends.save(document, **self._outcome(document, outcome))
        except Conflict:
            return  # its own answer came after all
        self.tell_soon(saved)

    async def suppress_many(self, suppressed: Sequence[tuple[Document, str]]) -> None:
        """Each never leaves, for the reason given with it. Told in one step."""
        now = iso(self.clock.now())
        end = {"state": SendState.SUPPRESSED.value, "step": Step.DONE.value, "at": now}
        changes = [(document, {**document, **end, "reason": reason}) for document, reason in suppressed]
        await self.tell(*await self.sends.save_many(changes))

    async def put_behind(self, behind: Sequence[tuple[Document, datetime]]) -> None:
        """Each waits for what is before it to the same recipient, which goes at the moment given with it."""
        await self.sends.save_many([(document, {**document, "next_at": iso(until)}) for document, until in behind])

    async def wake_group(self, group: str) -> None:
        """What of a group is held or deferred is asked for anew, now."""
        while waiting := await self.sends.held_in_group(group, iso(self._turn())):
            await self.sends.save_many(
                [(document, {**document, "next_at": iso(self._turn()), "paused": False}) for document in waiting]
            )

    async def reopen(self, interaction_id: str, words: str) -> str | None:
        """A message that the provider took and did not deliver goes once more, by another way.

        The account that has it to send; none where there is nothing to be sent again.
        """
        document = await self.sends.get(interaction_id)
        if document is None or document["state"] not in (SendState.SENT, SendState.UNKNOWN):
            return None
        again = {"state": SendState.DEFERRED.value, "step": Step.SEND.value, "next_at": iso(self._turn())}
        saved = await self.sends.save(document, **again, reason=words)
        self.tell_soon(saved)
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
            }
            await self.tell(*await self.sends.save_many([(document, {**document, **end}) for document in waiting]))

    async def _put(self, document: Document, state: SendState, step: Step, reason: str | None) -> Document:
        now = iso(self.clock.now())
        return await self.sends.save(document, state=state.value, step=step.value, reason=reason, at=now)

    def _outcome(self, document: Document, outcome: Outcome) -> dict[str, Any]:
        now = self.clock.now()
        keys = [*document["keys"], *(key for key in outcome.keys if key not in document["keys"])]
        changes: dict[str, Any] = {
            "at": iso(now),
            "reason": outcome.words,
            "step": Step.DONE.value,
            "keys": keys,
        }
        if isinstance(outcome, Sent):
            sent = {"state": SendState.SENT.value, "reason": _sent_reason(outcome)}
            return changes | sent | self.after_sending(document, now)
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


def _messages(envelope: Envelope) -> list[SendMessage]:
    """The messages that an event asks for: one, or a page of a mailing's."""
    event = envelope.event
    if isinstance(event, SendPage):
        return event.messages()
    return [event] if isinstance(event, SendMessage) else []


def _caused(message: SendMessage, began: str) -> Document:
    """What is told of an entry follows from the request for it; what began it may be unknown."""
    return {CORRELATION: began, CAUSATION: request_id(message.id) if began else ""}


def _place(message: SendMessage) -> Document:
    """Where it stands among those that wait."""
    recipient, lane = recipient_of(message), message.in_lane
    place: Document = {"lane": lane, "to": recipient}
    if message.group:
        place["group"] = message.group
    if message.content:
        place["mailing"] = message.group
    if lane == "mass":
        place["mass_to"] = recipient
    return place


def _sent_reason(outcome: Sent) -> str:
    if not outcome.refused:
        return outcome.words
    refused = "; ".join(f"{address}: {words}" for address, words in outcome.refused.items())
    return f"{outcome.words}; refused for {refused}"
