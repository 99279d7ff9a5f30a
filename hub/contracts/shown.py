"""What is shown of interactions, clients and chains, to callers of the API and in the live stream: never a blob key,
never raw bytes.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from hub.contracts.appointment import GuestAnswer
from hub.contracts.bounce import Auto, BounceKind, CautionKind, Severity
from hub.contracts.call import CallResult
from hub.contracts.interaction import DeliveryState, Direction, Role
from hub.contracts.masks import MaskedAddress, MaskedAny, MaskedWords
from hub.contracts.scope import Shown
from hub.kit.clock import iso

Moment = Annotated[
    datetime, PlainSerializer(iso, when_used="json"), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""As it is stored, so that texts of moments are in order."""


Withheld = Literal["", "content", "subject"]
_WITHHELD = "What you are not shown: of a confidential one its content, or its subject and participants, too"


class View(BaseModel):
    """A part of an answer."""

    # An answer has all its fields, and its description says so.
    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_serialization_defaults_required=True, defer_build=True
    )


class AlteredView(View):
    """A field as it was and as it is."""

    name: str
    before: MaskedAny = None
    after: MaskedAny = None


class ChangeView(View):
    """What somebody made of it."""

    at: Moment
    by: str = Field(description="Login, or rule:NAME", examples=["anna"])
    fields: tuple[AlteredView, ...] = ()


class ParticipantView(View):
    role: Role
    address: MaskedAddress = Field(examples=["email:anna@example.com"])
    raw: MaskedAddress = Field(
        default="", description="The address as the message had it", examples=["Anna@Example.com"]
    )
    name: MaskedWords = Field(default="", examples=["Anna Petrova"])
    client_id: str | None = None
    shown: MaskedAddress = Field(
        default="", description="How to show an address that is not plain ASCII; see warnings"
    )
    ours: bool = Field(default=False, description="The address is one of our own")
    login: str | None = Field(default=None, description="The employee it is")


class CautionView(View):
    """Something that should make the reader careful."""

    kind: CautionKind
    text: MaskedWords = Field(examples=["Ivan Petrov works here, ivan@other.example is not ours"])


class AttachmentView(View):
    id: str = Field(examples=["att_7f2k"])
    filename: str = Field(examples=["invoice.pdf"])
    content_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="Bytes", examples=[18234])
    state: Literal["ready", "pending", "failed", "blocked"] = Field(
        default="ready", description="Still being fetched; never to be had; or not handed out"
    )
    reason: str = Field(default="", examples=["a program (.exe); the raw mail has it"])
    content_id: str = Field(default="", description="Name by which the HTML shows it")


class DeliveryView(View):
    state: DeliveryState
    reason: MaskedWords | None = Field(default=None, description="The server's words where it failed")
    copy_state: Literal["pending", "saved", "failed"] | None = Field(
        default=None, description="The copy in the Sent folder"
    )
    copy_reason: str | None = None
    receipt: bool = Field(default=False, description="The provider's receipt says so")


class LinkView(View):
    rule: str = Field(description="Why it is in this chain", examples=["reference"])
    evidence: MaskedWords = ""
    parent: str | None = Field(default=None, description="The chain that its chain is beside")
    continues: str | None = Field(default=None, description="The chain that its chain goes on from")
    asks: bool = Field(default=False, description="Another subject: POST …/split or …/keep decides")


class RevisionView(View):
    """What a message said before its sender changed it."""

    text: str
    until: Moment


class ContactView(View):
    """An address that a message gave away."""

    address: MaskedAddress = Field(examples=["phone:+79161234567"])
    raw: MaskedAddress = ""
    name: MaskedWords = ""
    verified: bool = False


class SourceView(View):
    """What a message told of where its sender came from."""

    kind: str = Field(examples=["start_payload"])
    value: str = Field(examples=["vk_spring"])


class ForwardedView(View):
    """It was passed on to a third party."""

    to: MaskedAddress = Field(examples=["email:carrier@example.com"])
    by: str = Field(description="Login of the employee")
    at: Moment
    chain_id: str = Field(description="The chain beside, with his answers")


class BounceRecipientView(View):
    address: MaskedAddress = Field(examples=["email:anna@example.com"])
    action: str = Field(default="", examples=["failed"])
    status: str | None = Field(default=None, description="RFC 3463", examples=["5.1.1"])
    reply_code: str | None = Field(default=None, examples=["550"])
    reason: MaskedWords = Field(default="", examples=["user-unknown"])
    text: MaskedWords = Field(default="", description="The server's words")
    severity: Severity | None = Field(default=None, description="How it weighs against the address")


