"""What one exchange said, as calls: pieces of its stream in, changed calls out, and what of it is still needed."""

from collections.abc import Mapping

from services.telephony.ami.listening import Listener
from services.telephony.ami.reading import Message
from services.telephony.ami.tracker import Calls, Limits
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call
from services.telephony.metrics import EVENTS

_LIMITS = Limits()


class Memory:
    """The same pieces in the same order give the same calls, live and when they are read again after a crash."""

    def __init__(self, exchange: str, lines: Lines, limits: Limits = _LIMITS) -> None:
        self._listener = Listener()
        self._exchange = exchange
        self._connection = 0
        self._began = 1
        """The place at which the message began that is not whole yet, or that the next one will begin at."""
        self._calls = Calls(lines, limits)

    def hear(self, place: int, connection: int, raw: bytes, arrived: float) -> list[Call]:
        """The calls that a piece changed."""
        if connection != self._connection:
            self._connection = connection
            self._listener.connected()
            self._began = place
        self._calls.place = self._began
        events = self._listener.hear(raw, arrived)
        if not self._listener.held:
            self._began = place + 1
        elif self._listener.heard_whole:
            self._began = place
        EVENTS.labels(self._exchange).inc(len(events))
        return self._calls.take(events)

    def alive(self, now: float) -> list[Call]:
        """Time passes on a connection that stands; the calls that this closed."""
        self._listener.alive(now)
        return self._calls.tick(now)

    def answers(self) -> list[Message]:
        """Answers to actions since one asked last."""
        found, self._listener.answers = self._listener.answers, []
        return found

    def going_on(self) -> list[Call]:
        """Every call in hand, as it is now."""
        return self._calls.known()

    @property
    def open(self) -> int:
        return self._calls.open

    def needed(self) -> tuple[int, dict[str, float]]:
        """See `Calls.needed`; and where a message began of which only a part has come."""
        self._calls.place = self._began
        return self._calls.needed()

    def let_go(self, gone: Mapping[str, float]) -> None:
        self._calls.let_go(gone)
