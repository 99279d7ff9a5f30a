"""What was changed about a record, by whom and when."""

from datetime import datetime
from typing import Any

from hub.contracts.base import Body


class Altered(Body):
    """A field as it was and as it is."""

    name: str
    before: Any = None
    after: Any = None


class Change(Body):
    """What somebody made of a record."""

    at: datetime
    by: str
    """Login, or `rule:NAME`."""
    fields: tuple[Altered, ...] = ()
