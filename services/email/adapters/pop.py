"""A POP3 maildrop as its poller needs it: what lies there by lasting names, one mail at a time, and what may go."""

import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from hub.channels.errors import LoginRefused
from hub.kit.outside import Outside
from services.email.adapters.oauth import CHECK_CONSENT, AccessTokens, offered, xoauth2
from services.email.adapters.outage import translated
from services.email.adapters.pop_wire import NotOk, PopWire
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.models import OAuth, Server

MOST_MAILS = 200_000
"""Mails of one maildrop, at most: their names take some 40 MB."""
_LISTING = MOST_MAILS * 100
"""Bytes of a list: a name has 70 letters at most (RFC 1939)."""
_HEAD = 256 * 1024
"""Bytes of headers that are kept."""
_PASSING = ("[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]")
_NO_LOGIN = "the server takes no password on this connection: choose TLS or STARTTLS"


class PopMaildrop:
    """One session. What it was told to delete goes when the session ends well, and only then.

    Every method raises MailServerUnavailable when the server is gone or does not answer.
    """

    def __init__(self, wire: PopWire, *, largest: int) -> None:
        self._wire = wire
        self._most = 2 * largest + _HEAD  # servers count the ends of lines in ways of their own

    async def listing(self) -> list[tuple[int, str]]:
        """Number in this session and lasting name (UIDL) of each mail, in the server's order."""
        told = await self._listed("UIDL", most=MOST_MAILS)
        return [(number, words.decode("utf-8", "replace")) for number, words in told]

    async def sizes(self, numbers: Collection[int]) -> dict[int, int]:
        """Bytes of these mails, as the server tells them."""
        told = await self._listed("LIST", most=MOST_MAILS, only=numbers)
        with translated():
            return {number: _size(words) for number, words in told}

    async def fetch(self, number: int) -> bytes:
        """A mail as it is. Raises MailRefusedByServer."""
        return await self._body(f"RETR {number}", keep=self._most)

    async def head(self, number: int) -> bytes:
        """Its headers, from a server without TOP as well. Raises MailRefusedByServer."""
        try:
            head = await self._body(f"TOP {number} 0", keep=_HEAD)
        except MailRefusedByServer:
            head = await self._body(f"RETR {number}", keep=_HEAD)
        end = head.find(b"\r\n\r\n")
        return head if end < 0 else head[: end + 4]

    async def delete(self, numbers: Sequence[int]) -> list[int]:
        """Those of them that go when the session ends well; what the server keeps, it keeps."""
        going: list[int] = []
        for number in numbers:
            with translated():
                try:
                    await self._wire.ask(f"DELE {number}")
                except NotOk:
                    continue
            going.append(number)
        return going

    async def quit(self) -> None:
        """The session ends well."""
        with translated():
            try:
                await self._wire.ask("QUIT")
            except NotOk as exc:
                raise MailServerUnavailable("protocol", str(exc)) from exc

    async def _body(self, command: str, *, keep: int) -> bytes:
        with translated():
            try:
                await self._wire.ask(command)
            except NotOk as exc:
                raise MailRefusedByServer(str(exc)) from exc
            return await self._wire.body(keep=keep, most=self._most)

    async def _listed(
        self, command: str, *, most: int, only: Collection[int] | None = None
    ) -> list[tuple[int, bytes]]:
        """Numbers and what stands beside them; those of `only`, where it is given."""
        found: list[tuple[int, bytes]] = []
        seen = size = 0
        with translated():
            try:
                await self._wire.ask(command)
            except NotOk as exc:
                raise MailServerUnavailable("protocol", f"{command} refused: {exc}") from exc
            async for lines in self._wire.lines():
                seen += len(lines)
                size += sum(map(len, lines))
                if seen > most:
                    raise MailServerUnavailable("crowded", f"more than {most} mails")
                if size > _LISTING:
                    raise MailServerUnavailable("protocol", f"{command}: more than {_LISTING} bytes")
                numbered = [_numbered(line) for line in lines if line.strip()]
                found += [one for one in numbered if only is None or one[0] in only]
        return found


@asynccontextmanager
async def open_maildrop(
    server: Server,
    *,
    largest: int,
    patience: float,
    tls: ssl.SSLContext,
    outside: Outside,
    tokens: AccessTokens | None = None,
) -> AsyncIterator[PopMaildrop]:
    """A maildrop after the login, until the end of the block; if that is an error, nothing is deleted. `largest` is
    the size of mails that are wanted whole, `patience` is in seconds, for each answer.

    Raises:
        LoginRefused: with the server's words.
        MailServerUnavailable: not reached, or not a POP3 server.
    """
    wire = PopWire(patience=patience)
    try:
        with translated():
            try:
                await wire.open(
                    server.host, server.port, tls=tls if server.security == "tls" else None, outside=outside
                )
            except NotOk as exc:
                raise MailServerUnavailable("lost", str(exc)) from exc
            if server.security == "starttls":
                await wire.start_tls(server.host, tls)
            try:
                await _login(wire, server, tokens)
            except NotOk as exc:
                raise _refused(str(exc), by_token=server.oauth is not None) from exc
        maildrop = PopMaildrop(wire, largest=largest)
        yield maildrop
        await maildrop.quit()
    finally:
        wire.abort()


async def _login(wire: PopWire, server: Server, tokens: AccessTokens | None) -> None:
    if server.oauth and tokens:
        await _by_token(wire, server.user, server.oauth, tokens)
    else:
        await _by_password(wire, server)


async def _by_password(wire: PopWire, server: Server) -> None:
    """AUTH PLAIN (RFC 4616) where it is offered, else USER and PASS; never where the server says that it takes
    neither in clear text, which would show the password for nothing.
    """
    if "PLAIN" in wire.capabilities.get("SASL", "").split():
        await wire.authenticate("PLAIN", f"\0{server.user}\0{server.password}".encode())
        return
    if "STLS" in wire.capabilities and "USER" not in wire.capabilities and not wire.is_secure:
        raise LoginRefused(_NO_LOGIN)
    await wire.ask(f"USER {server.user}")
    await wire.ask(f"PASS {server.password}")


async def _by_token(wire: PopWire, user: str, oauth: OAuth, tokens: AccessTokens) -> None:
    offered(wire.capabilities.get("SASL", "").split(), "XOAUTH2")
    token = await tokens.get(oauth)
    try:
        await wire.authenticate("XOAUTH2", xoauth2(user, token))
    except NotOk:
        # The provider may have ended the token before its time: once more, with another one.
        await wire.authenticate("XOAUTH2", xoauth2(user, await tokens.get(oauth, instead_of=token)))


def _refused(said: str, *, by_token: bool) -> LoginRefused | MailServerUnavailable:
    if any(code in said.upper() for code in _PASSING):
        return MailServerUnavailable("lost", said)
    return LoginRefused(said, fix=CHECK_CONSENT) if by_token else LoginRefused(said)


def _size(words: bytes) -> int:
    """Raises ValueError for what is no number of bytes."""
    size = words.split(b" ")[0]
    if not size.isdigit():
        raise ValueError(f"no size of a mail: {size[:20]!r}")
    return int(size)


def _numbered(line: bytes) -> tuple[int, bytes]:
    """Raises ValueError for what is no line of a list."""
    number, _, words = line.partition(b" ")
    return int(number), words.strip()
