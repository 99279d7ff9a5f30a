"""Invitations by mail: sent, moved, called off, answered; and those that come in, as other programs write them."""

from datetime import timedelta
from typing import Any

import icalendar
import pytest

from hub.contracts.base import Event
from hub.contracts.bounce import Authentication
from hub.contracts.interaction import InteractionReceived, SendMessage
from hub.contracts.notice import NoticeGiven
from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput
from hub.testing.builders import NOON, a_participant
from services.email.inbound.normalise import normalise
from services.email.inbound.warnings import Ours
from services.email.mime.parse import parse
from services.interactions.byhand.forms import FactForm, PlanForm
from services.interactions.byhand.service import ByHand
from services.interactions.invitations import service
from services.interactions.invitations.forms import InvitationForm, RsvpForm
from services.interactions.invitations.service import Invitations
from services.interactions.outgoing import Outgoing
from services.interactions.reach import Account, Accounts
from services.interactions.seen import Seen
from tests.services.email.test_compose import a_mailbox, compose
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_agenda import planned
from tests.services.interactions.test_by_hand import ANNA, BORIS, DAY, OLGA, by_hand

__all__ = ["by_hand"]
US = "support@romashka.example"
VERA = {"address": "vera@partner.example", "role": "attendee"}
INVITE = InvitationForm(account="mb_support", text="Ждём вас!")


class Mailboxes:
    """One of ours."""

    async def accounts(self) -> Accounts:
        return Accounts(known=[Account(id="mb_support", channel="email", address=US)])


@pytest.fixture
def invitations(bench: Bench) -> Invitations:
    seen, outgoing = Seen(bench.repository, Mailboxes()), Outgoing(bench.repository)
    return Invitations(bench.repository, seen, outgoing, Mailboxes(), bench.clock)


def sent(bench: Bench) -> list[SendMessage]:
    return [event for event in bench.bus.events() if isinstance(event, SendMessage)]


def arrived(raw: bytes) -> InteractionReceived:
    """What the service of mail reads of these bytes."""
    ours = Ours(frozenset({f"email:{US}"}))
    return normalise(parse(raw), account="mb_support", stored_at=NOON, received_at=NOON, ours=ours, raw="").event


def event_of(message: SendMessage) -> Any:
    """The event in the calendar that is in the mail made of this."""
    (text,) = (
        part for part in parse(compose(message, a_mailbox(), at=NOON).raw).parts if "calendar" in part.content_type
    )
    assert text.params["method"] == message.calendar.method if message.calendar else False
    (event,) = icalendar.Calendar.from_ical(text.content).walk("VEVENT")
    return event