class BounceView(View):
    """A notice about a message of ours."""

    kind: BounceKind
    recipients: tuple[BounceRecipientView, ...] = ()
    original_message_id: str | None = None


class AuthenticationView(View):
    """What our server verified of the sender; null where it says nothing."""

    spf: str | None = Field(default=None, examples=["pass"])
    dkim: str | None = Field(default=None, examples=["pass"])
    dmarc: str | None = Field(default=None, examples=["fail"])
    authserv_id: str = Field(default="", examples=["mx.example.com"])
    smime: str | None = Field(default=None, description="Of a signed letter: pass, fail, unknown", examples=["pass"])
    signer: MaskedWords = Field(default="", description="Whom its certificate names; who issued it was not asked")


class CallLineView(View):
    id: str
    number: str = Field(examples=["+74951234567"])
    name: str = ""
    team: str | None = None
    queue: str | None = Field(default=None, description="The team whose work a missed call is, where it is another")


class CallLegView(View):
    party: MaskedWords = Field(examples=["101"])
    login: str | None = Field(default=None, description="The employee whose phone it is")
    role: Literal["operator", "customer"]
    rang: float = Field(description="Seconds")
    answered: bool
    connected: float = Field(description="Seconds")
    outcome: str = Field(default="", examples=["no answer"])


class CallTransferView(View):
    kind: Literal["blind", "attended"]
    by: MaskedWords
    to: MaskedWords
    completed: bool = Field(description="Whether the customer came to speak with him")
    at: Moment


class CallQueueView(View):
    name: str
    position: int | None = Field(default=None, description="When he joined it")
    wait: float = Field(default=0.0, description="Seconds")
    abandoned_at: Moment | None = None
    level: float = Field(default=20.0, description="Seconds within which the line promises to answer")
    within_level: bool | None = Field(default=None, description="Null where he left before the time was up")


class CallRecordingView(View):
    id: str = Field(description="GET /api/v1/recordings/{id} has it")
    transcript: str = Field(
        default="", description="GET …/transcript has it when it is ready; empty: it is not written down"
    )
    transcript_reason: str = Field(default="", description="Why it failed")
    kind: Literal["call", "voicemail"]
    state: Literal["pending", "ready", "failed", "removed"] = "pending"
    seconds: float | None = None
    size: int = Field(default=0, description="Bytes")
    reason: str = ""


class CallView(View):
    """How a call went."""

    caller: MaskedWords = Field(default="", examples=["+79161234567"])
    dialled: MaskedWords = Field(default="", examples=["+74951234567"])
    line: CallLineView | None = None
    answered_by: MaskedWords | None = Field(default=None, examples=["101"])
    answered_login: str | None = None
    result: CallResult | None = Field(default=None, description="Null while it goes on and nobody has answered")
    wait: float = Field(default=0.0, description="Seconds until somebody answered, else until the end")
    talk: float = Field(default=0.0, description="Seconds; holds are in it")
    hold: float = Field(default=0.0, description="Seconds")
    started_at: Moment
    answered_at: Moment | None = None
    ended_at: Moment | None = None
    complete: bool = Field(default=False, description="It is over")
    closed_by_limit: bool = Field(default=False, description="Its end was never seen")
    part_of: str | None = Field(default=None, description="The interaction of the call that it was a part of")
    ended_by: str | None = Field(default=None, examples=["customer"])
    unsure: tuple[str, ...] = Field(default=(), description="Fields that are only a bound")
    legs: tuple[CallLegView, ...] = ()
    transfers: tuple[CallTransferView, ...] = ()
    queue: CallQueueView | None = None
    recordings: tuple[CallRecordingView, ...] = ()


class SeriesView(View):
    """A contact that comes again; the next one is made when this one is over."""

    rule: str = Field(examples=["FREQ=WEEKLY;BYDAY=MO"], description="RFC 5545")
    zone: str = Field(examples=["Europe/Moscow"], description="By whose days the rule counts")
    began: Moment = Field(description="Its first time")
    slot: Moment = Field(description="When this one is by the rule; it may have been moved")
    without: tuple[Moment, ...] = Field(default=(), description="Times of the rule that do not take place")


class PlanView(View):
    """When a contact shall be."""

    at: Moment
    minutes: int
    place: str = ""
    reminders: tuple[int, ...] = Field(default=(), description="Seconds before it")
    series: SeriesView | None = None


class FactView(View):
    """What became of a contact that was written down by hand."""

    held: bool
    at: Moment
    minutes: int = 0
    result: str = ""


