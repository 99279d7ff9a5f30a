"""IMAP (RFC 3501) as the poller and the copier need it, on aioimaplib."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone

from aioimaplib.aioimaplib import Response, quoted  # type: ignore[import-untyped]

from hub.channels.errors import LoginRefused
from hub.kit.outside import Outside
from services.email.adapters.folder_names import decoded, encoded
from services.email.adapters.imap_wire import Wire, words
from services.email.adapters.oauth import CHECK_CONSENT, AccessTokens, offered, xoauth2
from services.email.adapters.outage import translated
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.models import FetchedMail, OAuth, Server

_UID_VALIDITY = re.compile(rb"UIDVALIDITY (\d+)", re.IGNORECASE)
_MESSAGE = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)", re.IGNORECASE)
_SHORT_BODY = re.compile(rb'BODY\[(?:HEADER)?\] "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_INTERNAL_DATE = re.compile(rb'INTERNALDATE " ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_LIST = re.compile(rb'^\((?P<flags>[^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (?P<name>.+)$', re.IGNORECASE)
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
_SENT_NAMES = ("Sent", "Отправленные", "Sent Items", "Sent Messages", "INBOX.Sent", "INBOX/Sent")


@asynccontextmanager
async def logged_in(
    server: Server,
    *,
    patience: float,
    tls: ssl.SSLContext,
    outside: Outside,
    tokens: AccessTokens | None = None,
) -> AsyncIterator[Wire]:
    """A connection after the login, by `tokens` if the server is opened with OAuth2; `patience` is in seconds, for
    each answer.

    Raises:
        LoginRefused: with the server's words.
        MailServerUnavailable: not reached, or not an IMAP server.
    """
    wire = Wire(patience=patience)
    try:
        with translated():
            secure = tls if server.security == "tls" else None
            await wire.open(server.host, server.port, tls=secure, outside=outside)
            if server.security == "starttls":
                await wire.start_tls(server.host, tls)
            await _login(wire, server, tokens)
        yield wire
    finally:
        await wire.close()


async def _login(wire: Wire, server: Server, tokens: AccessTokens | None) -> None:
    if server.oauth and tokens:
        response = await _by_token(wire, server.user, server.oauth, tokens)
    else:
        response = await wire.ask("LOGIN", quoted(server.user), quoted(server.password), secret=server.password)
    if response.result != "OK":
        raise _refused(words(response), by_token=server.oauth is not None)
    await wire.capability()


async def _by_token(wire: Wire, user: str, oauth: OAuth, tokens: AccessTokens) -> Response:
    offered(wire.capabilities, "AUTH=XOAUTH2")
    token = await tokens.get(oauth)
    response = await wire.authenticate("XOAUTH2", xoauth2(user, token))
    if response.result != "OK":
        # The provider may have ended the token before its time: once more, with another one.
        token = await tokens.get(oauth, instead_of=token)
        response = await wire.authenticate("XOAUTH2", xoauth2(user, token))
    return response


def _refused(said: str, *, by_token: bool) -> LoginRefused | MailServerUnavailable:
    if any(code in said.upper() for code in _PASSING):
        return MailServerUnavailable("lost", said)
    return LoginRefused(said, fix=CHECK_CONSENT) if by_token else LoginRefused(said)


class ImapInbox:
    """The INBOX of one mailbox, open. Nothing it does changes a flag.

    Every method raises MailServerUnavailable when the server is gone or does not answer.
    """

    def __init__(self, wire: Wire, uid_validity: int) -> None:
        self._wire = wire
        self.uid_validity = uid_validity

    async def uids_above(self, uid: int) -> list[int]:
        """The UIDs of what came after `uid`, ascending."""
        self._wire.news.clear()
        with translated():
            response = _ok(await self._wire.ask("SEARCH", f"UID {uid + 1}:*", uid=True))
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
            mails = {mail.uid: mail for mail in self._mails(response)}
        if response.result != "OK":
            raise MailRefusedByServer(words(response))
        wanted = set(uids)
        return [mails[uid] for uid in sorted(mails) if uid in wanted]

    def _mails(self, response: Response) -> Iterable[FetchedMail]:
        for text, literal in _messages(response):
            raw = literal if literal is not None else _short_body(text)
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
            response = _ok(await wire.ask("SELECT", "INBOX"))
            found = _UID_VALIDITY.search(b"\n".join(bytes(line) for line in response.lines))
        yield ImapInbox(wire, int(found[1]) if found else 0)


class ImapSentFolder:
    """The folder for copies of what was sent."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self.name = name

    async def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is there."""
        with translated():
            _ok(await self._wire.ask("SELECT", quoted(encoded(self.name))))
            response = _ok(await self._wire.ask("SEARCH", f"HEADER Message-ID {quoted(message_id)}", uid=True))
            return any(bytes(line).split() for line in response.lines[:-1])

    async def append(self, mail: bytes, *, at: datetime) -> None:
        """Adds a mail, marked as read.

        Raises:
            MailRefusedByServer: the server's words, for example that the mailbox is full.
        """
        stamp = f'"{at.day:02}-{_MONTHS[at.month - 1].decode()}-{at:%Y %H:%M:%S} +0000"'
        with translated():
            self._wire.literal_data = mail
            response = await self._wire.ask(
                "APPEND", quoted(encoded(self.name)), "(\\Seen)", stamp, f"{{{len(mail)}}}"
            )
        if response.result != "OK":
            raise MailRefusedByServer(words(response))


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
            name = _sent_name(_ok(await wire.ask("LIST", '""', '"*"')))
            if name is None:
                name = "Sent"
                response = await wire.ask("CREATE", quoted(name))
                if response.result != "OK":
                    raise MailRefusedByServer(words(response))
        yield ImapSentFolder(wire, name)


def _sent_name(response: Response) -> str | None:
    folders = {name: flags for flags, name in _folders(response)}
    marked = (name for name, flags in folders.items() if rb"\sent" in flags.lower())
    return next(marked, None) or next((name for name in _SENT_NAMES if name in folders), None)


def _folders(response: Response) -> Iterable[tuple[bytes, str]]:
    lines = [bytes(line) for line in response.lines[:-1]]
    for line, following in zip(lines, [*lines[1:], b""], strict=True):
        if found := _LIST.match(line):
            name = following if found["name"].startswith(b"{") else found["name"]
            yield found["flags"], decoded(name.decode("utf-8", "replace"))


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


def _uid_set(uids: Sequence[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in runs)
