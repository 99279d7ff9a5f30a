"""Tells a person at the terminal what happens, one line each."""

import sys
from typing import TextIO

from hub.bus.base import Bus, Reader
from hub.contracts import topics
from hub.contracts.base import Event, Record
from hub.contracts.bounce import from_robot
from hub.contracts.call import CallState
from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import (
    DeliveryState,
    Direction,
    Interaction,
    InteractionChanged,
    InteractionLinked,
    MailingNote,
    Participant,
    Role,
)
from hub.contracts.park import MessageParked
from hub.contracts.registry import REGISTRY
from hub.kit.clock import Clock
from hub.kit.errors import Undecodable

_TOPICS = (topics.CLIENTS, topics.CHAINS, topics.INTERACTIONS, topics.DEAD_LETTERS)
_RULES = {
    "reference": "answers an earlier message",
    "same_subject": "same subject",
    "open_chain": "joins the open chain",
    "new_chain": "new chain",
    "side_chain": "a third party, beside the chain",
    "subject_changed": "another subject: a chain that continues",
}
_SHORT = 60
_CALL = "call   → "


class Narrator:
    """Follows the bus from now on; what it missed it does not tell."""

    def __init__(self, bus: Bus, clock: Clock, out: TextIO = sys.stdout) -> None:
        self._bus = bus
        self._clock = clock
        self._out = out
        self._reader: Reader | None = None

    async def open(self) -> None:
        self._reader = await self._bus.reader([topic.name for topic in _TOPICS], since=self._clock.now())

    async def run(self) -> None:
        """Until it is cancelled."""
        assert self._reader
        before = ""
        while True:
            for record in await self._reader.read():
                line = told(record)
                # What is found out later of a call that is over is no news to a person.
                if line and not (line == before and line.startswith(_CALL)):
                    print(f"{self._clock.now().astimezone():%H:%M:%S}  {line}", file=self._out, flush=True)
                    before = line


def told(record: Record) -> str:
    """The line for a record; empty for what a person need not hear."""
    try:
        event = REGISTRY.decode(record).event
    except Undecodable:
        return ""
    return _line(event)


def _line(event: Event) -> str:
    match event:
        case ClientOpened(client=client):
            return f"client   {client.name} is new here"
        case ChainOpened(chain=chain):
            subject = f"«{_short(chain.subject)}»" if chain.subject else "without a subject"
            return f"chain    {subject} opened"
        case InteractionLinked(interaction=interaction):
            rule = interaction.link.rule
            return f"{_kind(interaction)} {_told(interaction)} ({_RULES.get(rule, rule)})"
        case InteractionChanged(interaction=interaction):
            return _outgoing(interaction)
        case MessageParked():
            return f"parked   {event.topic}: {_short(event.reason)} (see the dead letters)"
        case _:
            return ""


def _kind(interaction: Interaction) -> str:
    if interaction.bounce and interaction.bounce.kind in ("hard", "soft", "complaint", "delivered"):
        return "bounce ← "
    return "auto-reply ←" if from_robot(interaction.auto, interaction.bounce) else "in    ← "


def _told(interaction: Interaction) -> str:
    """Who wrote, about what; of a bounce, whom it could not reach, and why."""
    if interaction.bounce and interaction.bounce.recipients:
        first = interaction.bounce.recipients[0]
        return f"{first.address.partition(':')[2]}: {first.reason}: {_short(first.text)}"
    return f"{_who(interaction)}{_by(interaction)}: «{_about(interaction)}»"


def _by(interaction: Interaction) -> str:
    """Mail is the rule; what came otherwise says so."""
    return "" if interaction.channel == "email" else f" by {interaction.channel}"


def _about(interaction: Interaction) -> str:
    """Its subject; without one, how it begins; without words, what it brings."""
    files = ", ".join(attachment.filename for attachment in interaction.attachments)
    return _short(interaction.subject or interaction.text or files)


def _outgoing(interaction: Interaction) -> str:
    if interaction.mailing and interaction.mailing.answers:
        return _mailed(interaction, interaction.mailing)
    if interaction.call and interaction.delivery and interaction.delivery.state is DeliveryState.SENT:
        return _called(interaction, interaction.call)
    delivery = interaction.delivery
    if delivery is None or delivery.state is DeliveryState.QUEUED:
        return ""
    if delivery.copy_state == "saved" and delivery.state is DeliveryState.SENT:
        return ""
    if delivery.copy_state == "failed":
        why = _short(delivery.copy_reason or "")
        return f"copy     «{_short(interaction.subject)}» is not in the Sent folder: {why}"
    reason = f": {_short(delivery.reason)}" if delivery.reason else ""
    return f"out   →  {_who(interaction)}{_by(interaction)}: «{_about(interaction)}» {delivery.state}{reason}"


def _mailed(interaction: Interaction, mailing: MailingNote) -> str:
    """What came back last on a message of a mailing."""
    last = mailing.answers[-1]
    words = f": {_short(last.words)}" if last.words else ""
    return f"mailing  «{_short(mailing.name)}»: {_who(interaction)} {last.kind}{words}"


def _called(interaction: Interaction, call: CallState) -> str:
    """Once it is over; that it was asked for, the exchange has said already."""
    talk = f", {call.talk:.0f} s" if call.talk >= 1 else ""
    return f"{_CALL} {_who(interaction)}: {call.result}{talk}" if call.result else ""


def _who(interaction: Interaction) -> str:
    role = Role.FROM if interaction.direction is Direction.IN else Role.TO
    found: list[Participant] = [p for p in interaction.participants if p.role is role]
    return (found[0].name or found[0].address.partition(":")[2]) if found else "somebody"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"
