"""Recognises the lines that mail programs put above a quote: who wrote when, or the fields of the letter quoted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import takewhile

from services.email.quotes import phrases

LONGEST_LINE = 1_000
"""Characters; a longer line is never a header, so that hostile lines cost nothing."""

_REMEMBERED = 2_048
"""Lines whose looks are remembered: a letter has most of its lines twice, as text and as HTML."""
_MOST_LINES = 5
_LONGEST_HEADER = 400
_MOST_FIELD_LINES = 30


class Opening(Enum):
    """How sure it is that a quote begins here, and what it quotes."""

    REPLY = "reply"
    """An attribution: what follows was written by somebody else."""
    HINT = "hint"
    """Perhaps an attribution: only if marked quotation follows at once."""
    LETTER = "letter"
    """The fields of an older letter, or a separator above one: all below is that letter."""
    FORWARD = "forward"
    """As LETTER, and said to be forwarded."""


@dataclass(frozen=True)
class Header:
    """The lines of one header: `height` of them, from where it was looked for."""

    height: int
    opening: Opening
    fields: bool = False
    """It is the fields of a letter, without a line that says so."""


def _any(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


_FLAGS = re.IGNORECASE
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,100}@[^\s<>()\[\]\"',;:@]{1,120}")
_VERB = re.compile(rf"(?<!\w){_any(*phrases.WROTE)}(?!\w)|写道|寫道|のメール|작성", _FLAGS)
_PRONOUN = re.compile(rf"(?<!\w){_any(phrases.PRONOUNS)}\s+(?:\w+\s+)?{_any(*phrases.WROTE)}(?!\w)", _FLAGS)
_DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{2,4}\s?年\s?\d{1,2}\s?月|\d{4}년|"
    r"\d{1,2}(?:\.|st|nd|rd|th|º|er)?[\s-]+(?:de |of |thg |tháng )?[^\W\d_]{3,}\.?,?[\s-]+(?:de |del )?\d{2,4}|"
    r"[^\W\d_]{3,}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}|\d{1,2}\.?\s?(?:thg |tháng )?\s?\d{1,2}[.,]\s?\d{4}|"
    r"[^\W\d_]{3,}-\d{1,2}-\d{2,4}|\d{4}\. ?\d{1,2}\. ?\d{1,2}\.",
    _FLAGS,
)
_TIME = re.compile(
    r"(?<![\d.:])\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?![.:]?\d)|(?<!\d)\d{1,2}\s?(?:[ap]\.?m\b|uhr\b|h\d{2}\b)|"
    r"\d{1,2}\s?[点點時时]|오[전후]|[上下]午",
    _FLAGS,
)
_WEEKDAY = re.compile(r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b", _FLAGS)
_EARLY_DIGIT = re.compile(r"(?:[^\W\d_]{1,14}['’.,:]{0,2}[ (（]{1,2}|[-–—]{2,4} ?){0,5}\d", _FLAGS)
_DIGIT = re.compile(r"\d")
_EARLY = 120
"""Characters within which an early digit stands, and it is faster to see that there is none."""
_INTRO = re.compile(rf"(?:[-–—*]{{2,4}} ?)?{_any(phrases.INTRO)}(?=\s)|在|于", _FLAGS)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff"))
_LAST = frozenset(":：*-–—>]")
_ENDS = re.compile(r"[:：]\s*\**$|(?<![-–—])[-–—]{3,}$")
_OLD_GMAIL = re.compile(r"\d{4}/\d{1,2}/\d{1,2} [^<>]{0,80}<[^<>\s]{3,120}>:?$")
_MUTT = re.compile(r"\* .{1,80}<[^<>\s]+@[^<>\s]+> \[[\d\-: ,+/.\w]{8,40}\]:?$")
_GROUPWISE = re.compile(r">>> .{3,200}\d{1,2}[./-]\d{1,2}[./-]\d{2,4} .{0,20}>>>$")
_QUOTING = re.compile(r"(?:quoting|zitat von|citando(?: a)?|citat|цитирую|missatge de)\s.{1,120}:$", _FLAGS)
_BY_ADDRESS = re.compile(r"[<(\[\"][^\s<>()\[\]@]{1,100}@|@[^\s<>()\[\]\"',;:@]{1,120}[^\w@]{0,12}$")
"""An attribution without a verb that is known has its address in brackets, or ends with it; an address with words
behind it is of a log, or of a sentence.
"""
_RULED_NAME = re.compile(
    rf"[-–—]{{3,}} ?[^\s-].{{1,80}} (?:{phrases.WROTE[0]}|{phrases.WROTE[1]}) ?[-–—]{{3,}}$", _FLAGS
)
_TICKET = re.compile(r"\[[^\[\]]{1,80} - [^\[\]]{6,40}\d{4}\]:$")
_USENET = re.compile(r"in (?:message|article) <[^<>\s]{3,200}>,? .{1,120}$", _FLAGS)
_NOTES_LINE = re.compile(r"[^-].{1,120}? ?-{2,3} ?\d{1,2}[./-]\d{1,2}[./-]\d{2,4} .{0,40}-{2,3}.*$")


def header_at(lines: Sequence[str], at: int) -> Header | None:
    """The header that begins with line `at`, or None. Looks at a bounded number of lines."""
    line = lines[at]
    if len(line) > LONGEST_LINE:
        return None
    return _separator(line) or _fields(lines, at) or _attribution(lines, at) or _notes_memo(lines, at)


# --- attributions: "On … wrote:" ---


def _attribution(lines: Sequence[str], at: int) -> Header | None:
    first = lines[at].strip()
    if not first or not _may_begin(first):
        return None
    parts: list[str] = []
    for line in lines[at : at + _MOST_LINES]:
        part = line.translate(_INVISIBLE).strip() if len(line) <= _LONGEST_HEADER else ""
        if not part and parts and parts[-1].endswith("<"):
            # Some programs break the line inside the angle brackets, with a blank line after it.
            parts.append("<")
            continue
        parts.append(part)
        if not part or sum(map(len, parts)) > _LONGEST_HEADER:
            break
        opening = _judge(" ".join(parts), wrapped=len(parts) > 1) if _may_end(part) else None
        if opening is not None:
            return None if _stands_alone(lines[at + 1 : at + len(parts)]) else Header(len(parts), opening)
        if part[-1] in ":：":
            break
    return None


def resembles_attribution(lines: Sequence[str], at: int) -> bool:
    """Whether `header_at` had to read the words here, which costs a hundred times more than to see there are none."""
    first = lines[at].strip()
    if len(first) > LONGEST_LINE or not first or not _may_begin(first):
        return False
    return any(_may_end(end) for line in lines[at : at + _MOST_LINES] if (end := line[-20:].strip()))


def _address(text: str) -> re.Match[str] | None:
    return _ADDRESS.search(text) if "@" in text else None


@lru_cache(_REMEMBERED)
def _may_begin(line: str) -> bool:
    return "@" in line or "<" in line or line.rstrip("*")[-1:] in _LAST or line.startswith(">>>") or _opens(line)


def _may_end(line: str) -> bool:
    return line[-1] in _LAST or "---" in line or _VERB.fullmatch(line[line.rfind(" ") + 1 :]) is not None


def _stands_alone(later: Sequence[str]) -> bool:
    """Whether the header begins below its supposed first line, which then is the writer's own ("On Friday.")."""
    for start in range(len(later)):
        rest = " ".join(line.strip() for line in later[start:])
        if _opens(rest) and _DATE.search(rest) and _judge(rest, wrapped=True) is Opening.REPLY:
            return True
    return False


