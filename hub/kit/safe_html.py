"""HTML of a mail made safe to show: sanitised, remote images held back and counted."""

import threading
from typing import NamedTuple

import nh3

from hub.kit import safe_css

_SCHEMES = {"http", "https", "mailto", "tel", "cid", "ftp"}
_TAGS = nh3.ALLOWED_TAGS | {"font", "center", "section", "article", "address"}
_LAYOUT = {"style", "align", "valign", "width", "height", "bgcolor", "color", "border", "cellpadding", "cellspacing"}
# Without `cite`: an address that nobody is shown, and that what shows the page may follow.
_ATTRIBUTES = {tag: set(names) - {"cite"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_ATTRIBUTES["*"] = {"title", "dir", "lang"}
for _tag in (
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "thead",
    "p",
    "div",
    "span",
    "font",
    "h1",
    "h2",
    "h3",
    "li",
    "ul",
    "a",
):
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | _LAYOUT
_ATTRIBUTES["font"] = _ATTRIBUTES["font"] | {"face", "size"}
_ATTRIBUTES["img"] = {"src", "alt", "width", "height", "style"}
_ATTRIBUTES["blockquote"] = {"style", "type"}


class SafeHtml(NamedTuple):
    """The HTML, and how many remote images were held back."""

    html: str
    blocked: int


class _Judge(threading.local):
    """Decides on attributes, and counts the remote images that it holds back."""

    images = False
    blocked = 0

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return safe_css.safe(value) or None
        if tag == "img" and name == "src" and not self.images and not value.strip().lower().startswith("cid:"):
            self.blocked += 1
            return None
        return value


_judge = _Judge()
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_judge,
    url_schemes=_SCHEMES,
    link_rel="noopener noreferrer nofollow",
)
"""Made once: what it allows takes longer to hand over than a letter to clean."""


def sanitise(html: str, *, images: bool = False) -> SafeHtml:
    """No script, form, frame or style sheet is left. Without `images`, nothing is fetched from afar when this is
    shown: an image keeps its place and its `alt`, only `cid:` sources stay.
    """
    _judge.images, _judge.blocked = images, 0
    clean = _CLEANER.clean(html)
    return SafeHtml(clean, _judge.blocked)
