"""A customer with a mail program, for journeys: the standard library's clients against the simulators."""

import imaplib
import smtplib
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from hub.kit.ids import fresh


class Customer:
    """Writes and reads as one account of the simulators' cast."""

    def __init__(self, facts: Mapping[str, Any], account: Mapping[str, str]) -> None:
        self.address = account["address"]
        self.name = account.get("name", "")
        self._account = account
        self._smtp = facts["smtp"]
        self._imap = facts["imap"]

    def writes(
        self, to: str, subject: str, text: str, *, answers: EmailMessage | None = None, **headers: str
    ) -> EmailMessage:
        """Sends a mail and returns it; `answers` makes it a reply with In-Reply-To and References."""
        mail = EmailMessage()
        mail["From"] = f"{self.name} <{self.address}>"
        mail["To"] = to
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{fresh('mail')}@{self.address.partition('@')[2]}>"
        if answers is not None:
            mail["In-Reply-To"] = str(answers["Message-ID"])
            mail["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.sends(mail, to)
        return mail

    def sends(self, mail: EmailMessage | bytes, *recipients: str) -> None:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        host, _, port = self._smtp.rpartition(":")
        with smtplib.SMTP(host, int(port)) as smtp:
            smtp.login(self._account["user"], self._account["password"])
            smtp.sendmail(self.address, list(recipients), raw)

    def mails(self, folder: str = "INBOX") -> list[EmailMessage]:
        """What lies in a folder, oldest first."""
        host, _, port = self._imap.rpartition(":")
        with imaplib.IMAP4(host, int(port)) as imap:
            imap.login(self._account["user"], self._account["password"])
            imap.select(folder, readonly=True)
            found = imap.uid("SEARCH", "ALL")[1][0].split()
            return [self._fetch(imap, uid) for uid in found]

    def _fetch(self, imap: imaplib.IMAP4, uid: bytes) -> EmailMessage:
        answer = imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1]
        raw = next(part[1] for part in answer if isinstance(part, tuple))
        mail: EmailMessage = message_from_bytes(raw, policy=policy.default)
        return mail
