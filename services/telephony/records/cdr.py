"""Call detail records as the events that calls are made of: one row for each phone that rang and each stage.

Two layouts: the stock one of `cdr_csv` (accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp,
lastdata, start, answer, end, duration, billsec, disposition, amaflags, uniqueid, userfield), whose calls of several
stages cannot be joined, and one that begins with linkedid, uniqueid, sequence (`cdr_custom`). Seconds are whole; who
hung up and holds are not told; what a queue or a menu answered counts as answered at once.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from services.telephony.ami.calls import fold
from services.telephony.ami.events import Event
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call
from services.telephony.records.rows import event, moment_of, pairs, rows_of

STOCK, LINKED = 18, 21
_STATUS = {"BUSY": ("BUSY", "17"), "CONGESTION": ("CONGESTION", "34"), "FAILED": ("CHANUNAVAIL", "34")}


@dataclass(frozen=True, slots=True)
class _Row:
    linkedid: str
    uid: str
    place: str
    number: str
    name: str
    exten: str
    channel: str
    called: str
    application: str
    data: str
    start: float
    answer: float | None
    end: float
    disposition: str


def is_cdr(row: list[str]) -> bool:
    times = {STOCK: (9, 11), LINKED: (11, 13)}.get(len(row))
    return times is not None and all(moment_of(row[place]) is not None for place in times)


def events_of_cdr(raw: bytes, zone: tzinfo = UTC) -> list[Event]:
    """The events of a file; `zone` is the one its times are written in."""
    rows = [*_rows(raw, LINKED, zone), *_rows(raw, STOCK, zone)]
    uids = {row.channel: row.uid for row in rows}
    for row in rows:
        if row.called:
            uids.setdefault(row.called, f"{row.linkedid}/{row.called}")
    found = [one for row in rows for one in _events(row, uids)]
    found += _ends(rows, uids)
    begun = min((row.start for row in rows), default=0.0)
    return found + [
        event(begun, "LocalBridge", LocalOneUniqueid=one, LocalTwoUniqueid=two) for one, two in pairs(uids)
    ]


def calls_of_cdr(raw: bytes, lines: Lines, zone: tzinfo = UTC) -> list[Call]:
    """The calls of a file. What such records cannot tell is `unsure`: holds always, and of a call that a queue or a
    menu answered when a person did.
    """
    return [_doubted(call) for call in fold(events_of_cdr(raw, zone), lines)]


def _doubted(call: Call) -> Call:
    at_once = call.answered_at is not None and call.answered_at == call.started_at
    fields = {"hold", "answered_at", "wait", "talk"} if call.queue or at_once else {"hold"}
    return replace(call, ended_by=None, unsure=tuple(sorted({*call.unsure, *fields})))


def _rows(raw: bytes, columns: int, zone: tzinfo) -> Iterator[_Row]:
    for place, row in enumerate(rows_of(raw, columns)):
        fields = row if columns == LINKED else _as_linked(row, place)
        start, end = moment_of(fields[11], zone), moment_of(fields[13], zone)
        if start is None or end is None or not fields[7]:
            continue
        yield _Row(
            linkedid=fields[0] or fields[1],
            uid=fields[1],
            place=fields[2],
            number=fields[3],
            name=fields[4].partition(" <")[0].strip('"') if " <" in fields[4] else "",
            exten=fields[5],
            channel=fields[7],
            called=fields[8],
            application=fields[9],
            data=fields[10],
            start=start,
            answer=moment_of(fields[12], zone) if fields[12] else None,
            end=end,
            disposition=fields[16],
        )


def _as_linked(row: list[str], place: int) -> list[str]:
    uid = row[16] or f"row {place}"
    clid, rest = row[4], row[5:16]
    return [uid, uid, str(place), row[1], clid, row[2], row[3], *rest[:9], rest[9], rest[10], row[0], "", row[17]]


def _events(row: _Row, uids: dict[str, str]) -> Iterator[Event]:
    own = {"Uniqueid": row.uid, "Linkedid": row.linkedid, "Channel": row.channel, "Exten": row.exten}
    state = "0" if row.channel.endswith(";1") else "4"
    caller = {"CallerIDNum": row.number, "CallerIDName": row.name}  # the context is the last, not the first
    yield event(row.start, "Newchannel", ChannelState=state, **own, **caller)
    if row.application == "Queue":
        yield event(row.start, "QueueCallerJoin", Queue=row.data.partition(",")[0], **own)
    elif row.application == "VoiceMail":
        yield event(row.start, "Newexten", Application="VoiceMail", **own)
    if row.answer is not None:
        yield event(row.answer, "Newstate", ChannelState="6", **own)
    if row.called:
        yield from _called(row, uids[row.called], own)
    elif row.application == "Park" and row.answer is not None:
        yield from _stay(row, row.uid, own, "parking")


def _called(row: _Row, uid: str, own: dict[str, str]) -> Iterator[Event]:
    number = row.exten or row.data.partition(",")[0]
    other = {"Uniqueid": uid, "Linkedid": row.linkedid, "Channel": row.called}
    dest = {f"Dest{key}": value for key, value in other.items()}
    yield event(row.start, "Newchannel", ChannelState="0", Exten="s", **other)
    yield event(row.start, "DialBegin", **own, **dest, DialString=number)
    if row.answer is None or row.disposition != "ANSWERED":
        status, _ = _STATUS.get(row.disposition, ("NOANSWER", ""))
        yield event(row.end, "DialEnd", **own, **dest, DialStatus=status)
        return
    yield event(row.answer, "Newstate", ChannelState="6", **other)
    yield event(row.answer, "DialEnd", **own, **dest, DialStatus="ANSWER")
    yield from _stay(row, row.uid, own, "basic")
    yield from _stay(row, uid, other, "basic")


def _stay(row: _Row, uid: str, channel: dict[str, str], kind: str) -> Iterator[Event]:
    bridge = {"BridgeUniqueid": f"{row.linkedid} {row.place}", "BridgeType": kind}
    yield event(row.answer or row.start, "BridgeEnter", **{**channel, "Uniqueid": uid}, **bridge)
    yield event(row.end, "BridgeLeave", **{**channel, "Uniqueid": uid}, **bridge)


def _ends(rows: list[_Row], uids: dict[str, str]) -> Iterator[Event]:
    """Each channel ends with its last row."""
    last: dict[str, tuple[float, str, str]] = defaultdict(lambda: (0.0, "", ""))
    for row in rows:
        _, cause = _STATUS.get(row.disposition, ("", "16" if row.answer is not None else "0"))
        for name, uid in ((row.channel, row.uid), (row.called, uids.get(row.called, ""))):
            if uid:
                last[uid] = max(last[uid], (row.end, cause, name))
    for uid, (moment, cause, name) in last.items():
        yield event(moment, "Hangup", Uniqueid=uid, Channel=name, Cause=cause)
