"""A mail from a message that shall be sent: pure, and the same bytes each time for the same input."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

from hub.contracts.appointment import CalendarPart
from hub.contracts.interaction import Attachment, Participant, Role, SendMessage
from hub.kit.domains import ascii_domain
from hub.kit.errors import Unsupported
from services.email.models import Mailbox, OutgoingMail
from services.email.part_headers import disposed, identified

REFERENCES = 20
"""The first and the newest are kept of longer threads."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_SPECIALS = re.compile(r'[()<>@,:;.\[\]"\\]')
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_CID = re.compile(r"""\bcid:([^\s"'<>)]+)""", re.IGNORECASE)
_BODY = policy.SMTP.clone(cte_type="7bit", refold_source="none")
"""What is set as it shall be is not read again."""
_SHORT = 100
"""Characters of a name that stand in a header as they are."""
_WORD = 45
"""Bytes that make an encoded word of 75 characters, the longest there may be."""
_LONGEST_ADDRESS = 320
"""RFC 5321, 4.5.3.1: 64 before the @, 255 behind it."""


def message_id(interaction_id: str, domain: str) -> str:
    """Ours: `<in_…@domain>`; a reply to it names the interaction."""
    return f"<{interaction_id}@{_ascii_domain(domain)}>"


def compose(
    message: SendMessage, mailbox: Mailbox, *, at: datetime, attachments: Mapping[str, bytes] | None = None
) -> OutgoingMail:
    """The mail with its envelope; `attachments` are the bytes by blob key.

    Nothing in the message can add a header or a recipient of its own, or make a line longer than 998 bytes.
    Raises Unsupported for an address that is longer than any is.
    """
    body = _body(message, attachments or {})
    raw = head(message, mailbox, at) + body.as_bytes()
    return OutgoingMail(sender=sender_of(mailbox), recipients=recipients_of(message), raw=raw)


