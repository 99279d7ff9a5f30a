"""One exchange listened to, over as many connections as it takes: bytes become events."""

from services.telephony.ami.events import Event, event_of
from services.telephony.ami.reading import Message, Reader

_ANSWERS = 999
"""So many that nobody takes are kept."""


class Listener:
    """Makes events of what comes, and notes at each new connection until when the one before it stood."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._alive = 0.0
        self.answers: list[Message] = []
        """Answers to actions, for whoever asked; he takes them out."""
        self.heard_whole = False
        """Whether the last bytes completed a message."""

    @property
    def held(self) -> int:
        """Bytes in hand of a message that is not whole yet."""
        return self._reader.held

    def connected(self) -> None:
        """A new connection begins: what was half said on the old one is void."""
        self._reader = Reader()

    def alive(self, moment: float) -> None:
        """The connection stands, as one knows who closes it himself."""
        self._alive = max(self._alive, moment)

    def hear(self, data: bytes, arrived: float) -> list[Event]:
        """The events that these bytes completed; `arrived` in seconds since the epoch."""
        messages = self._reader.feed(data)
        self.heard_whole = bool(messages)
        found = (self._event(message, arrived) for message in messages)
        return [event for event in found if event]

    def _event(self, message: Message, arrived: float) -> Event | None:
        event = event_of(message, arrived)
        if event is None and message.get("Response") and not message.get("Event"):
            self.answers = [*self.answers[-_ANSWERS:], message]
        if event and event.kind == "Greeting":
            return Event(arrived, "Greeting", (("Heard", repr(self._alive)),))
        self.alive(event.moment if event else arrived)
        return event