class GuestView(View):
    address: MaskedAddress = Field(examples=["email:anna@example.com"])
    name: MaskedWords = ""
    answer: GuestAnswer = "waiting"


class InvitationView(View):
    """A calendar in a mail: somebody invites, calls it off, answers, or proposes another time."""

    method: Literal["request", "cancel", "reply", "counter"]
    uid: str
    sequence: int = 0
    organizer: MaskedAddress
    organizer_name: MaskedWords = ""
    summary: str = ""
    at: Moment
    minutes: int
    all_day: bool = False
    place: str = ""
    repeats: bool = Field(default=False, description="A series, of which `at` is the first, or one of a series")
    guests: tuple[GuestView, ...] = ()
    comment: str = ""


class ProposalView(View):
    """Another time that a guest would like."""

    at: Moment
    minutes: int
    interaction_id: str = Field(description="The mail that says so")


class InvitedGuestView(GuestView):
    """Somebody whom we invited, and what he said about the time that the contact has now."""

    answered_at: Moment | None = None
    words: str = ""
    interaction_id: str | None = Field(default=None, description="The mail with his answer")
    proposal: ProposalView | None = None


class InvitedChangeView(View):
    at: Moment
    by: MaskedWords = Field(description="Login, or the address of the guest")
    what: Literal["invited", "moved", "cancelled", "accepted", "declined", "tentative", "proposed"]
    sequence: int
    interaction_id: str | None = Field(default=None, description="The mail that says so")


class InvitedView(View):
    """Whom we invited by mail, and what they said."""

    uid: str
    sequence: int
    account: str = Field(description="The mailbox that it is sent from")
    organizer: MaskedAddress
    by: str = Field(description="Login of the employee who invited last")
    text: str = ""
    cancelled: bool = False
    guests: tuple[InvitedGuestView, ...] = ()
    history: tuple[InvitedChangeView, ...] = ()


class RsvpView(View):
    """What we answered to an invitation."""

    answer: Literal["accepted", "declined", "tentative"]
    by: str = Field(description="Login of the employee")
    at: Moment
    interaction_id: str = Field(description="The mail that says so")
    meeting_id: str | None = Field(default=None, description="The contact that is planned for it")


class AnsweredView(View):
    kind: str = Field(examples=["clicked"])
    at: Moment
    words: MaskedWords = Field(default="", examples=["https://example.com/sale"])


class MailingNoteView(View):
    """What came back on a message of a mailing."""

    id: str
    name: str
    answers: tuple[AnsweredView, ...] = ()


class SubjectView(View):
    """What a contact or a chain is linked to."""

    kind: str = Field(examples=["deal"])
    id: str
    title: MaskedWords = Field(default="", description="As it was called when it was linked")
    by: str = Field(description="Login")
    at: Moment


