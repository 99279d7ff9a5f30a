"""A contact as it was planned, and as it came about."""

from datetime import datetime

from hub.contracts.base import Body


class Plan(Body):
    """When it shall be."""

    at: datetime
    minutes: int = 60
    place: str = ""
    reminders: tuple[int, ...] = ()
    """Seconds before it."""


class Fact(Body):
    """What became of it."""

    held: bool
    """False: it did not take place."""
    at: datetime
    minutes: int = 0
    result: str = ""
