"""An IMAP connection after the login: by password, by the way the server offers for it, or by OAuth2."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioimaplib.aioimaplib import Response  # type: ignore[import-untyped]

from hub.channels.errors import LoginRefused
from hub.kit.outside import Outside
from services.email.adapters.imap_wire import Wire, words
from services.email.adapters.oauth import CHECK_CONSENT, AccessTokens, offered, xoauth2
from services.email.adapters.outage import translated
from services.email.errors import MailServerUnavailable
from services.email.models import OAuth, Server

_PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
_NO_LOGIN = "the server takes no password on this connection: choose TLS or STARTTLS"


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
        response = await _by_password(wire, server)
    if response.result != "OK":
        raise _refused(words(response), by_token=server.oauth is not None)
    await wire.capability()


async def _by_password(wire: Wire, server: Server) -> Response:
    """AUTHENTICATE PLAIN (RFC 4616) where it is offered: it alone takes every password. Never LOGIN against
    LOGINDISABLED, which would show the password for nothing.
    """
    disabled = "LOGINDISABLED" in wire.capabilities
    if "AUTH=PLAIN" in wire.capabilities:
        response = await wire.authenticate("PLAIN", f"\0{server.user}\0{server.password}".encode())
        if response.result != "BAD" or disabled:
            return response
    if disabled:
        raise LoginRefused(_NO_LOGIN)
    return await wire.login(server.user, server.password)


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