_ALNUM = re.compile(r"[^\W_]")


def _judge(text: str, *, wrapped: bool) -> Opening | None:
    if _ALNUM.search(text) is None:
        return None
    if (
        _OLD_GMAIL.match(text)
        or _MUTT.match(text)
        or _GROUPWISE.match(text)
        or _RULED_NAME.match(text)
        or (_NOTES_LINE.match(text) and not wrapped)
    ):
        return Opening.REPLY
    if text[-1] not in _LAST:
        return _unended(text)
    if _ENDS.search(text) is None:
        return None
    verb, address = _VERB.search(text), _address(text)
    if verb is None and address is None:
        return _bare_date(text)
    if _PRONOUN.search(text):
        return Opening.HINT if _DATE.search(text) or _TIME.search(text) else None
    if _opens(text):
        return _dated(text, said=verb is not None, addressed=address is not None)
    return _named_first(text, said=verb is not None, addressed=address is not None, wrapped=wrapped)


def _unended(text: str) -> Opening | None:
    """ "On …, Anna wrote" without its colon."""
    if _VERB.fullmatch(text[text.rfind(" ") + 1 :]) is None:
        return None
    if _USENET.match(text):
        return Opening.HINT
    whole = _opens(text) and _DATE.search(text) and _TIME.search(text) and _address(text)
    return Opening.HINT if whole else None


