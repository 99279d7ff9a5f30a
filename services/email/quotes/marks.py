"""The marks that mail programs leave in HTML around quotes and signatures."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from services.email.quotes.fragments import Part
from services.email.quotes.tags import Tag


def set_of(words: str) -> frozenset[str]:
    """The words of a table, in lower case."""
    return frozenset(words.lower().split())


_QUOTES = set_of(
    """
    protonmail_quote zmail_extra zmail_extra_hr yahoo_quoted moz-cite-prefix moz-forward-container gmail_attr
    tutanota_quote freshdesk_quote front-blockquote clean_bq mail-quote-collapse cite cite2 quoted-text missive_quote
    fairemail_quote b-mail-quote OutlookMessageHeader moz-email-headers-table
    OLK_SRC_BODY_SECTION reply-intro isReplyContent isForwardContent replyWithQuote
    """
)
_REST = set_of(
    """
    divRplyFwdMsg appendonsend mail-editor-reference-message-container ms-outlook-mobile-reference-message
    x_divRplyFwdMsg x_appendonsend x_mail-editor-reference-message-container stopSpelling zwchr
    """
)
_SIGNATURES = set_of(
    """
    gmail_signature gmail_signature_prefix moz-signature moz-txt-sig ms-outlook-mobile-signature x_gmail_signature
    protonmail_signature_block protonmail_signature_block-user protonmail_signature_block-proton AppleMailSignature
    wisestamp_app Zm-_Id_-Sgn tutanota_signature yahoo_signature front-signature sh-signature composer_signature
    fairemail_signature mail-signature
    """
)
_SIGNATURE_IDS = frozenset({"signature", "x_signature"})
_BLOCKQUOTES = set_of("gmail_quote quote mailquote mail-quote")

_GREY = r"(?:#(?:e1e1e1|b5c4df)|rgb\((?:225, ?225, ?225|181, ?196, ?223)\))"
_DIVIDER = re.compile(
    rf"border-top:\s*solid\s+{_GREY}|border-top:\s*1(?:\.0)?p[tx]\s+solid\s+{_GREY}|"
    r"border-top-color:\s*rgb\(229, ?229, ?229\)",
    re.IGNORECASE,
)
_TIGHT = re.compile(r"mso(?:normal|plain|list)|margin(?:-top|-bottom)?:\s*0", re.IGNORECASE)
_REMEMBERED = 2_048
"""Tags whose marks are remembered: letters are made of few different ones."""
_LONGEST_REMEMBERED = 300
_BORDER = re.compile(r"border-left(?:-(?:style|width|color))?\s*:", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


class Marks(NamedTuple):
    """What the attributes of an element say."""

    part: Part | None = None
    """What its text is; None where they say nothing."""
    hidden: bool = False
    """A person does not see it."""
    begins_letter: bool = False
    """All from it to the mail's end is an older letter."""
    holds_letter: bool = False
    """It is Gmail's element that holds the quotes and what is written between and under them."""
    tight: bool = False
    """No space is left between its paragraphs."""


NO_MARKS = Marks()


def marks_of(tag: Tag) -> Marks:
    """What this tag says by its attributes."""
    if not tag.raw:
        return NO_MARKS
    return _known_marks(tag) if len(tag.raw) <= _LONGEST_REMEMBERED else _marks(tag)


def _marks(tag: Tag) -> Marks:
    attributes = tag.attributes()
    names = {*attributes.get("class", "").lower().split(), attributes.get("id", "").lower()}
    style = attributes.get("style", "")
    return Marks(
        part=_part(tag.name, attributes, names),
        hidden=_HIDDEN.search(style) is not None,
        begins_letter=bool(names & _REST) or _DIVIDER.search(style) is not None,
        holds_letter=tag.name != "blockquote" and "gmail_quote" in names,
        tight=_TIGHT.search(tag.raw) is not None,
    )


_known_marks = lru_cache(_REMEMBERED)(_marks)


def _part(name: str, attributes: Mapping[str, str], known: set[str]) -> Part | None:
    if known & _QUOTES or attributes.get("name") in {"quote", "messageReplySection"}:
        return Part.QUOTED
    if attributes.get("data-marker") == "__QUOTED_TEXT__" or (name == "blockquote" and _is_quote(attributes, known)):
        return Part.QUOTED
    if known & _SIGNATURES or attributes.get("id", "").lower() in _SIGNATURE_IDS:
        return Part.SIGNATURE
    if attributes.get("name") == "messageSignatureSection" or "data-signature-widget" in attributes:
        return Part.SIGNATURE
    if attributes.get("data-signatureblock") == "true" or attributes.get("data-smartmail") == "gmail_signature":
        return Part.SIGNATURE
    return None


def _is_quote(attributes: Mapping[str, str], known: set[str]) -> bool:
    return (
        attributes.get("type", "").lower() == "cite"
        or "cite" in attributes
        or bool(known & _BLOCKQUOTES)
        or _BORDER.search(attributes.get("style", "")) is not None
    )
