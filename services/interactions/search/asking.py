"""What somebody typed into the search, understood: words, phrases, numbers and filters."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.kit.errors import InvalidInput
from services.interactions.search.words import WORD, folded, is_number, wanted_tail

MOST_WORDS = 30
"""Words and filters of one question."""
_PART = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)"?|(\S+))')
_PHONE = re.compile(r"(?<!\S)\+?\(?\d(?:[ ()\u00a0./-]{0,3}\d){6,14}(?!\S)")
_NAMES = {
    "от": "from",
    "кому": "to",
    "с": "with",
    "состояние": "state",
    "канал": "channel",
    "вид": "type",
    "ответственный": "owner",
    "автор": "author",
    "команда": "team",
    "метка": "tag",
    "есть": "has",
    "клиент": "client",
    "цепочка": "chain",
    "после": "after",
    "до": "before",
}
_VALUES = {
    "открыта": "open",
    "открыто": "open",
    "закрыта": "closed",
    "закрыто": "closed",
    "отложена": "snoozed",
    "файл": "file",
    "файлы": "file",
    "почта": "email",
    "звонок": "call",
}
_ONE_OF = {
    "state": ("open", "snoozed", "closed", "done", "cancelled", "won", "lost", "accepted", "rejected"),
    "has": ("file",),
}
_PEOPLE = ("from", "to", "with")
_MARKS = ("state", "channel", "type", "owner", "author", "team", "tag", "has", "client", "chain")


@dataclass(slots=True)
class Wanted:
    """What is looked for; all of it must be there."""

    words: list[str] = field(default_factory=list)
    beginning: str = ""
    """Of the word that is still typed."""
    phrases: list[list[str]] = field(default_factory=list)
    tails: list[str] = field(default_factory=list)
    """Numbers, as `words.wanted_tail` has them."""
    without: list[str] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)
    """`from`, `to` or `with`, and a word of a name or address."""
    marks: list[str] = field(default_factory=list)
    """Filters, as `state:open`."""
    since: datetime | None = None
    before: datetime | None = None

    @property
    def empty(self) -> bool:
        return not (self.words or self.beginning or self.phrases or self.tails or self.people or self.marks) and (
            self.since is None and self.before is None
        )


def understood(text: str, zone: str) -> Wanted:
    """What a question means; days are those of this time zone.

    Raises:
        InvalidInput: a filter has a value that it cannot have, or there is nothing to look for.
    """
    wanted = Wanted()
    for number in _PHONE.findall(text):
        wanted.tails.append(wanted_tail(number))
    rest = _PHONE.sub(" ", text)
    parts = list(_PART.finditer(rest))
    if len(parts) > MOST_WORDS:
        raise _refused(f"is of {len(parts)} words; ask with {MOST_WORDS} at most")
    for part in parts:
        _take(wanted, part, zone, last=part.end() == len(rest))
    if wanted.empty:
        raise _refused("has nothing to look for; write a word, a number or a filter as from:anna")
    return wanted


def _take(wanted: Wanted, part: re.Match[str], zone: str, *, last: bool) -> None:
    minus, name, quoted, bare = part[1], folded(part[2] or ""), part[3], part[4] or ""
    name = _NAMES.get(name, name)
    value = bare if quoted is None else quoted
    if minus and name in {*_DAYS, *_PEOPLE, *_MARKS}:
        raise _refused(f"-{name}: cannot be asked; leave the minus out, or ask for what shall be there")
    if name in _DAYS:
        _DAYS[name](wanted, _day(name, value, zone))
    elif name in _PEOPLE:
        wanted.people += [(name, word) for word in WORD.findall(folded(value))]
    elif name in _MARKS:
        wanted.marks.append(_mark(name, value))
    elif quoted is not None and not name:
        _phrase(wanted, quoted, minus=bool(minus))
    else:
        _words(wanted, f"{part[2]}:{value}" if name else bare, minus=bool(minus), last=last)


def _phrase(wanted: Wanted, text: str, *, minus: bool) -> None:
    words = WORD.findall(folded(text))
    if minus:
        wanted.without += words
    elif words:
        wanted.phrases.append(words)


def _words(wanted: Wanted, text: str, *, minus: bool, last: bool) -> None:
    words = WORD.findall(folded(text))
    if minus:
        wanted.without += words
        return
    if last and words and not is_number(words[-1]):
        wanted.beginning = words.pop()
    wanted.tails += [wanted_tail(word) for word in words if is_number(word)]
    wanted.words += [word for word in words if not is_number(word)]


def _mark(name: str, value: str) -> str:
    value = _VALUES.get(folded(value), value)
    if name in _ONE_OF and value not in _ONE_OF[name]:
        raise _refused(f"{name}: takes one of {', '.join(_ONE_OF[name])}, not {value[:40]!r}")
    return mark(name, value)


def mark(name: str, value: str) -> str:
    """How a filter is kept with what it finds."""
    return f"{name}:{folded(value)}"


def _day(name: str, value: str, zone: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise _refused(f"{name}: takes a day as 2026-03-01, not {value[:40]!r}") from exc


def _after(wanted: Wanted, day: datetime) -> None:
    """From the day on that follows it would surprise: the day itself is in."""
    wanted.since = max(day, wanted.since or day)


def _before(wanted: Wanted, day: datetime) -> None:
    wanted.before = min(day, wanted.before or day)


def _on(wanted: Wanted, day: datetime) -> None:
    _after(wanted, day)
    _before(wanted, day + timedelta(days=1))


_DAYS: dict[str, Callable[[Wanted, datetime], None]] = {"after": _after, "before": _before, "on": _on}


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"q: {why}", fields={"q": why})
