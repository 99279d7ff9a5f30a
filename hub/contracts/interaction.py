"""Interactions on the bus: what a channel received, what was made of it, what shall be sent, what became of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from hub.contracts.appointment import CalendarPart, Fact, Invitation, Invited, Plan, Rsvp
from hub.contracts.base import Body, Event
from hub.contracts.bounce import Authentication, Auto, Bounce, Caution
from hub.contracts.call import CallRequest, CallState
from hub.contracts.history import Change
from hub.contracts.scope import Shown
from hub.contracts.subject import Subject
from hub.kit.clock import iso
from hub.kit.ids import derive


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Role(StrEnum):
    FROM = "from"
    REPLY_TO = "reply_to"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    HOST = "host"
    ATTENDEE = "attendee"


class DeliveryState(StrEnum):
    """What became of one message to one address. `rank` orders them: a delivery never moves backwards.

    A state that a newer version tells is read as `unknown`.
    """

    PLANNED = "planned"
    CANCELLED = "cancelled"
    QUEUED = "queued"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    """Held back for good on purpose, with the reason; nothing left the hub, and nothing will."""
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    BOUNCED = "bounced"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @classmethod
    def _missing_(cls, value: object) -> "DeliveryState | None":
        return cls.UNKNOWN if isinstance(value, str) else None


_RANKS = {state: rank for rank, state in enumerate(DeliveryState)}


class Participant(Body):
    """A person or a raw address in a role. `address` is normalised, `raw` is as the message had it."""

    role: Role
    address: str
    raw: str = ""
    name: str = ""
    client_id: str | None = None
    shown: str = ""
    """How to show an address whose domain is not plain ASCII: in punycode where it could be taken for another; empty
    where `raw` does."""
    ours: bool = False
    """The address is one of our own (a mailbox, a bot, a number): it never becomes a client's."""
    login: str | None = None
    """The employee it is, where it is one of ours."""


class Attachment(Body):
    id: str
    filename: str
    content_type: str
    size: int
    """Bytes."""
    blob: str = ""
    """Key in the blob storage; empty while it is not there."""
    state: Literal["ready", "pending", "failed", "blocked"] = "ready"
    """`pending`: its file is still being fetched; `failed`: it never will be; `blocked`: it is not handed out, see
    `reason`."""
    reason: str = ""
    content_id: str = ""
    """Name by which the HTML of the same message shows it (`cid:`); empty for one that is only attached."""


class Contact(Body):
    """An address that a message gave: a candidate for its sender's client."""

    address: str
    """Normalised: `phone:+74951234567`."""
    raw: str = ""
    name: str = ""
    verified: bool = False
    """The provider vouches that it is the sender's own."""


class SourceEvidence(Body):
    """What a message told of where its sender came from."""

    kind: str
    """`start_payload`, `line` (the number that was dialled stands for it), `answer` (how he heard of us), …"""
    value: str


class Reading(Body):
    """What reading a message told beside its text. All of it is optional: not every channel knows it."""

    new_text: str | None = None
    """What the sender wrote himself; none where that is all of the text."""
    quoted_text: str = ""
    signature: str = ""
    html: str | None = None
    """Blob key of the sanitised HTML."""
    blocked_images: int = 0
    """Remote images that the sanitised HTML does not load."""
    auto: Auto | None = None
    bounce: Bounce | None = None
    authentication: Authentication | None = None
    warnings: tuple[Caution, ...] = ()
    contacts: tuple[Contact, ...] = ()
    source: SourceEvidence | None = None
    origin: str = ""
    """Whose words they are, where the sender only passed them on, as far as the channel tells."""
    invitation: Invitation | None = None
    """Of a mail with a calendar: what somebody invites to, or says to an invitation."""


