"""A disk without room, whoever notices it."""

import os
from errno import EDQUOT, EFBIG, ENOSPC

from hub.kit.log import DISK_FULL

FULL = f"{DISK_FULL}: free some room, the hub goes on by itself"
_ERRNOS = (ENOSPC, EDQUOT, EFBIG)
_WORDS = os.strerror(ENOSPC)
"""As libraries say it that tell no number."""


def has_no_room(exc: Exception) -> bool:
    """Whether a write failed for want of room."""
    return (isinstance(exc, OSError) and exc.errno in _ERRNOS) or _WORDS in str(exc)
