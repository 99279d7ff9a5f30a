"""Tries logins before a mailbox is saved."""

import asyncio
import ssl

from hub.kit.outside import Outside
from services.email.adapters.imap import open_inbox
from services.email.adapters.oauth import AccessTokens
from services.email.adapters.pop import open_maildrop
from services.email.adapters.smtp import SmtpOutlet
from services.email.errors import MailServerUnavailable
from services.email.models import Server


class LoginTrial:
    """Connects and logs in, within `patience` seconds."""

    def __init__(
        self, *, patience: float, tls: ssl.SSLContext, outside: Outside, tokens: AccessTokens | None = None
    ) -> None:
        self._patience = patience
        self._tls = tls
        self._outside = outside
        self._tokens = tokens

    async def imap(self, server: Server) -> None:
        """Raises LoginRefused or MailServerUnavailable."""
        try:
            async with (
                asyncio.timeout(self._patience),
                open_inbox(
                    server, patience=self._patience, tls=self._tls, outside=self._outside, tokens=self._tokens
                ),
            ):
                return
        except TimeoutError as exc:
            raise MailServerUnavailable("timeout", "") from exc

    async def pop(self, server: Server) -> None:
        """Also whether it gives mails lasting names; raises LoginRefused or MailServerUnavailable."""
        try:
            async with (
                asyncio.timeout(self._patience),
                open_maildrop(
                    server,
                    largest=0,
                    patience=self._patience,
                    tls=self._tls,
                    outside=self._outside,
                    tokens=self._tokens,
                ) as maildrop,
            ):
                await maildrop.listing()
        except TimeoutError as exc:
            raise MailServerUnavailable("timeout", "") from exc

    async def smtp(self, server: Server) -> None:
        """Raises LoginRefused or MailServerUnavailable."""
        outlet = SmtpOutlet(
            server, patience=self._patience, tls=self._tls, outside=self._outside, keep=0, tokens=self._tokens
        )
        try:
            async with asyncio.timeout(self._patience):
                await outlet.probe()
        except TimeoutError as exc:
            raise MailServerUnavailable("timeout", "") from exc
        finally:
            await outlet.close()
