"""The manager interface's bytes as messages, however the network split them."""

from dataclasses import dataclass, field

LINE_LIMIT = 64 * 1024
"""Bytes of a line that are kept; `VarSet` carries values of any length."""
MESSAGE_LIMIT = 256 * 1024
"""Bytes of a message that are kept; the lines after them are let go."""
_GREETING = b"Asterisk Call Manager/"
_NOTHING: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message: an event, a response, or the greeting of a connection (`Greeting: Asterisk Call Manager/…`)."""

    fields: tuple[tuple[str, str], ...]
    """Keys and values in the order they came; a key may come again (`ChanVariable`, `Output`)."""
    cut: bool = False
    """Whether something was let go because it was too long."""
    _first: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", dict(reversed(self.fields)))

    def get(self, key: str, default: str = "") -> str:
        """The first value of the key."""
        return self._first.get(key, default)

    def all(self, key: str) -> tuple[str, ...]:
        """All values of the key, in order."""
        return tuple(value for name, value in self.fields if name == key) if key in self._first else _NOTHING


class Reader:
    """Takes the bytes of one connection as they come and gives the messages that became whole.

    A message ends with an empty line. Lines end in CR LF; a bare LF belongs to the value before it, as in the answer
    to `Park`. Bytes that are no UTF-8 become U+FFFD. Each byte is looked at once, whatever the pieces are, and no
    more is kept than the limits say.
    """

    def __init__(self, *, line_limit: int = LINE_LIMIT, message_limit: int = MESSAGE_LIMIT) -> None:
        self._line_limit = line_limit
        self._message_limit = message_limit
        self._pieces: list[bytes] = []
        self._held = 0
        self._ended_in_cr = False
        self._fields: list[tuple[str, str]] = []
        self._size = 0
        self._cut = False

    @property
    def held(self) -> int:
        """Bytes in hand of what is not whole yet."""
        return self._held + self._size

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes completed, in order."""
        if not data:
            return []
        if self._ended_in_cr:  # its LF may have come with the next piece
            data = b"\r" + data
            self._ended_in_cr = False
        if data.endswith(b"\r"):
            data = data[:-1]
            self._ended_in_cr = True
        first, *others = data.split(b"\r\n")
        if not others:
            self._hold(first)
            return []
        self._hold(first)
        last = others.pop()
        found: list[Message] = []
        for line in (self._taken(), *others):
            if not line:
                found += self._whole()
            elif not self._fields and line.startswith(_GREETING):
                found.append(Message((("Greeting", line.decode("utf-8", "replace")),)))
            else:
                self._add(line)
        self._hold(last)
        return found

    def _hold(self, piece: bytes) -> None:
        room = self._line_limit - self._held
        if len(piece) > room:
            piece = piece[: max(room, 0)]
            self._cut = True
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)

    def _taken(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return line

    def _whole(self) -> list[Message]:
        """The message that an empty line ends; none where there was nothing before it."""
        found = [Message(tuple(self._fields), self._cut)] if self._fields else []
        self._fields.clear()
        self._size, self._cut = 0, False
        return found

    def _add(self, line: bytes) -> None:
        if len(line) > self._line_limit:
            line, self._cut = line[: self._line_limit], True
        if self._size + len(line) > self._message_limit:
            self._cut = True
            return
        self._size += len(line)
        text = line.decode("utf-8", "replace")
        key, colon, value = text.partition(":")
        # A line without a colon is text of an answer (`--END COMMAND--` of old versions).
        self._fields.append((key.strip(), value.strip()) if colon else ("", text))
