"""Puts a set of mails into threads: whom each answers, and which belong together."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from services.email.mime.model import Mail


class Correspondent(Protocol):
    """One address of a mail."""

    @property
    def address(self) -> str: ...


class Letter(Protocol):
    """What is asked of a mail; message ids come without angle brackets, "" for none."""

    @property
    def message_id(self) -> str: ...
    @property
    def in_reply_to(self) -> Sequence[str]: ...
    @property
    def references(self) -> Sequence[str]: ...
    @property
    def subject(self) -> str: ...
    @property
    def date(self) -> datetime | None: ...
    @property
    def from_(self) -> Correspondent | None: ...
    @property
    def to(self) -> Sequence[Correspondent]: ...
    @property
    def cc(self) -> Sequence[Correspondent]: ...


class Place(NamedTuple):
    """Where a mail stands: the index of the mail it answers, if that is known, and the number of its chain."""

    parent: int | None
    chain: int


WINDOW = timedelta(days=60)
"""How long after a mail an answer without references is still taken for one."""

_SKEW = timedelta(days=1)
_ANYBODY = "*"
_MOST_RECIPIENTS = 50
_MOST_CANDIDATES = 10
_MOST_COMPARED = 50


def threads(mails: Sequence[Letter]) -> list[Place]:
    """The place of every mail, in the order given; chains are numbered from 1 in that order.

    After https://www.jwz.org/doc/threading.html, with three differences: In-Reply-To comes before References; a loop
    is cut at its earliest mail; and an answer whose references lead nowhere, because a provider rewrote or cut them,
    goes to the last mail of that subject by somebody it is addressed to. Two mails that answer the same missing one
    are in one chain. Linear in the references, but for sorting the mails. Never raises.
    """
    forest = _Forest([_Known.of(mail, number) for number, mail in enumerate(mails)])
    forest.follow_references()
    forest.follow_others()
    forest.follow_subjects()
    return forest.places()


# --- one mail ---

_PREFIXES = (
    r"re|aw|antw|antwort|sv|vs|odp|отв|ответ|на|ha|res|ref|rif|r|bls|atb|ynt|vá|rép|回复|回覆|答复|答覆|返信|회신|"
    r"ред|відп|відповідь|trả lời|απ|σχετ"
)
_FORWARDS = r"fwd?|wg|tr|пересл|переслано|пер|doorst|vl|vb|enc|i|fs|prosl|pd|转发|轉寄|転送|전달|rv|chuyển tiếp|πρθ"
_PREFIX = re.compile(
    rf"\s*(?:(?P<reply>{_PREFIXES})|(?:{_FORWARDS}))\s{{0,3}}(?:[\[(^]?\d{{1,4}}[\])]?)?\s{{0,3}}[:：]", re.IGNORECASE
)
_TAG = re.compile(r"\s*\[[^\[\]]{1,40}\]")
_LONGEST_SUBJECT = 1_000


def begins(mail: Mail) -> bool:
    """Whether nothing says that it answers, or hands on, another letter."""
    return not (mail.in_reply_to or mail.references or _PREFIX.match(mail.subject[:_LONGEST_SUBJECT]))


def base_subject(subject: str) -> tuple[str, bool]:
    """The subject without "Re:", "Отв:", "Fwd:" and list names, in lower case; and whether it is a reply's."""
    rest, replied = subject[:_LONGEST_SUBJECT], False
    while match := _PREFIX.match(rest) or _TAG.match(rest):
        replied = replied or bool(match.groupdict().get("reply"))
        rest = rest[match.end() :]
    return " ".join(rest.split()).casefold(), replied


class _Known(NamedTuple):
    """A mail, as far as threading goes. `answered` are its references, the likeliest first."""

    number: int
    message_id: str
    answered: tuple[str, ...]
    path: tuple[str, ...]
    subject: str
    replied: bool
    when: float | None
    author: str
    readers: tuple[str, ...]

    @classmethod
    def of(cls, mail: Letter, number: int) -> "_Known":
        own = mail.message_id
        people = [one.address.casefold() for one in (*mail.to, *mail.cc)][:_MOST_RECIPIENTS]
        author = mail.from_.address.casefold() if mail.from_ else ""
        path = tuple(dict.fromkeys(one for one in mail.references if one and one != own))
        answers = [one for one in mail.in_reply_to if one and one != own and one.casefold() not in {author, *people}]
        subject, replied = base_subject(mail.subject)
        answered = tuple(dict.fromkeys((*answers, *reversed(path))))
        return cls(number, own, answered, path, subject, replied, _seconds(mail.date), author, tuple(people))


def _seconds(date: datetime | None) -> float | None:
    if date is None:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- sets that grow together ---


class _Sets:
    """Disjoint sets of anything hashable, by a member of each."""

    def __init__(self) -> None:
        self._above: dict[int | str, int | str] = {}

    def find(self, one: int | str) -> int | str:
        root = one
        while (above := self._above.get(root, root)) != root:
            root = above
        while one != root:
            self._above[one], one = root, self._above.get(one, root)
        return root

    def join(self, one: int | str, other: int | str) -> None:
        """`other` is then found where `one` is."""
        self._above[self.find(other)] = self.find(one)


# --- all mails ---