def calendar_mail(
    method: str,
    *,
    uid: str,
    by: str,
    organizer: str,
    sequence: int = 0,
    hour: int = 10,
    guest: str = "",
    words: str = "",
    date: str = "12:00:00",
) -> bytes:
    """As other programs write it, without a reference to any mail."""
    return (
        f"From: {by}\r\nTo: {US}\r\nSubject: calendar {method}\r\nMessage-ID: <{method}.{by}.{sequence}.{hour}>\r\n"
        f"Date: Mon, 02 Mar 2026 {date} +0000\r\n"
        f'Content-Type: text/calendar; charset="utf-8"; method={method}\r\n\r\n'
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSEQUENCE:{sequence}\r\n"
        f"DTSTAMP:20260302T120000Z\r\nDTSTART;TZID=Europe/Moscow:20260304T{hour}0000\r\nDURATION:PT90M\r\n"
        f"SUMMARY:Переговоры\r\nCOMMENT:{words}\r\nORGANIZER;CN=Chief:MAILTO:{organizer}\r\n{guest}"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def says(meeting: dict[str, Any], answer: str, *, by: str = "anna@example.com", **over: Any) -> InteractionReceived:
    """The answer of a guest's program."""
    told = meeting["invited"]
    guest = f"ATTENDEE;PARTSTAT={answer}:mailto:{over.pop('whose', by)}\r\n"
    fields = {"uid": told["uid"], "sequence": told["sequence"], "organizer": US, "guest": guest} | over
    return arrived(calendar_mail(fields.pop("method", "REPLY"), by=by, **fields))


async def invited(bench: Bench, by_hand: ByHand, invitations: Invitations) -> dict[str, Any]:
    people = [ANNA, VERA, {"login": "boris"}]
    meeting = await planned(by_hand, NOON + DAY, participants=people)
    after = await invitations.invite(meeting["_id"], INVITE, actor=OLGA)
    await bench.follow()
    return after


def answers(meeting: dict[str, Any]) -> dict[str, str]:
    return {guest["address"].partition(":")[2]: guest["answer"] for guest in meeting["invited"]["guests"]}


async def test_the_guests_of_a_planned_contact_are_invited_by_one_mail_in_its_chain(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    meeting = await invited(bench, by_hand, invitations)
    await invitations.invite(meeting["_id"], INVITE, actor=OLGA)
    await bench.follow()
    (message,) = sent(bench)
    mail = await bench.stored(message.id)
    assert (mail["chain_id"], mail["cause_id"], mail["author"]) == (meeting["chain_id"], meeting["_id"], "olga")
    assert [person.address for person in message.to] == ["email:anna@example.com", "email:vera@partner.example"]
    assert message.text == ("Ждём вас!\n\nПриглашение: Замер\n03.03.2026 15:00 (Europe/Moscow), 60 мин\nТверская, 1")
    event = event_of(message)
    assert (event["UID"], event["SEQUENCE"], event["ORGANIZER"]) == (meeting["invited"]["uid"], 0, f"mailto:{US}")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (NOON + DAY, NOON + DAY + timedelta(hours=1))
    assert [(str(guest), guest.params["RSVP"], guest.params["PARTSTAT"]) for guest in event["ATTENDEE"]] == [
        ("mailto:anna@example.com", "TRUE", "NEEDS-ACTION"),
        ("mailto:vera@partner.example", "TRUE", "NEEDS-ACTION"),
    ]


async def test_another_time_and_the_end_of_it_are_told_as_newer_forms(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    meeting = await invited(bench, by_hand, invitations)
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 2 * DAY, place="Арбат, 2"), actor=OLGA)
    await bench.follow()
    await by_hand.fact(meeting["_id"], FactForm(held=False), actor=OLGA)
    await bench.follow()
    told = [(message.calendar, event_of(message)) for message in sent(bench)]
    assert [(part.method, event["SEQUENCE"], event["DTSTART"].dt) for part, event in told if part] == [
        ("REQUEST", 0, NOON + DAY),
        ("REQUEST", 1, NOON + 2 * DAY),
        ("CANCEL", 2, NOON + 2 * DAY),
    ]
    assert len({event["UID"] for _, event in told}) == 1
    after = await bench.stored(meeting["_id"])
    assert [(change["what"], change["by"]) for change in after["invited"]["history"]] == [
        ("invited", "olga"),
        ("moved", "olga"),
        ("cancelled", "olga"),
    ]


async def test_a_guests_answer_is_taken_from_his_own_mail_and_his_colleagues_are_told(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    meeting = await invited(bench, by_hand, invitations)
    reply = says(meeting, "ACCEPTED", words="Буду!", date="12:01:00")
    await bench.receive(reply, says(meeting, "TENTATIVE", by="vera@partner.example"))
    after = await bench.stored(meeting["_id"])
    assert answers(after) == {"anna@example.com": "accepted", "vera@partner.example": "tentative"}
    anna = after["invited"]["guests"][0]
    assert (anna["words"], anna["interaction_id"], anna["answered_at"]) == ("Буду!", reply.id, iso(reply.at))
    assert (await bench.repository.chains.get(meeting["chain_id"]) or {})["awaits"] == "answer"
    # Of the client in the chain that it is about; of the partner, who was copied, in one beside.
    assert (await bench.stored(reply.id))["chain_id"] == meeting["chain_id"]
    told = [event for event in bench.bus.events("notices") if isinstance(event, NoticeGiven) and not event.by]
    assert {(one.kind, one.to, one.what) for one in told} == {("invitation", ("olga", "boris"), meeting["_id"])}
    again = await bench.stored(meeting["_id"])
    await bench.receive(reply)
    assert await bench.stored(meeting["_id"]) == again


async def test_nobody_answers_for_another_nor_to_an_earlier_time_nor_to_what_he_was_not_invited_to(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    meeting = await invited(bench, by_hand, invitations)
    other = await planned(by_hand, NOON + DAY, participants=[ANNA])
    moved = await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 2 * DAY), actor=OLGA)
    await bench.follow()
    spoofed = says(moved, "ACCEPTED", words="Да", hour=12)
    forged = {**moved, "invited": {**moved["invited"], "uid": f"{other['_id']}@romashka.example"}}
    await bench.receive(
        says(moved, "ACCEPTED", by="mallory@evil.example", whose="anna@example.com"),
        says(moved, "ACCEPTED", by="mallory@evil.example"),
        says(meeting, "ACCEPTED"),
        spoofed.model_copy(update={"authentication": Authentication(dmarc="fail")}),
        says(forged, "DECLINED", hour=11),
    )
    assert set(answers(await bench.stored(meeting["_id"])).values()) == {"waiting"}
    assert (await bench.stored(other["_id"]))["invited"] is None


async def test_another_time_that_a_guest_proposes_is_shown_until_he_answers(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    meeting = await invited(bench, by_hand, invitations)
    await bench.receive(says(meeting, "TENTATIVE", method="COUNTER", hour=15, date="12:01:00"))
    proposed = (await bench.stored(meeting["_id"]))["invited"]["guests"][0]
    assert (proposed["answer"], proposed["proposal"]["at"]) == ("waiting", iso(NOON + 2 * DAY))
    assert proposed["proposal"]["minutes"] == 90
    (chain,) = await bench.chains()
    assert chain["awaits"] == "answer"
    bench.clock.set(NOON + timedelta(minutes=2))
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 2 * DAY), actor=OLGA)
    await bench.follow()
    moved = await bench.stored(meeting["_id"])
    (chain,) = await bench.chains()
    assert (chain["awaits"], moved["invited"]["guests"][0]["proposal"]) == ("client", None)
    await bench.receive(says(moved, "ACCEPTED", date="12:03:00"))
    (chain,) = await bench.chains()
    assert chain["awaits"] == "client", "that he comes needs no answer"
    guest = (await bench.stored(meeting["_id"]))["invited"]["guests"][0]
    assert (guest["answer"], guest["proposal"]) == ("accepted", None)


