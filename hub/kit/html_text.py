"""HTML as readable plain text, in one pass over the source."""

import re
from html import unescape

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:_-]*)")
_ATTRIBUTE = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+=\s*+(?:"([^"]*)"?|'([^']*)'?|([^\s"'>]++))""")
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.I)
_KEEPS_SPACE = re.compile(r"(?:^|[;\s])white-space(?:-collapse)?\s*:\s*(?:pre|preserve|break-spaces)", re.I)
_BREAKS = re.compile(r"\n{3,}")
_INVISIBLE = re.compile("[\u200b\u200c\u2060\ufeff\u00ad\u034f\x00]+")

_SKIPPED = frozenset({"style", "script", "head", "title", "noscript", "template", "svg", "math", "object", "select"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote"})
_BLOCKS = frozenset(
    {
        "div",
        "tr",
        "li",
        "dt",
        "dd",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "form",
        "fieldset",
        "center",
        "address",
        "body",
        "html",
        "tbody",
        "thead",
        "tfoot",
        "caption",
        "figure",
        "figcaption",
        "details",
        "summary",
        "legend",
        "option",
    }
)
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "wbr", "source", "embed"})
_MOST_BLANKS = 2
_LINKS = ("http://", "https://", "mailto:", "tel:", "ftp://")


def to_text(html: str) -> str:
    """What a person would read: line breaks where the page has them, `> ` before quotations, `- ` before list items,
    a link's target after its text. Styles, scripts, comments and hidden elements are left out.
    """
    page = _Page(hide=True)
    text = page.read(html)
    return _Page(hide=False).read(html) if not text and page.hid else text


