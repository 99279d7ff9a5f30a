"""Formatted text as HTML that is safe to show, from Telegram's entities (offsets in UTF-16 units)."""

from collections.abc import Sequence
from html import escape

from hub.kit.safe_html import sanitise
from services.messaging.telegram.fields import Json, number, text

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}
_MOST = 200


def html_of(words: str, entities: Sequence[Json]) -> str:
    """Empty where nothing is formatted."""
    marks = [mark for one in entities[:_MOST] if (mark := _mark(one))]
    if not marks or not words:
        return ""
    units = words.encode("utf-16-le", "surrogatepass")
    opens: dict[int, str] = {}
    closes: dict[int, str] = {}
    for start, end, opening, closing in sorted(marks, key=lambda one: (one[0], -one[1])):
        opens[start] = opens.get(start, "") + opening
        closes[end] = closing + closes.get(end, "")
    cuts = sorted({0, len(units) // 2, *opens, *closes})
    parts = []
    for here, there in zip(cuts, [*cuts[1:], cuts[-1]], strict=True):
        parts += [closes.get(here, ""), opens.get(here, "")]
        parts.append(escape(units[2 * here : 2 * there].decode("utf-16-le", "replace")).replace("\n", "<br>"))
    # Marks may overlap in ways that HTML does not know; the sanitiser puts the tags right.
    return sanitise("".join(parts), images=False).html


def _mark(entity: Json) -> tuple[int, int, str, str] | None:
    start, length = number(entity, "offset"), number(entity, "length")
    if start is None or length is None or start < 0 or length <= 0 or start + length > 100_000:
        return None
    kind = text(entity, "type", limit=40)
    if kind == "text_link":
        link = escape(text(entity, "url", limit=2000), quote=True)
        return start, start + length, f'<a href="{link}">', "</a>"
    tag = _TAGS.get(kind)
    return (start, start + length, f"<{tag}>", f"</{tag}>") if tag else None
