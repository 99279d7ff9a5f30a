"""Mailboxes that the SMTP and the IMAP server share: pymap's in-memory ones, kept in journals, parsed on demand."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.bytes import Writeable
from pymap.concurrent import Event
from pymap.flags import FlagOp
from pymap.interfaces.message import CachedMessage, MessageInterface
from pymap.message import BaseLoadedMessage
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, ObjectId
from pymap.parsing.specials.flag import Flag
from pymap.selected import SelectedMailbox

from hub.channels.simulators import journal
from hub.channels.simulators.journal import Journal, Stored

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_SUFFIX = ".journal"


class RawMessage(Message):
    """A message known by its bytes; a hostile mail costs nothing until a client asks for its structure."""

    __slots__ = ("raw",)

    def __init__(self, uid: int, at: datetime, flags: Iterable[Flag], raw: bytes) -> None:
        super().__init__(uid, at, flags)
        self.raw = raw

    async def load_content(self, requirement: FetchRequirement) -> "LoadedRaw":  # type: ignore[override]
        return LoadedRaw(self, requirement, self.raw)


class LoadedRaw(BaseLoadedMessage):
    """Hands out the bytes exactly as they came."""

    def __init__(self, message: MessageInterface, requirement: FetchRequirement, raw: bytes) -> None:
        super().__init__(message, requirement, None)
        self._raw = raw

    @property
    def content(self) -> MessageContent:
        if self._content is None:
            self._content = _parsed(self._raw)
        return self._content

    def get_body(self, section: Sequence[int] | None = None, binary: bool = False) -> Writeable:
        return super().get_body(section, binary) if section or binary else Writeable.wrap(self._raw)

    def get_size(self, section: Sequence[int] | None = None) -> int:
        return super().get_size(section) if section else len(self._raw)

    def get_message_headers(
        self, section: Sequence[int] | None = None, subset: Collection[bytes] | None = None, inverse: bool = False
    ) -> Writeable:
        if section or subset is not None:
            return super().get_message_headers(section, subset, inverse)
        end = _HEADER_END.search(self._raw)
        return Writeable.wrap(self._raw[: end.end()] if end else self._raw)


def _parsed(raw: bytes) -> MessageContent:
    try:
        return MessageContent.parse(raw)
    except (RecursionError, ValueError, LookupError):
        return MessageContent.parse(b"\r\n" + raw)  # as a text without headers


class Mailbox(MailboxData):
    """One folder of an account."""

    def __init__(self, folders: "Folders", path: Path | None, *, uid_validity: int = 0) -> None:
        """Comes back from `path` if it is there."""
        super().__init__(folders._content_cache, folders._thread_cache)
        self._max_uid = 0
        if path and path.exists():
            self._load(path)
        else:
            self._uid_validity = max(self._uid_validity, uid_validity)
            self.journal = Journal.begin(path, self._uid_validity)

    def _load(self, path: Path) -> None:
        box = journal.read(path)
        self.journal = Journal(path)
        self._uid_validity, self._max_uid = box.uid_validity, box.max_uid
        for stored in box.mails.values():
            flags = [Flag(flag.encode()) for flag in stored.flags]
            self._messages[stored.uid] = RawMessage(stored.uid, datetime.fromisoformat(stored.at), flags, stored.raw)

    @property
    def mails(self) -> list[RawMessage]:
        """In the order of their UIDs."""
        return [message for message in self._messages.values() if isinstance(message, RawMessage)]

    def add(self, raw: bytes, *, at: datetime | None = None, flags: Iterable[Flag] = ()) -> RawMessage:
        """Appends a mail and wakes who is idling."""
        self._max_uid += 1
        message = RawMessage(self._max_uid, at or datetime.now(UTC), flags, raw)
        self.journal.add(Stored(message.uid, message.internal_date.isoformat(), _texts(message.permanent_flags), raw))
        self._messages[message.uid] = message
        self._mod_sequences.update([message.uid])
        self._updated.set()
        return message

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:  # noqa: ARG002
        return self.add(bytes(append_msg.literal), at=append_msg.when, flags=append_msg.flag_set)

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:  # noqa: ARG002
        message = self._messages.get(uid)
        if not isinstance(message, RawMessage) or not isinstance(destination, Mailbox):
            return None
        return destination.add(message.raw, at=message.internal_date, flags=message.permanent_flags).uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        new_uid = await self.copy(uid, destination, recent=recent)
        if new_uid is not None:
            await self.delete([uid])
        return new_uid

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        message = await super().update(uid, cached_msg, flag_set, mode)
        self.journal.flag(uid, _texts(message.permanent_flags))
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        gone = list(uids)
        self.journal.expunge(gone)
        await super().delete(gone)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        # pymap waits first and looks afterwards: what came between the last command and IDLE would go unseen.
        behind = selected.mod_sequence is None or selected.mod_sequence < self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=None if behind else wait_on)


def _texts(flags: Iterable[Flag]) -> list[str]:
    return sorted(bytes(flag).decode("ascii") for flag in flags)


class Folders(MailboxSet):
    """The folders of one account, one journal each."""

    def __init__(self, directory: Path | None) -> None:
        """`directory` holds the journals; with none, nothing is kept."""
        super().__init__()
        self._directory = directory
        for name in {"INBOX", "Sent", *self._stored()}:
            self._put(name, Mailbox(self, self._path(name)))

    def folder(self, name: str) -> Mailbox:
        """The folder of this name; KeyError when there is none."""
        found = self._inbox if name.upper() == "INBOX" else self._set[name]
        assert isinstance(found, Mailbox)
        return found

    def recreate(self, name: str, *, keep: bool) -> None:
        """A new folder under the name: higher UIDVALIDITY, UIDs from 1, with or without the mails."""
        old = self.folder(name)
        old.journal.close()
        new = Mailbox(self, self._begun(name), uid_validity=old.uid_validity + 1)
        self._put(name, new)
        for mail in old.mails if keep else ():
            new.add(mail.raw, at=mail.internal_date, flags=mail.permanent_flags)

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        self._put(name, Mailbox(self, self._path(name)))
        return self._set[name].mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        self.folder(name).journal.remove()
        await super().delete_mailbox(name)

    async def rename_mailbox(self, before: str, after: str) -> None:
        if before.upper() == "INBOX":
            raise ValueError(before)
        await super().rename_mailbox(before, after)
        for name in self._set:
            if (path := self._path(name)) is not None:
                self.folder(name).journal.move(path)

    def close(self) -> None:
        for mailbox in (self._inbox, *self._set.values()):
            assert isinstance(mailbox, Mailbox)
            mailbox.journal.close()

    def _put(self, name: str, mailbox: Mailbox) -> None:
        if name == "INBOX":
            self._inbox = mailbox
        else:
            self._set[name] = mailbox

    def _path(self, name: str) -> Path | None:
        return self._directory / f"{quote(name, safe='')}{_SUFFIX}" if self._directory else None

    def _begun(self, name: str) -> Path | None:
        path = self._path(name)
        if path:
            path.unlink(missing_ok=True)
        return path

    def _stored(self) -> list[str]:
        files = self._directory.glob(f"*{_SUFFIX}") if self._directory else ()
        return [unquote(file.name.removesuffix(_SUFFIX)) for file in files]