class _Page:
    """The text put together so far."""

    def __init__(self, *, hide: bool) -> None:
        self._hide = hide
        self.hid = False  # Whether some element was left out because its style hides it.
        self._out: list[str] = []
        self._line: list[str] = []
        self._blank = True
        self._space = False
        self._quotes = 0
        self._indent = 0
        self._pre = 0
        self._styled: list[tuple[str, int]] = []
        """Elements whose style keeps blanks and line ends (CSS Text 3), each with how many of its name are open."""
        self._lists: list[int] = []
        self._link: tuple[str, int, int] | None = None
        self._blanks = 0
        self._skip = ""
        self._depth = 0

    def read(self, html: str) -> str:
        """The text of the whole page."""
        at, size = 0, len(html)
        comment_ends = tag_ends = True
        while at < size:
            start = html.find("<", at)
            if start == -1 or not tag_ends:
                self._text(html[at:])
                break
            if start > at:
                self._text(html[at:start])
            if comment_ends and html.startswith("<!--", start):
                end = html.find("-->", start + 4)
                comment_ends = end != -1
                if comment_ends:
                    at = end + 3
                    continue
            if not html.startswith(("/", "!", "?"), start + 1) and not html[start + 1 : start + 2].isalpha():
                self._text("<")
                at = start + 1
                continue
            end = _tag_end(html, start)
            tag_ends = end != -1
            if tag_ends:
                self._tag(html[start:end])
            at = end if tag_ends else start
        self._break(0)
        return _BREAKS.sub("\n\n", "\n".join(self._out)).strip("\n")

    def _text(self, raw: str) -> None:
        if self._skip:
            return
        text = _unescape(raw) if "&" in raw else raw
        if not text.isascii():
            text = _INVISIBLE.sub("", text).replace("\u00a0", " ") if not self._pre else text
        if self._pre:
            self._preformatted(text)
            return
        body = " ".join(text.split())
        if not body:
            self._space = self._space or bool(text)
            return
        if self._line and (self._space or text[0].isspace()):
            self._line.append(" ")
        self._line.append(body)
        self._space = text[-1].isspace()

    def _preformatted(self, text: str) -> None:
        first, *rest = text.replace("\r\n", "\n").split("\n")
        self._line.append(first)
        for line in rest:
            self._flush(keep=True)
            self._line.append(line)

    def _flush(self, *, keep: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if keep else " " * self._indent + line.strip(" \t")
        self._indent = 0
        self._blanks = 0 if line else self._blanks + 1
        if self._blanks > _MOST_BLANKS:
            self._line, self._space = [], False
            return
        self._out.append(f"{'> ' * self._quotes}{line}".rstrip())
        self._line = []
        self._space = False
        self._blank = not line

    def _break(self, blank_lines: int) -> None:
        """Ends the line; `blank_lines` (0 or 1) asks for an empty one after it."""
        if self._line:
            self._flush(keep=self._pre > 0)
        else:
            self._line = []
            self._space = False
        if blank_lines and self._out and not self._blank:
            self._flush()

    def _tag(self, tag: str) -> None:
        match = _TAG.match(tag)
        if match is None:
            return
        name, closing = match[1].lower(), tag.startswith("</")
        if self._skip:
            self._skipped(name, closing, tag)
        elif closing:
            self._closes_styled(name)
            self._close(name)
        else:
            self._open(name, tag)

    def _skipped(self, name: str, closing: bool, tag: str) -> None:
        if name == "body" and not closing:
            self._skip = ""  # A head or a title that was never closed.
        elif name == self._skip and not tag.endswith("/>"):
            self._depth += -1 if closing else 1
            if self._depth <= 0:
                self._skip = ""

    def _open(self, name: str, tag: str) -> None:
        style = _attribute(tag, "style") if name not in _VOID and "tyle" in tag.lower() else ""
        hidden = self._hide and _HIDDEN.search(style) is not None
        self.hid |= hidden
        if name in _SKIPPED or hidden:
            if not tag.endswith("/>"):
                self._skip, self._depth = name, 1
            return
        if name not in _VOID and not tag.endswith("/>"):
            self._opens_styled(name, style)
        if name in _PARAGRAPHS:
            self._break(1 if not self._lists or name not in ("ul", "ol") else 0)
            self._enter(name)
        elif name in _BLOCKS:
            self._break(0)
            if name == "li":
                self._item()
        elif name == "br":
            self._flush(keep=self._pre > 0)
        elif name in ("td", "th"):
            if self._line:
                self._line.append("\t")
            self._space = False
        else:
            self._open_inline(name, tag)

    def _opens_styled(self, name: str, style: str) -> None:
        if self._styled and self._styled[-1][0] == name:
            self._styled[-1] = (name, self._styled[-1][1] + 1)
        elif _KEEPS_SPACE.search(style):
            if name in _PARAGRAPHS or name in _BLOCKS:
                self._break(0)
            self._styled.append((name, 1))
            self._pre += 1

    def _closes_styled(self, name: str) -> None:
        if self._styled and self._styled[-1][0] == name:
            _, count = self._styled.pop()
            if count > 1:
                self._styled.append((name, count - 1))
            else:
                if name in _PARAGRAPHS or name in _BLOCKS:
                    self._break(0)
                self._pre -= 1

    def _enter(self, name: str) -> None:
        if name == "blockquote":
            self._quotes = min(self._quotes + 1, 50)
        elif name == "pre":
            self._pre += 1
        elif name in ("ul", "ol"):
            self._lists.append(0 if name == "ul" else 1)

    def _open_inline(self, name: str, tag: str) -> None:
        if name == "a":
            self._link = (_attribute(tag, "href").strip(), len(self._line), len(self._out))
        elif name == "img":
            alt = _attribute(tag, "alt").strip()
            if alt:
                self._text(f"[{alt}]")
        elif name == "hr":
            self._break(0)
            self._line.append("-" * 20)
            self._break(0)

    def _item(self) -> None:
        self._indent = 2 * max(0, min(len(self._lists), 20) - 1)
        if self._lists and self._lists[-1]:
            self._line.append(f"{self._lists[-1]}. ")
            self._lists[-1] += 1
        else:
            self._line.append("- ")

    def _close(self, name: str) -> None:
        if name == "a":
            self._close_link()
        elif name in _PARAGRAPHS:
            self._break(0)
            self._leave(name)
            if self._out and not self._blank and not (self._lists and name in ("ul", "ol")):
                self._flush()
        elif name in _BLOCKS:
            self._break(0)

    def _leave(self, name: str) -> None:
        if name == "blockquote" and self._quotes:
            self._quotes -= 1
        elif name == "pre" and self._pre:
            self._pre -= 1
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()

    def _close_link(self) -> None:
        if self._link is None:
            return
        (target, start, lines), self._link = self._link, None
        if not target.lower().startswith(_LINKS) or len(target) > 2000:
            return
        if len(self._out) > lines:  # The link holds whole lines.
            start = 0
        label = "".join(self._line[start:]).strip() or (self._out[lines] if len(self._out) > lines else "")
        bare = target.partition(":")[2].lstrip("/")
        if label and _plain(label) not in (_plain(target), _plain(bare)):
            self._line.append(f" <{target}>")


def _plain(link: str) -> str:
    link = link.lower().rstrip("/").partition("?subject")[0]
    return link.removeprefix("https://").removeprefix("http://").removeprefix("www.").removeprefix("mailto:")


def _tag_end(html: str, start: int) -> int:
    """Behind the ">" that ends the tag, one inside a quoted attribute passed over; -1 where there is none."""
    end = html.find(">", start)
    if html.find('"', start, end) == -1 and html.find("'", start, end) == -1:
        return end + 1 if end != -1 else -1
    for _ in range(3):
        if end == -1 or end - start > 10_000:
            break
        tag = html[start:end]
        quote = '"' if tag.count('"') % 2 else "'" if tag.count("'") % 2 and "='" in tag else ""
        if not quote:
            break
        close = html.find(quote, end, end + 2000)
        following = html.find(">", close) if close != -1 else -1
        if following == -1:
            break
        end = following
    return end if end == -1 else end + 1


def _attribute(tag: str, name: str) -> str:
    for match in _ATTRIBUTE.finditer(tag):
        if match[1].lower() == name:
            return _unescape(match[2] or match[3] or match[4] or "")
    return ""


def _unescape(text: str) -> str:
    try:
        return unescape(text)
    except (ValueError, OverflowError):
        return unescape(_LONG_REFERENCE.sub("\ufffd", text))
