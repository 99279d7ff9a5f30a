"""What is known of each channel, gathered from a set of events: the order they came in does not matter."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from services.telephony.ami.events import Event
from services.telephony.calls.lines import Lines, dialled

RINGING_IN, UP = "4", "6"
"""`ChannelState` of a channel that somebody calls us with, and of one that is answered."""

_REFUSAL = 1.0
"""Seconds after its end in which the answer to a request may still be about a channel."""

_Toggles = dict[float, set[bool]]


@dataclass(eq=False, slots=True)
class Channel:
    """One life of a channel. An id that a later call uses again is another channel."""

    uid: str
    place: int
    """Among all channels of the set, by first mention."""
    lives_before: int = 0
    """How many channels had its id before."""
    name: str = ""
    linkedid: str = ""
    first: float = float("inf")
    last: float = float("-inf")
    born: float | None = None
    calls_in: bool | None = None
    """Whether its far end began it; None where its beginning was not seen."""
    exten: str = ""
    context: str = ""
    number: str = ""
    caller_name: str = ""
    own_number: str = ""
    """The caller's number that it shows when it dials on: our line, for a phone that calls out."""
    account: str = ""
    dialled_as: str = ""
    dialled_at: float | None = None
    dialler: "Channel | None" = None
    dials_exten: str = ""
    """The extension of the dialplan in which it first dialled somebody."""
    rings_alone: bool = False
    """Dialled by nobody: an Originate."""
    ringing_at: float | None = None
    up_at: float | None = None
    verdict: str = ""
    """The `DialStatus` of its ringing."""
    verdict_at: float | None = None
    forward: str = ""
    picked_up: float | None = None
    """When it took somebody else's ringing."""
    ended: float | None = None
    cause: int | None = None
    lost: bool = False
    """Its end was not seen."""
    found: bool = False
    """Known first from a listing after a cut: what was before is not known."""
    asked: list[float] = field(default_factory=list)
    """When its far end hung up."""
    partner: "Channel | None" = None
    stays: list[tuple[float, float, str]] = field(default_factory=list)
    """From, until, bridge."""
    holds: list[tuple[float, float | None]] = field(default_factory=list)
    moves: dict[str, _Toggles] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    presses: _Toggles = field(default_factory=lambda: defaultdict(set))
    queue: str = ""
    queued_at: float | None = None
    position: int | None = None
    abandoned: float | None = None
    """When it left the queue by itself."""
    left_queue: float | None = None
    mailbox: str = ""
    message_at: float | None = None
    in_mailbox: float | None = None
    recording: str = ""
    conference: str = ""
    request: str = ""
    machine: bool = False
    """The exchange took it for an answering machine (its application AMD)."""
    listed: set[float] = field(default_factory=set)
    """When a listing told of it."""
    notes: list[Event] = field(default_factory=list)
    """Transfers, parking and answers to our requests that are about it."""

    @property
    def start(self) -> float:
        return self.first if self.born is None else self.born

    @property
    def is_local(self) -> bool:
        return self.name.startswith("Local/")

    def kind(self, lines: Lines) -> str:
        number = dialled(self.dialled_as) if self.was_dialled else self.number
        return lines.kind(self.name, context=self.context, number=number)

    @property
    def was_dialled(self) -> bool:
        if self.calls_in is not None:
            return not self.calls_in
        return self.dialled_at is not None or (bool(self.linkedid) and self.linkedid != self.uid)


