"""Which parts are the body and which are attachments, after RFC 8621, 4.1.4."""

from dataclasses import dataclass, field

from services.email.mime.identity import normalise_message_id
from services.email.mime.tree import Node

_MEDIA = ("image/", "audio/", "video/")
_WRITTEN = ("text/plain", "text/html")
_DATA = ("text/calendar", "text/x-vcard", "text/vcard", "text/csv")


@dataclass(slots=True)
class Selection:
    """Leaves by role. A text may stand in both lists; what stands in neither is an attachment."""

    text: list[Node] = field(default_factory=list)
    html: list[Node] = field(default_factory=list)
    leaves: list[tuple[Node, bool]] = field(default_factory=list)  # With "inside multipart/related".


def select(root: Node) -> Selection:
    """The body texts of the tree in the order in which they are read."""
    chosen = Selection()
    if root.children is None:
        _single(root, chosen)
    else:
        _walk(root, chosen, chosen.text, chosen.html, inside_alternative=False, related=False)
        if not _has_words(chosen):
            _take_named(chosen)
    return chosen


def _has_words(chosen: Selection) -> bool:
    return any(node.content_type in _WRITTEN and node.content.strip() for node in (*chosen.text, *chosen.html))


def _take_named(chosen: Selection) -> None:
    """Where nothing else is the letter, a text is that only has a name."""
    for node, related in chosen.leaves:
        if (
            not related
            and node.content_type in _WRITTEN
            and node.disposition != "attachment"
            and node.content.strip()
        ):
            chosen.text.append(node)
            chosen.html.append(node)
            return


def _single(root: Node, chosen: Selection) -> None:
    chosen.leaves.append((root, False))
    if root.disposition != "attachment" and root.content_type.startswith("text/"):
        written = root.content_type in _WRITTEN
        if not written and (root.name or root.content_type in _DATA):
            return
        chosen.text.append(root)
        chosen.html.append(root)


def _walk(
    parent: Node,
    chosen: Selection,
    text: list[Node] | None,
    html: list[Node] | None,
    *,
    inside_alternative: bool,
    related: bool,
) -> None:
    kind = parent.content_type.partition("/")[2]
    before = (len(text) if text is not None else -1, len(html) if html is not None else -1)
    related = related or kind == "related"
    first = _root(parent) if kind == "related" else 0
    for number, node in enumerate(parent.children or ()):
        if node.children is not None:
            inside = inside_alternative or node.content_type == "multipart/alternative"
            _walk(node, chosen, text, html, inside_alternative=inside, related=related)
            continue
        chosen.leaves.append((node, related))
        if not _is_body(node, kind, first=number == first):
            continue
        if kind == "alternative":
            _pick(node, text, html)
            continue
        if inside_alternative and node.content_type == "text/plain":
            html = None
        elif inside_alternative and node.content_type == "text/html":
            text = None
        for body in (text, html):
            if body is not None and node.content_type.startswith("text/"):
                body.append(node)
    if kind == "alternative" and text is not None and html is not None:
        _complete(text, html, before)


def _root(related: Node) -> int:
    """Which part of a multipart/related shows the others (RFC 2387, 3.2): the one that `start` names, else the first,
    unless that is a picture and a page comes later.
    """
    children = related.children or []
    start = normalise_message_id(related.params.get("start", "").encode("utf-8", "replace"))
    names = [normalise_message_id(child.headers.filled(b"content-id") or b"") for child in children]
    if start and start in names:
        return names.index(start)
    return next((number for number, child in enumerate(children) if _may_be_root(child)), 0)


def _may_be_root(node: Node) -> bool:
    return node.children is not None or (node.content_type in _WRITTEN and node.disposition != "attachment")


def _is_body(node: Node, kind: str, *, first: bool) -> bool:
    """A name makes no attachment of what is one of several forms of the text (RFC 2183, 2)."""
    if node.disposition == "attachment":
        return False
    media = node.content_type.startswith(_MEDIA)
    if not media and node.content_type not in _WRITTEN:
        return False
    return first or (kind == "alternative" and not media) or (kind != "related" and (media or not node.name))


def _pick(node: Node, text: list[Node] | None, html: list[Node] | None) -> None:
    if node.content_type == "text/plain" and text is not None:
        text.append(node)
    elif node.content_type == "text/html" and html is not None:
        html.append(node)


def _complete(text: list[Node], html: list[Node], before: tuple[int, int]) -> None:
    """An alternative with one form only serves both."""
    texts, pages = before
    if len(text) == texts and len(html) > pages:
        text.extend(html[pages:])
    elif len(html) == pages and len(text) > texts:
        html.extend(text[texts:])
