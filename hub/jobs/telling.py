"""What a result of a job tells of the rows that it is of: as many as it has room for."""

from typing import Any

import orjson

MOST, BYTES = 500, 50_000


def within(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as a result may hold, the first ones."""
    size, kept = 0, []
    for one in told[:MOST]:
        size += len(orjson.dumps(one))
        if size > BYTES:
            break
        kept.append(one)
    return kept
