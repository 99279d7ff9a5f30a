"""The head of a table in a file that somebody sent, read in a process of its own before the file is taken over."""

from hub.kit.apart import Apart, CallFailed, TooCostly, large
from hub.kit.errors import InvalidInput, TooLarge
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
        found: Preview = await apart.call(peek, large(content), options, cpu=_CPU, urgent=True)
    except TooCostly as exc:
        raise TooLarge("the file takes more memory or time than it may; split it, or save it as CSV") from exc
    except CallFailed as exc:
        words = f"it cannot be read ({exc}); look at charset and delimiter"[:500]
        raise InvalidInput(words, fields={"file": words}) from exc
    if found.refused:
        raise InvalidInput(found.refused, fields={"file": found.refused})
    return found