class InteractionReceived(Reading, Event):
    """A channel received something. Published once the raw bytes are durable, before the provider is told."""

    TYPE: ClassVar[str] = "interaction.received.v1"
    TOPIC: ClassVar[str] = "inbound"

    id: str
    channel: str
    type: str
    """`email`, `sms`, `telegram`, `call`, …"""
    account: str
    """The mailbox, bot, number or line that received it."""
    direction: Direction = Direction.IN
    """`out`: it was no message to us; somebody of ours called."""
    at: datetime
    received_at: datetime
    participants: tuple[Participant, ...]
    subject: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    keys: tuple[str, ...] = ()
    """Names this message is known by in its channel: `email:<id@host>`."""
    refs: tuple[str, ...] = ()
    """Names of what it answers, most telling first: `email:<id@host>`, `interaction:ID`, `token:TOKEN`,
    `uid:email:ORGANIZER/UID`."""
    raw: str = ""
    """Blob key of the bytes as they came."""
    problem: str = ""
    """What could not be taken over, in words for the operator."""
    acknowledge: str = ""
    """What the account answers by itself, once, when this opens a chain."""
    team: str | None = None
    """Whose the account is; none: everybody's."""
    others: Shown = "full"
    """What those see of it who are not in that team."""
    author: str | None = None
    """Of what one of us sent with another program: his login, where it is known."""
    call: CallState | None = None
    """Of a call: as it is at this moment; how it goes on is told by `CallChanged`."""

    def event_id(self) -> str:
        return received_id(self.id, self.account)

    def key(self) -> str:
        return self.other_side or self.account

    @property
    def other_side(self) -> str:
        """The address of whoever sent it; of a call out, of whom we called."""
        role = Role.FROM if self.direction is Direction.IN else Role.TO
        return next((p.address for p in self.participants if p.role is role), "")


class InteractionRevised(InteractionReceived):
    """Its sender changed a message that he had sent before: all of it, as it is now.

    Where the first form was never seen, this one is taken for it.
    """

    TYPE: ClassVar[str] = "interaction.revised.v1"

    revised_at: datetime

    def event_id(self) -> str:
        return received_id(self.id, self.account, self.revised_at)


def received_id(interaction_id: str, account: str, revised_at: datetime | None = None) -> str:
    """Of the event by which an interaction came in at an account; with a moment, of its change then."""
    if revised_at is None:
        return derive("ev", InteractionReceived.TYPE, interaction_id, account)
    return derive("ev", InteractionRevised.TYPE, interaction_id, account, iso(revised_at))


class InteractionReread(Reading, Event):
    """A message that is stored was read again, by other code: all that reading it tells now. Nobody wrote it anew."""

    TYPE: ClassVar[str] = "interaction.reread.v1"
    TOPIC: ClassVar[str] = "inbound"

    id: str
    account: str
    sender: str
    """The normalised address that the message came from: what the order is kept by."""
    subject: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reread_at: datetime
    """Of two, the later one counts."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, iso(self.reread_at))

    def key(self) -> str:
        return self.sender


class AttachmentFetched(Event):
    """A file of a message that came before it is here, or never will be."""

    TYPE: ClassVar[str] = "attachment.fetched.v1"
    TOPIC: ClassVar[str] = "inbound"

    interaction_id: str
    sender: str
    """The normalised address that the message came from: what the order is kept by."""
    attachment: Attachment

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.attachment.id, self.attachment.state, self.attachment.blob)

    def key(self) -> str:
        return self.sender


class CallChanged(Event):
    """A call went on: all of it, as it is now. Of two, the one whose call has the higher revision counts."""

    TYPE: ClassVar[str] = "call.changed.v1"
    TOPIC: ClassVar[str] = "inbound"

    interaction_id: str
    account: str
    """The line, or the exchange where it is none of our lines."""
    other_side: str = ""
    """The customer's normalised address, where he has one: what the order is kept by."""
    participants: tuple[Participant, ...]
    """The customer, and whoever of ours spoke with him."""
    call: CallState

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.interaction_id, str(self.call.revision))

    def key(self) -> str:
        return self.other_side or self.account


class ReactionRecorded(Event):
    """Somebody put signs to a message, or took them back."""

    TYPE: ClassVar[str] = "reaction.recorded.v1"
    TOPIC: ClassVar[str] = "inbound"

    message_key: str
    """The name of the message in its channel: `telegram:@bot/123/45`."""
    address: str
    """Normalised, of whoever did."""
    signs: tuple[str, ...]
    """All of his, as they are now; none when he took them back."""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.message_key, self.address, iso(self.at), *self.signs)

    def key(self) -> str:
        return self.address


class Link(Body):
    """Why an interaction is in its chain."""

    rule: str
    """`reference`, `same_subject`, `open_chain`, `new_chain`, `answer`, `forward`; `side_chain`: somebody beside the
    client whom a message was copied or forwarded to; `subject_changed`: he answered, about another matter; `split`:
    an employee took it out."""
    evidence: str = ""
    """What the rule saw: the reference that matched, the subject."""
    parent: str | None = None
    """The chain that this one is beside, where the interaction opened it."""
    continues: str | None = None
    """The chain that this one goes on from, where the interaction opened it."""
    asks: bool = False
    """The subject is another one: an employee shall say whether it is another matter."""


