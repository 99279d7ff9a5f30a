"""What a contact or a whole chain is about: a deal, a claim, a campaign, or something that another system has."""

from datetime import datetime

from hub.contracts.base import Body


class Subject(Body):
    kind: str
    """`deal`, `claim`, `campaign`, or any other word, as `order`."""
    id: str
    title: str = ""
    """How it was called when it was linked."""
    by: str
    """Login of who linked it."""
    at: datetime
