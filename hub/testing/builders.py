"""Builders of events for tests: every field has a value, every one can be overridden."""

from datetime import UTC, datetime
from typing import Any

from hub.contracts.base import Envelope, Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, InteractionReceived, Participant, Role
from hub.kit.ids import derive

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_participant(role: Role = Role.FROM, address: str = "anna@example.com", **over: Any) -> Participant:
    return Participant(role=role, **{"address": f"email:{address}", "raw": address, **over})


def an_arrival(
    number: int | str = 1, *, sender: str = "anna@example.com", name: str = "Анна Смирнова", **over: Any
) -> InteractionReceived:
    """A mail of Anna's to our support mailbox; `number` tells one mail from another."""
    fields: dict[str, Any] = {
        "id": derive("in", "test", str(number), at=int(over.get("at", NOON).timestamp())),
        "channel": "email",
        "type": "email",
        "account": "mb_support",
        "at": NOON,
        "received_at": NOON,
        "participants": (
            a_participant(Role.FROM, sender, name=name),
            a_participant(Role.TO, "support@romashka.example", ours=True),
        ),
        "subject": "Где мой заказ?",
        "text": "Здравствуйте! Заказ № 17 не пришёл.",
        "keys": (f"email:<{number}@example.com>",),
    }
    return InteractionReceived(**{**fields, **over})


def a_delivery(interaction_id: str, state: DeliveryState = DeliveryState.SENT, **over: Any) -> DeliveryRecorded:
    return DeliveryRecorded(**{"interaction_id": interaction_id, "at": NOON, "state": state, **over})


def envelopes(*events: Event) -> list[Envelope]:
    return [Envelope(event=event, source="omnihub/test", time=NOON) for event in events]
