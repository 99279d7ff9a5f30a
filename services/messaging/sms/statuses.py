"""What providers say became of a message, in our words. Pure."""

from hub.contracts.interaction import DeliveryState

TWILIO = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.QUEUED,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "partially_delivered": DeliveryState.SENT,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
"""https://www.twilio.com/docs/messaging/api/message-resource#message-status-values"""
ERRORS = {
    "21211": "the number is none",
    "21408": "this account may not send to that country",
    "21610": "he has opted out",
    "21612": "this number cannot reach him",
    "21614": "the number is no mobile phone's",
    "30003": "the phone is off or out of reach",
    "30004": "he, or his operator, blocks us",
    "30005": "the number does not exist",
    "30006": "a landline, or an operator that cannot be reached",
    "30007": "the operator took it for spam",
    "30008": "the operator does not say why",
    "63016": "outside the time in which he may be written to freely",
}
"""https://www.twilio.com/docs/api/errors"""
UNREACHABLE = frozenset({"21211", "21610", "21614", "30004", "30005", "30006"})
"""Errors that say something of the address, whatever the message."""


def reason(code: str, words: str = "") -> str | None:
    """An error in words, with its code."""
    told = ERRORS.get(code) or words
    if not code:
        return told or None
    return f"{told} (error {code})" if told else f"error {code}"
