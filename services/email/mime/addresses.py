"""Address headers (RFC 5322, 3.4) read in one pass, also without quotes, brackets or commas where they belong."""

import re
from collections.abc import Sequence
from functools import lru_cache

from services.email.mime import words
from services.email.mime.model import Address

MAX_ADDRESSES = 10_000  # What lies beyond stays in the raw header only.

_PLAIN = re.compile(
    r'\s*+(?:(?:"([^"\\]*+)"\s*+|([^"\\(<>,;:@\[]*+))<([^<>\s"(),;:=\\]+@[^<>\s"(),;:\\]+)>'
    r"|([^<>\s\"(),;:=\\]+@[^<>\s\"(),;:\\]+))\s*+(?:,(?=.)|\Z)",
    re.DOTALL,
)
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"?+|<++([^<>]*+)>?+|([,;:()])|([^",;:()<>\s]++)|(\s++)|[>]', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse(values: Sequence[bytes]) -> tuple[Address, ...]:
    """Every address of the headers in order; groups are flattened. A name without an address keeps "" as address."""
    if not values:
        return ()
    if len(values) == 1:
        return _read_short(values[0]) if len(values[0]) < 200 else _read(values[0])
    return tuple(address for value in values for address in _read(value))[:MAX_ADDRESSES]


# Most mails of a mailbox are written to the same few addresses.
@lru_cache(maxsize=128)
def _read_short(value: bytes) -> tuple[Address, ...]:
    return _read(value)


def _read(value: bytes) -> tuple[Address, ...]:
    text = words.text(value)
    return tuple(_read_plain(text) or (_Reader().read(text)[:MAX_ADDRESSES] if text else ()))


def _read_plain(text: str) -> list[Address]:
    """A list written by the book, as nearly all are; empty where it is not."""
    found, at = [], 0
    while match := _PLAIN.match(text, at):
        quoted, phrase, angle, bare = match.groups()
        name = quoted or _unquoted(phrase or "")
        found.append(Address(words.decode_words(name) if "=?" in name else name, angle or bare))
        at = match.end()
        if at == len(text) or len(found) >= MAX_ADDRESSES:
            return found
    return []


def _unquoted(phrase: str) -> str:
    phrase = phrase.strip()
    return phrase[1:-1] if len(phrase) > 1 and phrase[0] == phrase[-1] == "'" else phrase


class _Reader:
    """Collects the words of one address until a separator ends it."""

    def __init__(self) -> None:
        self._found: list[Address] = []
        self._clear()

    def _clear(self) -> None:
        self._words: list[str] = []
        self._after: list[str] = []  # Words behind the angle brackets: of this address, or of one that follows.
        self._comments: list[str] = []
        self._angle: str | None = None
        self._quoted = False

    def read(self, text: str) -> list[Address]:
        """All addresses in `text`."""
        depth = 0
        comment: list[str] = []
        for match in _TOKEN.finditer(text):
            if len(self._found) >= MAX_ADDRESSES:
                break
            if match[1] is not None and match.end() == len(text) and not _is_closed(match[0]):
                return self.read(text[match.start() + 1 :].replace('"', " "))
            mark = match[3]
            if mark == "(":
                depth += 1
            elif mark == ")" and depth:
                depth -= 1
                if depth == 0:
                    self._comments.append("".join(comment).strip())
                    comment = []
                    continue
            if depth:
                comment.append(match[0] if mark != "(" or depth > 1 else "")
            else:
                self._take(match, text)
        if comment:
            self._comments.append("".join(comment).strip())
        self._end()
        return self._found

    def _take(self, match: re.Match[str], text: str) -> None:
        quoted, angle, mark, atom, blank = match.groups()
        if quoted is not None:
            self._word(_ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted)
            self._quoted = True
        elif angle is not None:
            self._take_angle(angle)
        elif mark is not None:
            self._take_mark(mark, match, text)
        elif atom is not None or blank is not None:
            self._word(atom or " ")

    def _word(self, word: str) -> None:
        (self._words if self._angle is None else self._after).append(word)

    def _take_angle(self, angle: str) -> None:
        if self._angle is not None:
            following, self._after = self._after, []
            self._end()
            self._words = following
        self._angle = angle

    def _take_mark(self, mark: str, match: re.Match[str], text: str) -> None:
        if mark == ":":
            # A group's name ends here; but ":" also stands in badly quoted names and in "mailto:".
            if self._angle is None and not _has_address(self._words):
                self._clear()
        elif mark == "," and self._angle is None and self._unquoted_comma(match, text):
            self._words.append(mark)
        elif mark in ",;":
            self._end()

    def _unquoted_comma(self, match: re.Match[str], text: str) -> bool:
        """`Ivanov, Ivan <a@b>`: the comma belongs to the name where no address stands before it."""
        if _has_address(self._words) or not "".join(self._words).strip() or self._comments:
            return False
        end = match.end()
        rest = text[end : end + 80]
        angle, comma = rest.find("<"), rest.find(",")
        return angle != -1 and (comma == -1 or angle < comma) and "@" not in rest[:angle]

    def _end(self) -> None:
        phrase = " ".join("".join([*self._words, " ", *self._after]).split())
        comments = [comment for comment in self._comments if comment]
        if phrase or comments or self._angle:
            self._found.append(_address(phrase, comments, self._angle, self._quoted))
        self._clear()


def _is_closed(quoted: str) -> bool:
    return len(quoted) > 1 and quoted.endswith('"') and (len(quoted) - len(quoted[:-1].rstrip("\\"))) % 2 == 1


def _has_address(parts: list[str]) -> bool:
    return any("@" in part for part in parts)


def _address(phrase: str, comments: list[str], angle: str | None, quoted: bool) -> Address:
    comment = words.decode_words(" ".join(comments))
    if angle is not None and angle.strip():
        name = words.decode_words(phrase).strip(" '") if not quoted else words.decode_words(phrase)
        return Address(f"{name} ({comment})".strip() if name and comment else name or comment, _route(angle))
    phrase = words.decode_words(phrase)
    if "@" in phrase:
        return _bare(phrase, comment, quoted)
    return Address(f"{phrase} ({comment})" if phrase and comment else phrase or comment, "")


def _bare(phrase: str, comment: str, quoted: bool) -> Address:
    """No angle brackets: the last word with "@" is the address, the others the name."""
    parts = phrase.split(" ") if not quoted else [phrase]
    if quoted and " " in phrase:
        local, _, domain = phrase.rpartition("@")
        return Address(comment, f'"{local}"@{domain}' if " " not in domain else phrase)
    at = max(n for n, part in enumerate(parts) if "@" in part)
    name = " ".join(part for n, part in enumerate(parts) if n != at)
    return Address(name or comment, parts[at].removeprefix("mailto:"))


def _route(angle: str) -> str:
    """`@relay,@relay:local@domain` without its route, blanks and comments dropped (RFC 5322, 4.4)."""
    angle = angle.strip()
    if angle.startswith("@") and ":" in angle:
        angle = angle.rpartition(":")[2]
    angle = angle.removeprefix("mailto:").removeprefix("MAILTO:")
    angle = words.decode_words(angle)
    return "".join(angle.split()) if '"' not in angle else angle