class Channels:
    """All channels that a set of events tells of, and which of them belong together."""

    def __init__(self) -> None:
        self.all: list[Channel] = []
        self.parkings: set[str] = set()
        """Bridges in which the parked wait, who do not hear each other."""
        self.refused: list[Event] = []
        """Requests of ours for which no channel was made."""
        self._lives: dict[str, list[Channel]] = {}
        self._parents: list[int] = []

    def named(self, uid: str) -> Channel | None:
        """The last life of the channel, whether or not it was heard of yet; None for no id."""
        if not uid:
            return None
        lives = self._lives.setdefault(uid, [])
        return lives[-1] if lives else self._new(uid)

    def own(self, uid: str, event: Event) -> Channel | None:
        """The life that an event of this very channel is about."""
        channel = self.named(uid)
        if channel and channel.ended is not None and channel.ended < event.moment and event.kind == "Newchannel":
            return self._new(uid)
        return channel

    def life(self, uid: str, moment: float) -> Channel | None:
        """The life of that id that a later event is about, if there was any until then."""
        begun = [channel for channel in self._lives.get(uid, ()) if channel.first <= moment]
        return begun[-1] if begun else None

    def asked_for(self, event: Event) -> Channel | None:
        """Whom an Originate rang. Without an id it is known by its name, as `PJSIP/101`."""
        channel = self.life(event["Uniqueid"], event.moment)
        if channel is None and not event["Uniqueid"]:
            mine = [c for c in self.all if c.rings_alone and c.name.startswith(f"{event['Channel']}-")]
            channel = mine[-1] if mine else None
        gone = channel and channel.ended is not None and channel.ended < event.moment - _REFUSAL
        return None if gone else channel

    def _new(self, uid: str) -> Channel:
        lives = self._lives.setdefault(uid, [])
        channel = Channel(uid, len(self.all), len(lives))
        self.all.append(channel)
        self._parents.append(channel.place)
        lives.append(channel)
        return channel

    def join(self, *channels: Channel | None) -> None:
        """They are of one call."""
        root = -1
        for channel in channels:
            if channel:
                place = self._root(channel.place)
                if root < 0:
                    root = place
                elif place != root:
                    self._parents[place] = root

    def _root(self, place: int) -> int:
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def groups(self) -> Iterator[list[Channel]]:
        """The channels of each call, those that were only mentioned among them."""
        found: dict[int, list[Channel]] = defaultdict(list)
        for channel in self.all:
            found[self._root(channel.place)].append(channel)
        yield from found.values()


def gather(events: Iterable[Event]) -> Channels:
    """Everything the events (in order, each once) say of channels. The bridges that they shared are joined too."""
    channels = Channels()
    for event in events:
        _mention(channels, event)
        reading = _READINGS.get(event.kind)
        if reading:
            reading(channels, event)
    for channel in channels.all:
        _settle(channel)
    _join_bridges(channels)
    return channels


def _mention(channels: Channels, event: Event) -> None:
    uid = event["Uniqueid"]
    if event.kind == "OriginateResponse" or not uid:
        return
    channel = channels.own(uid, event)
    if channel is None or (channel.ended is not None and channel.ended < event.moment):
        return
    channel.first = min(channel.first, event.moment)
    channel.last = max(channel.last, event.moment)
    channel.name = channel.name or event["Channel"]
    linkedid = event["Linkedid"]
    channel.linkedid = channel.linkedid or linkedid
    channel.account = channel.account or event["AccountCode"]
    if linkedid and linkedid != uid:
        channels.join(channels.named(linkedid), channel)
    if event["ChannelState"] == UP and channel.up_at is None:
        channel.up_at = event.moment


