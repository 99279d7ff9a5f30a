"""Contacts written down by hand, and their plans and facts: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.contracts.appointment import Fact, Plan, Series
from hub.contracts.call import CallResult, CallState
from hub.contracts.interaction import Direction, Interaction, Link, Participant
from hub.contracts.notice import NoticeGiven, NoticeKind
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from hub.store.due import with_timer, without_timer
from hub.store.told import Owing
from services.interactions.byhand.forms import ByHandForm, PlanForm
from services.interactions.series.models import timed

ACCOUNT = "by_hand"
"""Stands for the account of ours by which it came or went."""
RULE = "by_hand"
MOST_REMINDERS = 10
_WORDS = 200


def interaction_of(
    form: ByHandForm,
    ids: tuple[str, str, str],
    people: Sequence[Participant],
    *,
    plan: Plan | None,
    author: str,
    now: datetime,
) -> Interaction:
    """`ids` are of the interaction, its chain and its client."""
    interaction_id, chain_id, client_id = ids
    at = form.at or now
    return Interaction(
        id=interaction_id,
        channel=form.type,
        type=form.type,
        direction=form.direction,
        accounts=(ACCOUNT,),
        at=at,
        client_id=client_id,
        chain_id=chain_id,
        cause_id=form.cause_id,
        subject=form.subject,
        text=form.text,
        participants=tuple(people),
        attachments=form.attachments,
        link=Link(rule=RULE, evidence=f"written down by {author}"),
        author=author,
        comment=form.comment,
        importance=form.importance,
        plan=plan,
        fact=None if form.plan else Fact(held=True, at=at, minutes=form.minutes),
        call=_call(form, people, at) if form.type == "call" and not form.plan else None,
    )


def plan_of(form: PlanForm, series: Series | None) -> Plan:
    return Plan(**form.model_dump(exclude={"repeats"}), series=series)


def _call(form: ByHandForm, people: Sequence[Participant], at: datetime) -> CallState:
    """A call from a private phone counts as those that an exchange told of."""
    result = form.result or CallResult.ANSWERED
    talk = timedelta(minutes=form.minutes) if result is CallResult.ANSWERED else timedelta()
    other = next((person.raw for person in people if not person.ours), "")
    told_by = {"caller": other} if form.direction is Direction.IN else {"dialled": other}
    return CallState(
        revision=1,
        result=result,
        talk=talk.total_seconds(),
        started_at=at,
        answered_at=at if result is CallResult.ANSWERED else None,
        ended_at=at + talk,
        complete=True,
        unsure=("wait", "talk"),
        **told_by,
    )


def settled(document: Document) -> Document:
    """With moments that can be compared, what calendars find it by, and the timers of its reminders."""
    dated = {name: _dated(document[name]) for name in ("plan", "fact") if document.get(name)}
    document = {**document, **dated}
    plan = document.get("plan")
    if not plan:
        return document
    start, waits = from_iso(plan["at"]), not document.get("fact")
    document = in_diaries({**document, "plan_at": plan["at"]})
    for number in range(MOST_REMINDERS):
        wanted = waits and number < len(plan["reminders"])
        at = start - timedelta(seconds=plan["reminders"][number]) if wanted else None
        document = with_timer(document, timer(number), at) if at else without_timer(document, timer(number))
    return timed(document)


def in_diaries(document: Document) -> Document:
    """`diary` are the logins of ours in whose calendars it stands, at `plan_at`."""
    people = (document["author"], *(person.get("login") for person in document["participants"]))
    return {**document, "diary": list(dict.fromkeys(filter(None, people)))}


def timer(number: int) -> str:
    return f"reminder.{number}"


def reminding(number: int, document: Document, now: datetime) -> Owing:
    """The contact, and the notice to those of ours who take part."""
    at = from_iso(document["plan"]["at"]) - timedelta(seconds=document["plan"]["reminders"][number])
    late = max(0, int((now - at).total_seconds()))
    to, words = in_diaries(document)["diary"], _called(document)
    return Owing(document, (notice_of(document, "reminder", to, words=words, at=at, late=late),))


def notice_of(
    document: Document, kind: NoticeKind, to: Sequence[str], *, words: str, at: datetime, **more: Any
) -> NoticeGiven:
    """About a contact; `more` are further fields."""
    return NoticeGiven(
        kind=kind,
        to=tuple(to),
        what=document["_id"],
        chain_id=document["chain_id"],
        client_id=document["client_id"],
        words=words[:_WORDS],
        at=at,
        **more,
    )


def _called(document: Document) -> str:
    subject: str = document["subject"]
    return subject or str(document["text"])


def planned_anew(document: Document, plan: Plan) -> Document:
    """Its time is another; its reminders come anew."""
    return settled({**document, "plan": plan.model_dump(mode="json")})


def happened(document: Document, fact: Fact) -> Document:
    """What became of it; it stands in the chain where it took place."""
    at = {"at": iso(fact.at)} if fact.held else {}
    return settled({**document, "fact": fact.model_dump(mode="json"), **at})


def _dated(told: Document) -> Document:
    dated = {**told, "at": iso(from_iso(told["at"]))}
    series = told.get("series")
    if not series:
        return dated
    moments = {name: iso(from_iso(series[name])) for name in ("began", "slot")}
    skipped = [iso(from_iso(at)) for at in series["without"]]
    return {**dated, "series": {**series, **moments, "without": skipped}}


def planned_with(document: Document, *, by: str, now: datetime) -> tuple[NoticeGiven, ...]:
    """To the colleagues in whose calendars it stands: it is new there, at another time or place, or called off."""
    to = tuple(login for login in in_diaries(document)["diary"] if login != by)
    if not document.get("plan") or not to:
        return ()
    return (notice_of(document, "invitation", to, words=_called(document), at=now, by=by),)


def is_moved(before: Document, after: Document) -> bool:
    return any(before["plan"].get(name) != after["plan"].get(name) for name in ("at", "minutes", "place"))


def mention(document: Document, to: Sequence[str], *, now: datetime) -> NoticeGiven:
    return notice_of(document, "mention", to, words=document["text"], at=now, by=document["author"])
