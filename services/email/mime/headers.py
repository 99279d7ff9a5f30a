"""Header blocks: found, split in one pass, read only when asked."""

import re
from collections.abc import Iterator, Sequence

from services.email.mime import words

_BLOCK_END = re.compile(rb"\n\r*+\n")
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?+|([^\n]++)\n?+|\n")
_STRAY_LINE = "a line without a header name among the headers"

# A block that goes on with one of these after a stray line is still a header block.
_KNOWN = frozenset(
    b"from to cc subject date message-id mime-version content-type content-transfer-encoding content-disposition "
    b"received return-path reply-to sender references in-reply-to delivered-to dkim-signature x-mailer".split()
)


_NO_VALUES: list[bytes] = []


class Headers:
    """The headers of a mail or of a part. Names are matched in any case; order is kept."""

    __slots__ = ("_fields", "_index")

    def __init__(self, fields: Sequence[tuple[bytes, bytes, bytes]] = ()) -> None:
        """`fields` are (name, value, b"") as sent, the value still folded."""
        self._fields = fields
        self._index: dict[bytes, list[bytes]] = {}
        index = self._index
        for name, value, _ in fields:
            key = name.lower()
            if key in index:
                index[key].append(value)
            else:
                index[key] = [value]

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(name, decoded value), top to bottom."""
        return ((name.decode("ascii"), words.decode(value)) for name, value, _ in self._fields)

    def __contains__(self, name: str | bytes) -> bool:
        """Bytes are taken to be in lower case."""
        return (name if isinstance(name, bytes) else name.lower().encode()) in self._index

    def get(self, name: bytes) -> list[bytes]:
        """All values of that name, given in lower case, as sent and still folded."""
        return self._index.get(name, _NO_VALUES)

    def filled(self, name: bytes) -> bytes | None:
        """The first value of that name, given in lower case, that is not empty; still folded."""
        values = self._index.get(name)
        if values is None:
            return None
        return values[0] if len(values) == 1 else next((value for value in values if value.strip()), None)

    def values(self, name: str) -> list[bytes]:
        """All values of that name as sent, still folded."""
        return self._index.get(name.lower().encode(), _NO_VALUES)

    def raw(self, name: str) -> bytes | None:
        """The first value of that name, unfolded, as sent."""
        values = self._index.get(name.lower().encode())
        return words.unfold(values[0]) if values else None

    def first(self, name: str) -> str | None:
        """The first value of that name, unfolded and decoded."""
        values = self._index.get(name.lower().encode())
        return words.decode(values[0]) if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """All values of that name, unfolded and decoded."""
        return tuple(words.decode(value) for value in self.values(name))


def split(raw: bytes, start: int, end: int, problems: list[str]) -> tuple[Headers, int]:
    """The headers in `raw[start:end]` and where the body begins. Without a blank line the body begins at the first
    line that cannot be a header.
    """
    head = raw[start : start + 2]
    if head[:1] == b"\n":
        return Headers(), start + 1
    if head == b"\r\n":
        return Headers(), start + 2
    found = _BLOCK_END.search(raw, start, end)
    stop, body = (found.start() + 1, found.end()) if found else (end, end)
    headers = Headers(_FIELD.findall(raw, start, stop))
    if b"" in headers:
        return _split_stray(raw, start, stop, body, problems)
    return headers, body


def _split_stray(raw: bytes, start: int, stop: int, body: int, problems: list[str]) -> tuple[Headers, int]:
    matches = list(_FIELD.finditer(raw, start, stop))
    last_known = max((n for n, m in enumerate(matches) if (m[1] or b"").lower() in _KNOWN), default=-1)
    fields: list[tuple[bytes, bytes, bytes]] = []
    for number, match in enumerate(matches):
        if match[1] is not None:
            fields.append((match[1], match[2], b""))
        elif match[3] is None or not match[3].strip() or _is_mbox_line(match[3], number):
            continue
        elif number > last_known:
            problems.append("no blank line between headers and body")
            return Headers(fields), match.start()
        elif _STRAY_LINE not in problems:
            problems.append(_STRAY_LINE)
    return Headers(fields), body


def _is_mbox_line(line: bytes, number: int) -> bool:
    return number == 0 and line.startswith((b"From ", b">From "))