class Delivery(Body):
    state: DeliveryState
    reason: str | None = None
    copy_state: Literal["pending", "saved", "failed"] | None = None
    """The copy in the Sent folder, a step of its own."""
    copy_reason: str | None = None
    receipt: bool = False
    """The state is from the provider's receipt."""


class Forwarded(Body):
    """A message was passed on to a third party."""

    to: str
    """Normalised address."""
    by: str
    """Login of the employee."""
    at: datetime
    chain_id: str
    """The chain beside, where the third party's answers are."""


class Answered(Body):
    """What came back on a message of a mailing."""

    kind: Literal["got", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained"]
    at: datetime
    words: str = ""
    """Where a link led, what a server said, why somebody unsubscribed."""


class MailingNote(Body):
    """The mailing that a message was part of, and what came back on it."""

    id: str
    name: str
    answers: tuple[Answered, ...] = ()
    revision: int = 1
    """Of two, the higher one counts."""


class Move(Body):
    """Where an interaction was before it was moved."""

    chain_id: str
    client_id: str
    link: Link
    """Why it was there."""
    by: str | None = None
    """Login of the employee who moved it; none: a rule did."""
    at: datetime


class Revision(Body):
    """What a message said before its sender changed it."""

    text: str
    until: datetime


class Interaction(Reading):
    """One contact, linked."""

    id: str
    channel: str
    type: str
    direction: Direction
    accounts: tuple[str, ...]
    """The mailboxes, bots or numbers of ours that have it; one mail to two of our boxes is one interaction."""
    at: datetime
    client_id: str
    chain_id: str
    cause_id: str | None = None
    subject: str = ""
    text: str = ""
    participants: tuple[Participant, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    delivery: Delivery | None = None
    send_at: datetime | None = None
    """When it shall leave, for one that is planned; when it should, afterwards."""
    time_zone: str | None = None
    """The client's, that `send_at` was chosen in (IANA name)."""
    call: CallState | None = None
    """Of a call: how it went."""
    link: Link
    author: str | None = None
    """Login of the employee who wrote it."""
    comment: str = ""
    """Of whoever wrote it down by hand."""
    importance: Literal["low", "normal", "high"] = "normal"
    plan: Plan | None = None
    """Of a contact that was planned: when it shall be, or should have been."""
    fact: Fact | None = None
    """Of one that was written down by hand: what became of it; none while it lies ahead."""
    mentions: tuple[str, ...] = ()
    """Logins of those whom a note names."""
    subjects: tuple[Subject, ...] = ()
    """What it is about: a deal, a claim, a campaign, an order."""
    history: tuple[Change, ...] = ()
    """What people changed about its subjects."""
    invited: Invited | None = None
    """Of a planned contact: whom we invited to it by mail, and what they said."""
    rsvps: tuple[Rsvp, ...] = ()
    """Of an invitation that came in: what we answered, the last one last."""
    problem: str = ""
    keys: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    raw: str = ""
    text_blob: str = ""
    """Blob key of the whole text, where `text` is only its beginning."""
    acknowledge: str = ""
    """What the account answers by itself, once, where this opened a chain."""
    team: str | None = None
    """Whose the account was by which it came or went; none: everybody's."""
    others: Shown = "full"
    """What those see of it who are not in that team."""
    mailing: MailingNote | None = None
    """Of a mailing's message on which something came back."""
    born_client_id: str | None = None
    """The client it was linked to first, where it was moved since: what the order is kept by."""
    moves: tuple[Move, ...] = ()
    """Where it was before, the first place first."""
    revised_at: datetime | None = None
    """When its sender changed it last."""
    revised_times: int = 0
    reread_at: datetime | None = None
    """When it was read again by other code."""
    revisions: tuple[Revision, ...] = ()
    """Earlier forms, the first one and the newest ones, up to some kilobytes; `text` is what it says now."""
    forwarded: tuple[Forwarded, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Signs by the address of whoever put them."""

    @cached_property
    def json_bytes(self) -> bytes:
        """As JSON, made once: it is stored and published."""
        return self.model_dump_json().encode()


class _AboutInteraction(Event):
    """What is told about one interaction, with all of it."""

    TOPIC: ClassVar[str] = "interactions"

    interaction: Interaction
    revision: int = 1
    """Of the interaction: of two, the higher one is newer."""

    def body(self) -> bytes:
        return b'{"interaction":%b,"revision":%d}' % (self.interaction.json_bytes, self.revision)

    def marks(self) -> tuple[str, ...]:
        return marks_of(self.interaction.__dict__, linked=False)

    def event_id(self) -> str:
        return event_id_of(type(self), self.interaction.id, self.revision)

    def key(self) -> str:
        return self.interaction.born_client_id or self.interaction.client_id


class InteractionLinked(_AboutInteraction):
    """An interaction that came in is in its client's chain."""

    TYPE: ClassVar[str] = "interaction.linked.v1"

    def marks(self) -> tuple[str, ...]:
        return marks_of(self.interaction.__dict__, linked=True)


BOUNCE, CONTACTS, ACKNOWLEDGE, INVITATION = "bounce", "contacts", "acknowledge", "invitation"
"""Marks of `InteractionLinked`: it is a notice about a message of ours, it gives addresses, it wants an answer, it
has a calendar."""
INVITED = "invited"
"""Mark of whatever is told of a contact to which we invited people."""
REACH = "reach"
"""Mark of whatever is told of a call, or of a message of ours: by it somebody may have been reached, or not."""
WROTE = "wrote"
"""Mark of `InteractionLinked`: a person who is none of ours wrote."""


def marks_of(interaction: Mapping[str, object], *, linked: bool) -> tuple[str, ...]:
    """The marks of what is told of an interaction with these fields."""
    words = (BOUNCE, CONTACTS, ACKNOWLEDGE, INVITATION, INVITED) if linked else (INVITED,)
    marks = tuple(mark for mark in words if interaction.get(mark))
    if interaction.get("call") or interaction["direction"] == Direction.OUT:
        return (*marks, REACH)
    return (*marks, WROTE) if linked and not (interaction.get("auto") or interaction.get("bounce")) else marks


def event_id_of(kind: type[Event], interaction_id: str, revision: int) -> str:
    """Of what is told of an interaction: linked and planned it is once, changed with every revision."""
    changed = kind.TYPE == "interaction.changed.v1"
    return derive("ev", kind.TYPE, interaction_id, *((str(revision),) if changed else ()))


class InteractionPlanned(_AboutInteraction):
    """An employee's message was accepted and is on its way to the channel."""

    TYPE: ClassVar[str] = "interaction.planned.v1"


class InteractionChanged(_AboutInteraction):
    """Something about an interaction is another than before: its delivery, its place, its files, who has it."""

    TYPE: ClassVar[str] = "interaction.changed.v1"


Lane = Literal["person", "automatic", "mass"]
"""Who waits for a message: a person's own words go first, then what a machine answers, then mailings."""


class Button(Body):
    """Something to press under a message: it opens `url`, or sends `data` back."""

    text: str
    url: str = ""
    data: str = ""


class SendMessage(Event):
    """Send this message by `channel`, from `account`. `id` is the interaction's."""

    TYPE: ClassVar[str] = "message.send.v1"
    TOPIC: ClassVar[str] = "outbound"

    id: str
    channel: str
    account: str
    to: tuple[Participant, ...]
    """Recipients in their roles."""
    from_name: str = ""
    subject: str = ""
    text: str
    html: str | None = None
    text_blob: str = ""
    """Blob key of the text, where it is too large for an event; `text` is empty then."""
    html_blob: str = ""
    attachments: tuple[Attachment, ...] = ()
    reply_to_key: str | None = None
    """Name of the message this one answers, as its channel knows it."""
    thread_keys: tuple[str, ...] = Field(default=(), description="Names of the earlier messages, oldest first")
    token: str = ""
    """What a reply can be recognised by when its references are lost."""
    signature: str | None = None
    """Stands under the text; none: the account's own, empty: none at all."""
    buttons: tuple[Button, ...] = ()
    """Under the message, where its channel knows such."""
    auto: bool = False
    """A machine wrote it: marked as such, so that other machines keep silent."""
    mass: bool = False
    """Part of a mailing: never sent twice, whatever happens."""
    lane: Lane | None = None
    """None: derived, see `in_lane`."""
    group: str = ""
    """The mailing or call list it belongs to, which can be paused and recalled as a whole; see `GroupChanged`."""
    time_zone: str = ""
    """The recipient's, where it is known (IANA name): its night is kept quiet."""
    call: CallRequest | None = None
    """Of a call: who wants to speak with the recipient."""
    topic: str = ""
    """Of consent: whoever withdrew his in it is not written to. For messages of mailings."""
    content: str = ""
    """Blob key of what the mailing says (`hub.channels.content`); subject, text and HTML are made of it."""
    values: tuple[str, ...] = ()
    """What is filled in there for this recipient."""
    number: int = 0
    """The recipient's, within the mailing: it signs his links."""
    calendar: CalendarPart | None = None
    """Of a mail: an invitation, or an answer to one."""
    unsubscribe: str = ""
    """The address of RFC 8058, by which his mail program lets him unsubscribe."""

    @property
    def in_lane(self) -> Lane:
        """The lane given; else by what the message is: part of a mailing, a machine's, a person's."""
        return self.lane or ("mass" if self.mass else "automatic" if self.auto else "person")

    def on_topic(self) -> str:
        """Mailings have topics of their own, so that nobody's answer is read behind one."""
        way = f"{self.TOPIC}.mass" if self.in_lane == "mass" else self.TOPIC
        return f"{way}.{self.channel}"

    def event_id(self) -> str:
        return request_id(self.id)

    def key(self) -> str:
        return self.account


def request_id(interaction_id: str) -> str:
    """Of the request to send an interaction."""
    return derive("ev", SendMessage.TYPE, interaction_id)


class Recipient(Body):
    """One of a page of a mailing."""

    id: str
    """Of the message: as an interaction's."""
    number: int
    """Within the mailing."""
    address: str
    raw: str = ""
    name: str = ""
    values: tuple[str, ...] = ()
    content: str = ""
    """Blob key of what it says to him, where that is not what the page says."""
    time_zone: str = ""


class SendPage(Event):
    """Send a mailing's message to these: each is a `SendMessage` of its own from then on."""

    TYPE: ClassVar[str] = "page.send.v1"
    TOPIC: ClassVar[str] = "outbound.mass"

    group: str
    """The mailing."""
    channel: str
    account: str
    content: str
    """Blob key of what it says; see `hub.channels.content`."""
    topic: str = ""
    from_name: str = ""
    recipients: tuple[Recipient, ...]

    def on_topic(self) -> str:
        return f"{self.TOPIC}.{self.channel}"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.group, *(one.id for one in self.recipients))

    def key(self) -> str:
        return self.account

    def messages(self) -> list[SendMessage]:
        """One for each recipient."""
        return [self._message(one) for one in self.recipients]

    def _message(self, one: Recipient) -> SendMessage:
        return SendMessage(
            id=one.id,
            channel=self.channel,
            account=self.account,
            to=(Participant(role=Role.TO, address=one.address, raw=one.raw, name=one.name),),
            from_name=self.from_name,
            text="",
            signature="",
            mass=True,
            group=self.group,
            topic=self.topic,
            content=one.content or self.content,
            values=one.values,
            number=one.number,
            time_zone=one.time_zone,
        )


class GroupChanged(Event):
    """A mailing goes on, rests or is taken back: what of it has not left yet waits, or never leaves."""

    TYPE: ClassVar[str] = "group.changed.v1"
    TOPIC: ClassVar[str] = "groups"

    group: str
    state: Literal["running", "paused", "recalled"]
    revision: int
    """Of two, the higher one is newer."""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.group, str(self.revision), self.state)

    def key(self) -> str:
        return self.group


class DeliveryRecorded(Event):
    """What became of a message, as the channel learnt it."""

    TYPE: ClassVar[str] = "delivery.recorded.v1"
    TOPIC: ClassVar[str] = "delivery"

    interaction_id: str
    at: datetime
    state: DeliveryState
    reason: str | None = None
    keys: tuple[str, ...] = ()
    """Names the provider gave the message."""
    copy_state: Literal["pending", "saved", "failed"] | None = None
    copy_reason: str | None = None
    receipt: bool = False
    """Told by the provider after it had taken the message: then a failure counts although it was sent."""
    group: str = ""
    """The mailing that the message is part of; what becomes of such is told on a topic of its own."""

    def on_topic(self) -> str:
        return f"{self.TOPIC}.mass" if self.group else self.TOPIC

    def event_id(self) -> str:
        told = (self.state, self.copy_state or "", self.reason or "", self.copy_reason or "", *self.keys)
        return derive("ev", self.TYPE, self.interaction_id, iso(self.at), *told)

    def key(self) -> str:
        return self.interaction_id
