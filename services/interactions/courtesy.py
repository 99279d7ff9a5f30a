"""The automatic answer of an account ("we got your letter"): once for each chain, and never in a loop."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    InteractionLinked,
    Link,
    Role,
    SendMessage,
)
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.store.base import Document
from services.interactions.linking import counterpart
from services.interactions.outgoing import Outgoing
from services.interactions.repository import Repository
from services.interactions.writing import reply_subject, token_of

_NOBODY = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer[-_.]?daemon|postmaster|bounces?|abuse)\b", re.I
)
"""Local parts behind which nobody reads."""
log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `messages` automatic messages to one address in any `period`, whatever happens."""

    messages: int = 3
    period: timedelta = timedelta(days=1)


ALLOWANCE: Final = Allowance()


def may_answer(history: Iterable[str], now: datetime, allowance: Allowance = ALLOWANCE) -> bool:
    """Whether one more automatic message may go to an address; `history` has the moments of all that went."""
    return sum(now - allowance.period < from_iso(at) for at in history) < allowance.messages


class Courtesy:
    """Answers what opened a chain. A robot, a list or a notice is never answered (RFC 3834, 2)."""

    def __init__(
        self,
        repository: Repository,
        bus: Bus,
        clock: Clock,
        allowance: Allowance = ALLOWANCE,
        *,
        outgoing: Outgoing | None = None,
    ) -> None:
        repository.on(bus, clock)
        self._repository = repository
        self._outgoing = outgoing or Outgoing(repository)
        self._clock = clock
        self._allowance = allowance

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Plans the answers that are due; the same ones again change nothing."""
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionLinked) and _wants(envelope.event.interaction):
                await self._answer(envelope.event.interaction, envelope.correlation_id)

    async def _answer(self, cause: Interaction, began: str) -> None:
        planned = self._planned(cause)
        known = await self._repository.interactions.get(planned.id)
        if known is not None:
            await self._repository.interactions.tell(known)
            return
        draft = await self._outgoing.draft(planned, _request(planned, cause), began=began)
        if await self._allowed(cause):
            await self._outgoing.accept(draft)
            log.info("courtesy.sent", interaction_id=planned.id)

    async def _allowed(self, cause: Interaction) -> bool:
        """Counts one more to the address, if it may have it."""
        other = counterpart(cause.participants)
        now = self._clock.now()
        allowed: list[bool] = []

        def counted(address: Document) -> Document:
            history: list[str] = address.get("automatic") or []
            allowed[:] = [may_answer(history, now, self._allowance)]
            recent = [at for at in history if now - self._allowance.period < from_iso(at)]
            return {**address, "automatic": [*recent, iso(now)]} if allowed[0] else address

        await self._repository.addresses.amend(other.address if other else "", counted)
        if not any(allowed):
            log.info("courtesy.withheld", interaction_id=cause.id)
        return any(allowed)

    def _planned(self, cause: Interaction) -> Interaction:
        other = counterpart(cause.participants)
        assert other
        return Interaction(
            id=derive("in", "courtesy", cause.chain_id, at=int(cause.at.timestamp())),
            channel=cause.channel,
            type=cause.type,
            direction=Direction.OUT,
            accounts=cause.accounts[:1],
            at=self._clock.now(),
            client_id=cause.client_id,
            chain_id=cause.chain_id,
            cause_id=cause.id,
            subject=reply_subject(cause.subject),
            text=cause.acknowledge,
            participants=(other.model_copy(update={"role": Role.TO}),),
            delivery=Delivery(state=DeliveryState.QUEUED),
            auto="auto-reply",
            link=Link(rule="answer", evidence=cause.id),
        )


def _request(planned: Interaction, cause: Interaction) -> SendMessage:
    return SendMessage(
        id=planned.id,
        channel=planned.channel,
        account=planned.accounts[0],
        to=planned.participants,
        subject=planned.subject,
        text=planned.text,
        reply_to_key=next(iter(cause.keys), None),
        thread_keys=cause.keys[:1],
        token=token_of(planned.id),
        auto=True,
    )


def _wants(interaction: Interaction) -> bool:
    other = counterpart(interaction.participants)
    if (
        other is None
        or not interaction.acknowledge
        or interaction.link.rule != "new_chain"
        or interaction.auto
        or interaction.bounce
    ):
        return False
    return not _NOBODY.match(other.address.partition(":")[2])
