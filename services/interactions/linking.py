"""Linking: which client and which chain an arrival belongs to, as a pure function over a batch.

The rules, strongest first: an explicit reference; for a notice about a message of ours that is in nobody's chain, as
those of mailings are, whoever it was sent to; an open chain of that client with the same subject matter; for what has
no subject of its own (messengers, SMS, calls, an empty or bare "Re:" subject) the client's single open chain,
active within the reply window; a new chain. The rule that decided is part of the result. A letter that has a subject
and refers to nothing is a matter of its own.
Who was only copied to, or got a message forwarded, and is not the client, answers in a chain beside it. An answer
under another subject stays, asks, or opens a chain that continues the old one, as the administrator wants.
What a machine sent (a bounce, an automatic reply) is no sign that the client goes on: the third rule is not for it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from hub.contracts.bounce import from_robot
from hub.contracts.interaction import InteractionReceived, Link, Participant, Role
from hub.kit.ids import derive, moment_of

OPEN_CHAINS_KEPT = 20
"""Open chains that a client's document lists, the newest; older ones are reached by reference only."""

INTERACTION_REF = "interaction:"
"""Before the id of an interaction: a reference that needs no claim."""
_PREFIXES = re.compile(
    r"^(?:\s*(?:re|fwd?|aw|wg|sv|antw|tr|rv|odp|ha|отв|ответ|пер|на)\s*(?:\[\d+\]|\(\d+\))?\s*:"
    r"|\s*\[(?:ext|external|spam|внешн[а-я ]*|спам)\])+",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r"^\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response|answer)|auto|out of (?:the )?office(?: auto ?reply)?"
    r"|undeliver(?:able|ed)(?: mail)?|delivery (?:status notification|failure)(?: \([a-z]+\))?|returned mail"
    r"|автоматический ответ|автоответ|автовідповідь|автоматична відповідь|не доставлено|недоставлено"
    r"|automatische antwort|abwesenheits(?:notiz|nachricht)|unzustellbar|réponse automatique|non remis"
    r"|respuesta automática|no entregado|odpowiedź automatyczna|自动回复|自动答复)\s*[:：]",
    re.IGNORECASE,
)
"""What machines put before the subject of the message they answer."""


@dataclass(frozen=True, slots=True)
class Head:
    """What linking knows of a chain."""

    id: str
    client_id: str
    subject_key: str
    last_at: datetime
    last_id: str
    lines: frozenset[str] = frozenset()
    """What it came by so far; see `line_of`."""
    closed_at: datetime | None = None
    into: str | None = None
    """The chain that absorbed it."""

    @property
    def root(self) -> str:
        return self.into or self.id


@dataclass(frozen=True, slots=True)
class Claim:
    """Who named a reference first: its chain, and the interaction it is the name of, where that is known."""

    chain_id: str
    client_id: str
    interaction_id: str | None
    by: str
    """The interaction that made the claim: what it claimed itself before a crash tells it nothing."""
    copied: frozenset[str] = frozenset()
    """Addresses beside the client whom the named message went to: copies, and those of a third party."""
    closed_at: datetime | None = None
    """Since when its chain is closed."""


