"""Why a mail server could not be used: errors of sockets, TLS, aioimaplib and aiosmtplib as ours, by one table."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from aioimaplib import AioImapException, CommandTimeout  # type: ignore[import-untyped]
from aiosmtplib import SMTPException, SMTPServerDisconnected, SMTPTimeoutError

from hub.kit.outside import ForbiddenAddress
from services.email.errors import MailServerUnavailable

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (ForbiddenAddress, "forbidden"),
    (ssl.SSLError, "tls"),
    (socket.gaierror, "dns"),
    (ConnectionRefusedError, "refused"),
    (SMTPTimeoutError, "timeout"),
    (CommandTimeout, "timeout"),
    (TimeoutError, "timeout"),
    (SMTPServerDisconnected, "lost"),
    (SMTPException, "protocol"),
    (AioImapException, "protocol"),
    (ConnectionError, "lost"),
    (EOFError, "lost"),
    (OSError, "lost"),
    (ValueError, "protocol"),
)
"""First match counts; what is more special stands before what is more general."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns what goes wrong on the way to a mail server into MailServerUnavailable."""
    try:
        yield
    except tuple(kind for kind, _ in _KINDS) as exc:
        raise unavailable(exc) from exc


def unavailable(exc: BaseException) -> MailServerUnavailable:
    # aiosmtplib wraps what the socket said; that says more.
    origin = exc.__cause__ if isinstance(exc, SMTPException) and isinstance(exc.__cause__, OSError) else exc
    kind = next((name for error, name in _KINDS if isinstance(origin, error)), "protocol")
    if kind == "lost" and "Connect call failed" in str(origin):
        kind = "refused"  # several addresses of one host, each refused, come as one OSError
    return MailServerUnavailable(kind, _words(origin, kind))


def _words(exc: BaseException, kind: str) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {exc.verify_message}"
    if kind in ("dns", "refused", "timeout"):
        return ""
    return (str(exc) or type(exc).__name__)[:300]
