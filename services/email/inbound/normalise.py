"""A mail as the hub's event: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from hub.contracts.bounce import Bounce
from hub.contracts.interaction import Attachment, Direction, InteractionReceived, Participant, Role
from hub.kit.ids import derive, moment_of
from services.email.inbound.invited import references_of
from services.email.inbound.models import Normalised
from services.email.inbound.programs import Doorkeeper
from services.email.inbound.reading import TEXT_LIMIT, first, read
from services.email.inbound.tokens import enclosed_tokens, references
from services.email.inbound.warnings import Ours
from services.email.mime import identity
from services.email.mime.lookalike import shown, visible
from services.email.mime.model import Address, Mail, Part
from services.email.mime.vouching import evidence_of
from services.email.mime.words import encodable

EVENT_LIMIT = 900_000
PARTICIPANTS = 500
REFS = 200
OPEN = Doorkeeper(programs=True)
_NAME_LIMIT = 1000
_ATTACHMENTS = 300
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def normalise(
    mail: Mail,
    *,
    account: str,
    stored_at: datetime,
    received_at: datetime,
    ours: Ours,
    raw: str,
    trusted: frozenset[str] = frozenset(),
    doorkeeper: Doorkeeper = OPEN,
    sent: bool = False,
) -> Normalised:
    """`stored_at` is when the server got it, `ours` what belongs to us, `raw` a blob key,
    `trusted` the servers whose verdicts on the sender are believed. `sent`: it lay in the folder for what was sent,
    so that one of us wrote it, whatever his address.
    """
    ours = _with_author(ours, mail) if sent else ours
    found = read(mail, trusted, ours, sent=sent)
    problems = [*mail.problems, *found.problems]
    interaction_id = identity.interaction_id(mail)
    handed_out = [part for part in mail.attachments[:_ATTACHMENTS] if not doorkeeper.objection(part)]
    blobs = {_blob(part): part.content for part in handed_out}
    event = InteractionReceived(
        id=interaction_id,
        channel="email",
        type="email",
        account=account,
        direction=Direction.OUT if sent else Direction.IN,
        at=_sane(mail.date, stored_at=stored_at, received_at=received_at),
        received_at=received_at,
        participants=_cut(_participants(mail, ours.addresses), PARTICIPANTS, "participants", problems),
        subject=visible(encodable(mail.subject[:_NAME_LIMIT])),
        text=_cut_text(encodable(mail.text), problems),
        attachments=tuple(
            _attachment(interaction_id, number, part, doorkeeper)
            for number, part in enumerate(_cut(mail.attachments, _ATTACHMENTS, "attachments", problems))
        ),
        keys=tuple(f"email:<{known}>" for known in [identity.normalise_message_id(mail.message_id)] if known),
        refs=_cut(
            (*_refs(mail, found.fields.bounce), *references_of(mail, found.fields.invitation)),
            REFS,
            "references",
            problems,
        ),
        raw=raw,
        problem=encodable("; ".join(problems)[:_NAME_LIMIT]),
        **found.fields.__dict__,
    )
    return Normalised(event=_fitting(event), blobs=blobs, page=found.page, evidence=evidence_of(mail))


def is_ours(address: str, ours: frozenset[str]) -> bool:
    """Also for the plus forms: `email:user+anything@domain`."""
    local, _, domain = address.rpartition("@")
    return address in ours or f"{local.partition('+')[0]}@{domain}" in ours


def _with_author(ours: Ours, mail: Mail) -> Ours:
    people = [one for one in (mail.from_ or mail.sender, *mail.reply_to) if one]
    return replace(ours, addresses=ours.addresses | {identity.normalise_address(one.address) for one in people})


def _refs(mail: Mail, bounce: Bounce | None) -> tuple[str, ...]:
    if bounce is None:
        return references(_answered(mail), mail)
    original = bounce.original_message_id or ""
    return tuple(dict.fromkeys([*references(_answered(mail, original), mail), *enclosed_tokens(mail)]))


def _answered(mail: Mail, original: str = "") -> Iterable[str]:
    """Message-IDs in angle brackets: `original`, In-Reply-To, then References from the newest."""
    for found in (original, *mail.in_reply_to, *reversed(mail.references)):
        if known := identity.normalise_message_id(found):
            yield f"<{known}>"


def _participants(mail: Mail, ours: frozenset[str]) -> tuple[Participant, ...]:
    senders = [found for found in (mail.from_ or mail.sender,) if found]
    roles: tuple[tuple[Role, Sequence[Address]], ...] = (
        (Role.FROM, senders),
        (Role.REPLY_TO, mail.reply_to),
        (Role.TO, mail.to),
        (Role.CC, mail.cc),
        (Role.BCC, mail.bcc),
    )
    found = (_participant(role, person, ours) for role, people in roles for person in people if person.address)
    return tuple(person for person in found if person.address)


def _participant(role: Role, found: Address, ours: frozenset[str]) -> Participant:
    address = encodable(identity.normalise_address(found.address))[:_NAME_LIMIT]
    return Participant(
        role=role,
        address=address,
        raw=encodable(found.address)[:_NAME_LIMIT],
        name=visible(encodable(found.name)[:_NAME_LIMIT]),
        shown=shown(address),
        ours=is_ours(address, ours),
    )


def _attachment(interaction_id: str, number: int, part: Part, doorkeeper: Doorkeeper) -> Attachment:
    objection = doorkeeper.objection(part)
    return Attachment(
        id=derive("at", interaction_id, str(number), at=moment_of(interaction_id)),
        filename=visible(encodable(part.filename or f"attachment-{number + 1}"))[:255],
        content_type=encodable(part.content_type)[:255],
        size=part.size,
        blob="" if objection else _blob(part),
        state="blocked" if objection else "ready",
        reason=objection,
        content_id=encodable(part.content_id or "")[:255],
    )


def _blob(part: Part) -> str:
    return f"att/{sha256(part.content).hexdigest()}"


def _sane(date: datetime | None, *, stored_at: datetime, received_at: datetime) -> datetime:
    """What the sender says if it can be true, else when the server got it, else now.

    A Date has whole seconds; the microseconds of `stored_at` keep mails of one second in the order they came in.
    """
    latest = received_at + timedelta(days=1)
    for moment in (date, stored_at):
        if moment is not None and moment.tzinfo is not None and _EARLIEST <= moment <= latest:
            return moment.astimezone(UTC).replace(microsecond=stored_at.microsecond)
    return received_at


def _cut(items: tuple[T, ...], limit: int, what: str, problems: list[str]) -> tuple[T, ...]:
    if len(items) > limit:
        problems.append(f"{len(items)} {what}, of which the first {limit} are kept")
    return items[:limit]


def _cut_text(text: str, problems: list[str]) -> str:
    size = len(text.encode())
    if size <= TEXT_LIMIT:
        return text
    problems.append(f"a text of {size // 1024} kB, of which the first {TEXT_LIMIT // 1024} kB are kept")
    return first(text, TEXT_LIMIT)


def _fitting(event: InteractionReceived) -> InteractionReceived:
    """Small enough for the bus: text and participants are halved until it is."""
    cut = event
    while len(cut.model_dump_json().encode()) > EVENT_LIMIT and (cut.text or len(cut.participants) > 1):
        people = cut.participants[: max(1, len(cut.participants) // 2)]
        attachments = cut.attachments[: max(1, len(cut.attachments) // 2)]
        problem = "too large for one event: text and participants are cut, the raw mail is kept"
        texts = {name: _half(getattr(cut, name)) for name in ("text", "new_text", "quoted_text", "signature")}
        refs = cut.refs[: max(1, len(cut.refs) // 2)]
        rest = {"participants": people, "attachments": attachments, "refs": refs, "problem": problem}
        cut = cut.model_copy(update={**texts, **rest})
    return cut


def _half(text: str | None) -> str | None:
    return text and text[: len(text) // 2]
