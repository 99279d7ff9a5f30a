"""Where something lies in a provider's JSON."""

from collections.abc import Mapping
from typing import Any

from hub.kit.numbers import whole


def at_path(given: Any, path: str) -> Any:
    """What lies under `messages.0.id`; none where nothing does."""
    for name in path.split("."):
        if isinstance(given, list):
            at = whole(name)
            given = given[at] if at is not None and 0 <= at < len(given) else None
        elif isinstance(given, Mapping):
            given = given.get(name)
        else:
            return None
    return given
