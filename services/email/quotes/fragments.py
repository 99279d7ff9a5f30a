"""Tells apart, line by line, what the sender wrote, what he quotes and how he signs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.email.quotes.advertisements import is_advertisement
from services.email.quotes.headers import HORIZONTAL, LONGEST_LINE, Header, Opening, header_at, resembles_attribution
from services.email.quotes.initials import initialed
from services.email.quotes.signatures import afterthought, clear_signed, signature_at

MOST_LINES = 10_000
"""Lines told apart one by one; what a longer mail has beyond them is taken as one line."""


class Part(IntEnum):
    """What a line is part of."""

    NEW = 0
    QUOTED = 1
    SIGNATURE = 2


@dataclass(frozen=True)
class Lines:
    """The lines of a mail and, one byte each, what is known of them before looking at their words."""

    texts: list[str]
    parts: bytearray

    @classmethod
    def of(cls, text: str) -> "Lines":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "wrote:" in text:
            text = _GLUED.sub(r"\1\n", text, MOST_LINES)
        texts = text.split("\n", MOST_LINES)
        marked = bytearray(Part.QUOTED if is_marked(line) else Part.NEW for line in texts)
        marked = _without_prompts(texts, marked)
        for at in initialed(texts[:MOST_LINES]):
            marked[at] = Part.QUOTED
        return cls(texts, marked)

    @classmethod
    def capped(cls, texts: list[str], parts: bytearray) -> "Lines":
        """At most `MOST_LINES` and one: the lines beyond are one, and part of what the first of them is."""
        if len(texts) <= MOST_LINES + 1:
            return cls(texts, parts)
        return cls([*texts[:MOST_LINES], "\n".join(texts[MOST_LINES:])], parts[: MOST_LINES + 1])


@dataclass(frozen=True)
class Told:
    """The parts of each line, and whether the mail says whom it answers and marks what it quotes of him."""

    parts: bytearray
    answers: bool


_GLUED = re.compile(
    r"^(?=[^\n]{1,400}wrote:[ \t]*$)([^>\n][^\n]{0,200}?\S)[ \t]+"
    r"(?=On (?:mon|tue|wed|thu|fri|sat|sun|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|\d)[^\n]{8,200}wrote:[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
"""An attribution that a mail program set behind the last word of the reply, without a line break."""
_PROMPT = re.compile(r"[ \t]*>>> ")


def tell(lines: Lines, *, first: bool = False) -> Told:
    """What each line is part of. Linear: every line is looked at a bounded number of times. A `first` letter answers
    none: the head of another one that stands in it was put there by its writer, who goes on below.
    """
    signed = _clear_signed(lines)
    parts, answers = _quotes(lines, first=first)
    if signed:
        parts[: signed[0]] = bytes([Part.SIGNATURE]) * signed[0]
        parts[signed[1] :] = bytes([Part.SIGNATURE]) * (len(parts) - signed[1])
    _join_wrapped(lines.texts, parts)
    _signatures(lines.texts, parts)
    return Told(parts, answers or _is_answer(lines))


def _clear_signed(lines: Lines) -> tuple[int, int] | None:
    """See `clear_signed`, from the first line with words on."""
    first = _first_words(lines.texts, 0)
    found = clear_signed(lines.texts[first:])
    return (first + found[0], first + found[1]) if found else None


def _is_answer(lines: Lines) -> bool:
    """Whether what was marked as quoted begins with whom it quotes."""
    first = _first_words(lines.texts, max(lines.parts.find(Part.QUOTED), 0))
    if first == len(lines.texts) or lines.parts[first] != Part.QUOTED:
        return False
    header = header_at(lines.texts, first)
    return header is not None and header.opening is Opening.REPLY


def is_marked(line: str) -> bool:
    """Whether the line begins with the quotation mark of plain text."""
    return (line[:1] == ">" or line[:5].lstrip()[:1] == ">") and not _is_arrow(line)


def _is_arrow(line: str) -> bool:
    """A line that begins with a comparison or a shell's redirection, not with a quotation mark (">= 5")."""
    return line.lstrip()[:2] in {">=", ">-"}


def _without_prompts(texts: Sequence[str], marked: bytearray) -> bytearray:
    """Python's ">>> " is no quotation where nothing is quoted once or twice."""
    at = marked.find(Part.QUOTED)
    prompts = []
    while at != -1:
        if _PROMPT.match(texts[at]) is None:
            return marked
        prompts.append(at)
        at = marked.find(Part.QUOTED, at + 1)
    for prompt in prompts:
        marked[prompt] = Part.NEW
    return marked


_MOST_LOOKS = 1_500
"""Lines that resemble an attribution and are none; in a mail with more of them no further header is looked for."""


_HEADER_SIGN = re.compile(
    r"[@<>:：#\]]|[-_=*~‐–—] ?[-_=*~‐–—]|above this|выше этой|над этой|dieser Zeile|dieser Linie|cette ligne|"
    r"esta línea"
)
"""One of these is in every header that is known; a letter without any is not searched line by line."""


