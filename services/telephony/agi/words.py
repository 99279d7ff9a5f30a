"""The words of Asterisk's gateway interface: commands and answers, as https://docs.asterisk.org describes them."""

import re
from dataclasses import dataclass

LINE, HEAD_LINES = 2_048, 100
"""Bytes of one line, and lines of a head: what is longer is none of Asterisk's."""
LONGEST = LINE - 1
"""Bytes of a command with its end (AGI_BUF_LEN)."""
_ANSWER = re.compile(r"(\d{3})[ -](?:result=(\S*))?\s*(?:\((.*?)\))?(?:\s*endpos=(\d+))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class HungUp(Exception):
    """The caller is gone, or the connection to his exchange is."""


class CommandRefused(Exception):
    """The exchange does not know the command, or cannot do it: nothing was done."""


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    result: str
    """`0`, `-1`, or the code of a key in ASCII."""
    data: str = ""
    """What stands in parentheses: the value of a variable, or how it ended."""
    samples: int = 0
    """How far it came, of what is played or recorded."""

    @property
    def key(self) -> str:
        """The key that ended it; empty where none did."""
        code = int(self.result) if self.result.isdecimal() else 0
        return chr(code) if 32 < code < 127 else ""


def command(*words: str) -> str:
    """One line of it; a word is quoted where it has to be. What would end the line is a space.

    Raises CommandRefused: it is longer than Asterisk reads at once; the rest would be a command of its own.
    """
    line = " ".join(_quoted(word) for word in words)
    if len(line.encode()) >= LONGEST:
        raise CommandRefused(f"{words[0]} would have {len(line.encode())} bytes; an exchange reads {LONGEST}")
    return line


def answer_of(line: str) -> Answer:
    """Raises ValueError for what is no answer."""
    found = _ANSWER.match(line)
    if found is None:
        raise ValueError(f"no answer of AGI: {line[:80]!r}")
    return Answer(int(found[1]), found[2] or "", found[3] or "", int(found[4] or 0))


def variable_of(line: str) -> tuple[str, str]:
    """A line of the head. Raises ValueError."""
    name, colon, value = line.partition(":")
    if not colon or not name.startswith("agi_"):
        raise ValueError(f"no head of AGI: {line[:80]!r}")
    return name, value.strip()


def _quoted(word: str) -> str:
    plain = _CONTROL.sub(" ", word)
    if plain and not re.search(r"[\s\"\\]", plain):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
