"""The head of a table in a file that somebody sent, read in a process of its own before the file is taken over."""

from hub.kit.apart import Apart, CallFailed
from hub.kit.errors import InvalidInput
from hub.kit.tables.apart import read_apart
from hub.kit.tables.columns import Preview

_CPU = 20.0
"""Seconds."""


async def previewed(apart: Apart, peek: str, content: bytes, options: object) -> Preview:
    """What `peek` (`module:function`, given content and options) makes of it.

    Raises:
        InvalidInput: it is no table.
        TooLarge: it takes more memory or time than it may.
    """
    try:
        found: Preview = await read_apart(apart, peek, content, options, cpu=_CPU, urgent=True)
    except CallFailed as exc:
        words = f"it cannot be read ({exc}); look at charset and delimiter"[:500]
        raise InvalidInput(words, fields={"file": words}) from exc
    if found.refused:
        raise InvalidInput(found.refused, fields={"file": found.refused})
    return found