class InteractionView(View):
    """One contact in its client's chain."""

    id: str = Field(examples=["int_4k2m"])
    channel: str = Field(examples=["email"])
    type: str = Field(examples=["email"])
    direction: Direction
    accounts: tuple[str, ...] = Field(default=(), description="The mailboxes of ours that have it")
    at: Moment
    client_id: str
    chain_id: str
    cause_id: str | None = Field(default=None, description="The interaction it answers")
    subject: str = ""
    text: str = Field(
        default="", description="All of the text, with what it quotes; empty in a list where the next three tell it"
    )
    new_text: str = Field(
        default="", description="What the sender wrote himself; empty in a list where that is all of `text`"
    )
    quoted_text: str = ""
    signature: str = ""
    has_html: bool = Field(default=False, description="GET /api/v1/interactions/{id}/html gives it")
    blocked_images: int = Field(default=0, description="Remote images that the HTML does not load")
    auto: Auto | None = Field(default=None, description="Not written by a person to us")
    bounce: BounceView | None = Field(default=None, description="It is a notice about a message of ours")
    authentication: AuthenticationView | None = None
    warnings: tuple[CautionView, ...] = Field(default=(), description="What should make its reader careful")
    participants: tuple[ParticipantView, ...] = ()
    attachments: tuple[AttachmentView, ...] = ()
    delivery: DeliveryView | None = Field(default=None, description="What became of one that goes out")
    send_at: Moment | None = Field(default=None, description="When a planned one leaves, or should have left")
    time_zone: str | None = Field(default=None, description="The client's, that it was planned in")
    call: CallView | None = Field(default=None, description="Of a call: how it went")
    mailing: MailingNoteView | None = Field(
        default=None, description="Of a mailing's message: which, and what came back on it"
    )
    link: LinkView
    forwarded: tuple[ForwardedView, ...] = ()
    contacts: tuple[ContactView, ...] = ()
    source: SourceView | None = Field(default=None, description="Where its sender came from")
    origin: MaskedWords = Field(default="", description="Whose words they are, where the sender only passed them on")
    revised_at: Moment | None = Field(default=None, description="When its sender changed it last")
    revisions: tuple[RevisionView, ...] = Field(default=(), description="Earlier forms, the first one first")
    reread_at: Moment | None = Field(default=None, description="When it was read again, by other code")
    reactions: dict[MaskedAddress, tuple[str, ...]] = Field(
        default={}, description="Signs by the address of who put them"
    )
    author: str | None = Field(default=None, description="Login of the employee who wrote it")
    comment: str = Field(default="", description="Of whoever wrote it down by hand")
    importance: Literal["low", "normal", "high"] = "normal"
    plan: PlanView | None = Field(default=None, description="When it shall be, or should have been")
    fact: FactView | None = Field(default=None, description="What became of it; null while it lies ahead")
    mentions: tuple[str, ...] = Field(default=(), description="Logins of those whom a note names")
    invitation: InvitationView | None = Field(default=None, description="The calendar in a mail")
    invited: InvitedView | None = Field(default=None, description="Of a planned one: whom we invited by mail")
    rsvps: tuple[RsvpView, ...] = Field(default=(), description="What we answered to an invitation; the last counts")
    subjects: tuple[SubjectView, ...] = Field(default=(), description="What it is about: a deal, an order, …")
    history: tuple[ChangeView, ...] = Field(default=(), description="Who linked it to what; a list shows none")
    problem: str = Field(default="", description="What could not be taken over, in words")
    team: str | None = Field(default=None, description="Whose the account was by which it came or went")
    withheld: Withheld = Field(default="", description=_WITHHELD)
    cut: bool = Field(default=False, description="A list leaves out some of what it says; GET by its id shows all")

    @model_validator(mode="before")
    @classmethod
    def _of_event(cls, given: dict[str, Any]) -> dict[str, Any]:
        """An event leaves `new_text` out where all is new, and names the HTML's blob."""
        shown = {"has_html": bool(given.get("html"))} | given
        return shown if shown.get("new_text") is not None else {**shown, "new_text": given.get("text", "").strip()}

    def narrowed(self, level: Shown) -> "InteractionView":
        """As much as is shown of a confidential one."""
        if level == "full":
            return self
        kept = self.model_dump(include={*_OF_ANY, *(_OF_SUBJECT if level == "subject" else ())})
        # A server's words quote what it refuses, and to whom it was.
        kept["delivery"] = kept["delivery"] and {**kept["delivery"], "reason": None, "copy_reason": None}
        withheld = "content" if level == "subject" else "subject"
        return InteractionView.model_validate({**kept, "link": {"rule": self.link.rule}, "withheld": withheld})


_OF_ANY = (
    "id",
    "channel",
    "type",
    "direction",
    "at",
    "client_id",
    "chain_id",
    "cause_id",
    "author",
    "team",
    "delivery",
)
_OF_SUBJECT = ("accounts", "subject", "participants")


class VerdictView(View):
    since: Moment
    why: MaskedWords = Field(
        description="The reason and the server's words", examples=["user-unknown: 550 5.1.1 no such user"]
    )


class ConsentView(View):
    """Whether somebody may be written to in a channel."""

    state: Literal["given", "withdrawn"]
    at: Moment
    evidence: str = Field(description="Id of the interaction that says so")
    words: str = Field(default="", examples=["СТОП"])


class CandidateView(View):
    """An address that may be his: a message gave it, and it is another's, or nobody vouches for it."""

    address: MaskedAddress = Field(examples=["phone:+79161234567"])
    raw: MaskedAddress = ""
    name: MaskedWords = ""
    verified: bool = Field(default=False, description="The provider vouches that it is the sender's own")
    interaction_id: str
    client_id: str | None = Field(default=None, description="The other client")


class AddressView(View):
    address: MaskedAddress = Field(examples=["email:anna@example.com"])
    raw: MaskedAddress = Field(default="", examples=["Anna@Example.com"])
    name: MaskedWords = ""
    invalid: VerdictView | None = Field(default=None, description="Mail to it does not arrive")
    complained: VerdictView | None = Field(default=None, description="Its owner called a mail of ours unwelcome")
    unreachable: VerdictView | None = Field(default=None, description="He blocked the bot, for instance")
    consent: dict[str, ConsentView] = Field(default={}, description="By channel, where he said something about it")
    verified: bool = Field(default=False, description="A provider vouched that it is his")


class PostalView(View):
    kind: str = "postal"
    street: str = ""
    house: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    contact: str = ""
    hours: str = ""


