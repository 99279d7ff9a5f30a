"""SMTP submission (RFC 6409) on aiosmtplib: one connection, kept, and an exact answer to "was it handed over?"."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from aiosmtplib.errors import SMTPAuthenticationError, SMTPHeloError, SMTPNotSupported
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from hub.channels.base import Deferred, Outcome, Refused, Sent, Unknown
from hub.channels.batches import OneByOne
from hub.channels.errors import LoginRefused
from hub.kit.outside import Outside
from services.email.adapters.greeting import ehlo_name
from services.email.adapters.oauth import CHECK_CONSENT, AccessTokens, offered
from services.email.adapters.outage import translated, unavailable
from services.email.errors import MailServerUnavailable
from services.email.models import OAuth, OutgoingMail, Server

_LOST = (SMTPException, OSError)
_START_INPUT = 354


class SmtpOutlet:
    """Sends for one mailbox; opens its connection when needed and closes it when unused."""

    def __init__(
        self,
        server: Server,
        *,
        patience: float,
        tls: ssl.SSLContext,
        outside: Outside,
        keep: float,
        tokens: AccessTokens | None = None,
        ehlo: str = "",
    ) -> None:
        """`keep` is how many seconds an unused connection stays open; `tokens` are for servers with OAuth2; `ehlo` is
        what we call ourselves, see `ehlo_name`.
        """
        self._server = server
        self._tokens = tokens
        self._timeout = patience
        self._tls = tls
        self._outside = outside
        self._keep = keep
        self._ehlo = ehlo
        self._smtp: SMTP | None = None
        self._closing: asyncio.TimerHandle | None = None

    async def send(self, mail: OutgoingMail, intent: Callable[[], Awaitable[None]]) -> Outcome:
        """MAIL and RCPT, then `intent`, then DATA.

        Raises:
            LoginRefused, MailServerUnavailable: nothing was handed over.
        """
        if self._closing:
            self._closing.cancel()
        try:
            smtp = await self._ready()
            refused = await self._offered(smtp, mail)
            if not isinstance(refused, dict):
                return refused
            await intent()
            return await self._handed_over(smtp, mail.raw, refused)
        finally:
            self._closing = asyncio.get_running_loop().call_later(self._keep, self._drop)

    async def probe(self) -> None:
        """Logs in and nothing else; raises as `send`."""
        await self._ready()

    async def open_many(self) -> asyncio.Transport:
        """A connection of its own, logged in, for `services.email.adapters.smtp_mass`. Raises as `send`, and OneByOne
        where the server does not take PIPELINING (RFC 2920).
        """
        smtp = await self._opened()
        with translated():
            await smtp.ehlo()
        transport = smtp.transport
        if transport is None or not smtp.supports_extension("pipelining"):
            smtp.close()
            raise OneByOne(f"{self._server.host} does not say that it takes PIPELINING")
        return cast(asyncio.Transport, transport)  # uvloop's are no subclasses

    async def close(self) -> None:
        """Says QUIT, but does not wait for long."""
        if self._closing:
            self._closing.cancel()
        if self._smtp and self._smtp.is_connected:
            with suppress(*_LOST):
                await self._smtp.quit(timeout=0.5)
        self._drop()

    def _drop(self) -> None:
        if self._smtp:
            self._smtp.close()
            self._smtp = None

    async def _ready(self) -> SMTP:
        if self._smtp and self._smtp.is_connected:
            try:
                await self._smtp.rset()
                return self._smtp
            except _LOST:
                pass
        self._drop()
        self._smtp = await self._opened()
        return self._smtp

    async def _opened(self) -> SMTP:
        server = self._server
        with translated():
            async with asyncio.timeout(self._timeout):
                sock = await self._outside.connected(server.host, server.port)
        smtp = SMTP(
            hostname=server.host,
            sock=sock,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls if server.security != "plain" else None,
            timeout=self._timeout,
            local_hostname=ehlo_name(self._ehlo, socket.gethostname(), here=str(sock.getsockname()[0])),
        )
        try:
            with translated():
                await smtp.connect()
                await _greet(smtp)
                if server.user:
                    await _log_in(smtp, server, self._tokens)
        except BaseException:
            if smtp.transport is None:
                sock.close()
            smtp.close()
            raise
        return smtp

    async def _offered(self, smtp: SMTP, mail: OutgoingMail) -> dict[str, str] | Outcome:
        """The refused recipients while at least one was taken; else what the mail comes to."""
        try:
            wide = not all(address.isascii() for address in (mail.sender, *mail.recipients))
            options = ["SMTPUTF8"] if wide and smtp.supports_extension("smtputf8") else []
            encoding = "utf-8" if options else "ascii"
            await smtp.mail(mail.sender, options=options, encoding=encoding)
            return await self._recipients(smtp, mail, encoding)
        except SMTPResponseException as exc:
            return _answer(exc.code, exc.message)
        except UnicodeEncodeError:
            return Refused("the mail server takes no addresses with other than Latin letters (SMTPUTF8)")
        except (SMTPNotSupported, ValueError) as exc:
            return Refused(str(exc))
        except _LOST as exc:
            # After a login that worked this may be about this one mail: let others go first.
            self._drop()
            return Deferred(f"before hand-over: {unavailable(exc)}")

    async def _recipients(self, smtp: SMTP, mail: OutgoingMail, encoding: str) -> dict[str, str] | Outcome:
        refused: dict[str, str] = {}
        passing = False
        for recipient in mail.recipients:
            try:
                await smtp.rcpt(recipient, encoding=encoding)
            except SMTPResponseException as exc:
                refused[recipient] = _said(exc.code, exc.message)
                passing = passing or exc.code < 500
        if len(refused) < len(mail.recipients):
            return refused
        words = "; ".join(f"{recipient}: {said}" for recipient, said in refused.items())
        return Deferred(words) if passing else Refused(words)

    async def _handed_over(self, smtp: SMTP, raw: bytes, refused: dict[str, str]) -> Outcome:
        try:
            response = await smtp.execute_command(b"DATA")
            if response.code != _START_INPUT:
                return _answer(response.code, response.message)
        except _LOST as exc:
            self._drop()
            return Deferred(f"before hand-over: {unavailable(exc)}")
        return await self._body(smtp, raw, refused)

    async def _body(self, smtp: SMTP, raw: bytes, refused: dict[str, str]) -> Outcome:
        protocol = smtp.protocol
        if protocol is None:
            return Deferred("before hand-over: the connection was lost")
        content = PERIOD_REGEX.sub(b"..", normalize_message_line_endings(raw))
        try:
            protocol.write(content + b".\r\n")
            response = await protocol.read_response(timeout=self._timeout)
        except _LOST as exc:
            self._drop()
            return Unknown(f"the server may have accepted it: cut after DATA ({unavailable(exc)})")
        except asyncio.CancelledError:
            self._drop()
            raise
        if 200 <= response.code < 300:
            return Sent(_said(response.code, response.message), refused)
        return _answer(response.code, response.message)


async def _greet(smtp: SMTP) -> None:
    """Whatever is refused here is about the session, and never about a mail."""
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


async def _log_in(smtp: SMTP, server: Server, tokens: AccessTokens | None) -> None:
    try:
        if server.oauth and tokens:
            await _by_token(smtp, server.user, server.oauth, tokens)
        else:
            await smtp.login(server.user, server.password)
    except SMTPAuthenticationError as exc:
        said = _said(exc.code, exc.message)
        if exc.code < 500:
            raise MailServerUnavailable("lost", said) from exc
        raise (LoginRefused(said, fix=CHECK_CONSENT) if server.oauth else LoginRefused(said)) from exc
    except SMTPException as exc:
        if isinstance(exc, OSError):
            raise
        raise LoginRefused(str(exc)) from exc


async def _by_token(smtp: SMTP, user: str, oauth: OAuth, tokens: AccessTokens) -> None:
    await smtp.ehlo()
    offered(smtp.server_auth_methods, "XOAUTH2")
    token = await tokens.get(oauth)
    try:
        await smtp.auth_xoauth2(user, token)
    except SMTPAuthenticationError as exc:
        if exc.code < 500:
            raise
        # The provider may have ended the token before its time: once more, with another one.
        await smtp.auth_xoauth2(user, await tokens.get(oauth, instead_of=token))


def _answer(code: int, message: str) -> Outcome:
    words = _said(code, message)
    return Refused(words) if code >= 500 else Deferred(words)


def _said(code: int, message: str) -> str:
    return f"{code} {' '.join(message.split())}"[:500]
