"""The HTML of a template: links found and marked, what mail programs would not bear, its plain part. Pure."""

import re
from collections.abc import Iterator
from html import unescape

from hub.kit.html_text import to_text

CLIPPED = 102_000
"""Bytes of HTML above which Gmail shows the beginning alone."""
HONEYPOT = 999
"""Number of the link that nobody sees: whoever follows it is a machine."""
_LINK = re.compile(r"""(<a\b[^<>]*?\bhref\s*=\s*)("|')(.*?)\2""", re.IGNORECASE | re.DOTALL)
_FORBIDDEN = re.compile(r"<\s*(script|form|iframe|object|embed|input|base|meta\s+http-equiv\s*=\s*.?refresh)\b", re.I)
_HANDLER = re.compile(r"""<[a-z][^<>]*?[\s"'/](on[a-z]+)\s*=""", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_PLACE = re.compile(r"https://p(\d+)\.place\.invalid/")
Problem = tuple[str, str]
"""`error` or `warning`, and the words."""


def problems_of(html: str) -> Iterator[Problem]:
    """What is wrong with a page as a mail."""
    if found := _FORBIDDEN.search(html):
        yield "error", f"<{found[1].split()[0].lower()}> is shown by no mail program; take it out"
    if handler := _HANDLER.search(html):
        yield "error", f"{handler[1].lower()}= is run by no mail program; take it out"
    size = len(html.encode())
    if size > CLIPPED:
        yield "warning", f"it has {size:,} bytes; Gmail shows the first {CLIPPED:,} and hides the rest"
    bare = sum(1 for image in _IMAGE.finditer(html) if not _ALT.search(image[0]))
    if bare:
        yield "warning", f"{bare} images have no alt; who does not load images sees nothing in their place"
    for _, _, url in links_of(html):
        yield from _problems_of_link(url)


def _problems_of_link(url: str) -> Iterator[Problem]:
    if url.startswith(("{{", "{%", "https://", "mailto:", "tel:", "#")):
        return
    if url.lower().startswith("http://"):
        yield "warning", f"{url[:80]} is not https"
    elif url.lower().startswith(("javascript:", "data:", "vbscript:", "file:")):
        yield "error", f"{url[:80]} is opened by no mail program; take it out"
    else:
        yield "error", f"{url[:80] or 'an empty href'} leads nowhere in a mail; write it whole, https://…"


def links_of(html: str) -> list[tuple[str, str, str]]:
    """Of each link what stands before its address, the quote, and the address as it is written."""
    return [(found[1], found[2], unescape(found[3]).strip()) for found in _LINK.finditer(html)]


def with_links(html: str) -> tuple[str, list[str]]:
    """The page with its web links marked for counting, and these as they are written, by their numbers."""
    counted: list[str] = []

    def marked(found: re.Match[str]) -> str:
        written = found[3].strip()
        if not written.startswith(("http://", "https://", "{{", "{%")) or _is_page(written):
            return found[0]
        if written not in counted:
            counted.append(written)
        number = counted.index(written)
        return f"{found[1]}{found[2]}{{% filter link({number}) %}}{written}{{% endfilter %}}{found[2]}"

    return _LINK.sub(marked, html), counted


def _is_page(written: str) -> bool:
    """It leads to a page of ours, which is signed anyhow."""
    return bool(re.fullmatch(r"\{\{\s*(unsubscribe|preferences|view)_url\s*\}\}", written))


def with_preheader(html: str, preheader: str) -> str:
    """The page with the words that lists of mails show behind the subject."""
    if not preheader:
        return html
    hidden = f'<div style="display:none;max-height:0;overflow:hidden">{preheader}</div>'
    body = _BODY.search(html)
    at = body.end() if body else 0
    return html[:at] + hidden + html[at:]


def cut_at_end(html: str) -> tuple[str, str]:
    """The page in two, where what stands last belongs between them."""
    ends = list(_BODY_END.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return html[:at], html[at:]


def honeypot(url: str) -> str:
    """A link that people do not see."""
    return f'<a href="{url}" style="display:none" tabindex="-1" aria-hidden="true"></a>'


def plain_of(html: str) -> str:
    """The plain part; places in addresses survive, what stands in braces is text."""
    places: list[str] = []

    def held(found: re.Match[str]) -> str:
        if not found[3].strip().startswith(("{{", "{%")):
            return found[0]
        places.append(found[3].strip())
        return f"{found[1]}{found[2]}https://p{len(places) - 1}.place.invalid/{found[2]}"

    text = to_text(_LINK.sub(held, html))
    return _PLACE.sub(lambda found: places[int(found[1])], text)
