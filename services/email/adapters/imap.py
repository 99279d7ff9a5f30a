"""IMAP (RFC 3501) as the poller and the copier need it, on aioimaplib."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone

from aioimaplib.aioimaplib import Response, quoted  # type: ignore[import-untyped]

from hub.kit.outside import Outside
from services.email.adapters import imap_folders
from services.email.adapters.folder_names import encoded
from services.email.adapters.imap_login import logged_in
from services.email.adapters.imap_wire import Wire, words
from services.email.adapters.oauth import AccessTokens
from services.email.adapters.outage import translated
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.models import FetchedMail, Server

_UID_VALIDITY = re.compile(rb"UIDVALIDITY (\d+)", re.IGNORECASE)
_MESSAGE = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)", re.IGNORECASE)
_SHORT_BODY = re.compile(rb'BODY\[(?:HEADER)?\] "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_INTERNAL_DATE = re.compile(rb'INTERNALDATE " ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"', re.I)
_NO_BODY = re.compile(rb"BODY\[(?:HEADER)?\] NIL", re.IGNORECASE)
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_NOT_THERE = ("[TRYCREATE]", "[NONEXISTENT]")


class ImapInbox:
    """The INBOX of one mailbox, open. Nothing it does changes a flag.

    Every method raises MailServerUnavailable when the server is gone or does not answer.
    """

    def __init__(self, wire: Wire, uid_validity: int) -> None:
        self._wire = wire
        self.uid_validity = uid_validity

    async def uids_above(self, uid: int, *, since: datetime | None = None) -> list[int]:
        """The UIDs of what came after `uid`, ascending; of a mail that the server got on an earlier day than `since`
        it need not tell.
        """
        self._wire.news.clear()
        # The day is the server's, wherever that is.
        day = f" SINCE {_day(since - timedelta(days=1))}" if since else ""
        with translated():
            response = _ok(await self._wire.ask("SEARCH", f"UID {uid + 1}:*{day}", uid=True))
            found = {int(word) for line in response.lines[:-1] for word in bytes(line).split()}
        # `n:*` names the last mail even if it is below n.
        return sorted(number for number in found if number > uid)

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each mail that is still there."""
        with translated():
            response = _ok(await self._wire.ask("FETCH", _uid_set(uids), "(UID RFC822.SIZE)", uid=True))
            return {
                _number(_UID, text): _number(_SIZE, text) for text, _ in _messages(response) if _SIZE.search(text)
            }

    async def fetch(self, uids: Sequence[int], *, headers_only: bool = False) -> list[FetchedMail]:
        """Those that are still there, in order of UID.

        Raises:
            MailRefusedByServer: it will not hand them over; its words.
        """
        part = "BODY.PEEK[HEADER]" if headers_only else "BODY.PEEK[]"
        with translated():
            response = await self._wire.ask("FETCH", _uid_set(uids), f"(UID INTERNALDATE {part})", uid=True)
            mails = {mail.uid: mail for mail in self._mails(response, empty=headers_only)}
        withheld = any(_NO_BODY.search(text) for text, _ in _messages(response)) and not headers_only
        if response.result == "OK" and withheld:
            raise MailRefusedByServer("NIL instead of the mail")
        if response.result != "OK":
            raise MailRefusedByServer(words(response))
        wanted = set(uids)
        return [mails[uid] for uid in sorted(mails) if uid in wanted]

    def _mails(self, response: Response, *, empty: bool) -> Iterable[FetchedMail]:
        """With `empty` also those of which the server has nothing at all."""
        for text, literal in _messages(response):
            raw = literal if literal is not None else _short_body(text)
            raw = b"" if raw is None and empty and _NO_BODY.search(text) else raw
            if raw is not None and (uid := _number(_UID, text)):
                # Mails of one second stay in the order in which they came, at every fetch.
                at = _internal_date(text).replace(microsecond=uid % 1_000_000)
                yield FetchedMail(uid=uid, uid_validity=self.uid_validity, at=at, raw=raw)

    async def wait(self, *, poll: timedelta, safety: timedelta) -> None:
        """Returns when mail was announced (IDLE), or after `safety`; without IDLE after `poll`."""
        with translated():
            if self._wire.news.is_set():
                return
            if "IDLE" in self._wire.capabilities:
                await self._wire.idle_for(safety.total_seconds())
            else:
                await asyncio.wait((self._wire.gone,), timeout=poll.total_seconds())


@asynccontextmanager
async def open_inbox(
    server: Server,
    *,
    patience: float,
    tls: ssl.SSLContext,
    outside: Outside,
    tokens: AccessTokens | None = None,
) -> AsyncIterator[ImapInbox]:
    """The INBOX, selected; errors as `logged_in`."""
    async with logged_in(server, patience=patience, tls=tls, outside=outside, tokens=tokens) as wire:
        with translated():
            inbox = await _opened(wire, "SELECT", "INBOX")
        yield inbox


