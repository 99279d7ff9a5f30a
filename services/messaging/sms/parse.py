"""What an SMS provider posts, as the hub's events: pure, and the same for the same message."""

from collections.abc import Sequence
from datetime import datetime
from mimetypes import guess_extension
from urllib.parse import parse_qs

from hub.contracts.address import ConsentRecorded
from hub.contracts.base import Event
from hub.contracts.interaction import Attachment, InteractionReceived, Participant, Role
from hub.kit import plain
from hub.kit.ids import derive
from hub.kit.numbers import whole
from services.messaging.models import Account, Payload, Reading, SmsNumber, WantedFile
from services.messaging.sms.numbers import sender
from services.messaging.words import consent

CHANNEL = "sms"
MOST_FIELDS = 1_000
"""Of a form: it is read before it is known whose it is."""
_MOST_FILES = 10
_LONGEST, _RAW = 10_000, 1_000


def read(payload: Payload, account: Account, raw: str, received_at: datetime) -> Reading:
    """The reading of a posted message; `raw` is the blob key of its form. Never raises."""
    assert isinstance(account, SmsNumber)
    try:
        given = parse_qs(payload.raw.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
        form = {name: values[0] for name, values in given.items()}
    except ValueError as exc:
        return Reading(unreadable=f"not a form: {exc}")
    return parse(form, account, raw, received_at)


def parse(form: dict[str, str], number: SmsNumber, raw: str, received_at: datetime) -> Reading:
    """What a form says: a message, and a consent given or withdrawn by it."""
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    author = sender(form.get("From", ""), number.region)
    missing = [name for name, found in (("MessageSid", sid), ("From", author)) if not found]
    if missing:
        return Reading(
            kind="unsupported",
            unreadable=f"no {' and no '.join(missing)} in it",
            sender=plain.line(form.get("From", "")[:_RAW]),
        )
    interaction_id = derive("in", CHANNEL, number.id, sid)
    files = _files(form, interaction_id, author)
    received = InteractionReceived(
        id=interaction_id,
        channel=CHANNEL,
        type=CHANNEL,
        account=number.id,
        at=received_at,
        received_at=received_at,
        participants=(
            Participant(
                role=Role.FROM,
                address=author,
                raw=plain.line(form["From"][:_RAW]),
                name=plain.line(form.get("ProfileName", "")[:200]),
            ),
            Participant(
                role=Role.TO,
                address=number.sender,
                raw=plain.line(form.get("To", "")[:_RAW]),
                name=number.name,
                ours=True,
            ),
        ),
        text=plain.words(form.get("Body", "")[:_LONGEST].replace("\r\n", "\n")),
        attachments=tuple(file.attachment for file in files),
        keys=(key_of("twilio", sid),),
        raw=raw,
    )
    events: list[Event] = [received]
    if state := consent(received.text, form.get("OptOutType", "")):
        events.append(
            ConsentRecorded(
                address=author,
                channel=CHANNEL,
                account=number.id,
                state=state,
                evidence=interaction_id,
                words=received.text.strip()[:100],
                at=received_at,
            )
        )
    return Reading(kind="message", events=tuple(events), files=tuple(files))


def key_of(provider: str, message_id: str) -> str:
    """The name of a message: `sms:twilio/SM…`."""
    return f"{CHANNEL}:{provider}/{message_id}"


def went_by(keys: Sequence[str], provider: str, message_id: str) -> bool:
    """Whether a message with these names was handed to that provider, under that id where one is told; a message
    without names is one whose answer never came.
    """
    named = [key for key in keys if key.startswith(key_of(provider, ""))]
    return not keys or (bool(named) and (not message_id or key_of(provider, message_id) in named))


def _files(form: dict[str, str], interaction_id: str, author: str) -> Sequence[WantedFile]:
    return [
        _file(form, position, interaction_id, author)
        for position in range(min(whole(form.get("NumMedia", "")) or 0, _MOST_FILES))
        if form.get(f"MediaUrl{position}")
    ]


def _file(form: dict[str, str], position: int, interaction_id: str, author: str) -> WantedFile:
    content_type = plain.line(form.get(f"MediaContentType{position}", "application/octet-stream")[:255])
    attachment = Attachment(
        id=derive("at", interaction_id, str(position)),
        filename=f"media-{position + 1}{guess_extension(content_type) or ''}",
        content_type=content_type,
        size=0,
        state="pending",
    )
    return WantedFile(
        attachment=attachment,
        reference=form[f"MediaUrl{position}"][:_RAW],
        interaction_id=interaction_id,
        sender=author,
    )
