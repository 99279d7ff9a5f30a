"""Splits a mail into what is new, what it quotes and how it is signed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.email.quotes.advertisements import is_advertisement
from services.email.quotes.fragments import Lines, Part, runs, tell
from services.email.quotes.html import read

_BLANK_ABOVE = re.compile(r"\A(?:[^\S\n]*+\n)++")


@dataclass(frozen=True)
class Split:
    """The parts of a mail's text, each without blank lines around it and with its inner lines untouched."""

    new_text: str
    quoted_text: str
    signature: str


def split(text: str, html: str | None = None, *, first: bool = False) -> Split:
    """What the sender of this mail wrote himself, apart from what he quotes and from his signature.

    `text` is the mail's plain text (or its HTML made readable), `html` its raw HTML, whose quotes are marked more
    surely. Between quotes, the new text is what is not quoted, in order. A letter handed on without a word of the
    sender's own is new as a whole. `first`: nothing says that it answers another letter. Never raises; linear in the
    length of both.
    """
    plain = _assembled(Lines.of(text), first=first)
    if not html:
        return plain
    page = read(html)
    marked = _assembled(page.lines, first=first)
    if not text.strip():
        return marked
    told_more = page.marked or (marked.quoted_text and not plain.quoted_text)
    return _reconciled(text, plain, marked) if told_more else plain


def _assembled(lines: Lines, *, first: bool) -> Split:
    texts, told = lines.texts, tell(lines, first=first)
    parts = bytes(told.parts)
    new, quoted, signature = (_joined(texts, parts, part) for part in (Part.NEW, Part.QUOTED, Part.SIGNATURE))
    if new:
        return Split(new, quoted, signature)
    if not told.answers:
        return Split(_stripped(texts), "", "")
    if signature and not all(map(is_advertisement, signature.split("\n"))):
        return Split(signature, quoted, "")
    return Split("", quoted, signature)


def _joined(texts: Sequence[str], parts: bytes, part: Part) -> str:
    """The runs of one part, each without blank lines around it, with one blank line between."""
    found = (_stripped(texts[start:end]) for start, end in runs(parts, part))
    return "\n\n".join(run for run in found if run)


def _stripped(texts: Sequence[str]) -> str:
    """Without leading and trailing blank lines, and without blanks at the very end."""
    return _BLANK_ABOVE.sub("", "\n".join(texts)).rstrip()


# --- two renderings of one mail ---

_WORD = re.compile(r"<[^<>\s]{1,2000}>|\[(?:cid|image|img|http)[^\]\n]{0,2000}\]|https?://\S+|([^\W_]+)")

_MOST_COMPARED = 200_000


def _words(text: str) -> list[str]:
    """The words of a text, without the addresses that renderings of HTML put after links and images."""
    return [word for word in _WORD.findall(text, 0, _MOST_COMPARED) if word]


def _placed_words(text: str) -> list[re.Match[str]]:
    """The same, each with where it stands."""
    return [match for match in _WORD.finditer(text, 0, _MOST_COMPARED) if match[1]]


def _reconciled(text: str, plain: Split, marked: Split) -> Split:
    """What the HTML's marks say, in the words and lines of the plain text where these are the same letter."""
    wanted = _words(marked.new_text)
    if not wanted or wanted == _words(plain.new_text):
        return plain
    found = _words(text)
    if found[: len(wanted)] == wanted:
        return _cut_after(text, len(wanted), plain, marked)
    return marked if _is_same_letter(found, marked) else plain


def _cut_after(text: str, count: int, plain: Split, marked: Split) -> Split:
    found = _placed_words(text)
    end = text.find("\n", found[count - 1].end())
    end = len(text) if end == -1 else end
    if count < len(found):
        end = min(end, found[count].start())
    new = _stripped(text[:end].replace("\r\n", "\n").split("\n"))
    return Split(new, plain.quoted_text or marked.quoted_text, marked.signature)


def _is_same_letter(found: list[str], marked: Split) -> bool:
    """Whether most words of the plain text are in the HTML too; some mails carry two different letters."""
    known = {word for part in (marked.new_text, marked.quoted_text, marked.signature) for word in _words(part)}
    return 2 * sum(word in known for word in found) >= len(found)
