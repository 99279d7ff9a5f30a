"""Where something lies in a provider's JSON."""

from collections.abc import Mapping
from typing import Any


def at_path(given: Any, path: str) -> Any:
    """What lies under `messages.0.id`; none where nothing does."""
    for name in path.split("."):
        if isinstance(given, list) and name.isdecimal() and int(name) < len(given):
            given = given[int(name)]
        elif isinstance(given, Mapping):
            given = given.get(name)
        else:
            return None
    return given
