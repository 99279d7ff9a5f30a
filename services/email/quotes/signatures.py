"""Finds where a letter's own words end: its signature, a phone's advertisement, a disclaimer, a list's footer."""

import re
from collections.abc import Sequence
from itertools import dropwhile

from services.email.quotes import phrases
from services.email.quotes.advertisements import is_advertisement

_MOST_LINES = 12
_MOST_DELIMITED = 24
_MOST_DISCLAIMERS = 6
_TAIL = 80

_FLAGS = re.IGNORECASE


def _any(alternatives: Sequence[str]) -> str:
    return "(?:" + "|".join(alternatives) + ")"


_DELIMITER = re.compile(r"(?:- )?--[\s\u00a0]*$")
"""Also as a letter that is signed in clear has it (RFC 9580, 7.2)."""
_DRAWN = re.compile(r"\s*(?:—|––|[-–—]{3,}|_{2,}|\*{3,}|={3,}|~{3,})\s*$")
_NAMED = re.compile(
    r"(?:--|—|–)\s*(?:[A-ZА-ЯЁІЇЄ][\w.'’-]*)(?:\s+[\w.'’(),-]+){0,3}$|"
    r"-[A-ZА-ЯЁІЇЄ]?[\w.'’]+(?:\s[A-ZА-ЯЁІЇЄ][\w.'’-]*){0,2}$"
)
_PERSON = r"[A-ZА-ЯЁІЇЄÀ-ÖØ-Þ][\w'’-]{0,24}\.?"
_TILDED = re.compile(rf"~\s?{_PERSON}(?: {_PERSON}){{0,2}}$")
_WARM = re.compile(rf"(?i:{phrases.WARM_CLOSINGS})[\s,.!-]{{0,4}}$")
_WARM_NAMED = re.compile(rf"(?i:(?:{phrases.WARM_CLOSINGS}),|{phrases.ABBREVIATED_CLOSINGS}) ?{_PERSON}$")
_NAMED_ALONE = re.compile(rf"{_PERSON}(?: {_PERSON}){{0,2}}$")
_FULL_NAME = re.compile(rf"{_PERSON}(?: {_PERSON}){{1,2}}$")
_THANKS = re.compile(phrases.THANKS, _FLAGS)
_CLOSING = re.compile(
    rf"(?:{phrases.THANKS})?[\s,.!;&+-]*(?:and |und |et |y |и |e )?{_any(phrases.CLOSINGS)}"
    r"(?P<end>[\s,.!:;~-]*|,\s*(?:[^\s,.!?]+[\s.,-]*){1,5})$",
    _FLAGS,
)
_DISCLAIMER = re.compile(_any(phrases.DISCLAIMERS), _FLAGS)
_SHORT_NOTICE = re.compile(
    r"mailing list|unsubscribe|отпис|virus|viren|vírus|wirus|virů|вирус|вірус|before (?:you )?print|environment|"
    r"umwelt|окружающей|"
    r"because you|view it on|офертой|^\W*(?:legal|confidentiality) ",
    _FLAGS,
)
_CONTACT = re.compile(
    r"(?P<address>(?<!\w)[\w.+-]{1,80}@[\w-]{1,80}\.[\w.-]{2,60})|(?P<web>https?://\S|(?<!\w)www\.\w)|"
    r"(?P<phone>(?:\+|\(?\d)[\d\s().-]{7,22}\d)|(?P<label>(?<!\w)(?:tel|phone|mob(?:ile)?|cell|fax|skype|telegram|"
    r"whatsapp|тел|моб|факс|t|m|f|p|e)[.:]{1,2}\s*\S)",
    _FLAGS,
)
_ABBREVIATION = re.compile(
    r"(?<!\w)(?:[A-ZА-ЯЁІЇЄ]|[A-Z][a-z]{1,3}(?:\.[A-Z]){1,2}|Dr|Prof|Mr|Mrs|Ms|Jr|Sr|Inc|Ltd|Dipl|Ing)\.", re.UNICODE
)
_PICTURE = re.compile(r"\s*\[(?:image|cid|logo)[^\]\n]{0,200}\]\s*$", _FLAGS)
_NAME = re.compile(r"\s*[A-ZА-ЯЁІЇЄÀ-ÖØ-Þ][^.!?:;@\d]{1,50}$")
_FIELD = re.compile(r"\s*[^\W\d_][^:@/\n]{1,40}:\s*\S")
_SENTENCE = re.compile(r"[^\s.]{2,}[.!?…]\s*$|[:?]\s*$")


