"""What became of our messages, as their channels tell it."""

from collections.abc import Mapping, Sequence
from functools import partial

from hub.contracts.base import Envelope
from hub.contracts.interaction import Delivery, DeliveryRecorded, DeliveryState
from hub.store.base import Document
from hub.store.told import tell
from services.interactions.models import interaction_name
from services.interactions.repository import Repository

Missing = list[tuple[str, Envelope]]
"""What could not be placed, each with the name it waits for."""
_KEYS = 200
"""Names of one message that are kept, the newest ones."""


class Deliveries:
    """Takes them into the interactions, all of a batch together; each may be told twice."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def record(self, told: Sequence[tuple[Envelope, DeliveryRecorded]]) -> Missing:
        """A delivery never moves backwards."""
        events: dict[str, list[DeliveryRecorded]] = {}
        for _, event in told:
            events.setdefault(event.interaction_id, []).append(event)
        documents = await self._repository.interactions.get_many(events)
        await self._claim_names(documents, events)
        changes = {i: partial(with_deliveries, events[i]) for i in documents}
        causes = {event.interaction_id: envelope for envelope, event in told}
        after = await self._repository.interactions.amend_many(changes, causes=causes, known=documents)
        await tell((self._repository.interactions, after.values()))
        return [
            (interaction_name(event.interaction_id), envelope)
            for envelope, event in told
            if event.interaction_id not in documents
        ]

    async def _claim_names(
        self, documents: Mapping[str, Document], events: Mapping[str, Sequence[DeliveryRecorded]]
    ) -> None:
        """What the provider calls a message leads to it, also where an answer that named it came first."""
        names = {
            key: document
            for interaction_id, document in documents.items()
            for event in events[interaction_id]
            for key in event.keys
            if key not in document["keys"]
        }
        if names:
            await self._repository.name(names)


def with_deliveries(events: Sequence[DeliveryRecorded], interaction: Document) -> Document:
    """The interaction after what was told of its delivery; the same document when that is nothing new."""
    for event in events:
        interaction = with_delivery(event, interaction)
    return interaction


def with_delivery(event: DeliveryRecorded, interaction: Document) -> Document:
    """The interaction after what was told of its delivery; the same document when that is nothing new."""
    before = Delivery.model_validate(interaction["delivery"]) if interaction["delivery"] else None
    after = delivery_after(before, event).model_dump(mode="json")
    keys = [*interaction["keys"], *(key for key in event.keys if key not in interaction["keys"])][-_KEYS:]
    if after == interaction["delivery"] and keys == interaction["keys"]:
        return interaction
    return {**interaction, "delivery": after, "keys": keys}


def _moves(before: Delivery, event: DeliveryRecorded) -> bool:
    """A state of lower rank changes nothing; but a receipt may say that what was sent did not arrive, and then only
    a later one that it did.
    """
    arrived = (DeliveryState.DELIVERED, DeliveryState.READ)
    if before.receipt and before.state is DeliveryState.FAILED:
        return event.state in arrived
    if event.receipt and event.state is DeliveryState.FAILED:
        return before.state not in (*arrived, DeliveryState.BOUNCED)
    return event.state.rank >= before.state.rank


def _says(event: DeliveryRecorded, before: Delivery) -> bool:
    """Another state has another reason, or none; the same one may have got one, as why it waits."""
    return event.state != before.state or bool(event.reason)


def delivery_after(before: Delivery | None, event: DeliveryRecorded) -> Delivery:
    """The delivery after what was told; a state of lower rank than the present one changes nothing."""
    moves = before is None or _moves(before, event)
    return Delivery(
        receipt=event.receipt if before is None or moves else before.receipt,
        state=event.state if before is None or moves else before.state,
        reason=event.reason if before is None or (moves and _says(event, before)) else before.reason,
        copy_state=event.copy_state or (before.copy_state if before else None),
        copy_reason=event.copy_reason if event.copy_state else (before.copy_reason if before else None),
    )