def _opens(text: str) -> bool:
    early = _DIGIT.search(text, 0, _EARLY) is not None and _EARLY_DIGIT.match(text) is not None
    return early or _INTRO.match(text) is not None


def _bare_date(text: str) -> Opening | None:
    """Without a verb or an address ("02.03.2026 12:00, Anna:") only marked quotation tells."""
    if _TICKET.match(text):
        return Opening.HINT
    return Opening.HINT if _EARLY_DIGIT.match(text) and _DATE.search(text) else None


def _dated(text: str, *, said: bool, addressed: bool) -> Opening | None:
    date, time = _DATE.search(text) is not None, _TIME.search(text) is not None
    sure = (
        (said and time and (date or addressed or _INTRO.match(text) is not None))
        or (addressed and date and (said or (time and _BY_ADDRESS.search(text) is not None)))
        or (said and date and (_WEEKDAY.search(text) is not None or text.startswith("--")))
        or (addressed and _QUOTING.match(text) is not None)
    )
    if sure:
        return Opening.REPLY
    return Opening.HINT if said or addressed else None


def _named_first(text: str, *, said: bool, addressed: bool, wrapped: bool) -> Opening | None:
    """ "Anna <a@b.example> schrieb am …:"; a sentence that merely mentions who wrote what is a hint at most."""
    date, time = _DATE.search(text) is not None, _TIME.search(text) is not None
    words = len(text.split())
    if said and words <= 20 and ((addressed and (date or time)) or (date and time)):
        return Opening.REPLY
    if said and addressed and words <= 8 and not wrapped:
        return Opening.REPLY
    return Opening.HINT if words <= 14 and (said or addressed) else None


# --- the fields of an older letter ---

_KINDS = {
    "sender": phrases.SENDER,
    "when": phrases.WHEN,
    "recipient": phrases.RECIPIENT,
    "copy": phrases.COPY,
    "subject": phrases.SUBJECT,
    "extra": phrases.EXTRA,
}
_FIELD = re.compile(
    r"[\s*_|]{0,8}(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items())
    + r")[*_]{0,2}\s{0,6}[:：]",
    _FLAGS,
)
_INLINE_FIELD = re.compile(
    r"(?<!\w)(?:from|от|von|de)\s?:.{3,200}?(?:sent|date|отправлено|дата|gesendet|envoyé|enviado)\s?:", _FLAGS
)
_INLINE_REST = re.compile(r"(?<!\w)(?:subject|to|тема|кому|betreff|an|objet|à|asunto|para)\s?:", _FLAGS)
_CONTINUES = re.compile(r"[@;<>,\t]|^\s")


def _fields(lines: Sequence[str], at: int) -> Header | None:
    kind = _field_kind(lines[at])
    if kind is None or kind == "extra":
        return None
    if _INLINE_FIELD.match(lines[at].strip(" *_")) and _INLINE_REST.search(lines[at]):
        return Header(1, Opening.LETTER)
    kinds, height = _read_fields(lines, at)
    if _is_letter(kinds, lines[at : at + height]):
        return Header(height, Opening.LETTER, fields=True)
    return _yandex(lines, at, height) if kinds == {"recipient", "subject"} else None


def _yandex(lines: Sequence[str], at: int, height: int) -> Header | None:
    """Yandex names whom it was written to and about what above its attribution."""
    below = _attribution(lines, at + height) if at + height < len(lines) else None
    if below is None or below.opening is not Opening.REPLY:
        return None
    return Header(height + below.height, Opening.REPLY)


def _field_kind(line: str) -> str | None:
    if len(line) > LONGEST_LINE or (":" not in line and "：" not in line):
        return None
    match = _FIELD.match(line)
    return match.lastgroup if match else None


