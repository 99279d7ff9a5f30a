"""What a mail is once it has been read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.email.mime.headers import Headers


class Address(NamedTuple):
    """One address as written in a header: either half may be empty."""

    name: str
    address: str


class Charset(NamedTuple):
    """The label of the main text, as sent, and the codec that was used to read it."""

    declared: str | None
    used: str | None


NO_CHARSET = Charset(None, None)


@dataclass(frozen=True, slots=True)
class Signature:
    """Of a letter: whom its certificate names, and whether it is of these very bytes; None: that cannot be told."""

    by: str
    intact: bool | None


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a mail: a body text or an attachment.

    `content` is decoded from its transfer encoding, never from its charset; `filename` is what the sender wrote
    (control characters removed), so treat it as a label and never as a path. `text` is set for `text/*` only.
    """

    content_type: str
    content: bytes = field(repr=False)
    filename: str | None = None
    inline: bool = False
    content_id: str | None = None
    disposition: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers, repr=False)
    text: str | None = field(default=None, repr=False)
    charset: Charset = NO_CHARSET

    @property
    def size(self) -> int:
        """Bytes, decoded."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, as a good mail program shows it.

    Message ids come without angle brackets. `text` is plain text with `\\n` line ends, made from the HTML where the
    mail has nothing else; `html` is the raw HTML (sanitise before showing) or None. `parts` holds every leaf, in
    order, `attachments` those which are not the body. `problems` says in words what was broken and how it was read.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    date: datetime | None
    from_: Address | None
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    text: str
    html: str | None
    attachments: tuple[Part, ...]
    parts: tuple[Part, ...]
    charset: Charset
    content_type: str
    params: Mapping[str, str]
    headers: Headers = field(repr=False)
    raw: bytes = field(repr=False)
    body_at: int = 0
    problems: tuple[str, ...] = ()
    signature: Signature | None = None
    """Of S/MIME, where the letter was inside of one."""

    def header(self, name: str) -> str | None:
        """The first header of that name, unfolded and decoded."""
        return self.headers.first(name)

    def header_all(self, name: str) -> tuple[str, ...]:
        """All headers of that name, unfolded and decoded, top to bottom."""
        return self.headers.all(name)

    def header_raw(self, name: str) -> bytes | None:
        """The first header of that name, unfolded, as sent."""
        return self.headers.raw(name)

    @property
    def body(self) -> bytes:
        """Everything after the headers, as sent."""
        return self.raw[self.body_at :]