def signature_at(lines: Sequence[str]) -> int:
    """The line from which `lines` are no longer the writer's own words; `len(lines)` when all are.

    Conservative: a delimiter, a closing formula or a block of contacts counts only near the end and above short
    lines. Looks at the last hundred lines, whatever the length.
    """
    end = _before_disclaimers(lines, len(lines))
    start = max(0, end - _TAIL)
    best = end
    for find in (_delimited, _closed, _contacts):
        found = find(lines, start, best)
        best = found if found is not None else best
        best = _last_word(lines, best)
    return best if best < end else end if _has_words(lines[end:]) else len(lines)


def _has_words(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)


def _last_word(lines: Sequence[str], end: int) -> int:
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _before_disclaimers(lines: Sequence[str], end: int) -> int:
    """Where the paragraphs of legal notice, list footer and advertisement at the end begin."""
    end = _last_word(lines, end)
    for _ in range(_MOST_DISCLAIMERS):
        start = end
        while start and lines[start - 1].strip() and end - start < 2 * _MOST_DELIMITED:
            start -= 1
        if start == end or not _is_notice(lines[start:end]):
            return end
        end = _last_word(lines, start)
    return end


def _is_notice(paragraph: Sequence[str]) -> bool:
    if len(paragraph) <= 3 and (is_advertisement(paragraph[0]) or _is_named_advertisement(paragraph)):
        return True
    text = " ".join(line[:3_000] for line in paragraph)[:8_000]
    lowered = text.lower()
    if not any(stem in lowered for stem in phrases.DISCLAIMER_STEMS):
        return False
    return _DISCLAIMER.search(text) is not None and not text.rstrip().endswith("?") and _is_standing_text(text)


def _is_named_advertisement(paragraph: Sequence[str]) -> bool:
    """A full name right above what the phone added; one word may be the letter's last ("Thanks")."""
    name = paragraph[0].strip()
    return (
        len(paragraph) == 2
        and is_advertisement(paragraph[1])
        and _FULL_NAME.match(name) is not None
        and _THANKS.match(name) is None
    )


def _is_standing_text(text: str) -> bool:
    """A sentence of the writer may say "confidential"; a notice is longer, or of a kind that is always short."""
    return len(text) >= 100 or _SHORT_NOTICE.search(text) is not None


_AFTERTHOUGHT = re.compile(r"\s*(?:P\.? ?(?:P\.? ?)?S|З\.? ?[ЫІ]|П\.? ?С)(?:[.:,)–—-]+\s*|\s+)(?P<words>\S.*)?$")
_CLEAR_HEAD = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\s*$")
_CLEAR_END = re.compile(r"-----BEGIN PGP SIGNATURE-----\s*$")


def afterthought(lines: Sequence[str]) -> tuple[int, int] | None:
    """The paragraph of a signature, below another one, that its writer wrote on with ("P.S. Call me on Friday")."""
    for at in range(1, len(lines)):
        begun = _AFTERTHOUGHT.match(lines[at][:400]) if not lines[at - 1].strip() else None
        # "P.S. Kumar" is a name.
        if begun and not (begun["words"] and _NAMED_ALONE.match(begun["words"].strip())):
            end = next((n for n in range(at, len(lines)) if not lines[n].strip()), len(lines))
            return at, end
    return None


def clear_signed(lines: Sequence[str]) -> tuple[int, int] | None:
    """Of a letter that is signed in clear (RFC 9580, 7): where its words begin, and where its signature does."""
    if not lines or _CLEAR_HEAD.match(lines[0]) is None:
        return None
    begin = next((n for n, line in enumerate(lines[:20]) if not line.strip()), None)
    end = next((n for n in range(len(lines) - 1, -1, -1) if _CLEAR_END.match(lines[n])), None)
    return (begin, end) if begin is not None and end is not None and begin < end else None


_SIGNING = frozenset("-–—_*=~")
"""What a delimiter, a drawn line and a dashed name begin with."""


