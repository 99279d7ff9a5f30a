"""HTML of a mail made safe to show: sanitised, remote images held back and counted."""

import re
import threading
from collections import Counter
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

import nh3

from hub.kit import safe_css

_HELD = "held:"
"""Before the address of an image that was held back: a scheme that nothing loads."""
_REMOTE = re.compile(r"https?://", re.I)
_IMAGE = re.compile(r"<img(?:\s+[a-z]+=\"[^\"]*\")*\s*/?>")
"""As it stands in what was cleaned, where no other `<` is followed by a name."""
_ATTRIBUTE = re.compile(r"\s+([a-z]+)=\"([^\"]*)\"")
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
            return _held(value.strip())
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
    shown: an image keeps its place and its `alt`, only `cid:` sources stay. See `with_images`.
    """
    _judge.images, _judge.blocked = images, 0
    clean = _CLEANER.clean(html)
    return SafeHtml(clean, _judge.blocked)


def named_images(clean: str) -> Counter[str]:
    """The names after `cid:` of images in sanitised HTML, and how often each stands there."""
    sources = (_source(image) for image in _IMAGE.findall(clean))
    return Counter(unquote(source[4:]) for source in sources if source[:4].lower() == "cid:")


def with_images(clean: str, own: Mapping[str, str], *, remote: bool) -> str:
    """Sanitised HTML as it is shown: `cid:` images have the address that `own` gives for their name. Those that were
    held back have none, or with `remote` their own.
    """

    def shown(attribute: re.Match[str]) -> str:
        source = unescape(attribute[2])
        if attribute[1] != "src":
            return attribute[0]
        if source.startswith(_HELD):
            return attribute[0].replace(_HELD, "", 1) if remote else ""
        address = own.get(unquote(source[4:])) if source[:4].lower() == "cid:" else None
        return attribute[0] if address is None else f' src="{address}"'

    return _IMAGE.sub(lambda image: _ATTRIBUTE.sub(shown, image[0]), clean)


def _held(source: str) -> str | None:
    """None for one that is nowhere: a path beside a page that there is not."""
    address = f"https:{source}" if source.startswith("//") else source
    return f"{_HELD}{address}" if _REMOTE.match(address) else None


def _source(image: str) -> str:
    return next((unescape(found[2]) for found in _ATTRIBUTE.finditer(image) if found[1] == "src"), "")
