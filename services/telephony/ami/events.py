"""The events that calls are made of, each with its moment; everything else of the manager interface is let go."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.telephony.ami.reading import Message

_ORDER = (
    "Greeting", "FullyBooted", "Newchannel", "CoreShowChannel", "Status", "LocalBridge", "NewCallerid",
    "QueueCallerJoin", "DialBegin", "Newstate", "Newexten", "VarSet", "DialEnd", "Pickup", "Hold", "Unhold",
    "BlindTransfer", "AttendedTransfer", "ParkedCall", "UnParkedCall", "BridgeLeave", "BridgeEnter", "ConfbridgeJoin",
    "QueueCallerAbandon", "QueueCallerLeave", "AgentConnect", "MessageWaiting", "OriginateResponse", "Rename",
    "HangupRequest", "Hangup", "CoreShowChannelsComplete",
)  # fmt: skip
RANK = {kind: place for place, kind in enumerate(_ORDER)}
"""The order of events of one moment: causes before what follows from them."""
_KEPT = frozenset((
    "Channel", "ChannelState", "Uniqueid", "Linkedid", "CallerIDNum", "CallerIDName", "Context", "Exten",
    "AccountCode", "DestChannel", "DestChannelState", "DestUniqueid", "DestLinkedid", "DestCallerIDNum",
    "DestContext", "DialString", "DialStatus", "Forward", "LocalOneUniqueid", "LocalTwoUniqueid",
    "LocalOneChannel", "LocalTwoChannel", "LocalOneLinkedid", "LocalTwoLinkedid", "BridgeUniqueid", "BridgeType",
    "BridgeId", "Cause", "TransfererUniqueid", "TransfererLinkedid", "TransfereeUniqueid", "TransfereeLinkedid",
    "Extension", "Result", "OrigTransfererUniqueid", "OrigTransfererLinkedid", "SecondTransfererUniqueid",
    "SecondTransfererLinkedid", "TransferTargetUniqueid", "ParkeeUniqueid", "ParkeeLinkedid", "ParkerDialString",
    "ParkingSpace", "RetrieverUniqueid", "TargetUniqueid", "TargetLinkedid", "Queue", "Position", "Application",
    "Variable", "Value", "Response", "ActionID", "Reason", "Conference", "Mailbox", "Waiting", "Uptime",
    "ListItems", "DNID", "Seconds", "Duration", "Newname", "DestTransfererUniqueid", "SecondBridgeUniqueid",
))  # fmt: skip
_VARIABLES = {"MIXMONITOR_FILENAME", "HUB_REQUEST", "AMDSTATUS"}
_APPLICATIONS = {"VoiceMail", "Voicemail", "MixMonitor"}
_VALUE_LIMIT = 512
_SKEW = 3600.0
"""Seconds that the exchange's clock may differ from ours and still be believed."""
_EPOCH = 1e8
"""An arrival before it counts from the beginning of a recording."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the exchange said of a call. Two of the same moment, kind and fields are one."""

    moment: float
    """Seconds: the exchange's own clock where it stamps its events, else when it came."""
    kind: str
    fields: tuple[tuple[str, str], ...]
    _values: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_values", dict(self.fields))

    def __getitem__(self, key: str) -> str:
        """The value, empty where the exchange had none."""
        value = self._values.get(key, "")
        return "" if value in ("<unknown>", "<null>", "(null)") else value

    @property
    def order(self) -> tuple[float, int, tuple[tuple[str, str], ...]]:
        return (self.moment, RANK[self.kind], self.fields)


def event_of(message: Message, arrived: float) -> Event | None:
    """The event of a message that came at `arrived` (seconds), or None where it tells nothing of calls."""
    kind = message.get("Event") or ("Greeting" if message.get("Greeting") else "")
    if kind not in RANK or not _tells(kind, message):
        return None
    kept = sorted((key, value[:_VALUE_LIMIT]) for key, value in message.fields if key in _KEPT)
    return Event(_moment(message.get("Timestamp"), arrived), kind, tuple(kept))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Each event once, by moment; the same for any order they are given in."""
    return sorted(set(events), key=lambda event: event.order)


def _tells(kind: str, message: Message) -> bool:
    if kind == "VarSet":
        return message.get("Variable").lstrip("_") in _VARIABLES
    if kind == "Newexten":
        return message.get("Application") in _APPLICATIONS
    return True


def _moment(stamp: str, arrived: float) -> float:
    try:
        moment = float(stamp)
    except ValueError:
        return arrived
    if arrived > _EPOCH and abs(moment - arrived) > _SKEW:
        return arrived  # a clock that is as wrong would close calls, or keep them for ever
    return moment if 0 < moment < 1e11 else arrived
