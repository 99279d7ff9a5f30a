"""The mail simulator: an SMTP and an IMAP server over real sockets, with mailboxes in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from hub.channels.simulators.address import bare, domain_of
from hub.channels.simulators.certificate import Certificate
from hub.channels.simulators.faults import MailFaults
from hub.channels.simulators.imap import ImapServer
from hub.channels.simulators.mailbox import Folders
from hub.channels.simulators.smtp import SmtpServer
from hub.channels.simulators.tokens import TokenServer

Security = Literal["plain", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mailbox of the simulator, with its login."""

    address: str
    user: str
    password: str
    name: str = ""
    open_sender: bool = False
    """Anybody may send from this address without a login, as from any address that is not a mailbox here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """A mail that the SMTP server took, with its envelope."""

    sender: str
    """Empty for a bounce."""
    recipients: tuple[str, ...]
    raw: bytes
    user: str | None
    at: datetime

    @property
    def message(self) -> EmailMessage:
        return parsed(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A mail in a folder."""

    uid: int
    raw: bytes
    flags: frozenset[str]
    at: datetime

    @property
    def message(self) -> EmailMessage:
        return parsed(self.raw)


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


class MailSimulator:
    """Mail submitted to a known address is in that user's INBOX at once, and an idling client is told.

    Submitting from the address of an account needs its login (AUTH PLAIN or LOGIN), from any other address nothing.
    `user+anything@domain` is delivered to `user@domain`. Recipients in a domain of an account that are no account get
    550 5.1.1; recipients elsewhere are kept in `outside`.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        *,
        host: str = "127.0.0.1",
        name: str = "",
        smtp_port: int = 0,
        imap_port: int = 0,
        security: Security = "plain",
        folder: Path | None = None,
        tokens: TokenServer | None = None,
    ) -> None:
        """`name` is the host that its addresses have, `host` unless told. Port 0 takes a free one.

        With `folder`, mailboxes come back after a restart with their UIDs.

        With `tokens`, which runs by itself, its access tokens are logins beside the passwords (XOAUTH2).
        """
        self.accounts = list(accounts)
        self.faults = MailFaults()
        self.sent: list[SentMail] = []
        """Every mail accepted by SMTP, in order."""
        self.outside: list[SentMail] = []
        """Those of them with recipients in other domains, with these recipients only."""
        self.on_delivery: list[Callable[[str], None]] = []
        """Called with the address whenever a mail is put into an INBOX."""
        self.certificate: Certificate | None = None if security == "plain" else Certificate.make(host)
        self._name = name or host
        self.host, self.smtp_port, self.imap_port = host, smtp_port, imap_port
        self._security = security
        self._folder = folder
        self._tokens = tokens
        self._folders: dict[str, Folders] = {}
        self._smtp: SmtpServer | None = None
        self._imap: ImapServer | None = None

    @property
    def smtp_address(self) -> str:
        """`host:port`."""
        return f"{self._name}:{self.smtp_port}"

    @property
    def imap_address(self) -> str:
        """`host:port`."""
        return f"{self._name}:{self.imap_port}"

    async def start(self) -> None:
        """Opens the mailboxes and listens.

        Raises:
            OSError: a port is not free.
        """
        for account in self.accounts:
            self._open(account)
        context = self.certificate.server_context() if self.certificate else None
        tls = context if self._security == "tls" else None
        starttls = context if self._security == "starttls" else None
        self._smtp = SmtpServer(self, self.faults, tls=tls, starttls=starttls, tokens=self._tokens is not None)
        user_of = self.user_of if self._tokens else None
        self._imap = ImapServer(self._find, self.faults, tls=tls, starttls=starttls, user_of=user_of)
        self.smtp_port = await self._smtp.start(self.host, self.smtp_port)
        try:
            self.imap_port = await self._imap.start(self.host, self.imap_port)
        except OSError:
            await self._smtp.stop()
            raise

    async def stop(self) -> None:
        """Resets every connection and closes the mailboxes; `start` again goes on where it was."""
        self.faults.resume()
        for server in (self._smtp, self._imap):
            if server:
                await server.stop()
        for folders in self._folders.values():
            folders.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def add(self, account: Account) -> None:
        """One more mailbox, while running."""
        self.accounts.append(account)
        self._open(account)

    def deliver(self, address: str, raw: bytes, *, folder: str = "INBOX", at: datetime | None = None) -> int:
        """Appends `raw` as it is to a folder of `address`; its UID. KeyError for an unknown address or folder."""
        uid = self._folders[bare(address)].folder(folder).add(raw, at=at).uid
        for told in self.on_delivery if folder == "INBOX" else ():
            told(address)
        return uid

    def messages(self, address: str, folder: str = "INBOX") -> list[StoredMail]:
        """The mails of a folder, in order."""
        return [
            StoredMail(
                uid=mail.uid,
                raw=mail.raw,
                flags=frozenset(bytes(flag).decode("ascii") for flag in mail.permanent_flags),
                at=mail.internal_date,
            )
            for mail in self._folders[bare(address)].folder(folder).mails
        ]

    def uid_validity(self, address: str, folder: str = "INBOX") -> int:
        return self._folders[bare(address)].folder(folder).uid_validity

    def recreate(self, address: str, folder: str = "INBOX", *, keep: bool = True) -> None:
        """The folder is made anew, with (`keep`) or without its mails: new UIDVALIDITY, UIDs from 1. Drops IMAP."""
        self._folders[bare(address)].recreate(folder, keep=keep)
        self.drop_imap()

    def drop_imap(self) -> None:
        """Resets every IMAP connection."""
        if self._imap:
            self._imap.drop_connections()

    def drop_smtp(self) -> None:
        """Resets every SMTP connection."""
        if self._smtp:
            self._smtp.drop_connections()

    def password_of(self, user: str) -> str | None:
        return next((account.password for account in self.accounts if account.user == user), None)

    def user_of(self, access_token: str) -> str | None:
        return self._tokens.user_of(access_token) if self._tokens else None

    def may_send(self, user: str | None, sender: str) -> bool:
        owner = self._account(sender)
        return owner is None or owner.open_sender or owner.user == user

    def takes(self, recipient: str) -> bool:
        return self._account(recipient) is not None or domain_of(recipient) not in self._domains()

    def accept(self, *, sender: str, recipients: list[str], raw: bytes, user: str | None) -> None:
        mail = SentMail(sender=sender, recipients=tuple(recipients), raw=raw, user=user, at=datetime.now(UTC))
        self.sent.append(mail)
        # A mail to user and user+token at once is delivered once, as real servers do.
        for address in dict.fromkeys(bare(r) for r in recipients if self._account(r)):
            self.deliver(address, raw)
        elsewhere = tuple(r for r in recipients if not self._account(r))
        if elsewhere:
            self.outside.append(SentMail(sender=sender, recipients=elsewhere, raw=raw, user=user, at=mail.at))

    def _open(self, account: Account) -> None:
        directory = self._folder / quote(bare(account.address), safe="@") if self._folder else None
        if directory or bare(account.address) not in self._folders:
            self._folders[bare(account.address)] = Folders(directory)

    def _find(self, user: str) -> tuple[str, Folders] | None:
        account = next((account for account in self.accounts if account.user == user), None)
        return (account.password, self._folders[bare(account.address)]) if account else None

    def _account(self, address: str) -> Account | None:
        return next((account for account in self.accounts if bare(account.address) == bare(address)), None)

    def _domains(self) -> set[str]:
        return {domain_of(account.address) for account in self.accounts}
