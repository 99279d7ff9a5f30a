"""Finds where a letter's own words end: its signature, a phone's advertisement, a disclaimer, a list's footer."""

import re
from collections.abc import Sequence

from services.email.quotes import phrases

_LONGEST_LINE = 400
_MOST_LINES = 12
_MOST_DELIMITED = 24
_MOST_DISCLAIMERS = 6
_TAIL = 80

_FLAGS = re.IGNORECASE


def _any(alternatives: Sequence[str]) -> str:
    return "(?:" + "|".join(alternatives) + ")"


_DELIMITER = re.compile(r"--[\s\u00a0]*$")
_DRAWN = re.compile(r"\s*(?:—|––|[-–—]{3,}|_{2,}|\*{3,}|={3,}|~{3,})\s*$")
_NAMED = re.compile(
    r"(?:--|—|–)\s*(?:[A-ZА-ЯЁІЇЄ][\w.'’-]*)(?:\s+[\w.'’(),-]+){0,3}$|"
    r"-[A-ZА-ЯЁІЇЄ]?[\w.'’]+(?:\s[A-ZА-ЯЁІЇЄ][\w.'’-]*){0,2}$"
)
_CLOSING = re.compile(
    rf"(?:{phrases.THANKS})?[\s,.!;&+-]*(?:and |und |et |y |и |e )?{_any(phrases.CLOSINGS)}"
    r"(?P<end>[\s,.!:;~-]*|,\s*(?:[^\s,.!?]+[\s.,-]*){1,5})$",
    _FLAGS,
)
_DEVICE = re.compile(
    rf"[\s(\[<*_—–-]{{0,6}}(?:{phrases.SENT_FROM})\s[^.,!?:;]{{0,60}}?(?<!\w)(?:{phrases.DEVICES})(?:['’]\w+|"
    rf"\w{{0,4}})?(?!\w).{{0,160}}$",
    _FLAGS,
)
_SENT_FROM_MY = re.compile(
    r"[\s*_-]{0,4}sent (?:from|via|on) my(?: [\w+'’&.-]+){1,5}[.!*_\s]{0,3}$|sent on the (?:go|move|run)\.?$", _FLAGS
)
_ADVERTISED = re.compile(
    r"[\s(\[*_]{0,4}(?:get|download|скачать|скачайте|загрузите|obtenir|téléchargez|obtenez|outlook|obtener|"
    r"descarga|scarica|pobierz|laden sie)\s"
    r"(?:\w+\s){0,3}outlook\s.{0,120}$|"
    r"[\s(\[*_]{0,4}(?:von meinem|mit meinem|vom) .{1,40} (?:gesendet|geschrieben|verschickt)\W*$|"
    r"\s*发自我的.{1,30}$|\s*从我的.{1,20}发送.{0,10}$|.{1,20}(?:から|より)送信(?:されました)?$|"
    r"나의 .{1,20}에서 보냄$|\s*(?:gửi|"
    r"được gửi) từ .{1,40}$|"
    r"[\s*_]{0,4}(?:sent|secured?|encrypted|powered|protected) (?:with|by|using|via) .{2,80}$|"
    r"\s*via (?:mobile|mobil|phone|telefon)\W*$|"
    r"\s*(?:с уважением|best regards),?\s*отправлено .{1,60}$|"
    r"\s*请原谅.{0,20}$|\s*typos? .{0,60}(?:mobile|phone)\W*$",
    _FLAGS,
)
_ADVERTISING = re.compile(
    r"(?:secure|encrypted|proton|sparrow|tuta|zoho|mailfence|hushmail|airmail|newton|mailspring|https?://|<http)",
    _FLAGS,
)
_DISCLAIMER = re.compile(_any(phrases.DISCLAIMERS), _FLAGS)
_SHORT_NOTICE = re.compile(
    r"mailing list|unsubscribe|отпис|virus|вирус|before (?:you )?print|environment|umwelt|окружающей|"
    r"because you|view it on|офертой|^\W*(?:legal|confidentiality) ",
    _FLAGS,
)
_CONTACT = re.compile(
    r"(?<!\w)[\w.+-]{1,80}@[\w-]{1,80}\.[\w.-]{2,60}|https?://|(?<!\w)www\.\w|"
    r"(?:\+|\(?\d)[\d\s().-]{7,22}\d|(?<!\w)(?:tel|phone|mob(?:ile)?|cell|fax|skype|telegram|whatsapp|тел|моб|"
    r"факс|t|m|f|p|e)[.:]{1,2}\s*\S",
    _FLAGS,
)
_NAME = re.compile(r"\s*[A-ZА-ЯЁІЇЄÀ-ÖØ-Þ][^.!?:;@\d]{1,50}$")
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


def is_advertisement(line: str) -> bool:
    """Whether the line is what a phone or a mail program adds on its own ("Sent from my iPhone")."""
    if not 8 <= len(line) <= _LONGEST_LINE:
        return False
    if _SENT_FROM_MY.match(line):
        return True
    if _DEVICE.match(line):
        return len(line) <= 120 and not line.rstrip().endswith(("?", ":"))
    match = _ADVERTISED.match(line)
    if match is None:
        return False
    return not re.match(r"[\s*_]{0,4}(?:sent|secure|encrypted|powered|protected)", line, _FLAGS) or bool(
        _ADVERTISING.search(line)
    )


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
    if is_advertisement(paragraph[0]) and len(paragraph) <= 3:
        return True
    text = " ".join(line[:3_000] for line in paragraph)[:8_000]
    lowered = text.lower()
    if not any(stem in lowered for stem in phrases.DISCLAIMER_STEMS):
        return False
    return _DISCLAIMER.search(text) is not None and not text.rstrip().endswith("?") and _is_standing_text(text)


def _is_standing_text(text: str) -> bool:
    """A sentence of the writer may say "confidential"; a notice is longer, or of a kind that is always short."""
    return len(text) >= 100 or _SHORT_NOTICE.search(text) is not None


def _delimited(lines: Sequence[str], start: int, end: int) -> int | None:
    """The first RFC 3676 delimiter ("-- "), drawn line or "-- Name" with few, short lines after it."""
    for at in range(start, end):
        line = lines[at]
        if len(line) > 120:
            continue
        below = [text for text in lines[at + 1 : end] if text.strip()]
        if _DELIMITER.match(line) and len(below) <= _MOST_DELIMITED:
            return at
        if _DRAWN.match(line) and _looks_signed(below):
            return at
        if _NAMED.match(line.strip()) and _ends_alone(lines, at, below):
            return at
    return None


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
    found = None
    for at in range(end - 1, start - 1, -1):
        line = lines[at].strip()
        if not line:
            continue
        if len(line) <= 90 and _CLOSING.match(line):
            found = at
        short += 1
        if short > _MOST_LINES or len(line) > 100 or line.endswith("?"):
            break
    return found


def _contacts(lines: Sequence[str], start: int, end: int) -> int | None:
    """A last paragraph that is a name above two kinds of contact, below words of the letter."""
    first = end
    while first > start and lines[first - 1].strip():
        first -= 1
    block = lines[first:end]
    if not 3 <= len(block) <= 10 or any(len(line) > 70 for line in block) or not _NAME.match(block[0]):
        return None
    above = _last_word(lines, first)
    if above == 0 or lines[above - 1].rstrip().endswith((":", ";", ",")):
        return None
    told = sum(1 for line in block if _CONTACT.search(line))
    return first if told >= 2 and not any(map(_SENTENCE.search, block)) else None
