"""A table in a file that somebody sent is read in a process of its own."""

from typing import Any

from hub.kit.apart import Apart, TooCostly, large
from hub.kit.errors import TooLarge


async def read_apart(
    apart: Apart, function: str, content: bytes, *args: object, cpu: float, urgent: bool = False
) -> Any:
    """What `function` (`module:function`, given content and `args`) makes of it; `cpu` is in seconds.

    Raises:
        TooLarge: it takes more memory or time than it may.
        CallFailed: it cannot be read.
    """
    try:
        return await apart.call(function, large(content), *args, cpu=cpu, urgent=urgent)
    except TooCostly as exc:
        raise TooLarge("the file takes more memory or time than it may; split it, or save it as CSV") from exc