@dataclass(slots=True)
class Known:
    """What is stored about the addresses, references and clients of a batch."""

    clients: dict[str, str] = field(default_factory=dict)
    """Client id by address: the one it was born with."""
    claims: dict[str, Claim] = field(default_factory=dict)
    """By reference."""
    heads: dict[str, dict[str, Head]] = field(default_factory=dict)
    """Open chains by client id and chain id, for clients that are not merged into others, with the chains of those
    that were merged into them; a client that is missing has no document yet."""
    roots: dict[str, str] = field(default_factory=dict)
    """The client that a merged one was merged into."""
    answered: dict[str, Claim] = field(default_factory=dict)
    """By the name of a message: who answered it before it came."""

    def without_strangers(self) -> "Known":
        """Without references to chains whose client is not stored: whoever made them has not come back in time."""
        claims, answered = (
            {name: claim for name, claim in each.items() if self.root(claim.client_id) in self.heads}
            for each in (self.claims, self.answered)
        )
        return replace(self, claims=claims, answered=answered)

    def root(self, client_id: str) -> str:
        return self.roots.get(client_id, client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where one arrival goes, and why."""

    arrival: InteractionReceived
    address: Participant | None
    """The other side; none when the message names nobody but us."""
    client_id: str
    """The client that the sender's address was born with, or whose chain it is."""
    holder: str
    """The client who keeps the list of open chains: whom the client was merged into, or himself."""
    chain_id: str
    cause_id: str | None
    link: Link
    new_address: bool
    new_client: bool
    new_chain: bool

    @property
    def leads(self) -> bool:
        """Whether its name, and what it refers to, lead to its chain from now on. A notice's do not: the client whose
        chain it is in was named by its sender, who would be in that chain with all that he writes.
        """
        return self.link.rule != _NOTICE

    @property
    def early(self) -> bool:
        """It refers to a chain whose client is not stored yet: whoever opens him is at it this moment."""
        return self.new_client and not self.new_chain and self.link.rule == "reference"


SubjectChange = Literal["keep", "ask", "new_chain"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What an administrator may choose."""

    reply_window: timedelta = timedelta(hours=24)
    subject_change: SubjectChange = "keep"
    """What becomes of an answer under another subject."""
    letters_join: bool = False
    """A letter with a subject of its own and no reference joins the client's single open chain, too."""
    reopen_within: timedelta = timedelta(days=7)
    """Who answers so long after a chain was closed opens it again; later he opens one that continues it."""

    def too_late(self, closed_at: datetime | None, at: datetime) -> bool:
        """To open the chain again."""
        return closed_at is not None and at > closed_at + self.reopen_within


def link(arrivals: Iterable[InteractionReceived], known: Known, rules: Rules) -> list[Decision]:
    """One decision for each arrival, in their order; what one opens the next one finds. `known` is not changed."""
    heads = {client_id: dict(chains) for client_id, chains in known.heads.items()}
    seen = Known(dict(known.clients), dict(known.claims), heads, known.roots, dict(known.answered))
    decisions = []
    for arrival in arrivals:
        decision = _decide(arrival, seen, rules)
        _remember(decision, seen)
        decisions.append(decision)
    return decisions


def counterpart(participants: Sequence[Participant]) -> Participant | None:
    """The other side: the first who is not ours, by role."""
    for role in (Role.FROM, Role.REPLY_TO, Role.TO, Role.CC, Role.BCC):
        for participant in participants:
            if participant.role is role and not participant.ours and participant.address:
                return participant
    return None


def subject_key(subject: str) -> str:
    """The subject without reply and forward prefixes, case and spacing: equal for mails about the same matter."""
    return " ".join(_PREFIXES.sub("", subject).casefold().split())


def new_client_id(interaction_id: str) -> str:
    """Of the client that this interaction opens, if it opens one."""
    return derive("cl", interaction_id, at=moment_of(interaction_id))


@lru_cache(maxsize=4096)
def new_chain_id(interaction_id: str) -> str:
    return derive("ch", interaction_id, at=moment_of(interaction_id))


def mailed_chain_id(message_id: str, address: str) -> str:
    """Of the chain that a mailing's message to this address opens, if it opens one."""
    return derive("ch", "mailed", message_id, address, at=moment_of(message_id))


def _decide(arrival: InteractionReceived, seen: Known, rules: Rules) -> Decision:
    other = counterpart(arrival.participants)
    client_id = seen.clients.get(other.address) if other else None
    holder = seen.root(client_id) if client_id else None
    for rule in (_by_reference, _by_notice, _by_own_opening, _by_subject, _by_open_chain):
        found = rule(arrival, holder, seen, rules)
        if found:
            claim, reason = found
            if rule is _by_reference:
                claim, reason = _aside(other, client_id, claim, reason, seen)
                claim, reason = _another_matter(arrival, claim, reason, seen, rules.subject_change)
                claim, reason = _after_closing(arrival, claim, reason, rules)
            opened = _by_own_opening(arrival, holder, seen, rules)
            if opened and opened[0].chain_id != claim.chain_id:
                # Decided before, and others have seen it: what is known by now does not change it any more.
                claim, reason = opened
            return _decision(arrival, other, claim, reason, seen)
    owner = client_id or new_client_id(arrival.id)
    claim = Claim(new_chain_id(arrival.id), owner, None, arrival.id)
    return _decision(arrival, other, claim, Link(rule="new_chain"), seen)


def _decision(
    arrival: InteractionReceived, other: Participant | None, claim: Claim, why: Link, seen: Known
) -> Decision:
    known = seen.clients.get(other.address) if other else None
    holder = seen.root(claim.client_id)
    return Decision(
        arrival=arrival,
        address=other,
        client_id=known if known and seen.root(known) == holder else claim.client_id,
        holder=holder,
        chain_id=claim.chain_id,
        cause_id=claim.interaction_id,
        link=why,
        new_address=bool(other and known is None and (why.rule == "new_chain" or why.parent)),
        new_client=holder not in seen.heads,
        new_chain=why.rule in _OPENING,
    )


def _remember(decision: Decision, seen: Known) -> None:
    arrival = decision.arrival
    if decision.new_address and decision.address:
        seen.clients[decision.address.address] = decision.client_id
    heads = seen.heads.setdefault(decision.holder, {})
    before = heads.get(decision.chain_id)
    if before is None or before.last_at <= arrival.at:
        key = before.subject_key if before else subject_key(arrival.subject)
        lines = (before.lines if before else frozenset()) | {line_of(arrival.channel, arrival.account)}
        closed_at = before.closed_at if before and before.closed_at and before.closed_at >= arrival.at else None
        into = before.into if before else None
        head = Head(decision.chain_id, decision.holder, key, arrival.at, arrival.id, lines, closed_at, into)
        heads[decision.chain_id] = head
    if decision.leads:
        _lead(decision, seen)


def _lead(decision: Decision, seen: Known) -> None:
    arrival = decision.arrival
    for name in arrival.keys:
        seen.claims[name] = Claim(decision.chain_id, decision.holder, arrival.id, arrival.id)
    for name in arrival.refs:
        claim = Claim(decision.chain_id, decision.holder, None, arrival.id)
        if seen.claims.setdefault(name, claim) is claim:
            seen.answered[name] = claim


Found = tuple[Claim, Link] | None
_NOTICE = "notice"
_OPENING = frozenset({"new_chain", "side_chain", "subject_changed", "after_closing", _NOTICE})
"""Rules that may open a chain."""


def _by_reference(arrival: InteractionReceived, _client: str | None, seen: Known, _rules: Rules) -> Found:
    for name in arrival.refs:
        claim = seen.claims.get(name)
        if claim and claim.by != arrival.id:
            return claim, Link(rule="reference", evidence=name)
    for name in arrival.keys:
        # Somebody answered it before it came: the answer's chain is its chain.
        claim = seen.answered.get(name)
        if claim and claim.by != arrival.id:
            return claim, Link(rule="reference", evidence=f"answered as {name}")
    return None


def _by_notice(arrival: InteractionReceived, _client: str | None, seen: Known, _rules: Rules) -> Found:
    """A notice of a server about a message of ours that is no interaction yet: it goes where that message will be, to
    the client who was to get it, and opens no client "Mail Delivery System". Anybody can write one that names another
    address than the message had: then it is beside that message, and takes nothing with it.
    """
    ours = next((name for name in arrival.refs if name.startswith(INTERACTION_REF)), None)
    address = next((one for one in told_of(arrival) if one in seen.clients), None)
    if ours is None or address is None or seen.root(owner := seen.clients[address]) not in seen.heads:
        return None
    chain_id = mailed_chain_id(ours.removeprefix(INTERACTION_REF), address)
    return Claim(chain_id, owner, None, arrival.id), Link(rule=_NOTICE, evidence=ours)


def told_of(arrival: InteractionReceived) -> list[str]:
    """Addresses whose fate a notice tells."""
    return [one.address for one in arrival.bounce.recipients] if arrival.bounce else []


def _aside(
    other: Participant | None, client_id: str | None, claim: Claim, reason: Link, seen: Known
) -> tuple[Claim, Link]:
    """Somebody who got a copy and is not the client answers beside the chain, out of the client's sight."""
    if other is None or other.address not in claim.copied:
        return claim, reason
    if client_id and seen.root(client_id) == seen.root(claim.client_id):
        return claim, reason
    chain_id = side_chain_id(claim.chain_id, other.address)
    owner = client_id or derive("cl", chain_id, at=moment_of(chain_id))
    link = Link(rule="side_chain", evidence=reason.evidence, parent=claim.chain_id)
    return Claim(chain_id, owner, claim.interaction_id, claim.by), link


def side_chain_id(parent: str, address: str) -> str:
    """The one chain beside `parent` with whoever has this address."""
    return derive("ch", parent, address, at=moment_of(parent))


def _another_matter(
    arrival: InteractionReceived, claim: Claim, reason: Link, seen: Known, policy: SubjectChange
) -> tuple[Claim, Link]:
    """An answer under another subject. Machines answer under subjects of their own; chains that are not listed any
    more, and those without a subject, tell nothing.
    """
    head = seen.heads.get(claim.client_id, {}).get(claim.chain_id)
    key = subject_key(arrival.subject)
    if policy == "keep" or reason.rule != "reference" or _is_automatic(arrival):
        return claim, reason
    if head is None or not key or not head.subject_key or head.subject_key == key:
        return claim, reason
    if policy == "ask":
        return claim, reason.model_copy(update={"asks": True})
    link = Link(rule="subject_changed", evidence=key, continues=claim.chain_id)
    return Claim(new_chain_id(arrival.id), claim.client_id, claim.interaction_id, claim.by), link


def _after_closing(arrival: InteractionReceived, claim: Claim, reason: Link, rules: Rules) -> tuple[Claim, Link]:
    """An answer long after its chain was closed: another one continues it, and has whatever is as late. What machines
    send stays where it belongs.
    """
    if reason.rule != "reference" or _is_automatic(arrival) or not rules.too_late(claim.closed_at, arrival.at):
        return claim, reason
    assert claim.closed_at
    chain_id = derive("ch", "after", claim.chain_id, claim.closed_at.isoformat(), at=moment_of(claim.chain_id))
    link = Link(rule="after_closing", evidence=reason.evidence, continues=claim.chain_id)
    return Claim(chain_id, claim.client_id, claim.interaction_id, claim.by), link


def _open_first(heads: Sequence[Head], arrival: InteractionReceived, rules: Rules) -> list[Head]:
    """Those that are open; where none is, those that were closed so lately that it would open them again."""
    found = [head for head in heads if head.closed_at is None]
    return found or [head for head in heads if not rules.too_late(head.closed_at, arrival.at)]


def _by_own_opening(arrival: InteractionReceived, client_id: str | None, seen: Known, _rules: Rules) -> Found:
    """The chain it opened when it was handled the first time, before a crash or by another copy at this moment."""
    heads: Mapping[str, Head] = seen.heads.get(client_id or "", {})
    if heads and client_id and new_chain_id(arrival.id) in heads:
        return Claim(new_chain_id(arrival.id), client_id, None, arrival.id), Link(rule="new_chain")
    return None


def _by_subject(arrival: InteractionReceived, client_id: str | None, seen: Known, rules: Rules) -> Found:
    subject = _MARKS.sub("", arrival.subject) if _is_automatic(arrival) else arrival.subject
    key = subject_key(subject)
    if not key or not client_id:
        return None
    matching = [head for head in seen.heads.get(client_id, {}).values() if head.subject_key == key]
    matching = _open_first(matching, arrival, rules)
    if not matching:
        return None
    newest = max(matching, key=lambda head: head.last_at)
    return _claim(newest), Link(rule="same_subject", evidence=key)


def line_of(channel: str, account: str) -> str:
    """What a message came by: its channel and the account of ours."""
    return f"{channel}:{account}"


_ONE_VOICE = ("email", "call")


def _other_line(head: Head, arrival: InteractionReceived) -> bool:
    """Two bots of ours are two conversations, also with one client; two mailboxes are not, nor two lines."""
    if arrival.channel in _ONE_VOICE:
        return False
    same_channel = {line for line in head.lines if line.startswith(f"{arrival.channel}:")}
    return bool(same_channel) and line_of(arrival.channel, arrival.account) not in same_channel


def _by_open_chain(arrival: InteractionReceived, client_id: str | None, seen: Known, rules: Rules) -> Found:
    if _is_automatic(arrival) or (subject_key(arrival.subject) and not rules.letters_join):
        return None
    window = rules.reply_window
    heads = [head for head in seen.heads.get(client_id or "", {}).values() if not _other_line(head, arrival)]
    heads = _open_first(heads, arrival, rules)
    if len({head.root for head in heads}) != 1:
        return None
    newest = max(heads, key=lambda head: head.last_at)
    if abs(arrival.at - newest.last_at) > window:
        return None
    return _claim(newest), Link(rule="open_chain", evidence=f"the only open chain, active within {window}")


def _claim(head: Head) -> Claim:
    return Claim(head.id, head.client_id, head.last_id, head.last_id)


def _is_automatic(arrival: InteractionReceived) -> bool:
    return from_robot(arrival.auto, arrival.bounce)
