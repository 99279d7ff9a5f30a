"""What is known of a message beside its words: who wrote it, man or machine, and what it tells about one of ours."""

from typing import Literal

from hub.contracts.base import Body

Auto = Literal["auto-reply", "list", "bulk", "challenge"]
"""Of what kind a message is that no person wrote to us: answers of robots (with the notices of mail servers), lists,
bulk mail, and robots that want a proof."""
BounceKind = Literal["hard", "soft", "complaint", "auto-reply", "challenge", "delivered"]
Severity = Literal["hard", "soft", "complaint"]


class BounceRecipient(Body):
    """One recipient of the message that a notice is about."""

    address: str
    """Normalised: `email:anna@example.com`."""
    action: str = ""
    """As in RFC 3464: `failed`, `delayed`, `delivered`, `relayed`, `expanded`."""
    status: str | None = None
    """Enhanced status (RFC 3463): `5.1.1`."""
    reply_code: str | None = None
    """Three digits of SMTP."""
    reason: str = ""
    """One word: `user-unknown`, `mailbox-full`, …"""
    text: str = ""
    """What the server said, on one line."""
    severity: Severity | None = None
    """How it weighs against the address; none where it says nothing against it."""


class Bounce(Body):
    """A notice about a message of ours: it came back, was delivered, was unwelcome, or a robot answered it."""

    kind: BounceKind
    recipients: tuple[BounceRecipient, ...] = ()
    """Those the kind is about; an automatic reply names none."""
    original_message_id: str | None = None
    """As its channel knows the message, without angle brackets."""


class Authentication(Body):
    """What the server that received it says it verified (RFC 8601): `pass`, `fail`, `none`, …; none where it says
    nothing."""

    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    authserv_id: str = ""
    """The server that says so."""
    smime: str | None = None
    """Of a letter inside a signature, as we found it: `pass`: nothing was changed since; `fail`; `unknown`."""
    signer: str = ""
    """Whom its certificate names; who issued that was not asked."""


CautionKind = Literal[
    "own_name",
    "own_address",
    "other_address",
    "authentication",
    "reply_elsewhere",
    "mixed_scripts",
    "hidden_characters",
]


class Caution(Body):
    """Something about a message that should make its reader careful."""

    kind: CautionKind
    text: str
    """What was seen: the name, the address, the verdict."""


def from_robot(auto: Auto | str | None, bounce: object) -> bool:
    """Whether a machine answered or reported: it is no sign of life of the client, and nobody to answer."""
    return bool(bounce) or auto in ("auto-reply", "challenge")
