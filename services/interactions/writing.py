"""What an employee writes, and what becomes of it: recipients, subject and the request to send it. Pure."""

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, LocalMoment, Moment
from hub.api.uploads import Upload
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
from hub.kit.domains import mail_name
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
Cid = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@+-]{1,100}$")]
_COPIED = ((Role.TO, "to"), (Role.CC, "cc"), (Role.BCC, "bcc"))


class ButtonForm(Button):
    """Opens `url`, or sends `data` back."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=64)
    url: str = Field(default="", max_length=2_000)
    data: str = Field(default="", max_length=60)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.url) == bool(self.data):
            raise ValueError("give either url or data")
        return self


class Written(Form):
    """What an employee writes; null is the same as nothing given."""

    attachments: tuple[Upload, ...] = Field(default=(), max_length=MAX_LISTED)
    account: str | None = Field(default=None, description="Which of our accounts that have the message sends it")
    signature: bool = Field(default=True, description="Mine, where I have one; else the account's")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        return {k: v for k, v in given.items() if v is not None} if isinstance(given, dict) else given


class Answer(Written):
    """What to answer; recipient, subject and references come from the message that is answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Dear Anna,\n\nyour order left today.\n\nKind regards\nIvan"},
                {"text": "See the invoice.", "cc": ["accounts@example.com"], "attachments": ["att_7f2k"]},
                {"html": '<p>Our shop: <img src="cid:shop"></p>', "inline": {"shop": "att_9c1d"}},
                {"text": "Good morning!", "send_at_local": "2026-03-02T09:00", "time_zone": "Europe/Moscow"},
            ]
        }
    )
    text: str = Field(default="", max_length=MAX_TEXT, description="Or `html`, or both")
    html: str | None = Field(default=None, max_length=MAX_TEXT, description="Scripts and forms are taken out")
    to: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED, description="More recipients")
    cc: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED, description="Addresses such as a@example.com")
    bcc: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED, description="Nobody else sees these")
    reply_all: bool = Field(default=False, description="Copies to everybody else the message went to, us excepted")
    inline: dict[Cid, Upload] = Field(
        default={}, max_length=MAX_LISTED, description="Images in `html`, by the name after `cid:`"
    )
    send_at: Moment | None = Field(default=None, examples=["2026-03-02T09:00:00+03:00"])
    send_at_local: LocalMoment | None = Field(default=None, description="In `time_zone`, else the client's")
    time_zone: str | None = Field(default=None, max_length=100, examples=["Europe/Moscow"])
    buttons: tuple[ButtonForm, ...] = Field(default=(), max_length=10, description="Under a Telegram message")
    undo_seconds: int | None = Field(default=None, ge=0, le=300, description="Time to take it back; see undo_window")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not (self.html or "").strip():
            raise ValueError("give text, html or both")
        return self

    @property
    def files(self) -> tuple[Attachment, ...]:
        """What is attached, and the images by the names that the HTML shows them by."""
        images = (image.model_copy(update={"content_id": name}) for name, image in self.inline.items())
        return (*self.attachments, *images)

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
        attachments=answer.files,
        delivery=Delivery(state=DeliveryState.PLANNED if leaves else DeliveryState.QUEUED),
        send_at=leaves,
        time_zone=answer.time_zone if leaves else None,
        link=Link(rule="answer", evidence=cause.id),
        author=author,
    )


def command(
    interaction: Interaction, answer: Answer, cause: Interaction | None = None, *, signature: str | None = None
) -> SendMessage:
    """The request to send it, as an answer to `cause` where there is one; see `Actor.signs`."""
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
        attachments=answer.files,
        reply_to_key=next(iter(cause.keys), None) if cause else None,
        thread_keys=tuple(name for name in thread if name.startswith(prefix)),
        token=token_of(interaction.id),
        signature=signature,
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
    return Participant(role=role, address=mail_name(address), raw=address)


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
    there = {attachment.content_id for attachment in answer.files}
    missing = [name for name in dict.fromkeys(_CID.findall(answer.html or "")) if name not in there]
    if missing:
        fix = f"no attachment for cid:{missing[0]}; upload the image and name it in `inline`"
        raise InvalidInput(f"html: {fix}", fields={"html": fix})