async def test_an_invitation_that_came_in_is_answered_planned_moved_and_called_off(
    bench: Bench, invitations: Invitations
) -> None:
    guest = f"ATTENDEE;RSVP=TRUE:mailto:{US}\r\n"
    fields: dict[str, Any] = {"uid": "u1", "by": "chief@x.example", "organizer": "chief@x.example", "guest": guest}
    first = arrived(calendar_mail("REQUEST", **fields))
    await bench.receive(first)
    at = NOON + DAY + timedelta(hours=19)
    assert (await bench.stored(first.id))["invitation"]["at"] == at.isoformat().replace("+00:00", "Z")
    mail = await invitations.answer(first.id, RsvpForm(answer="accepted", text="Придём"), actor=OLGA)
    again = await invitations.answer(first.id, RsvpForm(answer="accepted"), actor=OLGA)
    assert again["rsvps"] == mail["rsvps"]
    (reply,) = sent(bench)
    event = event_of(reply)
    assert (reply.account, [one.address for one in reply.to]) == ("mb_support", ["email:chief@x.example"])
    assert (reply.calendar and reply.calendar.method, event["UID"], event["COMMENT"]) == ("REPLY", "u1", "Придём")
    assert (str(event["ATTENDEE"]), event["ATTENDEE"].params["PARTSTAT"]) == (f"mailto:{US}", "ACCEPTED")
    meeting = await bench.stored(mail["rsvps"][0]["meeting_id"])
    assert (meeting["plan_at"], meeting["plan"]["minutes"], meeting["diary"]) == (iso(at), 90, ["olga"])
    # Another time comes in the same chain, and stands in the calendar once it was accepted, too.
    later = arrived(calendar_mail("REQUEST", **fields, sequence=1, hour=12))
    await bench.receive(later)
    assert (await bench.stored(later.id))["chain_id"] == mail["chain_id"]
    assert (await bench.stored(meeting["_id"]))["plan_at"] == iso(at)
    await invitations.answer(later.id, RsvpForm(answer="accepted"), actor=BORIS)
    moved = await bench.stored(meeting["_id"])
    assert (moved["plan_at"], moved["diary"]) == (iso(at + timedelta(hours=2)), ["olga", "boris"])
    await invitations.answer(later.id, RsvpForm(answer="declined"), actor=BORIS)
    assert (await bench.stored(meeting["_id"]))["diary"] == ["olga"]
    await bench.receive(arrived(calendar_mail("CANCEL", **fields)))  # of the time before, and late
    assert (await bench.stored(meeting["_id"]))["fact"] is None
    forged = calendar_mail("CANCEL", **{**fields, "by": "mallory@evil.example"}, sequence=2)
    await bench.receive(arrived(forged))
    assert (await bench.stored(meeting["_id"]))["fact"] is None
    await bench.receive(arrived(calendar_mail("CANCEL", **fields, sequence=2)))
    assert (await bench.stored(meeting["_id"]))["fact"]["held"] is False


