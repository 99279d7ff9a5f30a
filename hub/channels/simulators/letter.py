"""Letters as people's mail programs of all ages write them: old charsets, HTML only, attachments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr

_WIRE = compat32.clone(linesep="\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file in a letter."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the writer wrote and what his program adds."""

    message_id: str
    """With its angle brackets, as are the references."""
    name: str
    address: str
    to: str
    subject: str
    text: str
    """Plain text, or HTML where `html` says so."""
    charset: str = "utf-8"
    """Of headers and text, as long as it has all the characters; else UTF-8."""
    html: bool = False
    enclosures: tuple[Enclosure, ...] = ()
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    program: str = ""
    at: datetime | None = None

    def as_bytes(self) -> bytes:
        """The mail, with CRLF."""
        message = self._content()
        for name, value in self._headers().items():
            message[name] = value
        return message.as_bytes(policy=_WIRE)

    def _content(self) -> Message:
        text = _text_part(self.text, self.charset, "html" if self.html else "plain")
        if not self.enclosures:
            return text
        whole = MIMEMultipart("mixed")
        for part in (text, *map(_enclosed, self.enclosures)):
            whole.attach(part)
        return whole

    def _headers(self) -> dict[str, str]:
        sender = formataddr((self.name, self.address), _able(self.name, self.charset))
        headers = {
            "From": sender,
            "To": self.to,
            "Subject": _header("Subject", self.subject, self.charset),
            "Date": format_datetime((self.at or datetime.now(UTC)).astimezone()),
            "Message-ID": self.message_id,
            "In-Reply-To": self.in_reply_to or "",
            "References": "\r\n ".join(self.references),
            "User-Agent": self.program,
        }
        return {name: value for name, value in headers.items() if value}


def _header(name: str, text: str, charset: str) -> str:
    return Header(text, _able(text, charset), header_name=name).encode(linesep="\r\n")


def _able(text: str, charset: str) -> str:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def _text_part(text: str, charset: str, subtype: str) -> MIMEText:
    chosen = Charset(_able(text, charset))
    if chosen.input_charset.startswith("windows-"):
        chosen.body_encoding = QP
    return MIMEText(text, subtype, chosen)  # type: ignore[arg-type]


def _enclosed(enclosure: Enclosure) -> Message:
    kind, _, subtype = enclosure.content_type.partition("/")
    builder = MIMEImage if kind == "image" else MIMEApplication
    part = builder(enclosure.content, subtype)
    part.replace_header("Content-Type", enclosure.content_type)
    part.add_header("Content-Disposition", "attachment", filename=enclosure.filename)
    return part
