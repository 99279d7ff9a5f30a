"""The contact that is planned for an invitation that somebody accepted: pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.contracts.appointment import Fact, Invitation, Plan
from hub.contracts.interaction import Direction, Interaction, Link, Participant, Role
from hub.contracts.notice import NoticeGiven
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.interactions.byhand.models import ACCOUNT, happened, in_diaries, notice_of, planned_anew, settled
from services.interactions.models import interaction_document
from services.interactions.series.models import series_of, timed, without

_SEQUENCE = "accepted_sequence"
"""Of the form that was accepted last."""
_SLOT = "accepted_slot"
"""Of one of a series that has a contact of its own: when it would be by the rule."""


def met(mail: Mapping[str, Any], said: Invitation, meeting_id: str, *, login: str, now: datetime) -> Document:
    """In the chain of the mail that invited."""
    host = Participant(role=Role.HOST, address=said.organizer, name=said.organizer_name)
    contact = Interaction(
        id=meeting_id,
        channel="meeting",
        type="meeting",
        direction=Direction.IN,
        accounts=(ACCOUNT,),
        at=now,
        client_id=mail["client_id"],
        chain_id=mail["chain_id"],
        cause_id=mail["_id"],
        subject=said.summary or mail["subject"],
        participants=(host, _attendee(login)),
        link=Link(rule="invitation", evidence=f"accepted by {login}"),
        team=mail.get("team"),
        others=mail.get("others") or "full",
        plan=plan_of(said),
    )
    slot = {_SLOT: iso(said.slot)} if said.slot else {}
    return settled({**interaction_document(contact), _SEQUENCE: said.sequence, **slot})


def plan_of(said: Invitation) -> Plan:
    return Plan(at=said.at, minutes=said.minutes, place=said.place[:500], series=series_of(said))


def joined(meeting: Document, said: Invitation, *, login: str) -> Document:
    """One more of ours takes part, at the time that was accepted last; what was held is as it was."""
    if (meeting.get("fact") or {}).get("held"):
        return meeting
    people = [one for one in meeting["participants"] if one.get("login") != login]
    people.append(_attendee(login).model_dump(mode="json"))
    plan = _joint(meeting, said)
    newest = max(said.sequence, meeting.get(_SEQUENCE) or 0)
    return planned_anew({**meeting, "participants": people, "fact": None, _SEQUENCE: newest}, plan)


def _joint(meeting: Document, said: Invitation) -> Plan:
    """Of a series that goes on the time where it stands; another time of one of it moves no other."""
    now, anew = Plan.model_validate(meeting["plan"]), plan_of(said)
    if said.slot:
        return anew.model_copy(update={"series": now.series, "reminders": now.reminders})
    same = now.series and anew.series and (now.series.rule, now.series.began) == (anew.series.rule, anew.series.began)
    return now if same else anew.model_copy(update={"reminders": now.reminders})


def left(meeting: Document, *, login: str) -> Document:
    """One of ours does not take part; without any of ours it does not take place."""
    if meeting.get("fact"):
        return meeting
    people = [one for one in meeting["participants"] if one.get("login") != login]
    after = timed(in_diaries({**meeting, "participants": people}))
    return after if after["diary"] else cancelled(ended(after))


def left_one(meeting: Document, *, login: str) -> Document:
    """One of ours does not take part in one of a series; with colleagues in it, it stays as it is."""
    if not meeting["plan"].get("series"):
        return left(meeting, login=login)
    return cancelled(meeting) if meeting["diary"] == [login] else meeting


def left_out(meeting: Document, said: Invitation, *, login: str, accepted: bool) -> Document:
    """The series without one that lies ahead: it has a contact of its own, or nobody of ours takes part in it."""
    assert said.slot
    return without(meeting, said.slot) if accepted or meeting["diary"] == [login] else meeting


def is_ahead(meeting: Mapping[str, Any], said: Invitation) -> bool:
    """It is about one of this series, and not about the one that is planned."""
    series = meeting["plan"].get("series")
    return bool(said.slot and series) and iso(said.slot or said.at) != series["slot"]


def called_off(meeting: Document, said: Invitation) -> Document:
    """All of a series, the one that is planned, or one that lies ahead."""
    series, at = meeting["plan"].get("series"), said.slot or said.at
    if series and said.rule:
        return cancelled(ended(meeting))
    slots = {meeting["plan"]["at"], meeting.get(_SLOT), series["slot"] if series else None}
    if not said.repeats or iso(at) in slots:
        return cancelled(meeting)
    return without(meeting, at) if series else meeting


def ended(meeting: Document) -> Document:
    """It comes again no more."""
    return {**meeting, "plan": {**meeting["plan"], "series": None}}


def cancelled(meeting: Document) -> Document:
    """It was called off; the same one where that, or what came of it, is known."""
    if meeting.get("fact"):
        return meeting
    return happened(meeting, Fact(held=False, at=from_iso(meeting["plan"]["at"])))


def notice(meeting: Document, mail: Interaction) -> NoticeGiven:
    """To those of ours who take part: there is something new about it."""
    words = mail.subject or meeting["subject"]
    return notice_of(meeting, "invitation", in_diaries(meeting)["diary"], words=words, at=mail.at)


def is_older(meeting: Mapping[str, Any], said: Invitation) -> bool:
    """It was said before what was accepted, and comes late (RFC 5546, 2.1.5)."""
    return said.sequence < (meeting.get(_SEQUENCE) or 0)


def is_another_time(meeting: Mapping[str, Any], said: Invitation) -> bool:
    plan = meeting["plan"]
    return (plan["at"], plan["minutes"]) != (iso(said.at), said.minutes)


def _attendee(login: str) -> Participant:
    return Participant(role=Role.ATTENDEE, address=f"employee:{login}", login=login, ours=True)