async def test_of_a_series_another_time_than_the_planned_one_is_called_off_without_it(
    bench: Bench, invitations: Invitations
) -> None:
    fields: dict[str, Any] = {"uid": "u1", "by": "chief@x.example", "organizer": "chief@x.example"}
    weekly = arrived(calendar_mail("REQUEST", **fields, guest="RRULE:FREQ=WEEKLY\r\n"))
    await bench.receive(weekly)
    mail = await invitations.answer(weekly.id, RsvpForm(answer="accepted"), actor=OLGA)
    for hour, fact in ((12, None), (10, False)):
        one = f"RECURRENCE-ID;TZID=Europe/Moscow:20260304T{hour}0000\r\n"
        await bench.receive(arrived(calendar_mail("CANCEL", **fields, guest=one, sequence=1, hour=hour)))
        meeting = await bench.stored(mail["rsvps"][0]["meeting_id"])
        assert (meeting["fact"] and meeting["fact"]["held"]) == fact


async def test_whoever_changes_his_mind_often_answers_each_time(
    bench: Bench, invitations: Invitations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_MOST_RSVPS", 2)
    first = arrived(calendar_mail("REQUEST", uid="u1", by="chief@x.example", organizer="chief@x.example"))
    await bench.receive(first)
    for number in range(6):
        answer = RsvpForm(answer="declined" if number % 2 else "accepted")
        mail = await invitations.answer(first.id, answer, actor=OLGA)
        assert mail["rsvps"][-1]["answer"] == answer.answer
    assert len({message.id for message in sent(bench)}) == 6


async def test_only_what_is_planned_with_somebody_to_write_to_is_invited_to(
    bench: Bench, by_hand: ByHand, invitations: Invitations
) -> None:
    await bench.receive(an_ordinary := arrived(b"From: a@b.example\r\nSubject: x\r\n\r\nx"))
    with pytest.raises(Conflict):
        await invitations.invite(an_ordinary.id, INVITE, actor=OLGA)
    with pytest.raises(Conflict):
        await invitations.answer(an_ordinary.id, RsvpForm(answer="accepted"), actor=OLGA)
    by_phone = await planned(by_hand, NOON + DAY, participants=[{"address": "+7 916 123-45-67"}])
    for form, field in ((INVITE, "participants"), (InvitationForm(account="bot"), "account")):
        with pytest.raises(InvalidInput) as refused:
            await invitations.invite(by_phone["_id"], form, actor=OLGA)
        assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART:99999999T999999Z",
        "DTSTART:20260304T100000Z\r\nSEQUENCE:x",
        "DTSTART;VALUE=DATE:00010101\r\nDTEND:x",
        "DTSTART:99991231T235900Z",
        "DTSTART:00010101T000000Z",
    ],
)
def test_a_calendar_that_cannot_be_read_is_a_mail_like_any_other(lines: str) -> None:
    body = (
        f"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nORGANIZER:mailto:a@b.example\r\n{lines}\r\n"
    )
    raw = f"From: a@b.example\r\nContent-Type: text/calendar\r\n\r\n{body}END:VEVENT\r\nEND:VCALENDAR\r\n"
    found: Event = arrived(raw.encode())
    assert isinstance(found, InteractionReceived)
    assert (found.invitation, found.participants[0]) == (None, a_participant(address="a@b.example"))
