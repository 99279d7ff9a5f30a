"""What a notice about a message of ours changes: its delivery, and what the addresses it names are worth."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.bounce import Bounce, BounceRecipient
from hub.contracts.interaction import Delivery, DeliveryState, Direction, Interaction, InteractionLinked, Role
from hub.kit.clock import Clock, iso
from hub.store.base import Document
from hub.store.told import tell
from services.interactions.repository import Repository
from services.interactions.standing import Mark, marked

_ABOUT_OURS = frozenset({"hard", "soft", "complaint", "delivered"})
_OUTCOMES: Final = ("delayed", "delivered", "complained", "failed")
"""What a notice says of one recipient, the later one wins: so notices may come twice and in any order."""
_RECIPIENTS = (Role.TO, Role.CC, Role.BCC)
_REASON = 1000


class Bounces:
    """Records notices; each may be told twice."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        repository.on(bus, clock)
        self._repository = repository

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Each notice about a message of ours changes that message, and what its addresses are worth."""
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionLinked) and _is_about_ours(envelope.event.interaction):
                await self._record(envelope.event.interaction, envelope)

    async def _record(self, notice: Interaction, cause: Envelope) -> None:
        original = await self._repository.interactions.get(notice.cause_id or "")
        if original is None or not _came_back(original, notice):
            return
        interactions, addresses = self._repository.interactions, self._repository.addresses
        after = await interactions.amend(original["_id"], partial(returned, notice=notice), cause=cause) or original
        # Only addresses that the message went to: a forged notice must not harm others.
        wanted = marks_of(notice, recipients_of(after))
        changes = {address: partial(marked, mark=mark) for address, mark in wanted.items()}
        worth = await addresses.amend_many(changes, causes=dict.fromkeys(wanted, cause))
        await tell((interactions, [after]), (addresses, worth.values()))


def returned(original: Document, *, notice: Interaction) -> Document:
    """The message after a notice about it: bounced when it failed for every recipient, delivered when the fate of all
    is known and one has it; otherwise the reason alone tells. A state never moves backwards.
    """
    recipients = recipients_of(original)
    notices = dict(original.get("notices") or {})
    for address, told in _told(notice, recipients).items():
        notices[address] = max(notices.get(address, told), told, key=_weight)
    if notices == (original.get("notices") or {}):
        return original
    before = Delivery.model_validate(original["delivery"] or {"state": DeliveryState.SENT})
    state = max(before.state, _state(notices, recipients) or before.state, key=lambda one: one.rank)
    after = before.model_copy(update={"state": state, "reason": _reason(notices, recipients)})
    return {**original, "notices": notices, "delivery": after.model_dump(mode="json")}


def recipients_of(original: Document) -> list[str]:
    """The addresses a message went to, each once."""
    found = [p["address"] for p in original["participants"] if p["role"] in _RECIPIENTS]
    return list(dict.fromkeys(found))


def marks_of(notice: Interaction, recipients: Sequence[str]) -> dict[str, Mark]:
    """By address: what the notice says for or against it."""
    assert notice.bounce
    marks: dict[str, Mark] = {}
    for one in notice.bounce.recipients:
        kind = "delivered" if notice.bounce.kind == "delivered" else one.severity
        if kind and one.address in recipients:
            marks[one.address] = {"by": notice.id, "at": iso(notice.at), "kind": kind, "why": _words(one)}
    return marks


def _came_back(original: Document, notice: Interaction) -> bool:
    """Whether the message went out by the account at which the notice came in: there a server sends it."""
    same_way = original["channel"] == notice.channel and set(original["accounts"]) & set(notice.accounts)
    return original["direction"] == Direction.OUT and bool(same_way)


def _is_about_ours(interaction: Interaction) -> bool:
    """A guess by subject or time would mark the wrong message."""
    bounce, rule = interaction.bounce, interaction.link.rule
    return bounce is not None and bounce.kind in _ABOUT_OURS and rule == "reference" and bool(interaction.cause_id)


def _told(notice: Interaction, recipients: Sequence[str]) -> dict[str, Document]:
    """What the notice says of each recipient; what it says of somebody else is not about this message's fate."""
    bounce = notice.bounce
    assert bounce
    named = bounce.recipients or (BounceRecipient(address="", reason=bounce.kind),)
    told = {}
    for one in named:
        if address := _meant(one.address, recipients):
            at = {"at": iso(notice.at), "by": notice.id}
            told[address] = {"outcome": _outcome(bounce, one), "words": _words(one), **at}
    return told


def _meant(named: str, recipients: Sequence[str]) -> str:
    """Which recipient, "" for somebody else. A message to one person is about him also where his server names nobody,
    his user alone, or the address of that name to which he has his mail forwarded.
    """
    if named in recipients or len(recipients) != 1:
        return named if named in recipients else ""
    local, known = (
        one.rpartition(":")[2].rpartition("@")[0] or one.rpartition(":")[2] for one in (named, recipients[0])
    )
    return recipients[0] if local.partition("+")[0] in ("", known.partition("+")[0]) else ""


def _outcome(bounce: Bounce, recipient: BounceRecipient) -> str:
    if bounce.kind in ("delivered", "complaint"):
        return "delivered" if bounce.kind == "delivered" else "complained"
    return "delayed" if recipient.action == "delayed" else "failed"


def _words(recipient: BounceRecipient) -> str:
    return ": ".join(filter(None, (recipient.reason, recipient.text)))


def _weight(told: Document) -> tuple[int, str, str]:
    return _OUTCOMES.index(told["outcome"]), told["at"], told["by"]


def _state(notices: dict[str, Document], recipients: Sequence[str]) -> DeliveryState | None:
    """None while somebody's fate is unknown."""
    outcomes = {notices[address]["outcome"] if address in notices else "" for address in recipients}
    if outcomes == {"failed"}:
        return DeliveryState.BOUNCED
    return None if outcomes & {"", "delayed"} else DeliveryState.DELIVERED


def _reason(notices: dict[str, Document], recipients: Sequence[str]) -> str:
    single = len(recipients) == 1
    told = [_said(address, notices[address], single=single) for address in recipients if address in notices]
    return "; ".join(told)[:_REASON]


def _said(address: str, told: Document, *, single: bool) -> str:
    delayed = "delayed: " if told["outcome"] == "delayed" else ""
    return delayed + told["words"] if single else f"{address.partition(':')[2]}: {delayed}{told['words']}"