def _quotes(lines: Lines, *, first: bool) -> tuple[bytearray, bool]:
    parts = bytearray(lines.parts)
    if not any(map(_HEADER_SIGN.search, lines.texts)):
        return parts, False
    at, count, answers, looks = 0, len(parts), False, 0
    while at < count and looks < _MOST_LOOKS:
        if parts[at] != Part.NEW:
            at = _next(parts, at)
            continue
        header = header_at(lines.texts, at) if lines.texts[at].strip() else None
        if header and first and header.fields and _with_rule(lines.texts, parts, at) == at:
            header = None
        end = _quoted_to(lines.texts, parts, at, header) if header else None
        if header is None or end is None:
            looks += resembles_attribution(lines.texts, at)
            at += 1
            continue
        start = _with_rule(lines.texts, parts, at)
        parts[start:end] = bytes([Part.QUOTED]) * (end - start)
        answers = answers or (end < count and header.opening in {Opening.REPLY, Opening.HINT})
        at = end
    return parts, answers


def _next(parts: bytearray, at: int) -> int:
    found = parts.find(Part.NEW, at)
    return len(parts) if found == -1 else found


_MOST_HEADERS = 8
"""Headers right under one another that are followed; a letter has two or three, a hostile one thousands."""


def _quoted_to(texts: Sequence[str], parts: bytearray, at: int, header: Header) -> int | None:
    """Where the quote under this header begins to be marked, or the mail ends; None if it is no header.

    A header may itself be wrapped into the marked lines ("On … Anna" above "> <a@b.example> wrote:").
    """
    for depth in range(_MOST_HEADERS):
        first = _below(texts, parts, at, header)
        if first < len(texts) and parts[first] == Part.QUOTED:
            return first
        if header.opening is Opening.HINT:
            return len(texts) if depth else None
        inner = header_at(texts, first) if first < len(texts) and header.opening is not Opening.REPLY else None
        if inner is None:
            return len(texts)
        at, header = first, inner
    return len(texts)


def _below(texts: Sequence[str], parts: bytearray, at: int, header: Header) -> int:
    """The first line with words under this header; marked lines end a header that runs into them."""
    below = at + header.height
    if parts[at:below].count(Part.QUOTED):
        below = parts.find(Part.QUOTED, at)
    return _first_words(texts, below)


def _first_words(texts: Sequence[str], at: int) -> int:
    while at < len(texts) and not texts[at].strip():
        at += 1
    return at


def _with_rule(texts: Sequence[str], parts: bytearray, at: int) -> int:
    """The line where the quote begins once the drawn rule above its header is counted in."""
    above = at - 1
    while above >= 0 and at - above <= 3 and parts[above] == Part.NEW and not texts[above].strip():
        above -= 1
    if (
        above >= 0
        and parts[above] == Part.NEW
        and len(texts[above]) < LONGEST_LINE
        and HORIZONTAL.match(texts[above])
    ):
        return above
    return at


_LONG = 60
_SHORT = 30


def _join_wrapped(texts: Sequence[str], parts: bytearray) -> None:
    """The end of a quoted line that a mail program broke off belongs to the quote it was broken from."""
    at = parts.find(Part.QUOTED)
    while at != -1 and at + 2 < len(parts):
        stray, after = at + 1, at + 2
        if parts[stray] == Part.NEW and parts[after] == Part.QUOTED and _is_broken_off(texts[at], texts[stray]):
            parts[stray] = Part.QUOTED
        at = parts.find(Part.QUOTED, at + 1)


def _is_broken_off(before: str, line: str) -> bool:
    return (
        len(before) >= _LONG
        and 0 < len(line.strip()) <= _SHORT
        and line[0].islower()
        and not line.rstrip().endswith((".", "!", "?"))
    )


def _signatures(texts: Sequence[str], parts: bytearray) -> None:
    """Signs are looked for at the end of every run of new lines that a quote or the mail's end follows."""
    for start, end in runs(bytes(parts), Part.NEW):
        _sign(texts, parts, start, end)


_RUNS = {part: re.compile(re.escape(bytes([part])) + b"+") for part in Part}


def runs(parts: bytes, part: Part) -> list[tuple[int, int]]:
    """Where the unbroken runs of one part begin and end."""
    return [match.span() for match in _RUNS[part].finditer(parts)]


def _sign(texts: Sequence[str], parts: bytearray, start: int, end: int) -> None:
    window = max(start, end - 200)
    cut = window + signature_at(texts[window:end])
    parts[cut:end] = bytes([Part.SIGNATURE]) * (end - cut)
    if written := afterthought(texts[cut:end]):
        parts[cut + written[0] : cut + written[1]] = bytes([Part.NEW]) * (written[1] - written[0])
    last = next((at for at in range(cut - 1, window - 1, -1) if texts[at].strip()), start)
    for at in range(window, cut):
        if (at in (start, last) or not texts[at - 1].strip()) and is_advertisement(texts[at]):
            parts[at] = Part.SIGNATURE
