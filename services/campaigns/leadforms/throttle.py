"""How many leads one network may send in an hour, over all forms: counted in so many rows, whoever sends."""

from datetime import timedelta
from hashlib import blake2b

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.networks import network_of
from hub.store.amend import upsert
from hub.store.base import Document
from services.campaigns.leadforms.repository import FormRepository

WINDOW = timedelta(hours=1)
ROWS = 2**14
"""Of about 100 bytes; two networks that fall on one are counted together."""


class Throttle:
    """Counts."""

    def __init__(self, repository: FormRepository, clock: Clock, *, most: int, key: bytes) -> None:
        """`key` keeps strangers from finding out which networks fall on one row."""
        self._repository = repository
        self._clock = clock
        self._most = most
        self._key = key[:64]

    async def enter(self, caller: str) -> bool:
        """Whether one more may come from there; it is counted then."""
        now = self._clock.now()
        let: list[bool] = []

        def change(row: Document) -> Document:
            begun = from_iso(row["since"])
            over = not begun <= now < begun + WINDOW
            count = 0 if over else row["count"]
            let.append(count < self._most)
            return {**row, "since": iso(now) if over else row["since"], "count": min(count + 1, self._most)}

        fresh = {"_id": self._row(caller), "since": iso(now), "count": 1}
        await upsert(self._repository.sent, fresh, change)
        return let[-1] if let else True

    def _row(self, caller: str) -> str:
        digest = blake2b(network_of(caller).encode(), key=self._key, digest_size=4, person=b"form tries").digest()
        return f"try_{int.from_bytes(digest, 'big') % ROWS}"