def _read_fields(lines: Sequence[str], at: int) -> tuple[set[str], int]:
    """The kinds of field met, and how many lines they take with their continuations."""
    kinds: set[str] = set()
    height = blanks = strays = 0
    for offset, line in enumerate(lines[at : at + _MOST_FIELD_LINES], start=1):
        kind = _field_kind(line)
        if kind in kinds and kind not in {"copy", "extra"}:
            break
        if kind is not None:
            kinds.add(kind)
            height, blanks, strays = offset, 0, 0
        elif not line.strip():
            blanks += 1
        else:
            strays += 1
        if blanks > 1 or strays > 3 or (strays and (blanks or not _continues(line, lines[at + offset - 2]))):
            break
    return kinds, height


def _continues(line: str, before: str) -> bool:
    return _CONTINUES.search(line) is not None or len(before) >= 60 or before.rstrip().endswith((":", "："))


def _is_letter(kinds: set[str], block: Sequence[str]) -> bool:
    known = kinds - {"extra"}
    if "sender" in known and len(known) >= 3:
        return "subject" in known or _tells_when_or_whom(block)
    if {"when", "recipient", "subject"} <= known:
        return any(_address(line) for line in block)
    if {"sender", "when"} <= known:
        whole = " ".join(block)
        return _address(whole) is not None and _DATE.search(whole) is not None
    return False


def _tells_when_or_whom(block: Sequence[str]) -> bool:
    """Whether an address, a date or a time is among the fields; without a subject they may be those of a parcel."""
    whole = " ".join(block)
    return bool(_address(whole) or _DATE.search(whole) or _TIME.search(whole))


# --- separators ---

_RULE = "-‐‑–—=_*#>~ \t\u00a0"
_ORIGINAL = re.compile(rf"(?:{phrases.ORIGINAL})\b(?:[^\w]{{0,80}}$|\s*[-‐–—=_*]{{3,}})", _FLAGS)
_FORWARDED = re.compile(rf"(?:{phrases.FORWARDED})\b.{{0,120}}$", _FLAGS)
_UNRULED = re.compile(rf"(?:{phrases.ORIGINAL}|{phrases.FORWARDED})\s*[:：]\s*$", _FLAGS)
_ABOVE = re.compile(rf"[^\w]{{0,4}}(?:{phrases.ANSWER_ABOVE})", _FLAGS)
_LONGEST_SEPARATOR = 200
HORIZONTAL = re.compile(r"\s*[_\-=*‐–—]{3,}\s*$")
"""A drawn rule: part of the quote when the quote follows it, else nothing."""


@lru_cache(_REMEMBERED)
def _separator(line: str) -> Header | None:
    if len(line) > _LONGEST_SEPARATOR:
        return None
    words = line.lstrip(_RULE)
    ruled = len(line[: -len(words)].strip()) >= 2 if words else False
    if not ruled and ":" not in line and "：" not in line:
        return Header(1, Opening.LETTER) if _ABOVE.match(words) else None
    forwarded = _FORWARDED.match(words)
    if forwarded and (ruled or _UNRULED.match(words)):
        return Header(1, Opening.FORWARD)
    if _UNRULED.match(words) or (ruled and _ORIGINAL.match(words)) or _ABOVE.match(words):
        return Header(1, Opening.LETTER)
    return None


# --- Lotus Notes' memo head: the words To, cc and Subject alone on their lines ---

_MEMO_DATE = re.compile(r"\s*(?:sent by:.{0,80}|\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[ ,]+\d{1,2}:\d{2}.{0,20})$", _FLAGS)
_MEMO_WORDS = frozenset({"to", "an", "кому", "pour", "para", "a"})
_MEMO_TO = re.compile(r"\s*(?:to|an|кому|a|pour|para)\s*$", _FLAGS)
_MEMO_SUBJECT = re.compile(r"\s*(?:subject|betreff|thema|тема|objet|asunto)\s*$", _FLAGS)


def _notes_memo(lines: Sequence[str], at: int) -> Header | None:
    near = list(takewhile(str.strip, lines[at : at + 4]))
    if not any(":" in line and len(line) < 120 and _MEMO_DATE.match(line) for line in near):
        return None
    if not any(line[:60].strip().lower() in _MEMO_WORDS for line in lines[at + 1 : at + 9] if len(line) < 60):
        return None
    window = [line if len(line) < 40 else "" for line in lines[at : at + 20]]
    to = next((n for n, line in enumerate(window) if _MEMO_TO.match(line)), None)
    subject = next((n for n, line in enumerate(window) if _MEMO_SUBJECT.match(line)), None)
    if to is None or subject is None or not to < subject:
        return None
    return Header(subject + 1, Opening.LETTER)
