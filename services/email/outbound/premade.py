"""The mails of a mailing: encoded once for all, so that a recipient costs his head and the places that are his own.

The body is quoted-printable (RFC 2045, 6.7), because there a line may be broken anywhere: around each place it is.
"""

from binascii import b2a_qp
from collections.abc import Sequence
from datetime import datetime

from hub.channels.content import Content, Fill, Piece
from hub.contracts.interaction import SendMessage
from services.email.compose import head, recipients_of, sender_of
from services.email.models import Mailbox, OutgoingMail

_BREAK = b"=\r\n"
_PART = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
Encoded = bytes | list[object]
"""A text as it is sent, or a place as the content has it."""


class Premade:
    """Of one content and one mailbox."""

    def __init__(self, content: Content, mailbox: Mailbox, *, name: str) -> None:
        """`name` parts the body: no line of quoted-printable can be it."""
        self._content = content
        self._mailbox = mailbox
        boundary = f"=_{name}".encode()
        self._bounds = (b"\r\n--%b\r\n" % boundary, b"\r\n--%b--\r\n" % boundary)
        self._text = encoded(content.text)
        self._html = None if content.html is None else encoded(content.html)
        self._type = (
            b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % boundary
            if self._html is not None
            else _PART % b"plain"
        )

    def mail(self, message: SendMessage, at: datetime) -> OutgoingMail:
        """For the recipient of a message. Raises IndexError where a value is missing, and Unsupported."""
        fill = Fill(self._content, message.number, message.values)
        subject = " ".join(fill.text(self._content.subject).split())
        leaves = fill.page("unsubscribe") if self._content.base and self._content.leaves else ""
        fields = {
            "subject": subject,
            "unsubscribe": leaves,
            "from_name": message.from_name or self._content.from_name,
        }
        about = head(message.model_copy(update=fields), self._mailbox, at)
        raw = b"".join((about, b"MIME-Version: 1.0\r\n", self._type, *self._body(fill)))
        return OutgoingMail(sender=sender_of(self._mailbox), recipients=recipients_of(message), raw=raw)

    def _body(self, fill: Fill) -> Sequence[bytes]:
        text = _filled(self._text, fill)
        if self._html is None:
            return (text,)
        html = _filled(self._html, fill)
        part, end = self._bounds
        return (part[2:], _PART % b"plain", text, part, _PART % b"html", html, end)


def encoded(pieces: Sequence[Piece]) -> list[Encoded]:
    """Texts encoded, with a soft break on either side of each place."""
    found: list[Encoded] = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(_quoted(piece))
        else:
            found += [_BREAK, piece, _BREAK]
    return found


def _filled(parts: Sequence[Encoded], fill: Fill) -> bytes:
    return b"".join([part if isinstance(part, bytes) else _quoted(fill.place(part)) for part in parts])


def _quoted(text: str) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    return b2a_qp(plain, istext=True).replace(b"\n", b"\r\n")
