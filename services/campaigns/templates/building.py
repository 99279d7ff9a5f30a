"""Builds a template from what a marketer wrote: MJML to HTML, its plain part, links, variables, problems.

Runs in a process apart (`hub.kit.apart`): what it is given may loop, or take all memory.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from services.campaigns.templates.markup import (
    HONEYPOT,
    cut_at_end,
    honeypot,
    plain_of,
    problems_of,
    with_links,
    with_preheader,
)
from services.campaigns.templates.syntax import Pieces, parsed, unknown_names, variables_of

BUILD = "services.campaigns.templates.building:build"
Written = Mapping[str, str]
"""`subject`, `preheader`, `mjml`, `html`, `text`: what is not given is empty."""
_PIXEL = "\x00pixel\x00"


def build(channel: str, written: Written) -> dict[str, Any]:
    """What is stored of one language of a template: JSON values.

    `problems` are `[level, field, words]`; with an `error` among them it cannot be used. `pieces` is none where it
    takes the long way, and then `sources` are rendered for each recipient.
    """
    problems: list[list[str]] = []
    html = _page(written, problems) if channel == "email" else ""
    sources = {"subject": written.get("subject", ""), "text": _text(written, html), "html": ""}
    links: list[str] = []
    if html:
        problems += [[level, _field(written), words] for level, words in problems_of(html)]
        marked, links = with_links(with_preheader(html, written.get("preheader", "")))
        sources["html"] = marked
    trees = dict(_trees(sources, problems, written))
    slots = Pieces([])
    pieces = _pieces(slots, trees) if len(trees) == len([s for s in sources.values() if s]) else None
    if not any(written.get(name) for name in ("text", "html", "mjml")):
        problems.append(["error", _field(written), "it says nothing; write text, html or mjml"])
    return {
        "sources": sources,
        "links": links,
        "variables": sorted({name for tree in trees.values() for name in variables_of(tree)}),
        "pieces": pieces,
        "slots": [slot.as_json() for slot in slots.slots] if pieces else [],
        "problems": problems,
        "size": len(sources["html"].encode()) or len(sources["text"].encode()),
    }


def _field(written: Written) -> str:
    return "mjml" if written.get("mjml") else "html" if written.get("html") else "text"


def _page(written: Written, problems: list[list[str]]) -> str:
    if not (mjml := written.get("mjml", "")):
        return written.get("html", "")
    from mjml import mjml2html

    try:
        return str(mjml2html(mjml))
    except ValueError as exc:
        problems.append(["error", "mjml", f"no MJML: {exc}"])
        return ""


def _text(written: Written, html: str) -> str:
    return written.get("text", "") or (plain_of(html) if html else "")


def _trees(
    sources: Mapping[str, str], problems: list[list[str]], written: Written
) -> Iterator[tuple[str, nodes.Template]]:
    for part, source in sources.items():
        field = _field(written) if part == "html" or (part == "text" and not written.get("text")) else part
        if not source:
            continue
        try:
            tree = parsed(source, html=part == "html")
        except TemplateSyntaxError as exc:
            problems.append(["error", field, f"line {exc.lineno}: {exc.message}"])
            continue
        problems += [told for words in unknown_names(tree) if (told := ["error", field, words]) not in problems]
        yield part, tree


def _pieces(slots: Pieces, trees: Mapping[str, nodes.Template]) -> dict[str, Any] | None:
    found: dict[str, Any] = {"subject": [], "text": [], "html": None}
    for part, tree in trees.items():
        pieces = slots.of(tree, html=part == "html")
        if pieces is None:
            return None
        found[part] = pieces
    if found["html"] is not None:
        found["html"] = _closed(found["html"])
    return found


def _closed(pieces: list[Any]) -> list[Any]:
    """With the picture of one point and the link that nobody sees, before the page ends."""
    last = pieces[-1] if pieces and isinstance(pieces[-1], str) else ""
    before, after = cut_at_end(last)
    trap, end = honeypot(_PIXEL).split(_PIXEL)
    kept = pieces[:-1] if last else pieces
    return [*kept, before + trap, ["link", HONEYPOT, [["page", "view"]]], end, ["pixel"], after]
