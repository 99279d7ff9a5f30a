"""SMTP for many mails at once (RFC 5321 with PIPELINING, RFC 2920): a few kept connections, one round trip a mail.

MAIL, RCPT and DATA of the next mail leave together with the text of the one before. What was not answered when a
connection was lost is `Deferred` while its text had not begun to leave, else `Unknown`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from hub.channels.base import Deferred, Outcome, Refused, Sent, Unknown
from hub.kit.errors import HubError
from services.email.models import OutgoingMail

_LOST = (OSError, EOFError, TimeoutError)
Open = Callable[[], Awaitable[asyncio.Transport]]
"""A transport that is connected, logged in, and whose server takes PIPELINING."""
_LONGEST = 64 * 1024
"""Bytes of one answer."""


@dataclass(slots=True)
class Answer:
    code: int
    words: str

    @property
    def said(self) -> str:
        return f"{self.code} {' '.join(self.words.split())}"[:500]


class _Pipe(asyncio.Protocol):
    """Answers, in their order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._waiting: deque[asyncio.Future[Answer]] = deque()
        self.lost: Exception | None = None

    def next(self) -> "asyncio.Future[Answer]":
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self.lost:
            future.set_exception(self.lost)
        else:
            self._waiting.append(future)
        return future

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r").decode("utf-8", "replace")
            del self._buffer[: end + 1]
            self._line(line)
        if len(self._buffer) > _LONGEST:
            self.connection_lost(EOFError("an answer without an end"))

    def _line(self, line: str) -> None:
        self._lines.append(line[4:])
        if line[3:4] == "-" and len(self._lines) < 100:
            return
        words, self._lines = "\n".join(self._lines), []
        if not line[:3].isdigit():
            self.connection_lost(EOFError(f"no answer of SMTP: {line[:80]}"))
        elif self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(Answer(int(line[:3]), words))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.lost or exc or EOFError("the server ended the connection")
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(self.lost)


class MassOutlet:
    """Hands over many mails for one mailbox."""

    def __init__(self, open_transport: Open, *, connections: int, patience: float, keep: float) -> None:
        """`patience` is in seconds, for an answer; `keep` is how many an unused connection stays open."""
        self._keep = keep
        self._closing: asyncio.TimerHandle | None = None
        self._open = open_transport
        self._most = connections
        self._patience = patience
        self._free: list[_Line] = []

    @asynccontextmanager
    async def ready(self, mails: int) -> AsyncIterator[Callable[[Sequence[OutgoingMail]], Awaitable[list[Outcome]]]]:
        """Connections for so many.

        Raises:
            LoginRefused, MailServerUnavailable, OneByOne: nothing of any was handed over.
        """
        if self._closing:
            self._closing.cancel()
        lines = await self._lines(min(self._most, max(1, mails // 10)))
        try:
            yield partial(self._send, lines)
        finally:
            self._free += [line for line in lines if line.lives]
            self._closing = asyncio.get_running_loop().call_later(self._keep, self._drop)

    async def _send(self, lines: Sequence["_Line"], mails: Sequence[OutgoingMail]) -> list[Outcome]:
        """One for each, in their order. Never raises what a single one of them would."""
        outcomes: list[Outcome] = [Deferred("before hand-over: the connection was lost")] * len(mails)
        shares = [range(number, len(mails), len(lines)) for number in range(len(lines))]
        await asyncio.gather(*(line.send(mails, share, outcomes) for line, share in zip(lines, shares, strict=True)))
        return outcomes

    async def _lines(self, wanted: int) -> list["_Line"]:
        """At least one; those that cannot be had beside it are done without."""
        self._free = [line for line in self._free if line.lives]
        lines = [self._free.pop() for _ in range(min(wanted, len(self._free)))]
        try:
            while len(lines) < wanted:
                lines.append(_Line(await self._open(), self._patience))
        except HubError:
            if not lines:
                raise
        return lines

    async def close(self) -> None:
        """Nothing is under way."""
        if self._closing:
            self._closing.cancel()
        self._drop()

    def _drop(self) -> None:
        for line in self._free:
            line.close()
        self._free = []


class _Line:
    """One connection."""

    def __init__(self, transport: asyncio.Transport, patience: float) -> None:
        self._transport = transport
        self._patience = patience
        self._pipe = _Pipe()
        transport.set_protocol(self._pipe)

    @property
    def lives(self) -> bool:
        return self._pipe.lost is None and not self._transport.is_closing()

    def close(self) -> None:
        if self.lives:
            self._transport.write(b"QUIT\r\n")
        self._transport.close()

    async def send(self, mails: Sequence[OutgoingMail], share: Sequence[int], outcomes: list[Outcome]) -> None:
        """Fills in the outcomes of its share."""
        asked: tuple[asyncio.Future[Answer], ...] = ()
        try:
            for place, number in enumerate(share):
                asked = asked or self._offer(mails[number])
                refused = await self._refused(asked)
                after = mails[share[place + 1]] if place + 1 < len(share) else None
                asked = ()
                if refused is not None:
                    outcomes[number] = refused
                    continue
                outcomes[number] = Unknown("the server may have accepted it: cut after DATA")
                text = self._pipe.next()
                asked = self._offer(after, _stuffed(mails[number].raw))
                outcomes[number] = _answered(await self._within(text))
        except _LOST as exc:
            self._transport.abort()
            self._pipe.connection_lost(exc)
        for future in asked:
            if future.done():
                future.exception()  # it is known that the connection is gone
            else:
                future.cancel()

    def _offer(self, mail: OutgoingMail | None, before: bytes = b"") -> tuple["asyncio.Future[Answer]", ...]:
        """What stands before, and the commands for the next mail, in one write."""
        if mail is None:
            self._transport.write(before)
            return ()
        commands = [b"MAIL FROM:<%b>\r\n" % mail.sender.encode()]
        commands += [b"RCPT TO:<%b>\r\n" % one.encode() for one in mail.recipients]
        self._transport.write(b"".join((before, *commands, b"DATA\r\n")))
        return tuple(self._pipe.next() for _ in range(len(commands) + 1))

    async def _refused(self, asked: Sequence["asyncio.Future[Answer]"]) -> Outcome | None:
        """Why nothing of it is handed over; none: the server waits for the text."""
        answers = [await self._within(one) for one in asked]
        sender, *recipients, data = answers
        taken = [one for one in recipients if one.code < 300]
        if data.code == 354 and sender.code < 300 and taken:
            return None
        # A text that nobody gets is ended; what was begun otherwise is forgotten before the next one.
        ended = self._pipe.next()
        self._transport.write(b".\r\n" if data.code == 354 else b"RSET\r\n")
        await self._within(ended)
        bad = next((one for one in (sender, *recipients, data) if one.code >= 400), data)
        return Refused(bad.said) if bad.code >= 500 else Deferred(bad.said)

    async def _within(self, future: "asyncio.Future[Answer]") -> Answer:
        async with asyncio.timeout(self._patience):
            return await future


def _answered(answer: Answer) -> Outcome:
    if 200 <= answer.code < 300:
        return Sent(answer.said)
    return Refused(answer.said) if answer.code >= 500 else Deferred(answer.said)


def _stuffed(raw: bytes) -> bytes:
    """With the points of RFC 5321, 4.5.2, and the end."""
    text = raw.replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    return text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n")