@asynccontextmanager
async def open_sent_inbox(
    server: Server,
    *,
    patience: float,
    tls: ssl.SSLContext,
    outside: Outside,
    tokens: AccessTokens | None = None,
) -> AsyncIterator[ImapInbox]:
    """The Sent folder, to be read as an INBOX is; errors as `logged_in`, and MailRefusedByServer where there is
    none.
    """
    async with logged_in(server, patience=patience, tls=tls, outside=outside, tokens=tokens) as wire:
        with translated():
            found = imap_folders.folders(_ok(await wire.ask("LIST", '""', '"*"')).lines[:-1])
            name = imap_folders.sent_of(found)
            if name is None:
                raise MailRefusedByServer("there is no folder for what was sent")
            inbox = await _opened(wire, "EXAMINE", quoted(encoded(name)))
        yield inbox


async def _opened(wire: Wire, command: str, folder: str) -> ImapInbox:
    response = _ok(await wire.ask(command, folder))
    found = _UID_VALIDITY.search(b"\n".join(bytes(line) for line in response.lines))
    return ImapInbox(wire, int(found[1]) if found else 0)


class ImapSentFolder:
    """The folder for copies of what was sent."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self.name = name

    async def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is there."""
        with translated():
            selected = await self._wire.ask("SELECT", quoted(encoded(self.name)))
            if selected.result == "NO" and _is_missing(selected):
                return False
            _ok(selected)
            response = _ok(await self._wire.ask("SEARCH", f"HEADER Message-ID {quoted(message_id)}", uid=True))
            return any(bytes(line).split() for line in response.lines[:-1])

    async def append(self, mail: bytes, *, at: datetime) -> None:
        """Adds a mail, marked as read.

        Raises:
            MailRefusedByServer: the server's words, for example that the mailbox is full.
        """
        stamp = f'"{_day(at)} {at:%H:%M:%S} +0000"'
        with translated():
            response = await self._append(mail, stamp)
            if response.result != "OK" and _is_missing(response):
                await self._wire.ask("CREATE", quoted(encoded(self.name)))
                response = await self._append(mail, stamp)
        if response.result != "OK":
            raise MailRefusedByServer(words(response))

    async def _append(self, mail: bytes, stamp: str) -> Response:
        self._wire.literal_data = mail
        return await self._wire.ask("APPEND", quoted(encoded(self.name)), "(\\Seen)", stamp, f"{{{len(mail)}}}")


@asynccontextmanager
async def open_sent(
    server: Server,
    *,
    patience: float,
    tls: ssl.SSLContext,
    outside: Outside,
    tokens: AccessTokens | None = None,
) -> AsyncIterator[ImapSentFolder]:
    """The Sent folder, made if there is none; errors as `logged_in`."""
    async with logged_in(server, patience=patience, tls=tls, outside=outside, tokens=tokens) as wire:
        with translated():
            found = imap_folders.folders(_ok(await wire.ask("LIST", '""', '"*"')).lines[:-1])
            name = imap_folders.sent_of(found) or await _made_sent(wire, found)
        yield ImapSentFolder(wire, name)


async def _made_sent(wire: Wire, found: list[imap_folders.Folder]) -> str:
    told = (await wire.ask("NAMESPACE")).lines[:-1] if "NAMESPACE" in wire.capabilities else ()
    name = imap_folders.prefix_of(found, told) + "Sent"
    response = await wire.ask("CREATE", quoted(encoded(name)))
    if response.result == "NO" and name == "Sent":
        name = imap_folders.below_inbox(found, name)
        response = await wire.ask("CREATE", quoted(encoded(name)))
    if response.result != "OK":
        raise MailRefusedByServer(words(response))
    return name


def _is_missing(response: Response) -> bool:
    return any(code in words(response).upper() for code in _NOT_THERE)


def _ok(response: Response) -> Response:
    if response.result != "OK":
        raise MailServerUnavailable("protocol", words(response))
    return response


def _messages(response: Response) -> Iterable[tuple[bytes, bytes | None]]:
    """For each message its text parts and its literal."""
    text, literal, begun = b"", None, False
    for line in response.lines[:-1]:
        if isinstance(line, bytearray):
            literal = bytes(line)
        elif _MESSAGE.match(line):
            if begun:
                yield text, literal
            text, literal, begun = line, None, True
        else:
            text += b" " + line
    if begun:
        yield text, literal


def _number(pattern: re.Pattern[bytes], text: bytes) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else 0


def _short_body(text: bytes) -> bytes | None:
    found = _SHORT_BODY.search(text)
    return re.sub(rb"\\(.)", rb"\1", found[1]) if found else None


def _internal_date(text: bytes) -> datetime:
    """Without one, a moment that is the same at every fetch."""
    found = _INTERNAL_DATE.search(text)
    if found is None or found[2].title() not in _MONTHS:
        return datetime(1970, 1, 1, tzinfo=UTC)
    day, month, year, hour, minute, second, sign, off_hours, off_minutes = found.groups()
    offset = timedelta(hours=int(off_hours), minutes=int(off_minutes)) * (-1 if sign == b"-" else 1)
    month_number = _MONTHS.index(month.title()) + 1
    try:
        local = datetime(int(year), month_number, int(day), int(hour), int(minute), int(second))
        return local.replace(tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def _day(at: datetime) -> str:
    return f"{at.day:02}-{_MONTHS[at.month - 1].decode()}-{at.year:04}"


def _uid_set(uids: Sequence[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in runs)
