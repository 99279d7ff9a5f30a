"""The SMTP half of the mail simulator, on aiosmtpd."""

import asyncio
import re
import ssl
from base64 import b64decode
from typing import Any, Protocol, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hub.channels.simulators.faults import MailFaults

_NULL_SENDER = "<>"
_SIZE_LIMIT = 64 << 20
# https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
_XOAUTH2 = re.compile(rb"user=(?P<user>[^\x01]*)\x01auth=Bearer (?P<token>[^\x01]*)\x01\x01")


class PostOffice(Protocol):
    """What the SMTP server asks and tells."""

    def password_of(self, user: str) -> str | None: ...

    def user_of(self, access_token: str) -> str | None:
        """Whose mailbox an access token opens."""
        ...

    def may_send(self, user: str | None, sender: str) -> bool:
        """Whether the connection, logged in as `user` or not at all, may use this sender."""
        ...

    def takes(self, recipient: str) -> bool: ...

    def accept(self, *, sender: str, recipients: list[str], raw: bytes, user: str | None) -> None: ...


class SmtpServer:
    """Takes mail for a post office."""

    def __init__(
        self,
        office: PostOffice,
        faults: MailFaults,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        tokens: bool = False,
    ) -> None:
        """With `tokens`, access tokens are logins, too (XOAUTH2)."""
        self._handler = _Handler(office, faults)
        self._without = () if tokens else ("XOAUTH2",)
        self._tls = tls
        self._starttls = starttls
        self._connections: set[_Connection] = set()
        self._server: asyncio.AbstractServer | None = None

    async def start(self, host: str, port: int) -> int:
        """The port it listens on."""
        server = await asyncio.get_running_loop().create_server(self._connection, host, port, ssl=self._tls)
        self._server = server
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        connections = list(self._connections)
        self.drop_connections()
        tasks = [c.conversation for c in connections if c.conversation]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop_connections(self) -> None:
        """Resets every connection, as a server that dies does."""
        for connection in self._connections:
            connection.abort()

    def _connection(self) -> "_Connection":
        return _Connection(
            self._handler,
            self._connections,
            hostname="simulator",
            ident="omnihub mail simulator",
            data_size_limit=_SIZE_LIMIT,
            enable_SMTPUTF8=True,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            auth_require_tls=self._starttls is not None,
            authenticator=self._handler.authenticate,
            auth_exclude_mechanism=self._without,
            loop=asyncio.get_running_loop(),
        )


class _Session(Session):
    # aiosmtpd itself sets this attribute at every login, and logs a warning that nobody should.
    login_data: Any = None


class _Connection(SMTP):
    # Mails with overlong lines reach real mailboxes, so they reach these.
    line_length_limit = 1 << 20

    def __init__(self, handler: "_Handler", connections: "set[_Connection]", **options: Any) -> None:
        super().__init__(handler, **options)
        self._open = connections

    @property
    def conversation(self) -> asyncio.Task[None] | None:
        return self._handler_coroutine

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        for transport in (self.transport, self._original_transport):
            if transport is not None:  # uvloop's transports are no subclasses
                cast(asyncio.WriteTransport, transport).abort()

    async def push(self, status: Any) -> None:
        await self.event_handler.faults.pause()
        if not self._writer.transport.is_closing():  # uvloop raises RuntimeError on a closed one
            await super().push(status)

    def _create_session(self) -> Session:
        return _Session(self.loop)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # aiosmtpd has no word for the null sender that bounces use.
        if arg.startswith(_NULL_SENDER):
            return _NULL_SENDER, arg.removeprefix(_NULL_SENDER)
        return super()._getaddr(arg)


class _Handler:
    """Answers for the whole server; what concerns one connection is in its session."""

    def __init__(self, office: PostOffice, faults: MailFaults) -> None:
        self._office = office
        self.faults = faults

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
    ) -> AuthResult:
        del server, session, envelope, mechanism
        assert isinstance(auth_data, LoginPassword)
        refusal = self.faults.smtp_logins_refused
        if refusal is not None:
            return AuthResult(success=False, handled=False, message=f"535 5.7.8 {refusal}")
        known = self._office.password_of(_text(auth_data.login))
        return AuthResult(
            success=known is not None and known == _text(auth_data.password), handled=False, auth_data=auth_data
        )

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """`AUTH XOAUTH2 BASE64`; a refusal is first a challenge with the reason, as Google's."""
        found = _XOAUTH2.fullmatch(b64decode(args[1])) if len(args) > 1 else None
        if found is None:
            return AuthResult(success=False, handled=False, message="501 5.5.2 Cannot decode the token")
        refusal = self.faults.smtp_logins_refused
        if refusal is None and self._office.user_of(_text(found["token"])) == _text(found["user"]):
            return AuthResult(success=True, auth_data=LoginPassword(found["user"], b""))
        await server.challenge_auth(b'{"status":"400","schemes":"Bearer"}')
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 {refusal or 'token not accepted'}")

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """As real servers do, this one takes commands together (RFC 2920)."""
        del server, envelope
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] * self.faults.pipelining), *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server
        if reply := self.faults.answer_to("MAIL", address):
            return reply
        user = _user(session)
        if not self._office.may_send(user, address):
            return "530 5.7.0 Authentication required" if user is None else "553 5.7.1 Not your address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if reply := self.faults.answer_to("RCPT", address):
            return reply
        if not self._office.takes(address):
            return f"550 5.1.1 <{address}>: no such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        sender = envelope.mail_from or ""
        if reply := self.faults.answer_to("DATA", sender, *envelope.rcpt_tos):
            return reply
        cut = self.faults.cut()
        if cut is None or cut.accepted:
            self._accept(session, envelope, sender)
        if cut:
            await _cut(server)
        return "250 2.0.0 OK: taken"

    def _accept(self, session: Session, envelope: Envelope, sender: str) -> None:
        raw = envelope.original_content
        assert raw is not None
        self._office.accept(
            sender="" if sender == _NULL_SENDER else sender,
            recipients=list(envelope.rcpt_tos),
            raw=raw,
            user=_user(session),
        )


async def _cut(server: SMTP) -> None:
    assert isinstance(server, _Connection)
    server.abort()
    await asyncio.Event().wait()  # the lost connection cancels this


def _user(session: Session) -> str | None:
    return _text(session.auth_data.login) if session.auth_data else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
