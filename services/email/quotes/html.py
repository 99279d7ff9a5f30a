"""Reads HTML mail as lines of text, each known to be quoted or not by the marks mail programs leave around quotes."""

import re
from collections import Counter
from dataclasses import dataclass, field

from services.email.quotes.fragments import Lines, Part, is_marked
from services.email.quotes.headers import header_at
from services.email.quotes.marks import marks_of, set_of
from services.email.quotes.tags import Tag, cut

_VOID = set_of("br hr img meta link input base col area wbr embed source track param")
_BLOCKS = set_of(
    """
    div tr li ul ol dl dt dd table tbody thead blockquote section article header footer center form address body html
    main aside nav fieldset figure pre
    """
)
_SPACED = set_of("p h1 h2 h3 h4 h5 h6")
_TIGHT_SHEET = re.compile(r"(?<![\w#-])p\s{0,9}\{[^{}]{0,200}margin(?:-top|-bottom)?:\s*0", re.IGNORECASE)
_HEAD = 20_000
_MOST_LOOKS = 2_000
"""Unmarked block quotes above which a header is looked for."""
_SPACES = re.compile(r"[ \t\r\n\f\u00a0\u200b\ufeff]+")


@dataclass(frozen=True)
class Page:
    """An HTML mail as lines; `marked` if its program marked any quote or signature."""

    lines: Lines
    marked: bool


@dataclass(slots=True)
class _Open:
    """An element not yet closed, and what ends with it."""

    name: str
    part: Part | None = None
    hidden: bool = False
    tight: bool = False
    holds: int | None = None
    """For an element that holds quote and answer alike (Gmail's): the line it began at."""


@dataclass(slots=True)
class _Reader:
    tight: bool = False
    """Whether the mail's own style sheet leaves no space between paragraphs."""
    texts: list[str] = field(default_factory=list)
    parts: bytearray = field(default_factory=bytearray)
    words: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    quoted: int = 0
    """Open elements that quote."""
    signed: int = 0
    """Open elements that sign."""
    hidden: int = 0
    kept: int = 0
    rest: bool = False
    holding: bool = False
    marked: bool = False
    looks: int = 0

    def text(self, text: str) -> None:
        if self.hidden:
            return
        if not self.kept:
            self.words.append(text)
            return
        first, *others = text.replace("\r\n", "\n").split("\n")
        self.words.append(first)
        for line in others:
            self.end_line()
            self.words.append(line)

    def tag(self, tag: Tag) -> None:
        if tag.closing:
            self.close(tag.name)
        elif tag.name in _VOID:
            self.void(tag)
        else:
            self.start(tag)

    def void(self, tag: Tag) -> None:
        if tag.name == "br":
            self.end_line()
        elif tag.name == "hr":
            self.new_line()
            if marks_of(tag).begins_letter:
                self._rest()

    def start(self, tag: Tag) -> None:
        element = self._element(tag)
        self._space(element)
        if element.part is not None or element.holds is not None:
            self.new_line()
            self.marked = True
        self.stack.append(element)
        self.open[tag.name] += 1
        self.hidden += element.hidden
        self.kept += tag.name == "pre"
        self._deepen(element.part, 1)

    def close(self, name: str) -> None:
        if not self.open[name]:
            if name == "p":
                self.end_line()
            return
        while True:
            element = self.stack.pop()
            self._leave(element)
            if element.name == name:
                return

    def _leave(self, element: _Open) -> None:
        self.open[element.name] -= 1
        if element.part is not None or element.holds is not None:
            self.new_line()
        self._space(element)
        self.hidden -= element.hidden
        self.kept -= element.name == "pre"
        self._deepen(element.part, -1)
        if element.holds is not None:
            self._settle(element.holds)
            self.holding = False

    def _deepen(self, part: Part | None, by: int) -> None:
        if part is Part.QUOTED:
            self.quoted += by
        elif part is Part.SIGNATURE:
            self.signed += by

    def _element(self, tag: Tag) -> _Open:
        marks = marks_of(tag)
        tight = self.tight or marks.tight
        if marks.begins_letter:
            self._rest()
            return _Open(tag.name, tight=tight)
        if marks.holds_letter and not (self.holding or self.quoted):
            self.holding = True
            self.new_line()
            return _Open(tag.name, tight=tight, holds=len(self.texts))
        part = marks.part
        if part is None and tag.name == "blockquote" and self._introduced():
            part = Part.QUOTED
        return _Open(tag.name, part, marks.hidden, tight)

    def _rest(self) -> None:
        self.new_line()
        self.rest = self.marked = True

    def _introduced(self) -> bool:
        """Whether the last lines written are the header of a quote."""
        self.new_line()
        self.looks += 1
        if self.looks > _MOST_LOOKS:
            return False
        end = len(self.texts)
        while end and not self.texts[end - 1].strip() and end > len(self.texts) - 4:
            end -= 1
        if not end or not self.texts[end - 1].endswith((":", "：", ">", "-")):
            return False
        for start in range(end - 1, max(0, end - 4) - 1, -1):
            header = header_at(self.texts[start:end], 0)
            if header is not None and header.height == end - start:
                return True
        return False

    def _settle(self, start: int) -> None:
        """In what Gmail holds together: the attribution and the quotes are quoted, what stands under them is new."""
        first = self.parts.find(Part.QUOTED, start)
        above = next((line for line in self.texts[start:] if line.strip()), "")
        end = len(self.parts) if first == -1 or above.startswith(("---", "Begin forwarded")) else first
        self.parts[start:end] = bytes([Part.QUOTED]) * (end - start)

    def _space(self, element: _Open) -> None:
        """The line break, or the blank line, that an element's edge is shown as."""
        name = element.name
        if name in _SPACED:
            self.new_line()
            if self.texts and self.texts[-1].strip() and not element.tight:
                self._append("")
        elif name in _BLOCKS:
            self.new_line()
        elif name in {"td", "th"}:
            self.words.append(" ")

    def new_line(self) -> None:
        if any(self.words) and "".join(self.words).strip(" \t\r\n\f\u200b\ufeff"):
            self.end_line()
        else:
            self.words.clear()

    def end_line(self) -> None:
        text = "".join(self.words)
        self.words.clear()
        self._append(text.replace("\u00a0", " ").rstrip() if self.kept else _SPACES.sub(" ", text).strip())

    def _append(self, line: str) -> None:
        self.texts.append(line)
        self.parts.append(self._current(line))

    def _current(self, line: str) -> Part:
        if self.rest or self.quoted or is_marked(line):
            return Part.QUOTED
        return Part.SIGNATURE if self.signed else Part.NEW


def read(html: str) -> Page:
    """The lines of this mail as a person sees them. Never raises; linear."""
    reader = _Reader(tight=_TIGHT_SHEET.search(html, 0, _HEAD) is not None)
    for token in cut(html):
        if isinstance(token, Tag):
            reader.tag(token)
        else:
            reader.text(token)
    reader.new_line()
    while reader.stack:
        reader.close(reader.stack[-1].name)
    return Page(Lines.capped(reader.texts, reader.parts), reader.marked)
