"""How large a record may be, the same on both footings."""

from collections.abc import Sequence

from hub.bus.packing import size_of
from hub.contracts.base import Record
from hub.contracts.park import DEAD_LETTER_BYTES, REPLAY_OF
from hub.contracts.topics import DEAD_LETTERS
from hub.kit.errors import TooLarge

RECORD_BYTES = 1_000_000
"""Key, value and headers together; larger bodies travel as blob references."""
HEADERS = 1_000
"""How many headers a record may have."""

_SURELY_FITS = RECORD_BYTES // 2
_FEW_HEADERS = 20
"""Key and headers of so few cannot make up the rest: they are names and ids."""


def check_size(records: Sequence[Record]) -> None:
    """Raises TooLarge, naming the topic and the size, before anything is published."""
    for record in records:
        if len(record.value) < _SURELY_FITS and len(record.headers) < _FEW_HEADERS:
            continue
        limit, size = _limit(record), size_of(record.key, record.value, record.headers)
        if size > limit:
            raise TooLarge(
                f"a record of {size:,} bytes for {record.topic} is over the limit of {limit:,}; put the body into a"
                " blob and send its key"
            )
        if len(record.headers) > HEADERS:
            raise TooLarge(f"a record of {len(record.headers):,} headers is over the limit of {HEADERS:,}")


def _limit(record: Record) -> int:
    """Bytes. What is replayed was on the bus before, and is larger now by its marks."""
    replayed = any(name == REPLAY_OF for name, _ in record.headers)
    return DEAD_LETTER_BYTES if replayed or record.topic == DEAD_LETTERS.name else RECORD_BYTES
