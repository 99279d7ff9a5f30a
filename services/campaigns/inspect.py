"""`omnihub inspect source`: where a visitor comes from, by an address and its referrer, as JSON."""

from collections.abc import Sequence
from typing import TextIO

import orjson

from services.campaigns.sources.reading import origin_of


def inspect_source(url: str, referrer: str | None, out: TextIO, *, ours: Sequence[str] = ()) -> int:
    """Prints one line; what nothing is said of is null. Returns 0: there is no address that it cannot read."""
    found = origin_of(url, referrer, ours=ours)
    line = {
        "medium": found.medium,
        "source": found.source or None,
        "term": found.term or None,
        "campaign": found.campaign or None,
        "click_ids": dict(found.click_ids),
    }
    out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode())
    return 0
