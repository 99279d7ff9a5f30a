"""The styles of a mail that stay inside its frame: a list of what is allowed, everything else is dropped."""

import re

_SIDES = ("", "-top", "-right", "-bottom", "-left")
_CORNERS = ("", "-top-left", "-top-right", "-bottom-left", "-bottom-right")
_PLAIN = """
background background-color border-collapse border-spacing caption-side clear color cursor direction display
empty-cells float font font-family font-size font-size-adjust font-stretch font-style font-variant font-weight height
letter-spacing line-height list-style list-style-position list-style-type max-height max-width min-height min-width
mso-line-height-rule overflow overflow-wrap quotes table-layout text-align text-decoration text-decoration-color
text-decoration-line text-decoration-style text-indent text-overflow text-transform unicode-bidi vertical-align
white-space width word-break word-spacing word-wrap
"""
_PROPERTIES = frozenset(
    [
        *_PLAIN.split(),
        *(f"{name}{side}" for name in ("margin", "padding") for side in _SIDES),
        *(f"border{side}{what}" for side in _SIDES for what in ("", "-color", "-style", "-width")),
        *(f"border{corner}-radius" for corner in _CORNERS),
    ]
)
"""None that places a box by itself (`position`, `z-index`, `transform`, `inset`), fetches, or animates."""
_NO_MINUS = ("margin", "text-indent", "letter-spacing", "word-spacing", "line-height", "font")
"""Properties with which a minus draws over what stands beside."""
# Possessive throughout: what is no value is known in one pass.
_COLOUR = r"(?:rgb|rgba|hsl|hsla)\([\d.%,/\s]*+(?:deg)?[\d.%,/\s]*+\)"
_VALUE = re.compile(
    rf"""(?:{_COLOUR}|[#\w.%+-]++|'[^'"<>&()]*+'|"[^'"<>&()]*+"|[\s,/!]++)++""", re.ASCII | re.IGNORECASE
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MINUS = re.compile(r"(?<![\w.#-])-\s*[\d.]")
_FOREIGN_LETTER = re.compile(r"[^\x00-\x7f]")
_MOST = 20_000
"""Characters of one attribute that are read."""


def safe(style: str) -> str:
    """The declarations of a `style` attribute that are allowed, each written anew; empty where none is.

    Only functions that make a colour are left: every other one may fetch (`url`, `src`, `image`, `image-set`) or
    compute a place. Escapes are not read: a declaration with one is dropped.
    """
    declarations = _COMMENT.sub(" ", style[:_MOST]).split(";")
    return ";".join(filter(None, map(_declaration, declarations)))


def _declaration(text: str) -> str:
    name, colon, value = text.partition(":")
    name, value = name.strip().lower(), value.strip()
    if not colon or name not in _PROPERTIES or not _VALUE.fullmatch(_FOREIGN_LETTER.sub("x", value)):
        return ""
    if name.startswith(_NO_MINUS) and _MINUS.search(value):
        return ""
    return f"{name}:{value}"
