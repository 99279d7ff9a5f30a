"""What became of a mailing's messages, and what came back on them, on their recipients' rows. May be told twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hub.bus.base import Bus
from hub.contracts.address import ConsentRecorded
from hub.contracts.base import Envelope, Event
from hub.contracts.campaign import MailedRecorded, Response, ResponseKind, ResponsesRecorded
from hub.contracts.interaction import (
    Answered,
    DeliveryRecorded,
    DeliveryState,
    Direction,
    Interaction,
    InteractionLinked,
    Role,
)
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import StoreUnavailable
from hub.kit.ids import derive
from hub.store.amend import TRIES, contended
from hub.store.base import Document
from services.campaigns.mailings.answers import complaint, first_of, kind_of, named, unreachable, with_answer
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.models import RowState
from services.campaigns.mailings.repository import ASKED, OVER, MailingRepository, step_of

SOURCE = "omnihub/campaigns"
REPLIES_WITHIN = timedelta(days=3)
"""A message by SMS or messenger names none that it answers: it counts for what went there within so long."""
_AT_ONCE = 1_000
"""Rows that one look finds."""
_MAPPED: Mapping[DeliveryState, RowState] = {
    DeliveryState.QUEUED: RowState.QUEUED,
    DeliveryState.UNKNOWN: RowState.UNKNOWN,
    DeliveryState.FAILED: RowState.FAILED,
    DeliveryState.SUPPRESSED: RowState.SUPPRESSED,
    DeliveryState.SENT: RowState.SENT,
    DeliveryState.DELIVERED: RowState.DELIVERED,
    DeliveryState.READ: RowState.OPENED,
    DeliveryState.BOUNCED: RowState.BOUNCED,
}
_OF_A_WAY = frozenset(("message", "sent_at", "keys", "others", "batch"))
"""Of a row, that another way does not take over."""
Change = Callable[[Document], Document]


class Outcomes:
    """Takes them in bulk."""

    def __init__(self, repository: MailingRepository, library: Library, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._library = library
        self._bus = bus
        self._clock = clock

    # --- delivery ---

    async def hear_deliveries(self, envelopes: Sequence[Envelope]) -> None:
        """What the channels tell of its messages."""
        events = [one.event for one in envelopes if isinstance(one.event, DeliveryRecorded)]
        for start in range(0, len(events), _AT_ONCE):
            await self._deliveries(events[start : start + _AT_ONCE])

    async def _deliveries(self, events: Sequence[DeliveryRecorded]) -> None:
        rows = await self._repository.by_message(list(dict.fromkeys(one.interaction_id for one in events)))
        told: dict[str, list[DeliveryRecorded]] = {}
        for event in events:
            if row := rows.get(event.interaction_id):
                told.setdefault(row["_id"], []).append(event)
        now = iso(self._clock.now())
        changes = {row_id: _delivered(some, now) for row_id, some in told.items()}
        after = await self.amend({row["_id"]: row for row in rows.values()}, changes)
        got = [
            self._response(after[row_id], "got", event.at)
            for row_id, some in told.items()
            for event in some
            if _MAPPED.get(event.state) is RowState.SENT
        ]
        await self.tell(got)

    # --- what came back ---

    async def hear_interactions(self, envelopes: Sequence[Envelope]) -> None:
        """Replies and notices."""
        linked = [(one, one.event.interaction) for one in envelopes if isinstance(one.event, InteractionLinked)]
        names = {name for _, one in linked for name in named(one)}
        rows = await self._repository.by_message(list(names)[:_AT_ONCE]) if names else {}
        for _, interaction in linked:
            row = next((rows[name] for name in named(interaction) if name in rows), None)
            if row is None:
                row = await self._answered_without_reference(interaction)
            if row is not None and interaction.direction is Direction.IN:
                await self._came_back(row, interaction)

    async def _answered_without_reference(self, interaction: Interaction) -> Document | None:
        if interaction.channel == "email" or interaction.direction is not Direction.IN:
            return None
        sender = next((p.address for p in interaction.participants if p.role is Role.FROM), "")
        found = await self._repository.to_address(sender, interaction.at - REPLIES_WITHIN) if sender else []
        return next((row for row in found if RowState(row["state"]).rank >= RowState.SENT.rank), None)

    async def _came_back(self, row: Document, interaction: Interaction) -> None:
        kind, words = kind_of(interaction)
        if kind is None:
            return
        also: list[Event] = []
        if kind == "bounced":
            also.append(unreachable(row, interaction, words))
        if kind == "complained":
            also.append(complaint(row, interaction))
        # A notice is from a mail server: only a reply is where the recipient's chain is.
        beside = interaction.id if kind == "replied" else ""
        await self.record(row["_id"], kind, interaction.at, words=words, beside=beside, also=also)

    async def record(
        self,
        row_id: str,
        kind: ResponseKind,
        at: datetime,
        *,
        words: str = "",
        beside: str = "",
        also: Sequence[Event] = (),
        once: bool = False,
    ) -> bool:
        """Something came back on a row: it is on the row, in the chain of its recipient, and told. May come twice.

        With `once` a row has one of a kind, and the first stays. Whether what is told is on the row.
        """
        found = await self._repository.get_many([row_id])
        if row_id not in found:
            return False
        answer = Answered(kind=kind, at=at, words=words[:500]).model_dump(mode="json")
        after = (await self.amend(found, {row_id: with_answer(answer, kind, beside, once=once)}))[row_id]
        said = first_of(after, kind) if once else answer
        await self.publish(also)
        await self.bring(after)
        await self.tell([self._response(after, kind, Answered.model_validate(said).at)])
        return said == answer

    async def bring(self, row: Document) -> None:
        """The message of a row into its recipient's chain, with what came back on it. May come twice."""
        mailing = await self._repository.plain.get(row["mailing"].partition("/")[0])
        if mailing is not None and row.get("message"):
            await self.publish([await self._mailed(mailing, row)])

    async def left(self, mailing_id: str, rows: Sequence[Document], at: datetime) -> None:
        """These letters were posted by hand: told, and in the chains of their clients. May come twice."""
        await self.tell([self._response(row, "got", at) for row in rows])
        if mailing := await self._repository.plain.get(mailing_id):
            await self.publish([await self._mailed(mailing, row) for row in rows])

    async def hear_words(self, envelopes: Sequence[Envelope]) -> None:
        """Who said no on a page of a mailing's is on its row."""
        for envelope in envelopes:
            word = envelope.event
            if (
                isinstance(word, ConsentRecorded)
                and word.state == "withdrawn"
                and word.source in ("one_click", "page")
            ):
                await self.record(word.evidence, "unsubscribed", word.at, words=word.words)

    async def _mailed(self, mailing: Document, row: Document) -> MailedRecorded:
        """The message as its recipient got it, for his chain."""
        message = mailing["messages"][row["way"]]
        contents = await self._library.of(mailing)
        subject, text = await contents.shown(row, self._library.templates)
        return MailedRecorded(
            id=row["message"],
            mailing=mailing["_id"],
            name=mailing["name"],
            channel=message["channel"],
            account=message["account"],
            address=row["address"],
            client_id=row.get("client_id"),
            sent_at=from_iso(row.get("sent_at") or row["at"]),
            subject=subject,
            text=text,
            keys=tuple(row.get("keys") or ()),
            beside=row.get("beside") or "",
            answers=tuple(Answered.model_validate(one) for one in row.get("answers") or ()),
            revision=row["_v"],
        )

    # --- shared ---

    async def amend(self, known: Mapping[str, Document], changes: Mapping[str, Change]) -> dict[str, Document]:
        """All as they are then. Raises StoreUnavailable."""
        done: dict[str, Document] = {}
        left, found = dict(changes), dict(known)
        for attempt in range(TRIES):
            wanted = {row_id: change(found[row_id]) for row_id, change in left.items() if row_id in found}
            changed = {row_id: row for row_id, row in wanted.items() if row is not found[row_id]}
            done |= {row_id: found[row_id] for row_id in wanted.keys() - changed.keys()}
            swapped = await self._repository.swap(list(changed.values()))
            done |= {row_id: {**changed[row_id], "_v": changed[row_id]["_v"] + 1} for row_id in swapped}
            left = {row_id: changes[row_id] for row_id in changed.keys() - swapped}
            if not left:
                return done
            await contended(attempt)
            found = await self._repository.get_many(left)
        raise StoreUnavailable("rows are changed by too many at once; try again")

    def _response(self, row: Document, kind: ResponseKind, at: datetime) -> tuple[str, Response]:
        made = derive("rs", row["_id"], kind, iso(at))
        return row["mailing"], Response(id=made, row=row["_id"], client_id=row.get("client_id"), kind=kind, at=at)

    async def tell(self, responses: Iterable[tuple[str, Response]]) -> None:
        """To the projections; those of seeds are nobody's."""
        by_mailing: dict[str, list[Response]] = {}
        for mailing, response in responses:
            if not mailing.endswith("/seeds"):
                by_mailing.setdefault(mailing, []).append(response)
        await self.publish(
            [ResponsesRecorded(mailing=name, responses=tuple(some)) for name, some in by_mailing.items()]
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Raises BusUnavailable."""
        now = self._clock.now()
        if events:
            await self._bus.publish([Envelope(event=one, source=SOURCE, time=now) for one in events])


def _delivered(events: Sequence[DeliveryRecorded], now: str) -> Change:
    def change(row: Document) -> Document:
        for event in events:
            if event.interaction_id == row.get("message"):
                row = _after_delivery(row, event, now)
        return row

    return change


def _after_delivery(row: Document, event: DeliveryRecorded, now: str) -> Document:
    """A row never moves backwards; but a receipt may say that what was sent did not arrive."""
    state, before = _MAPPED.get(event.state), RowState(row["state"])
    if state is None or (state is RowState.QUEUED and (event.reason or None) == row["reason"]):
        return row
    undone = event.receipt and state is RowState.FAILED and before in (RowState.SENT, RowState.UNKNOWN)
    if not undone and state.rank < before.rank:
        return row
    if state is before and (event.reason or None) == row["reason"] and row["step"] != ASKED:
        return row
    after = {**row, "state": state.value, "reason": event.reason}
    if event.keys:
        after["keys"] = list(event.keys)
    if state is RowState.SENT and "sent_at" not in row:
        after["sent_at"] = iso(event.at)
    if state is RowState.QUEUED:
        return after
    return over(after, state, now)


def over(row: Document, state: RowState, now: str) -> Document:
    """What is next: another way, where this one failed and there is one; else nothing."""
    others = row.get("others") or []
    if state is not RowState.FAILED or not others:
        return {**row, "step": OVER}
    first, *rest = others
    tried = [*(row.get("tried") or []), {"way": row["way"], "address": row["address"], "reason": row["reason"]}]
    after = {name: value for name, value in row.items() if name not in _OF_A_WAY}
    return {
        **after,
        **first,
        "state": RowState.QUEUED.value,
        "step": step_of(first["address"]),
        "due": now,
        "attempt": row["attempt"] + 1,
        "tried": tried,
        **({"others": rest} if rest else {}),
    }