class _Index:
    """Mails by message id: of several that share one, the first of the same subject, else the first."""

    def __init__(self, mails: Iterable[_Known]) -> None:
        self._first: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._alike: dict[tuple[str, str], int] = {}
        for mail in mails:
            if mail.message_id:
                self._first.setdefault(mail.message_id, mail.number)
                self._folded.setdefault(mail.message_id.casefold(), mail.number)
                self._alike.setdefault((mail.message_id, mail.subject), mail.number)

    def find(self, message_id: str, asking: _Known) -> int | None:
        found = self._alike.get((message_id, asking.subject), self._first.get(message_id))
        return self._folded.get(message_id.casefold()) if found is None else found

    def alias(self, message_id: str, number: int) -> None:
        """`message_id` is what others call that mail; its own name, if it has that one, comes first."""
        self._first.setdefault(message_id, number)


class _Forest:
    def __init__(self, mails: list[_Known]) -> None:
        self._mails = mails
        self._index = _Index(mails)
        self._parents: dict[int, int] = {}
        self._trees = _Sets()
        self._chains = _Sets()

    def follow_references(self) -> None:
        """Each mail to the nearest it names. The latest first, so that a loop is cut at its earliest mail."""
        for mail in sorted(self._mails, key=_latest_first):
            for name in mail.answered:
                found = self._index.find(name, mail)
                if found is not None and self._hang(mail.number, found):
                    break
        for mail in self._mails:
            self._gather(mail)

    def follow_others(self) -> None:
        """A mail that names nobody is hung where the references of a later mail place it."""
        for mail in self._mails:
            above: int | None = None
            for name in mail.path:
                found = self._index.find(name, mail)
                if found is not None and above is not None and self._is_placed(found, above):
                    self._hang(found, above)
                above = above if found is None else found

    def follow_subjects(self) -> None:
        """An answer still without a parent goes to whom it answers under that subject, the oldest answers first."""
        written = self._by_author()
        for mail in sorted(self._mails, key=_earliest_first):
            if mail.number in self._parents or not (mail.replied and mail.subject and mail.author):
                continue
            found = self._alias(mail)
            found = self._answered_by(mail, written) if found is None else found
            if found is not None and self._hang(mail.number, found) and mail.answered:
                self._index.alias(mail.answered[0], found)

    def places(self) -> list[Place]:
        numbers: dict[int | str, int] = {}
        return [
            Place(
                self._parents.get(mail.number), numbers.setdefault(self._chains.find(mail.number), len(numbers) + 1)
            )
            for mail in self._mails
        ]

    def _hang(self, number: int, parent: int) -> bool:
        """Whether the mail could be hung there: not under itself, and only once."""
        if number in self._parents or self._trees.find(parent) == number:
            return False
        self._parents[number] = parent
        self._trees.join(parent, number)
        self._chains.join(parent, number)
        return True

    def _gather(self, mail: _Known) -> None:
        """All that a mail names, here or missing, is of its chain; so are its copies."""
        for name in mail.answered:
            found = self._index.find(name, mail)
            self._chains.join(mail.number, f"<{name}>" if found is None else found)
        if mail.message_id and (first := self._index.find(mail.message_id, mail)) is not None:
            self._join_copies(first, mail)

    def _join_copies(self, first: int, mail: _Known) -> None:
        if self._mails[first].subject == mail.subject:
            self._chains.join(first, mail.number)

    def _is_placed(self, number: int, above: int) -> bool:
        mail, parent = self._mails[number], self._mails[above]
        early = mail.when is not None and parent.when is not None and mail.when + _SKEW.total_seconds() < parent.when
        return not mail.answered and mail.subject == parent.subject and not early

    def _alias(self, mail: _Known) -> int | None:
        return self._index.find(mail.answered[0], mail) if mail.answered else None

    def _by_author(self) -> dict[tuple[str, str], list[tuple[float, int]]]:
        written: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
        for mail in self._mails:
            for author in (mail.author, _ANYBODY):
                written[mail.subject, author].append((mail.when or 0.0, mail.number))
        for found in written.values():
            found.sort()
        return written

    def _answered_by(self, mail: _Known, written: dict[tuple[str, str], list[tuple[float, int]]]) -> int | None:
        """The last mail before this one by somebody it is written to; else the writer's own to the same people."""
        readers = dict.fromkeys(one for one in mail.readers or (_ANYBODY,) if one and one != mail.author)
        answers = (self._last_before(mail, written.get((mail.subject, one), [])) for one in readers)
        own = self._last_before(mail, written.get((mail.subject, mail.author), []))
        best = max((found for found in answers if found is not None), default=None)
        if best is None and own is not None and set(self._mails[own[1]].readers) & set(mail.readers):
            best = own
        return best[1] if best is not None else None

    def _last_before(self, mail: _Known, written: list[tuple[float, int]]) -> tuple[float, int] | None:
        until = len(written) if mail.when is None else bisect_right(written, (mail.when, mail.number))
        for when, number in _backwards(written, until):
            if mail.when is not None and when and mail.when - when > WINDOW.total_seconds():
                return None
            if number != mail.number and not self._answers_same(mail, self._mails[number]):
                return when, number
        return None

    def _answers_same(self, mail: _Known, other: _Known) -> bool:
        """Whether both name a mail that is missing, and so are likelier two answers than one to the other."""
        return not set(mail.answered[:_MOST_COMPARED]).isdisjoint(other.answered[:_MOST_COMPARED])


def _backwards(written: Sequence[tuple[float, int]], until: int) -> Iterator[tuple[float, int]]:
    return reversed(written[max(0, until - _MOST_CANDIDATES) : until])


def _latest_first(mail: _Known) -> tuple[bool, float, int]:
    return (mail.when is not None, -(mail.when or 0.0), -mail.number)


def _earliest_first(mail: _Known) -> tuple[bool, float, int]:
    return (mail.when is None, mail.when or 0.0, mail.number)