def _delimited(lines: Sequence[str], start: int, end: int) -> int | None:
    """The first RFC 3676 delimiter ("-- "), drawn line or "-- Name" with few, short lines after it."""
    for at in range(start, end):
        line = lines[at]
        if len(line) > 120 or line.lstrip()[:1] not in _SIGNING:
            continue
        below = [text for text in lines[at + 1 : end] if text.strip()]
        if _DELIMITER.match(line) and len(below) <= _MOST_DELIMITED:
            return at
        if _DRAWN.match(line) and not _divides(lines, at, start, end) and _looks_signed(below):
            return at
        if (_NAMED.match(line.strip()) or _TILDED.match(line.strip())) and _ends_alone(lines, at, below):
            return at
    return None


def _divides(lines: Sequence[str], at: int, start: int, end: int) -> bool:
    """Whether it is one of several drawn lines with words between them, or what stands below are fields of a form."""
    others = [n for n in range(start, end) if n != at and _DRAWN.match(lines[n])]
    between = any(_has_words(lines[min(n, at) + 1 : max(n, at)]) and _has_words(lines[n + 1 : end]) for n in others)
    below = [line for line in lines[at + 1 : end] if line.strip()]
    return between or (
        bool(below) and _FIELD.match(below[0]) is not None and _CONTACT.match(below[0].strip()) is None
    )


def _looks_signed(below: Sequence[str]) -> bool:
    if not 1 <= len(below) <= _MOST_LINES or any(len(line) > 100 for line in below):
        return False
    return any(_CONTACT.search(line) for line in below) or (len(below) <= 4 and not any(map(_SENTENCE.search, below)))


def _ends_alone(lines: Sequence[str], at: int, below: Sequence[str]) -> bool:
    """A "-- Name" that is not one item of a list."""
    if at == 0 or any(line.lstrip().startswith(("-", "–", "—")) for line in below):
        return False
    above = [line for line in lines[max(0, at - 3) : at] if line.strip()]
    if any(line.lstrip().startswith(("-", "–", "—", "*", "•")) for line in above):
        return False
    return not below or (_looks_signed(below) and len(below) <= 6)


def _closed(lines: Sequence[str], start: int, end: int) -> int | None:
    """A closing formula with at most a dozen short lines below it."""
    short = 0
    below = ""
    found = None
    for at in range(end - 1, start - 1, -1):
        line = lines[at].strip()
        if not line:
            continue
        if len(line) <= 90 and (_CLOSING.match(line) or _is_warm(line, below)):
            found = at
        below = line
        short += 1
        if short > _MOST_LINES or len(line) > 100 or line.endswith("?"):
            break
    return found


def _is_warm(line: str, below: str) -> bool:
    """ "Cheers" closes a letter above a name alone, or with a name as its last line."""
    if _WARM.match(line):
        return _NAMED_ALONE.match(below) is not None and _THANKS.match(below) is None
    return not below and _WARM_NAMED.match(line) is not None


def _contacts(lines: Sequence[str], start: int, end: int) -> int | None:
    """A last paragraph that is a name above contacts, below words of the letter."""
    first = end
    while first > start and lines[first - 1].strip():
        first -= 1
    if first < end and _is_thanks(lines[first]):
        first += 1
    above = _last_word(lines, first)
    last = lines[above - 1].rstrip() if above else ""
    thanked = _is_thanks(last)
    if not above or (last.endswith((":", ";", ",")) and not thanked):
        return None
    return first if _is_card(lines[first:end], _FEWEST_KINDS - thanked) else None


def _is_thanks(line: str) -> bool:
    return len(line) <= 60 and _THANKS.match(line.strip()) is not None and len(line.split()) <= 5


_FEWEST_KINDS = 2


def _is_card(block: Sequence[str], fewest: int) -> bool:
    """Whether these lines are a name and at least so many contacts, and no sentence."""
    if not 2 <= len(block) <= 10 or any(len(line) > 70 for line in block) or any(map(_SENTENCE.search, block[1:])):
        return False
    named = list(dropwhile(_PICTURE.match, block))
    name = _ABBREVIATION.sub("", named[0].strip(" *_")) if named else ""
    if _NAME.match(name) is None or (len(block) == 2 and _FULL_NAME.match(name) is None):
        return False
    told = sum(1 for line in block if _CONTACT.search(line))
    kinds = {match.lastgroup for line in block for match in _CONTACT.finditer(line)}
    return max(told, len(kinds - {"label"})) >= fewest