def _begun(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel is None or channel.born is not None:
        return
    channel.born = event.moment
    channel.calls_in = event["ChannelState"] == RINGING_IN
    channel.name = event["Channel"]
    channel.exten, channel.context = event["Exten"], event["Context"]
    channel.number, channel.caller_name = event["CallerIDNum"], event["CallerIDName"]


def _listed(channels: Channels, event: Event) -> None:
    """A listing after a cut: who is there, since when, with whom."""
    channel = channels.named(event["Uniqueid"])
    if channel is None:
        return
    channel.listed.add(event.moment)
    age = _age(event)
    if channel.born is None and age is not None:
        channel.found = True
        channel.born = event.moment - age
        channel.exten = channel.exten or event["DNID"] or event["Exten"]
        channel.context = channel.context or event["Context"]
        channel.number = channel.number or event["CallerIDNum"]
        channel.caller_name = channel.caller_name or event["CallerIDName"]
    elif channel.found and event["DNID"]:
        channel.exten = event["DNID"]
    if event["BridgeId"]:
        channel.moves[event["BridgeId"]][event.moment].add(True)


def _age(event: Event) -> float | None:
    try:
        hours, minutes, seconds = event["Duration"].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    except ValueError:
        return float(event["Seconds"]) if event["Seconds"].isdigit() else None


def _dialling(channels: Channels, event: Event) -> None:
    called = channels.named(event["DestUniqueid"])
    if called is None:
        return
    dialler = channels.named(event["Uniqueid"])
    called.first, called.last = min(called.first, event.moment), max(called.last, event.moment)
    called.name = called.name or event["DestChannel"]
    called.linkedid = called.linkedid or event["DestLinkedid"]
    channels.join(dialler, called, channels.named(event["DestLinkedid"]))
    if dialler:
        called.dialler = called.dialler or dialler
        dialler.dials_exten = dialler.dials_exten or event["Exten"]
        dialler.own_number = dialler.own_number or event["CallerIDNum"]
    if event.kind == "DialBegin":
        called.rings_alone |= dialler is None
        called.dialled_as = called.dialled_as or event["DialString"]
        called.dialled_at = event.moment if called.dialled_at is None else called.dialled_at
    elif not called.verdict:
        called.verdict, called.verdict_at = event["DialStatus"], event.moment
        called.forward = event["Forward"]


def _changed(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel and event["ChannelState"] == "5" and channel.ringing_at is None:
        channel.ringing_at = event.moment


def _paired(channels: Channels, event: Event) -> None:
    one, two = channels.named(event["LocalOneUniqueid"]), channels.named(event["LocalTwoUniqueid"])
    channels.join(one, two, channels.named(event["LocalOneLinkedid"]), channels.named(event["LocalTwoLinkedid"]))
    if one and two:
        one.partner, two.partner = two, one
        one.name, two.name = one.name or event["LocalOneChannel"], two.name or event["LocalTwoChannel"]


def _moved(channels: Channels, event: Event) -> None:
    channel, bridge = channels.named(event["Uniqueid"]), event["BridgeUniqueid"]
    if event["BridgeType"] == "parking":
        channels.parkings.add(bridge)
    if channel and bridge:
        channel.moves[bridge][event.moment].add(event.kind == "BridgeEnter")


def _pressed(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel:
        channel.presses[event.moment].add(event.kind == "Hold")


def _picked_up(channels: Channels, event: Event) -> None:
    taker, target = channels.named(event["Uniqueid"]), channels.named(event["TargetUniqueid"])
    channels.join(target, taker, channels.named(event["TargetLinkedid"]))
    if taker and taker.picked_up is None:
        taker.picked_up = event.moment


def _handed_on(channels: Channels, event: Event) -> None:
    # Whoever hands on comes first: the note is about him, or about who is parked.
    names = (
        "Transferer",
        "OrigTransferer",
        "SecondTransferer",
        "Parkee",
        "Transferee",
        "TransferTarget",
        "Retriever",
    )
    parties = [party for party in (channels.named(event[f"{name}Uniqueid"]) for name in names) if party]
    channels.join(*parties)
    if parties:
        parties[0].notes.append(event)


def _requested(channels: Channels, event: Event) -> None:
    """The exchange's answer to our Originate. A refusal names the id of the call that lives, where it is one."""
    channel = channels.asked_for(event)
    if channel:
        channel.notes.append(event)
    elif event["Response"] == "Failure" and event["Uniqueid"]:  # without an id of ours nobody knows whose it was
        channels.refused.append(event)


def _queued(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel is None:
        return
    if event.kind == "QueueCallerJoin" and channel.queued_at is None:
        channel.queue, channel.queued_at = event["Queue"], event.moment
        channel.position = int(event["Position"]) if event["Position"].isdigit() else None
    elif event.kind == "QueueCallerAbandon":
        channel.abandoned = event.moment
    elif event.kind == "QueueCallerLeave":
        channel.left_queue = event.moment


def _left_message(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel and channel.message_at is None and event["Waiting"] != "0":
        channel.message_at, channel.mailbox = event.moment, event["Mailbox"]


def _ran(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel and event["Application"].lower() == "voicemail" and channel.in_mailbox is None:
        channel.in_mailbox = event.moment


def _set(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel is None or not event["Value"]:
        return
    if event["Variable"] == "MIXMONITOR_FILENAME":
        channel.recording = channel.recording or event["Value"]
    elif event["Variable"] == "AMDSTATUS":
        channel.machine |= event["Value"] == "MACHINE"
    else:
        channel.request = channel.request or event["Value"]


def _conferred(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel:
        channel.conference = channel.conference or event["Conference"]


def _asked(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel:
        channel.asked.append(event.moment)


def _ended(channels: Channels, event: Event) -> None:
    channel = channels.named(event["Uniqueid"])
    if channel and channel.ended is None:
        channel.ended = event.moment
        channel.cause = int(event["Cause"]) if event["Cause"].isdigit() else None


_READINGS: dict[str, Callable[[Channels, Event], None]] = {
    "Newchannel": _begun,
    "CoreShowChannel": _listed,
    "Status": _listed,
    "Newstate": _changed,
    "DialBegin": _dialling,
    "DialEnd": _dialling,
    "LocalBridge": _paired,
    "BridgeEnter": _moved,
    "BridgeLeave": _moved,
    "Hold": _pressed,
    "Unhold": _pressed,
    "Pickup": _picked_up,
    "BlindTransfer": _handed_on,
    "AttendedTransfer": _handed_on,
    "ParkedCall": _handed_on,
    "UnParkedCall": _handed_on,
    "QueueCallerJoin": _queued,
    "QueueCallerLeave": _queued,
    "QueueCallerAbandon": _queued,
    "MessageWaiting": _left_message,
    "Newexten": _ran,
    "VarSet": _set,
    "OriginateResponse": _requested,
    "ConfbridgeJoin": _conferred,
    "HangupRequest": _asked,
    "Hangup": _ended,
}


def spans(toggles: _Toggles) -> list[tuple[float, float | None]]:
    """From and until of what is switched on and off. Both in one moment leave it as it was before, for which came
    first is not known; where it was off it was on for no time.
    """
    found: list[tuple[float, float | None]] = []
    since: float | None = None
    for moment in sorted(toggles):
        ways = toggles[moment]
        if len(ways) > 1:
            found += [(moment, moment)] if since is None else []
        elif True in ways and since is None:
            since = moment
        elif since is not None and False in ways:
            found.append((since, moment))
            since = None
    return [*found, (since, None)] if since is not None else found


def _settle(channel: Channel) -> None:
    """Stays and holds from what was switched. Nobody is in two bridges, or anywhere after his end."""
    stays = sorted((since, until, bridge) for bridge, moves in channel.moves.items() for since, until in _ends(moves))
    for place, (since, until, bridge) in enumerate(stays):
        following = stays[place + 1][0] if place + 1 < len(stays) else until
        channel.stays.append((since, min(until, following), bridge))
    channel.holds = spans(channel.presses)


def _ends(moves: _Toggles) -> Iterator[tuple[float, float]]:
    for since, until in spans(moves):
        yield since, float("inf") if until is None else until


def _join_bridges(channels: Channels) -> None:
    """Those who were in a bridge at the same time are of one call; the parked are not."""
    stays: dict[str, list[tuple[float, float, Channel]]] = defaultdict(list)
    for channel in channels.all:
        for since, until, bridge in channel.stays:
            if bridge not in channels.parkings:
                end = min(until, _end(channel))
                stays[bridge].append((since, end, channel))
    for inside in stays.values():
        inside.sort(key=lambda stay: (stay[0], stay[1], stay[2].place))
        company: tuple[float, Channel] | None = None
        for since, until, channel in inside:
            if company and company[0] >= since:
                channels.join(company[1], channel)
                until = max(until, company[0])
            company = (until, channel)


def _end(channel: Channel) -> float:
    return float("inf") if channel.ended is None else channel.ended