def head(message: SendMessage, mailbox: Mailbox, at: datetime) -> bytes:
    """Everything above the body but what says of what kind that is. Raises Unsupported."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(message, mailbox, at) if value)
    return headers.encode("utf-8")


def recipients_of(message: SendMessage) -> tuple[str, ...]:
    """Of the envelope, each once. Raises Unsupported."""
    return tuple(dict.fromkeys(_reachable(person) for person in message.to))


def sender_of(mailbox: Mailbox) -> str:
    return _envelope(mailbox.address)


def _headers(message: SendMessage, mailbox: Mailbox, at: datetime) -> Iterable[tuple[str, str]]:
    in_reply_to = _known_id(message.reply_to_key)
    yield "Message-ID", message_id(message.id, mailbox.domain)
    yield "Date", format_datetime(at)
    yield "From", _person(message.from_name or mailbox.name, mailbox.address)
    if mailbox.plus_addressing and message.token:
        yield "Reply-To", _plus(mailbox.address, message.token)
    for name, role in (("To", Role.TO), ("Cc", Role.CC)):
        yield name, _people(person for person in message.to if person.role is role)
    yield "Subject", _text("Subject", message.subject)
    yield "In-Reply-To", in_reply_to
    yield "References", _references([_known_id(key) for key in message.thread_keys], in_reply_to)
    yield "X-Omnihub-Token", _clean(message.token)
    if message.unsubscribe:
        # RFC 8058: who reads it can unsubscribe without a page; a signature of ours covers both.
        yield "List-Unsubscribe", f"<{_clean(message.unsubscribe)}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    if message.group and message.content:
        yield "List-ID", f"<{_clean(message.group)}.{mailbox.domain}>"
        yield "Precedence", "bulk"
    if message.auto:
        yield "Auto-Submitted", "auto-replied"  # RFC 3834, 5
        yield "X-Auto-Response-Suppress", "All"
        yield "Precedence", "bulk"


def _body(message: SendMessage, content: Mapping[str, bytes]) -> EmailMessage:
    body = EmailMessage(policy=_BODY)
    _set_text(body, _text_of(message))
    shown = set(_CID.findall(message.html or ""))
    if message.html:
        _add_html(body, message, [a for a in message.attachments if a.content_id in shown], content)
    if message.calendar:
        _add_calendar(body, message.calendar)
    for attachment in message.attachments:
        if attachment.content_id not in shown:
            _attach(body, attachment, content[attachment.blob])
    for number, part in enumerate(part for part in body.walk() if part.is_multipart()):
        part.set_boundary(f"=_{message.id}_{number}")
    del body["MIME-Version"]
    body["MIME-Version"] = "1.0"
    return body


def _set_text(body: EmailMessage, text: str) -> None:
    body.set_content(_encodable(text).replace("\r\n", "\n").replace("\r", "\n"))


def _text_of(message: SendMessage) -> str:
    """What was written, the signature behind the line that mail programs know (RFC 3676, 4.3), the reply token."""
    parts = [message.text.rstrip() if message.signature or message.token else message.text]
    if message.signature:
        parts.append(f"-- \n{message.signature.rstrip()}")
    if message.token:
        parts.append(f"[#{_clean(message.token)}]\n")
    return "\n\n".join(parts)


def _add_html(
    body: EmailMessage, message: SendMessage, images: Sequence[Attachment], content: Mapping[str, bytes]
) -> None:
    """The HTML, with the images that it shows beside it (RFC 2387)."""
    body.add_alternative(_encodable(_html_of(message)), subtype="html")
    if not images:
        return
    *_, page = body.iter_parts()
    assert isinstance(page, EmailMessage)
    page.make_related()
    for image in images:
        part = _part(image, content[image.blob])
        disposed(part, "inline", _filename(image))
        identified(part, _cid(image))
        page.attach(part)


def _add_calendar(body: EmailMessage, calendar: CalendarPart) -> None:
    """Beside the text, with its method in the type: so calendars know what it is for (RFC 6047, 2.4)."""
    body.add_alternative(_encodable(calendar.text), subtype="calendar", params={"method": calendar.method})


def _html_of(message: SendMessage) -> str:
    html = message.html or ""
    if not message.signature:
        return html
    lines = "<br>".join(escape(line) for line in message.signature.rstrip().splitlines())
    return f"{html}\n<div>-- <br>{lines}</div>"


def _attach(body: EmailMessage, attachment: Attachment, content: bytes) -> None:
    if body.get_content_type() != "multipart/mixed":
        body.make_mixed()
    part = _part(attachment, content)
    disposed(part, "attachment", _filename(attachment))
    body.attach(part)


def _part(attachment: Attachment, content: bytes) -> EmailMessage:
    part = EmailMessage(policy=_BODY)
    maintype, subtype = _kind(attachment)
    part.set_content(content, maintype=maintype, subtype=subtype)
    return part


def _kind(attachment: Attachment) -> tuple[str, str]:
    kind = attachment.content_type.lower()
    whole = _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/"))
    maintype, _, subtype = (kind if whole else "application/octet-stream").partition("/")
    return maintype, subtype


def _filename(attachment: Attachment) -> str:
    return _clean(attachment.filename) or "attachment"


def _cid(image: Attachment) -> str:
    """As the HTML names it; what could not stand in a header is left out of both."""
    return re.sub(r"[^!-;=?-~]", "", image.content_id)


def _references(thread: Sequence[str], newest: str) -> str:
    """RFC 5322, 3.6.4; folded between the ids, because the standard library breaks long ones."""
    ids = list(dict.fromkeys(known for known in thread if known and known != newest))
    if newest:
        ids.append(newest)
    if len(ids) > REFERENCES:
        ids = [ids[0], *ids[1 - REFERENCES :]]
    return "\r\n ".join(ids)


def _known_id(key: str | None) -> str:
    """The Message-ID in a name like `email:<id@host>`; empty when it cannot stand in a header."""
    bare = (key or "").removeprefix("email:").strip()
    wrapped = bare if bare.startswith("<") else f"<{bare}>"
    return wrapped if _MESSAGE_ID.fullmatch(wrapped) and len(wrapped) < 900 else ""


def _people(people: Iterable[Participant]) -> str:
    return ",\r\n ".join(_person(person.name, _reachable(person)) for person in people)


def _person(name: str, address: str) -> str:
    display = _clean(name).strip()
    if not display:
        return _envelope(address)
    if word := _word(display):
        return f"{word} <{_envelope(address)}>"
    if not display.isascii() or len(display) > _SHORT or "=?" in display:
        return (
            f"{Header(display, 'utf-8', header_name='From').encode(linesep=chr(13) + chr(10))} <{_envelope(address)}>"
        )
    escaped = display.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{_envelope(address)}>' if _SPECIALS.search(display) else f"{display} <{_envelope(address)}>"


def _text(header: str, value: str) -> str:
    bare = _clean(value).strip()
    short = bare.isascii() and len(bare) < 900 and "=?" not in bare
    return bare if short else _word(bare) or Header(bare, "utf-8", header_name=header).encode(linesep="\r\n")


def _word(text: str) -> str:
    """One encoded word (RFC 2047), of a text that is short and not plain; empty for any other."""
    if text.isascii():
        return ""
    raw = text.encode()
    return f"=?utf-8?b?{b64encode(raw).decode()}?=" if len(raw) <= _WORD else ""


def _reachable(person: Participant) -> str:
    """The address as its owner writes it, where that is known: the part before the @ may be case-sensitive."""
    normalised = person.address.removeprefix("email:")
    raw = parseaddr(_clean(person.raw))[1]
    return _envelope(raw if raw.casefold() == normalised.casefold() else normalised)


_QUOTED_OR_BLANK = re.compile(r'("(?:[^"\\]|\\.)*"(?=\s*@))|\s')


def _envelope(address: str) -> str:
    """Raises Unsupported."""
    local, _, domain = _unspaced(_clean(address)).strip("<>").rpartition("@")
    found = f"{local}@{_ascii_domain(domain)}" if local else domain
    if len(found) > _LONGEST_ADDRESS:
        raise Unsupported(f"{found[:40]}… has {len(found)} characters; an address has {_LONGEST_ADDRESS} at most")
    return found


def _unspaced(address: str) -> str:
    """Blanks stay in a quoted local part alone (RFC 5321, 4.1.2)."""
    return _QUOTED_OR_BLANK.sub(lambda found: found[1] or "", address)


def _ascii_domain(domain: str) -> str:
    try:
        return ascii_domain(domain)
    except UnicodeError:
        return domain


def _plus(address: str, token: str) -> str:
    local, _, domain = _envelope(address).rpartition("@")
    return f"{local}+{_clean(token)}@{domain}"


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", _encodable(value))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
