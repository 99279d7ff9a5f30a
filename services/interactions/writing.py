"""What an employee writes, and what becomes of it: recipients, subject and the request to send it. Pure."""

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.contracts.interaction import (
    Attachment,
    Button,
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    Link,
    Participant,
    Role,
    SendMessage,
)
from hub.kit.errors import InvalidInput, Unsupported
from hub.kit.html_text import to_text
from services.interactions.linking import counterpart

MAX_TEXT = 1_000_000
MAX_LISTED = 50
MAIL = "email"
_REPLY = re.compile(r"^\s*(re|ha|отв|aw|sv)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_ADDRESS = re.compile(r"^[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,253}$")
_CID = re.compile(r"""\bcid:([^\s"'<>)]+)""", re.IGNORECASE)
_TOKEN_BYTES = 10
_COPIED = ((Role.TO, "to"), (Role.CC, "cc"), (Role.BCC, "bcc"))


class Answer(BaseModel):
    """What the employee writes; recipient, subject and references come from the message that is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(default="", max_length=MAX_TEXT)
    html: str | None = Field(default=None, max_length=MAX_TEXT)
    to: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED)
    cc: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED)
    bcc: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED)
    reply_all: bool = False
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MAX_LISTED)
    account: str | None = None
    signature: str | None = Field(default=None, max_length=10_000)
    send_at: datetime | None = None
    send_at_local: datetime | None = None
    time_zone: str | None = Field(default=None, max_length=100)
    buttons: tuple[Button, ...] = Field(default=(), max_length=10)
    undo_seconds: int | None = Field(default=None, ge=0, le=300)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not (self.html or "").strip():
            raise ValueError("give text, html or both")
        return self

    @property
    def words(self) -> str:
        """The text; of one that is HTML alone, what it says."""
        return self.text if self.text.strip() else to_text(self.html or "")


def planned(
    chain_id: str,
    client_id: str,
    cause: Interaction,
    answer: Answer,
    *,
    interaction_id: str,
    author: str,
    at: datetime,
    leaves: datetime | None,
) -> Interaction:
    """The interaction that an answer is; with `leaves`, it waits until then.

    Raises:
        InvalidInput: an address is none, an account has nothing to do with it, or an image is missing.
        Unsupported: the answered message names nobody who could be answered.
    """
    check_images(answer)
    check_channel(cause.channel, answer)
    return Interaction(
        id=interaction_id,
        channel=cause.channel,
        type=cause.type,
        direction=Direction.OUT,
        accounts=(account_of(cause, answer.account),),
        at=leaves or at,
        client_id=client_id,
        chain_id=chain_id,
        cause_id=cause.id,
        subject=reply_subject(cause.subject) if cause.subject or cause.channel == MAIL else "",
        text=answer.words,
        participants=recipients(cause, answer),
        attachments=answer.attachments,
        delivery=Delivery(state=DeliveryState.PLANNED if leaves else DeliveryState.QUEUED),
        send_at=leaves,
        time_zone=answer.time_zone if leaves else None,
        link=Link(rule="answer", evidence=cause.id),
        author=author,
    )


def command(interaction: Interaction, answer: Answer, cause: Interaction | None = None) -> SendMessage:
    """The request to send it, as an answer to `cause` where there is one."""
    prefix = f"{interaction.channel}:"
    thread = (*reversed(cause.refs), *cause.keys) if cause else ()
    return SendMessage(
        id=interaction.id,
        channel=interaction.channel,
        account=interaction.accounts[0],
        to=interaction.participants,
        subject=interaction.subject,
        text=answer.words,
        html=answer.html,
        attachments=answer.attachments,
        reply_to_key=next(iter(cause.keys), None) if cause else None,
        thread_keys=tuple(name for name in thread if name.startswith(prefix)),
        token=token_of(interaction.id),
        signature=answer.signature,
        buttons=answer.buttons,
    )


def token_of(interaction_id: str) -> str:
    """What a reply is recognised by when its references are lost: 16 of A-Z and 2-7 (80 bits)."""
    return b32encode(blake2b(interaction_id.encode(), digest_size=_TOKEN_BYTES).digest()).decode()


def reply_subject(subject: str) -> str:
    """The subject of the message that is answered, marked as a reply once."""
    return subject if _REPLY.match(subject) else f"Re: {subject}".rstrip()


def recipients(cause: Interaction, answer: Answer) -> tuple[Participant, ...]:
    """Everybody who gets the answer, each once, in the first role he has; never one of our own addresses."""
    wanted = [*_answered(cause), *_given(answer)]
    if answer.reply_all:
        wanted += _others(cause)
    found: dict[str, Participant] = {}
    for person in wanted:
        found.setdefault(person.address, person)
    return tuple(found.values())


def _answered(cause: Interaction) -> Sequence[Participant]:
    if cause.direction is Direction.OUT:
        return [p for p in cause.participants if p.role in (Role.TO, Role.CC)]
    reply_to = [p for p in cause.participants if p.role is Role.REPLY_TO and not p.ours]
    other = reply_to[0] if reply_to else counterpart(cause.participants)
    if other is None or not other.address:
        raise Unsupported("the message names no sender; write to the client from his card instead")
    return [other.model_copy(update={"role": Role.TO})]


def _others(cause: Interaction) -> Iterable[Participant]:
    """Whom the answered message went to beside us: they get a copy."""
    for person in cause.participants:
        if person.role in (Role.TO, Role.CC) and not person.ours and person.address:
            yield person.model_copy(update={"role": Role.CC})


def _given(answer: Answer) -> Iterable[Participant]:
    for role, field in _COPIED:
        for position, text in enumerate(getattr(answer, field)):
            yield mail_address(text, field=f"{field}.{position}", role=role)


def mail_address(text: str, *, field: str, role: Role) -> Participant:
    """Somebody by his mail address; raises InvalidInput, naming `field`, where it is none."""
    address = text.strip()
    if not _ADDRESS.match(address):
        fix = f"{text!r} is not a mail address; write it as name@example.com"
        raise InvalidInput(f"{field.partition('.')[0]}: {text!r} is not a mail address", fields={field: fix})
    return Participant(role=role, address=f"email:{address.lower()}", raw=address)


def account_of(cause: Interaction, wanted: str | None) -> str:
    """Which of our accounts answers or passes on a message; raises InvalidInput for one that does not have it."""
    if wanted is None:
        return cause.accounts[0]
    if wanted not in cause.accounts:
        fix = f"{wanted} does not have the message that is answered; choose of {', '.join(cause.accounts)}"
        raise InvalidInput(f"account: {fix}", fields={"account": fix})
    return wanted


def check_channel(channel: str, answer: Answer) -> None:
    """What only some channels know is refused by the others, not left out in silence."""
    only_mail = ("to", "cc", "bcc")
    for field in only_mail if channel != MAIL else ():
        if getattr(answer, field):
            fix = f"only a mail has more recipients; this goes by {channel}"
            raise InvalidInput(f"{field}: {fix}", fields={field: fix})
    if answer.buttons and channel != "telegram":
        fix = f"only Telegram has buttons; this goes by {channel}"
        raise InvalidInput(f"buttons: {fix}", fields={"buttons": fix})


def check_images(answer: Answer) -> None:
    """Every image that the HTML shows has to be among the attachments."""
    there = {attachment.content_id for attachment in answer.attachments}
    missing = [name for name in dict.fromkeys(_CID.findall(answer.html or "")) if name not in there]
    if missing:
        fix = f"no attachment for cid:{missing[0]}; upload the image and name it in `inline`"
        raise InvalidInput(f"html: {fix}", fields={"html": fix})
