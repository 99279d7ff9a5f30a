"""What mail servers answer, as the hub's errors."""

from hub.channels.errors import LoginRefused
from hub.kit.errors import HubError, ProviderUnavailable


class MailServerUnavailable(ProviderUnavailable):
    """The mail server did not answer; it is tried again."""

    def __init__(self, kind: str, words: str) -> None:
        """`kind` is `dns`, `forbidden`, `refused`, `tls`, `timeout`, `lost`, `protocol` or `crowded`."""
        super().__init__(f"{MEANING[kind]}: {words}" if words else MEANING[kind])
        self.kind = kind


class AccessRefused(LoginRefused):
    """The provider gives no access token for the mailbox; connect it again."""

    def __init__(self, reason: str) -> None:
        HubError.__init__(self, reason)


class MailRefusedByServer(HubError):
    """The mail server did not do what it was asked."""


MEANING = {
    "dns": "no such host; check the name of the server",
    "forbidden": "the address is not open to the hub",
    "refused": "the connection was refused; check host and port",
    "tls": "no secure connection; check port and security (tls, starttls or plain)",
    "timeout": "no answer in time; check host, port and security",
    "lost": "the connection was lost",
    "crowded": "too many mails lie there to be read by POP3; move or delete some",
    "protocol": "not an answer a mail server gives; check port and security",
}
