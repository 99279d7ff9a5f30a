"""The parts of a mail: multiparts taken apart by their boundaries, in time linear in the size."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from services.email.mime import params, transfer
from services.email.mime.headers import Headers, split
from services.email.mime.model import Signature

# Real mail nests six deep and has some dozens of parts; what lies beyond becomes one attachment, unread but whole.
MAX_DEPTH = 100
MAX_PARTS = 10_000

_SIGNED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_NO_HEADERS = Headers()
_FIRST_DELIMITER = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,199}?|-{2,}[^\r\n]{1,190}?)[ \t]*\r?\n")


@dataclass(slots=True)
class Node:
    """A part as it lies in the mail: a multipart has children, a leaf has its decoded content."""

    content_type: str
    params: Mapping[str, str]
    headers: Headers
    children: "list[Node] | None" = None
    content: bytes = b""
    name: str | None = None
    disposition: str | None = None
    body_at: int = 0


class Reader:
    """Reads the part tree of one mail; `problems` collects what was broken."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.signature: Signature | None = None
        self._parts = 0

    def read(self, raw: bytes) -> Node:
        """The root node of `raw`."""
        return self._node(_Source(raw), 0, len(raw), depth=0, default="text/plain")

    def _node(self, source: "_Source", start: int, end: int, *, depth: int, default: str) -> Node:
        headers, body = split(source.raw, start, end, self.problems)
        declared = params.parse(headers.filled(b"content-type"))
        kind = declared.main if "/" in declared.main else _BARE_TYPES.get(declared.main, default)
        disposition = params.parse(headers.filled(b"content-disposition"))
        node = Node(kind, declared.params, headers, body_at=body, disposition=disposition.main or None)
        node.name = params.clean_filename(
            disposition.params.get("filename") or declared.params.get("name") or disposition.params.get("name")
        )
        if kind.startswith("multipart/"):
            self._multipart(node, source, body, end, depth)
        else:
            node.content = self._decoded(node, source.raw[body:end])
            if kind in _SIGNED and depth < MAX_DEPTH:
                self._open_signed(node, depth)
        return node

    def _open_signed(self, node: Node, depth: int) -> None:
        """The letter inside a signature takes the place of what holds it."""
        from services.email.mime import smime  # a tenth of a second of loading, for the few mails that are signed so

        if (found := smime.opened(node.content)) is None:
            return
        self.signature = self.signature or found.signature
        inside = self._node(_Source(found.content), 0, len(found.content), depth=depth + 1, default="text/plain")
        node.content_type, node.children, node.content = "multipart/signed", [inside], b""

    def _decoded(self, node: Node, data: bytes) -> bytes:
        encoding = node.headers.filled(b"content-transfer-encoding")
        return transfer.decode(data, encoding, self.problems) if encoding else data

    def _multipart(self, node: Node, source: "_Source", start: int, end: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.problems.append("nested too deep; the rest is one attachment")
            node.content = source.raw[start:end]
            return
        spans = self._spans(node, source, start, end)
        if not spans:
            self._without_parts(node, source.raw[start:end], depth)
            return
        default = "message/rfc822" if node.content_type == "multipart/digest" else "text/plain"
        node.children = []
        for number, (begin, stop) in enumerate(spans):
            if self._parts >= MAX_PARTS:
                self.problems.append("too many parts; the rest is one attachment")
                rest = source.raw[begin : spans[-1][1]]
                node.children.append(Node("application/octet-stream", {}, _NO_HEADERS, content=rest))
                break
            if number == len(spans) - 1 and not source.raw[begin:stop].strip():
                break  # A delimiter written where the closing one should be.
            self._parts += 1
            child = self._node(source, begin, stop, depth=depth + 1, default=default)
            if child.children == [] and child.params.get("boundary") == node.params.get("boundary"):
                node.content_type = child.content_type  # One boundary on two levels: what follows is the child's.
            else:
                node.children.append(child)

    def _spans(self, node: Node, source: "_Source", start: int, end: int) -> list[tuple[int, int]]:
        boundary = node.params.get("boundary", "").rstrip()
        spans = source.spans(boundary.encode("utf-8", "replace"), start, end) if boundary else []
        if spans:
            return spans
        guess = _FIRST_DELIMITER.search(source.raw, max(0, start - 1), min(end, start + 8192))
        if guess is None:
            return []
        self.problems.append("the boundary is missing or wrong; taken from the body")
        return source.spans(guess[1], start, end)

    def _without_parts(self, node: Node, data: bytes, depth: int) -> None:
        """A multipart without a single delimiter: encoded as a whole, or simply text."""
        if not data.strip():
            node.children = []
            return
        decoded = self._decoded(node, data)
        if decoded != data and decoded.lstrip().startswith(b"--"):
            self._multipart(node, _Source(decoded), 0, len(decoded), depth + 1)
            return
        self.problems.append("a multipart without parts; read as text")
        node.content_type = "text/plain"
        node.content = decoded


_BARE_TYPES = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed", "image": "image/unknown"}


_Mark = tuple[int, int, bool]  # Where a delimiter line begins, where the next line does, and whether it opens a part.
_NO_MARKS: list[_Mark] = []


class _Source:
    """Some bytes and where their delimiter lines are, by what stands after the two dashes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._lines: dict[bytes, list[_Mark]] | None = None

    def spans(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """(begin, end) of each part between `start` and `end`. A closing delimiter may be missing, or be followed by
        further parts: senders who use one boundary on two levels write that.
        """
        if self._lines is None:
            self._lines = self._index()
        marks = self._lines.get(boundary, _NO_MARKS)
        if marks and (marks[0][0] < start or marks[-1][0] >= end):
            marks = marks[bisect_left(marks, (start,)) : bisect_left(marks, (end,))]
        spans = []
        for (_, after, opens), (stop, _, _) in pairwise(marks):
            if opens:
                spans.append((after, self._before_break(after, stop)))
        if marks and marks[-1][2]:
            spans.append((marks[-1][1], end))
        return spans

    def _before_break(self, start: int, at: int) -> int:
        """`at` without the line break that belongs to the delimiter."""
        if at > start and self.raw[at - 1] == 10:
            at -= 1
            if at > start and self.raw[at - 1] == 13:
                at -= 1
        return at

    def _index(self) -> dict[bytes, list[_Mark]]:
        raw = self.raw
        lines: dict[bytes, list[_Mark]] = {}
        at = -1 if raw.startswith(b"--") else raw.find(b"\n--")
        found = raw.startswith(b"--") or at != -1
        while found:
            stop = raw.find(b"\n", at + 1)
            after = len(raw) if stop == -1 else stop + 1
            line = raw[at + 3 : after].rstrip()
            lines.setdefault(line, []).append((at + 1, after, True))
            if line.endswith(b"--"):
                lines.setdefault(line[:-2], []).append((at + 1, after, False))
            at = raw.find(b"\n--", stop) if stop != -1 else -1
            found = at != -1
        return lines
