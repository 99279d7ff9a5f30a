"""What waits to leave from one account, in memory: by lane, and within a lane by recipient, each in its order.

Bounded, whatever waits in the ledger: `WINDOW` entries and `BYTES` of messages for each lane, and of one recipient
`DEEP` entries; whoever has more waiting is remembered, and read again when those are gone.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import get_args

from hub.contracts.interaction import Lane, SendMessage
from hub.store.base import Document

LANES: tuple[Lane, ...] = get_args(Lane)
"""In the order in which they go: person, automatic, mass."""
FLOOR = 10
"""Of so many messages one is of a mailing and one is automatic, while such wait and persons' never end."""
WINDOW = 500
BYTES = 4 * 2**20
DEEP = 5

_TURNS: dict[int, tuple[Lane, ...]] = {9: ("mass", "automatic", "person"), 4: ("automatic", "person", "mass")}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger holds of a message, and the message."""

    document: Document
    message: SendMessage

    @classmethod
    def of(cls, document: Document) -> "Entry":
        """Raises ValueError when the message cannot be read."""
        return cls(document, SendMessage.model_validate_json(document["command"]))

    @property
    def id(self) -> str:
        return str(self.document["_id"])

    @property
    def recipient(self) -> str:
        return recipient_of(self.message)

    @property
    def lane(self) -> Lane:
        """An entry of an older hub has none."""
        return self.document.get("lane") or self.message.in_lane

    @property
    def group(self) -> str:
        return self.document.get("group") or self.message.group

    @property
    def order(self) -> tuple[str, str]:
        """What the messages to one recipient are sorted by."""
        return self.document["queued_at"], self.id

    @property
    def size(self) -> int:
        """Characters of the message as it is stored."""
        return len(self.document["command"])


def recipient_of(message: SendMessage) -> str:
    """Whom its order is kept for: the first it goes to."""
    return next((person.address for person in message.to), "")


class _Queue:
    """One lane."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Entry]] = {}
        self.more: set[str] = set()
        """Recipients of whom the ledger has more than is here."""
        self.ready: deque[str] = deque()
        self.resting: list[tuple[float, str]] = []
        self.listed: set[str] = set()
        """Recipients in `ready` or `resting`."""
        self.count = 0
        self.size = 0

    def add(self, entry: Entry) -> bool:
        """False: its recipient has enough here."""
        queue = self.waiting.setdefault(entry.recipient, [])
        if len(queue) >= DEEP:
            self.more.add(entry.recipient)
            return False
        insort(queue, entry, key=lambda one: one.order)
        self.count += 1
        self.size += entry.size
        return True

    def list_up(self, recipient: str) -> None:
        if recipient in self.waiting and recipient not in self.listed:
            self.listed.add(recipient)
            self.ready.append(recipient)

    def wake(self, now: float) -> None:
        while self.resting and self.resting[0][0] <= now:
            self.ready.append(heappop(self.resting)[1])

    def first(self, busy: set[str]) -> Entry | None:
        while self.ready:
            recipient = self.ready[0]
            if recipient in self.waiting and recipient not in busy:
                return self.waiting[recipient][0]
            self.ready.popleft()
            self.listed.discard(recipient)
        return None

    def pop(self, recipient: str) -> None:
        self.ready.popleft()
        self.listed.discard(recipient)
        self._forget([self.waiting[recipient].pop(0)])
        if not self.waiting[recipient]:
            del self.waiting[recipient]

    def drop(self, recipient: str) -> list[Entry]:
        dropped = self.waiting.pop(recipient, [])
        self.more.discard(recipient)
        self._forget(dropped)
        return dropped

    def _forget(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.count -= 1
            self.size -= entry.size


class Lanes:
    """All that waits in memory, and who is being served."""

    def __init__(self) -> None:
        self._queues: dict[Lane, _Queue] = {lane: _Queue() for lane in LANES}
        self._known: set[str] = set()
        self._busy: set[str] = set()
        self._turn = 0

    def __len__(self) -> int:
        """Entries that wait here."""
        return sum(queue.count for queue in self._queues.values())

    def waiting(self, lane: Lane) -> int:
        return self._queues[lane].count

    def is_full(self, lane: Lane) -> bool:
        queue = self._queues[lane]
        return queue.count >= WINDOW or queue.size >= BYTES

    def knows(self, entry_id: str) -> bool:
        """It waits here, or is being sent."""
        return entry_id in self._known

    def is_deep(self, lane: Lane, recipient: str) -> bool:
        """There is enough of the recipient here: what else of him waits is read when that is gone."""
        queue = self._queues[lane]
        return recipient in queue.more or len(queue.waiting.get(recipient, ())) >= DEEP

    def skip(self, lane: Lane, recipient: str) -> None:
        """There is more of the recipient than is here."""
        self._queues[lane].more.add(recipient)

    def add(self, entry: Entry) -> None:
        """Nothing when it is known, or its recipient has enough here."""
        queue = self._queues[entry.lane]
        if entry.id in self._known or not queue.add(entry):
            return
        self._known.add(entry.id)
        if entry.recipient not in self._busy:
            queue.list_up(entry.recipient)

    def exhausted(self, lane: Lane) -> list[str]:
        """Recipients of whom nothing is left here, and who have more in the ledger; they are forgotten with this."""
        queue = self._queues[lane]
        found = [recipient for recipient in queue.more if recipient not in queue.waiting]
        queue.more.difference_update(found)
        return found

    def turn(self) -> Sequence[Lane]:
        """The lanes in the order in which the next message is looked for."""
        return _TURNS.get(self._turn % FLOOR, LANES)

    def first(self, lane: Lane, now: float) -> Entry | None:
        """The next one of a lane whose recipient neither rests nor is being served; `now` is as for `rest`."""
        self._queues[lane].wake(now)
        return self._queues[lane].first(self._busy)

    def rest(self, entry: Entry, until: float) -> None:
        """Its recipient, the first of its lane, is not served before then (monotonic seconds)."""
        queue = self._queues[entry.lane]
        queue.ready.popleft()
        heappush(queue.resting, (until, entry.recipient))

    def take(self, entry: Entry) -> None:
        """It is being sent: the first of its lane. Nobody else of its recipient's is served meanwhile."""
        self._queues[entry.lane].pop(entry.recipient)
        self._busy.add(entry.recipient)
        self._turn = (self._turn + 1) % FLOOR

    def done(self, entry: Entry) -> None:
        """It is no longer being sent, whatever became of it."""
        self._known.discard(entry.id)
        self._busy.discard(entry.recipient)
        for queue in self._queues.values():
            queue.list_up(entry.recipient)

    def drop(self, lane: Lane, recipient: str) -> int:
        """Forgets what waits of a recipient in a lane, to be read again; how many entries."""
        dropped = self._queues[lane].drop(recipient)
        self._known.difference_update(entry.id for entry in dropped)
        return len(dropped)

    def next_wake(self) -> float | None:
        """When the next recipient has rested (monotonic seconds)."""
        return min((queue.resting[0][0] for queue in self._queues.values() if queue.resting), default=None)
