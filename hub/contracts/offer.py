"""A chain or a task that is offered to a colleague: it is his once he accepts."""

from datetime import datetime

from hub.contracts.base import Body


class Offer(Body):
    """Until it ends whoever had it has it, and both see it."""

    to: str
    """Login."""
    by: str
    """Login."""
    at: datetime
    comment: str = ""
