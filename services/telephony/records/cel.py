"""Channel events (`cel_custom`) as the events that calls are made of.

Columns: eventtype, eventtime, name, num, ani, rdnis, dnid, exten, context, channame, appname, appdata, amaflags,
accountcode, uniqueid, linkedid, peer, userfield, userdeftype, eventextra. They have whole seconds in the order of
happening; who dialled whom, holds and messages left are not in them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import orjson

from services.telephony.ami.events import Event
from services.telephony.calls.lines import is_number
from services.telephony.records.rows import event, moment_of, pairs, rows_of

COLUMNS = 20
_TYPES = {"CHAN_START", "CHAN_END", "ANSWER", "HANGUP", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START", "LINKEDID_END"}
_STEP = 1e-6
"""Seconds between two rows of one second, so that they stay in order."""


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    moment: float
    name: str
    number: str
    exten: str
    context: str
    channel: str
    application: str
    data: str
    account: str
    uid: str
    linkedid: str
    extra: dict[str, Any]

    def event(self, kind: str, **fields: str) -> Event:
        own = {"Uniqueid": self.uid, "Linkedid": self.linkedid, "Channel": self.channel, "AccountCode": self.account}
        return event(self.moment, kind, **{**own, "Exten": self.exten, "Context": self.context, **fields})

    def told(self, key: str) -> str:
        value = str(self.extra.get(key) or "")
        return "" if value == "N/A" else value


def is_cel(row: list[str]) -> bool:
    return len(row) == COLUMNS and row[0] in _TYPES


def events_of_cel(raw: bytes, zone: tzinfo = UTC) -> list[Event]:
    """The events of a file; `zone` is the one its times are written in."""
    rows = list(_rows(raw, zone))
    uids = {row.channel: row.uid for row in rows}
    numbers: dict[str, str] = {}
    for row in rows:
        if row.number:
            numbers.setdefault(row.uid, row.number)
    found = [one for row in rows for one in _events(row, uids, numbers)]
    found += _requests(rows)
    begun = min((row.moment for row in rows), default=0.0)
    found += [event(begun, "LocalBridge", LocalOneUniqueid=one, LocalTwoUniqueid=two) for one, two in pairs(uids)]
    return found


def _requests(rows: list[_Row]) -> Iterator[Event]:
    """Whom a channel that was dialled by nobody was to be connected with: an Originate of ours."""
    rung = {row.uid: row for row in rows if row.kind == "CHAN_START" and row.exten == "s" and row.uid == row.linkedid}
    for uid, begun in rung.items():
        mine = [row for row in rows if row.uid == uid]
        extens = [row.exten for row in mine if row.exten not in ("", "s")]
        shown = [row.number for row in mine if is_number(row.number)]
        if extens or shown:
            yield event(
                begun.moment, "OriginateResponse", Uniqueid=uid, Response="Success", Exten=[*extens, *shown][0]
            )


def _rows(raw: bytes, zone: tzinfo) -> Iterator[_Row]:
    for place, row in enumerate(rows_of(raw, COLUMNS)):
        moment = moment_of(row[1], zone)
        if moment is None or not row[14]:
            continue
        yield _Row(
            kind=row[0],
            moment=moment + place * _STEP,
            name=row[2],
            number=row[3],
            exten=row[7],
            context=row[8],
            channel=row[9],
            application=row[10],
            data=row[11],
            account=row[13],
            uid=row[14],
            linkedid=row[15],
            extra=_extra(row[19]),
        )


def _extra(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _events(row: _Row, uids: dict[str, str], numbers: dict[str, str]) -> Iterator[Event]:
    reading = _READINGS.get(row.kind)
    if reading:
        yield from reading(row)
    if row.kind == "CHAN_START":
        yield from _begun(row, numbers)
    elif row.kind == "PARK_END":
        taker = uids.get(row.told("retriever"), "")
        yield row.event("UnParkedCall", ParkeeUniqueid=row.uid, RetrieverUniqueid=taker)
    if row.application == "Queue":
        yield row.event("QueueCallerJoin", Queue=row.data.partition(",")[0])
    elif row.application.lower() == "voicemail":
        yield row.event("Newexten", Application="VoiceMail")


def _begun(row: _Row, numbers: dict[str, str]) -> Iterator[Event]:
    """A channel that begins in the extension `s` was dialled; by nobody where the call has its own id."""
    was_dialled = row.exten == "s" or row.channel.endswith(";1")
    state = "0" if was_dialled else "4"
    yield row.event("Newchannel", ChannelState=state, CallerIDNum=row.number, CallerIDName=row.name)
    if was_dialled:
        dest = {"DestUniqueid": row.uid, "DestLinkedid": row.linkedid, "DestChannel": row.channel}
        dialler = row.linkedid if row.linkedid != row.uid else ""
        yield event(row.moment, "DialBegin", Uniqueid=dialler, DialString=numbers.get(row.uid, ""), **dest)


def _hung_up(row: _Row) -> Iterator[Event]:
    if row.told("hangupsource") == row.channel:
        yield row.event("HangupRequest")
    yield row.event("Hangup", Cause=row.told("hangupcause"))


def _bridged(row: _Row) -> Iterator[Event]:
    kind = "parking" if row.told("bridge_technology") == "holding_bridge" else "basic"
    name = "BridgeEnter" if row.kind == "BRIDGE_ENTER" else "BridgeLeave"
    yield row.event(name, BridgeUniqueid=row.told("bridge_id"), BridgeType=kind)


def _sent_on(row: _Row) -> Iterator[Event]:
    moved = row.told("transferee_channel_uniqueid")
    yield event(
        row.moment,
        "BlindTransfer",
        TransfererUniqueid=row.uid,
        TransfereeUniqueid=moved,
        Extension=row.told("extension"),
    )


def _handed_over(row: _Row) -> Iterator[Event]:
    yield event(
        row.moment,
        "AttendedTransfer",
        OrigTransfererUniqueid=row.uid,
        SecondTransfererUniqueid=row.told("channel2_uniqueid"),
        TransfereeUniqueid=row.told("transferee_channel_uniqueid"),
        TransferTargetUniqueid=row.told("transfer_target_channel_uniqueid"),
    )


def _picked_up(row: _Row) -> Iterator[Event]:
    yield event(row.moment, "Pickup", Uniqueid=row.told("pickup_channel_uniqueid"), TargetUniqueid=row.uid)


_READINGS: dict[str, Callable[[_Row], Iterator[Event]]] = {
    "ANSWER": lambda row: iter([row.event("Newstate", ChannelState="6")]),
    "HANGUP": _hung_up,
    "BRIDGE_ENTER": _bridged,
    "BRIDGE_EXIT": _bridged,
    "BLINDTRANSFER": _sent_on,
    "ATTENDEDTRANSFER": _handed_over,
    "PICKUP": _picked_up,
    "PARK_START": lambda row: iter(
        [row.event("ParkedCall", ParkeeUniqueid=row.uid, ParkerDialString=row.told("parker_dial_string"))]
    ),
}
