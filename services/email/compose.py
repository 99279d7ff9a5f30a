"""A mail from a message that shall be sent: pure, and the same bytes each time for the same input."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from hub.contracts.interaction import Attachment, Participant, Role, SendMessage
from services.email.models import Mailbox, OutgoingMail

REFERENCES = 20
"""The first and the newest are kept of longer threads."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_SPECIALS = re.compile(r'[()<>@,:;.\[\]"\\]')
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_BODY = policy.SMTP.clone(cte_type="7bit")


def message_id(interaction_id: str, domain: str) -> str:
    """Ours: `<in_…@domain>`; a reply to it names the interaction."""
    return f"<{interaction_id}@{_ascii_domain(domain)}>"


def compose(
    message: SendMessage, mailbox: Mailbox, *, at: datetime, attachments: Mapping[str, bytes] | None = None
) -> OutgoingMail:
    """The mail with its envelope; `attachments` are the bytes by blob key.

    Nothing in the message can add a header or a recipient of its own.
    """
    headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(message, mailbox, at) if value)
    body = _body(message, attachments or {})
    recipients = dict.fromkeys(_reachable(person) for person in message.to)
    return OutgoingMail(
        sender=_envelope(mailbox.address), recipients=tuple(recipients), raw=headers.encode("utf-8") + body.as_bytes()
    )


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


def _body(message: SendMessage, content: Mapping[str, bytes]) -> EmailMessage:
    body = EmailMessage(policy=_BODY)
    _set_text(body, _with_token(message.text, message.token))
    if message.html:
        body.add_alternative(_encodable(message.html), subtype="html")
    for attachment in message.attachments:
        _attach(body, attachment, content[attachment.blob])
    for number, part in enumerate(part for part in body.walk() if part.is_multipart()):
        part.set_boundary(f"=_{message.id}_{number}")
    del body["MIME-Version"]
    body["MIME-Version"] = "1.0"
    return body


def _set_text(body: EmailMessage, text: str) -> None:
    body.set_content(_encodable(text).replace("\r\n", "\n").replace("\r", "\n"))


def _with_token(text: str, token: str) -> str:
    return f"{text.rstrip()}\n\n[#{_clean(token)}]\n" if token else text


def _attach(body: EmailMessage, attachment: Attachment, content: bytes) -> None:
    kind = attachment.content_type.lower()
    whole = _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/"))
    maintype, _, subtype = (kind if whole else "application/octet-stream").partition("/")
    filename = _clean(_encodable(attachment.filename)) or "attachment"
    body.add_attachment(content, maintype=maintype, subtype=subtype, filename=filename)


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
    display = _clean(_encodable(name)).strip()
    if not display:
        return _envelope(address)
    if not display.isascii():
        return (
            f"{Header(display, 'utf-8', header_name='From').encode(linesep=chr(13) + chr(10))} <{_envelope(address)}>"
        )
    escaped = display.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{_envelope(address)}>' if _SPECIALS.search(display) else f"{display} <{_envelope(address)}>"


def _text(header: str, value: str) -> str:
    bare = _clean(_encodable(value)).strip()
    short = bare.isascii() and len(bare) < 900 and "=?" not in bare
    return bare if short else Header(bare, "utf-8", header_name=header).encode(linesep="\r\n")


def _reachable(person: Participant) -> str:
    """The address as its owner writes it, where that is known: the part before the @ may be case-sensitive."""
    normalised = person.address.removeprefix("email:")
    raw = parseaddr(_clean(person.raw))[1]
    return _envelope(raw if raw.casefold() == normalised.casefold() else normalised)


def _envelope(address: str) -> str:
    local, _, domain = re.sub(r"\s", "", _clean(address)).strip("<>").rpartition("@")
    return f"{local}@{_ascii_domain(domain)}" if local else domain


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _plus(address: str, token: str) -> str:
    local, _, domain = _envelope(address).rpartition("@")
    return f"{local}+{_clean(token)}@{domain}"


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", value)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
