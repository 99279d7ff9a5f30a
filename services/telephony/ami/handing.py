"""Transfers and parking of one customer, or of colleagues."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.telephony.ami.channels import Channel
from services.telephony.ami.events import Event
from services.telephony.ami.scene import Scene, end, talker
from services.telephony.calls.lines import device_of, is_extension, peer_of
from services.telephony.calls.models import Parking, Transfer

_AT_ONCE = 1.0
"""Seconds between a transfer to the parking extension and the parking."""
_MOVING = 1.5
"""Seconds a person takes from one bridge into the next."""


@dataclass(frozen=True, slots=True)
class _Consultation:
    by: Channel
    at: float
    asked: Channel | None
    """Whom he spoke with."""
    number: str
    """Whom he rang."""


def transfers(scene: Scene, customer: Channel) -> tuple[Transfer, ...]:
    """In order of time."""
    found = [*_blind(scene, customer), *_attended(scene, customer)]
    return tuple(sorted(found, key=lambda one: (one.at, one.kind, one.by, one.to)))


def parking(scene: Scene, customer: Channel) -> Parking | None:
    """The last time it was parked."""
    parked = [note for note, one in scene.noted("ParkedCall") if one is customer]
    if not parked:
        return None
    note = max(parked, key=lambda one: one.moment)
    back = [
        one
        for one, who in scene.noted("UnParkedCall")
        if (one["ParkeeUniqueid"] == customer.uid or who is customer) and one.moment >= note.moment
    ]
    taker = scene.by_uid(back[0]["RetrieverUniqueid"], back[0].moment) if back else None
    until = max((stop for since, stop, _ in customer.stays if since <= note.moment + _AT_ONCE), default=note.moment)
    return Parking(
        slot=note["ParkingSpace"],
        by=device_of(note["ParkerDialString"]),
        retrieved_by=scene.party(taker) if taker else None,
        seconds=round(min(until, end(customer), scene.until) - note.moment, 3),
    )


def _blind(scene: Scene, customer: Channel) -> Iterator[Transfer]:
    for note, by in scene.noted("BlindTransfer"):
        moved = scene.by_uid(note["TransfereeUniqueid"], note.moment)
        if note["Result"] not in ("", "Success") or customer not in (by, moved) or _is_parking(scene, note):
            continue
        reached = moved is not None and _reaches(scene, moved, note.moment, without=by)
        yield Transfer("blind", scene.party(by), scene.lines.said(note["Extension"]), reached, note.moment)


def _is_parking(scene: Scene, transfer: Event) -> bool:
    return any(
        one["ParkeeUniqueid"] == transfer["TransfereeUniqueid"] and abs(one.moment - transfer.moment) < _AT_ONCE
        for one, _ in scene.noted("ParkedCall")
    )


def _attended(scene: Scene, customer: Channel) -> Iterator[Transfer]:
    consultations = [one for by in sorted(scene.hears(customer), key=_place) for one in _asks(scene, by, customer)]
    used: set[Channel] = set()
    for note, by in sorted(scene.noted("AttendedTransfer"), key=lambda one: one[0].order):
        if note["Result"] not in ("", "Success") or not _concerns(scene, note, by, customer):
            continue
        mine = [one for one in consultations if one.by is by and one.at <= note.moment]
        to = _name(scene, mine[-1]) if mine else _asked_apart(scene, note)
        used.add(by)
        yield Transfer(
            "attended", scene.party(by), to, _reaches(scene, customer, note.moment, without=by), note.moment
        )
    for one in consultations:
        if one.by not in used:
            joined = one.asked is not None and _reaches_him(scene, customer, one)
            yield Transfer("attended", scene.party(one.by), _name(scene, one), joined, one.at)


def _place(channel: Channel) -> tuple[float, str]:
    return channel.start, channel.uid


def _asks(scene: Scene, by: Channel, customer: Channel) -> Iterator[_Consultation]:
    """Each time he left the customer alone in their bridge to speak in another one."""
    for (_, left, first), (entered, until, second) in zip(by.stays, by.stays[1:], strict=False):
        waits = any(b == first and since <= left and stop > entered + 0.05 for since, stop, b in customer.stays)
        if second == first or entered - left > _MOVING or not waits:
            continue
        inside = (span for span in scene.spans(by) if entered <= span.since < until)
        spoken = {person for span in inside for person in span.persons} - {customer}
        halves = [one for one in scene.channels if one.is_local and any(b == second for _, _, b in one.stays)]
        yield _Consultation(by, entered, talker(spoken) if spoken else None, _rung(halves))


def _rung(halves: list[Channel]) -> str:
    return peer_of(halves[0].name) if halves else ""


def _name(scene: Scene, one: _Consultation) -> str:
    return scene.party(one.asked) if one.asked else one.number


def _asked_apart(scene: Scene, note: Event) -> str:
    """Whom he rang with his second line; or the application that he joined the customer with."""
    second = scene.by_uid(note["SecondTransfererUniqueid"], note.moment)
    if second is None:
        return ""
    spoken = {person for span in scene.spans(second) if span.since <= note.moment for person in span.persons}
    rung = [one for one in scene.persons if one.dialler is second]
    if spoken or rung:
        return scene.party(talker(spoken or rung))
    number = second.exten if second.exten != "s" else second.dials_exten
    return number if is_extension(number) else scene.lines.said(number)


def _concerns(scene: Scene, note: Event, by: Channel, customer: Channel) -> bool:
    moved = note["TransfereeUniqueid"]
    return moved == customer.uid or (not moved and by in scene.hears(customer)) or by is customer


def _reaches(scene: Scene, moved: Channel, after: float, *, without: Channel) -> bool:
    """Whether it came to be connected with somebody else than who handed it on."""
    return any(span.persons - {without} and span.until > after for span in scene.spans(moved))


def _reaches_him(scene: Scene, customer: Channel, one: _Consultation) -> bool:
    return any(one.asked in span.persons and span.until > one.at for span in scene.spans(customer))
