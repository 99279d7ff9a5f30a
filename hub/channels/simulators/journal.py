"""An append-only file per mailbox, from which it comes back with the same UIDs after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson


@dataclass(slots=True)
class Stored:
    """One mail as the journal has it."""

    uid: int
    at: str
    flags: list[str]
    raw: bytes


@dataclass(slots=True)
class Box:
    """What a journal says at its end."""

    uid_validity: int = 0
    max_uid: int = 0
    mails: dict[int, Stored] = field(default_factory=dict)


class Journal:
    """Entries are a line of JSON, followed by the mail where the entry brings one. Not synced: a simulator may lose
    its last mail to a power cut, not to a kill."""

    def __init__(self, path: Path | None) -> None:
        """With no path, nothing is kept."""
        self._path = path
        self._file = path.open("ab", buffering=0) if path else None

    @classmethod
    def begin(cls, path: Path | None, uid_validity: int) -> "Journal":
        """A new, empty one in place of what was there."""
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        journal = cls(path)
        journal._write({"uid_validity": uid_validity})
        return journal

    def add(self, mail: Stored) -> None:
        self._write({"uid": mail.uid, "at": mail.at, "flags": mail.flags, "size": len(mail.raw)}, mail.raw + b"\n")

    def flag(self, uid: int, flags: list[str]) -> None:
        self._write({"uid": uid, "flags": flags})

    def expunge(self, uids: list[int]) -> None:
        self._write({"gone": uids})

    def move(self, path: Path) -> None:
        if self._path:
            self._path = self._path.rename(path)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def remove(self) -> None:
        self.close()
        if self._path:
            self._path.unlink(missing_ok=True)

    def _write(self, entry: dict[str, Any], body: bytes = b"") -> None:
        if self._file:
            self._file.write(orjson.dumps(entry) + b"\n" + body)


def read(path: Path) -> Box:
    """The mailbox that a journal tells of; an entry torn by a kill is cut off."""
    content = path.read_bytes()
    box, end = Box(), 0
    for entry, raw, end in _entries(content):  # noqa: B007 - the last end is what is whole
        _apply(box, entry, raw)
    if end < len(content):
        with path.open("r+b") as file:
            file.truncate(end)
    return box


def _entries(content: bytes) -> Iterator[tuple[dict[str, Any], bytes, int]]:
    start = 0
    while (line_end := content.find(b"\n", start)) >= 0:
        entry = orjson.loads(content[start:line_end])
        body = line_end + 1
        start = body + entry["size"] + 1 if "size" in entry else body
        if start > len(content):
            return
        yield entry, content[body : start - 1], start


def _apply(box: Box, entry: dict[str, Any], raw: bytes) -> None:
    if "uid_validity" in entry:
        box.uid_validity = entry["uid_validity"]
    elif "gone" in entry:
        for uid in entry["gone"]:
            box.mails.pop(uid, None)
    elif "size" in entry:
        box.max_uid = entry["uid"]
        box.mails[entry["uid"]] = Stored(entry["uid"], entry["at"], entry["flags"], raw)
    elif entry["uid"] in box.mails:
        box.mails[entry["uid"]].flags = entry["flags"]