class EmploymentView(View):
    """A person works, or worked, for an organisation."""

    organisation_id: str
    role: str = ""
    since: date | None = None
    until: date | None = None


class StatusView(View):
    status: str
    since: Moment
    by: str


def _custom(given: object) -> object:
    """As a card has it, or as an event tells it."""
    return {one["name"]: one["value"] for one in given} if isinstance(given, list | tuple) else given


class CompletenessView(View):
    """How much of a card is filled in, by the rules of its status."""

    percent: int
    missing: tuple[str, ...] = Field(description="Items of the rules that it lacks", examples=[["phone", "owner"]])


class ClientView(View):
    """A person or an organisation."""

    id: str
    name: MaskedWords
    kind: str | None = Field(default=None, examples=["person"])
    given_name: str | None = None
    patronymic: str | None = None
    surname: str | None = None
    birth_date: date | None = None
    inn: str | None = None
    kpp: str | None = None
    ogrn: str | None = None
    legal_form: str | None = None
    status: str | None = Field(default=None, examples=["customer"])
    statuses: tuple[StatusView, ...] = Field(default=(), description="What he was, the newest last")
    language: str | None = None
    postal: tuple[PostalView, ...] = ()
    works_for: tuple[EmploymentView, ...] = ()
    custom: Annotated[dict[str, str | int | float | bool], BeforeValidator(_custom)] = Field(
        default={}, description="Fields of your own"
    )
    comment: str | None = None
    history: tuple[ChangeView, ...] = ()
    addresses: tuple[AddressView, ...] = ()
    opened_at: Moment
    opened_by: str = Field(description="Id of the interaction that opened it")
    open_chains: tuple[str, ...] = Field(default=(), description="Ids, newest first")
    time_zone: str | None = Field(default=None, examples=["Europe/Moscow"])
    candidates: tuple[CandidateView, ...] = ()
    owner: str | None = Field(default=None, description="Login of the employee who looks after him")
    team: str | None = None
    into: str | None = Field(default=None, description="The client that he was merged into: read that one instead")
    completeness: CompletenessView | None = Field(default=None, description="None: not asked, as in events")


class OfferView(View):
    """To whom a chain or a task is offered: it is his once he accepts."""

    to: str = Field(description="Login")
    by: str = Field(description="Login")
    at: Moment
    comment: str = ""


class ChainView(View):
    """The ordered interactions of one client about one matter."""

    id: str
    client_id: str
    subject: str = ""
    state: Literal["open", "closed"] = "open"
    opened_at: Moment
    opened_by: str
    last_at: Moment
    last_id: str = ""
    owner: str | None = None
    parent: str | None = Field(default=None, description="The chain that this one is beside, with a third party")
    continues: str | None = Field(default=None, description="The chain that this one goes on from")
    auto: bool = Field(default=False, description="A machine opened it")
    team: str | None = None
    private: bool = Field(default=False, description="Its owner alone sees what it says")
    others: Shown = Field(default="full", description="What those see of it who are in none of its teams")
    withheld: Withheld = Field(default="", description=_WITHHELD)
    into: str | None = Field(default=None, description="The chain that it was merged into: read that one instead")
    awaits: Literal["answer", "client", "nobody"] | None = Field(
        default=None, description="Who has the next word: we owe an answer, the client does, or nobody"
    )
    answered_at: Moment | None = Field(default=None, description="When we answered first")
    asked_at: Moment | None = Field(default=None, description="Since when we owe an answer, where we do")
    snoozed_until: Moment | None = Field(default=None, description="Put aside until then, or until the client writes")
    returned_at: Moment | None = Field(default=None, description="When it came back last by its time")
    closed_at: Moment | None = None
    closed_by: str | None = None
    first_closed_at: Moment | None = Field(default=None, description="Also when it was opened again since")
    reopened: int = Field(default=0, description="How many times the client went on after it was closed")
    tags: tuple[str, ...] = ()
    subjects: tuple[SubjectView, ...] = Field(default=(), description="What it is about: a deal, an order, …")
    offered: OfferView | None = None
    history: tuple[ChangeView, ...] = Field(default=(), description="Who changed what; a list shows none")

    def narrowed(self, level: Shown) -> "ChainView":
        """As much as is shown of a confidential one."""
        if level == "full":
            return self
        if level == "subject":
            return self.model_copy(update={"withheld": "content", "offered": None, "subjects": ()})
        hidden = {"subject": "", "tags": (), "history": (), "offered": None, "subjects": ()}
        return self.model_copy(update={"withheld": "subject", **hidden})
