"""An operator's HTML in the subset that Telegram takes: inline formatting, and lines where the page has blocks.

Telegram shows every line end of the source, and knows no named characters but four (Bot API, "HTML style").
"""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

import nh3

_INLINE = {"b", "strong", "i", "em", "u", "ins", "s", "del", "code", "pre", "a", "blockquote"}
_PARAGRAPHS = {"p", "ul", "ol", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
_LINES = {"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "hr"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_CELLS = {"td", "th"}
_TAGS = _INLINE | _PARAGRAPHS | _LINES | _CELLS | {"br", "thead", "tbody"}
_LINKS = {"http", "https", "mailto", "tel", "tg"}


def telegram_html(html: str) -> str:
    """What it does not know is left out, its words stay."""
    clean = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None, url_schemes=_LINKS)
    page = _Page()
    page.feed(clean)
    page.close()
    return page.text()


class _Page(HTMLParser):
    """Put together of well-formed HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._breaks = 0
        """Line ends that come before the next word."""
        self._space = False
        self._pre = 0
        self._lists: list[int] = []
        self._cells = 0
        self._links: list[bool] = []
        """Of each open link, whether it leads anywhere."""

    def text(self) -> str:
        return "".join(self._out).strip()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._breaks, self._space = self._breaks + 1, False
        elif tag in _PARAGRAPHS:
            self._break(2)
        elif tag in _LINES:
            self._break(1)
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ul" else 1)
        elif tag == "li":
            self._word(self._bullet())
        elif tag == "tr":
            self._cells = 0
        elif tag in _CELLS:
            self._cell()
        self._opens(tag, dict(attrs))

    def _opens(self, tag: str, attrs: dict[str, str | None]) -> None:
        if tag == "a":
            self._links.append(bool(attrs.get("href")))
            if self._links[-1]:
                self._word(f'<a href="{escape(attrs["href"] or "")}">')
        elif tag in _INLINE:
            self._word(f"<{tag}>")
        elif tag in _HEADINGS:
            self._word("<b>")
        self._pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._out += ["</a>"] if self._links.pop() else []
        elif tag in _INLINE:
            self._out.append(f"</{tag}>")
        elif tag in _HEADINGS:
            self._out.append("</b>")
        self._pre -= tag == "pre"
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag in _PARAGRAPHS:
            self._break(2)
        elif tag in _LINES:
            self._break(1)

    def handle_data(self, data: str) -> None:
        if self._pre:
            self._word(escape(data, quote=False))
            return
        words = " ".join(data.replace("\u00a0", "\x00").split()).replace("\x00", "\u00a0")
        if not words:
            self._space = self._space or bool(data)
            return
        before = data[0].isspace() and data[0] != "\u00a0"
        self._space = self._space or before
        self._word(escape(words, quote=False))
        self._space = data[-1].isspace() and data[-1] != "\u00a0"

    def _word(self, word: str) -> None:
        if self._breaks:
            self._out.append("\n" * self._breaks if self._out else "")
        elif self._space and self._out:
            self._out.append(" ")
        self._breaks, self._space = 0, False
        self._out.append(word)

    def _break(self, lines: int) -> None:
        lines = 1 if self._lists else lines
        self._breaks, self._space = max(self._breaks, lines), False

    def _bullet(self) -> str:
        if self._lists and self._lists[-1]:
            self._lists[-1] += 1
            return f"{self._lists[-1] - 1}. "
        return "• "

    def _cell(self) -> None:
        if self._cells:
            self._word(" | ")
        self._cells += 1
