"""The contact that is planned for an invitation that somebody accepted: pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.contracts.appointment import Fact, Invitation, Plan
from hub.contracts.interaction import Direction, Interaction, Link, Participant, Role
from hub.contracts.notice import NoticeGiven
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.interactions.byhand.models import ACCOUNT, happened, in_diaries, planned_anew, settled
from services.interactions.models import interaction_document
from services.interactions.series.models import series_of, timed

_WORDS = 200
_SEQUENCE = "accepted_sequence"
"""Of the form that was accepted last."""


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
    return settled({**interaction_document(contact), _SEQUENCE: said.sequence})


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
    """Of a series that goes on the time where it stands."""
    now, anew = Plan.model_validate(meeting["plan"]), plan_of(said)
    same = now.series and anew.series and (now.series.rule, now.series.began) == (anew.series.rule, anew.series.began)
    return now if same else anew.model_copy(update={"reminders": now.reminders})


def left(meeting: Document, *, login: str) -> Document:
    """One of ours does not take part; without any of ours it does not take place."""
    if meeting.get("fact"):
        return meeting
    people = [one for one in meeting["participants"] if one.get("login") != login]
    after = timed(in_diaries({**meeting, "participants": people}))
    return after if after["diary"] else cancelled(after)


def cancelled(meeting: Document) -> Document:
    """It was called off; the same one where that, or what came of it, is known."""
    if meeting.get("fact"):
        return meeting
    return happened(meeting, Fact(held=False, at=from_iso(meeting["plan"]["at"])))


def notice(meeting: Document, mail: Interaction) -> NoticeGiven:
    """To those of ours who take part: there is something new about it."""
    return NoticeGiven(
        kind="invitation",
        to=tuple(in_diaries(meeting)["diary"]),
        what=meeting["_id"],
        chain_id=meeting["chain_id"],
        client_id=meeting["client_id"],
        words=(mail.subject or meeting["subject"])[:_WORDS],
        at=mail.at,
    )


def is_older(meeting: Mapping[str, Any], said: Invitation) -> bool:
    """It was said before what was accepted, and comes late (RFC 5546, 2.1.5)."""
    return said.sequence < (meeting.get(_SEQUENCE) or 0)


def is_another_time(meeting: Mapping[str, Any], said: Invitation) -> bool:
    plan = meeting["plan"]
    return (plan["at"], plan["minutes"]) != (iso(said.at), said.minutes)


def _attendee(login: str) -> Participant:
    return Participant(role=Role.ATTENDEE, address=f"employee:{login}", login=login, ours=True)
