"""What somebody changes as a whole counts its versions: of two who change one at once the later one is told so.

The store's own `_v` grows with every write, also with those that no person makes.
"""

from hub.kit.errors import Conflict
from hub.store.base import Document

VERSION = "version"


def version_of(stored: Document) -> int:
    """From 1 on, also of one that was stored before versions were counted."""
    return int(stored.get(VERSION) or 1)


def next_version(stored: Document, seen: int | None) -> Document:
    """The field of the next one.

    Raises:
        Conflict: somebody changed it since it was `seen`.
    """
    now = version_of(stored)
    if seen is not None and seen != now:
        raise Conflict(f"somebody changed it meanwhile: it is version {now}, and you changed {seen}; read it anew")
    return {VERSION: now + 1}
