"""What the entries of the send ledger tell when they change: pure."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from hub.channels.states import SendState
from hub.contracts.address import ReachabilityRecorded
from hub.contracts.base import Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState
from hub.kit.clock import from_iso
from hub.store.base import Document
from hub.store.told import Fact, State

_TOLD = {
    SendState.QUEUED: DeliveryState.QUEUED,
    SendState.DEFERRED: DeliveryState.QUEUED,
    SendState.SENDING: DeliveryState.QUEUED,
    SendState.SENT: DeliveryState.SENT,
    SendState.FAILED: DeliveryState.FAILED,
    SendState.UNKNOWN: DeliveryState.UNKNOWN,
    SendState.SUPPRESSED: DeliveryState.SUPPRESSED,
}
_WORDS, _KEYS = 2_000, 500
"""Characters of a provider's words, and names that it gave, that are told: an event is bounded."""
SWEEP = timedelta(seconds=5)
"""After so long what an entry owes is told by whoever sweeps."""
Delivery = Callable[[Document], DeliveryRecorded]
"""What the others hear of an entry."""


def delivery(document: Document) -> DeliveryRecorded:
    """Where the message of an entry stands."""
    return DeliveryRecorded(
        interaction_id=document["_id"],
        at=from_iso(document["at"]),
        state=_TOLD[SendState(document["state"])],
        reason=document["reason"] and document["reason"][:_WORDS],
        keys=tuple(document["keys"][:_KEYS]),
        group=document.get("mailing") or "",
    )


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    """Where it stands now, unless nobody could see a change, and who cannot be reached any more."""
    if before and _seen(before) == _seen(after):
        return ()
    known = (before or {}).get("unreachable") or ()
    lost = [address for address in after.get("unreachable") or () if address not in known]
    return (DeliveryRecorded, *(_unreachable(address, after) for address in lost))


def stated_by(told: Delivery) -> State:
    """How a channel states its deliveries."""

    def state(kind: type[Event], document: Document) -> Event:
        assert kind is DeliveryRecorded, kind
        return told(document)

    return state


def _seen(document: Document) -> tuple[object, ...]:
    known = _TOLD.get(document["state"])
    return known, document["reason"], tuple(document["keys"]), document.get("copy_state")


def _unreachable(address: str, document: Document) -> ReachabilityRecorded:
    return ReachabilityRecorded(
        address=address,
        account=document["account"],
        reachable=False,
        reason=document["reason"] or "",
        at=from_iso(document["at"]),
    )
