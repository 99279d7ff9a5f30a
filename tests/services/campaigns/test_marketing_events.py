"""Marketing events: invited once, no seat given twice, checked in once, each state in the chain, and what follows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.interaction import SendMessage
from hub.contracts.lead import TouchRecorded
from hub.kit.errors import Conflict, InvalidInput, NotFound, TransientError
from hub.store.base import Document
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.doors import public as doors
from services.campaigns.marketingevents.following import Following
from services.campaigns.marketingevents.invitations import Invitations
from services.campaigns.marketingevents.inviting import Invite
from services.campaigns.marketingevents.links import Links
from services.campaigns.marketingevents.models import EventForm, InviteForm
from services.campaigns.marketingevents.people import People
from services.campaigns.marketingevents.repository import EventRepository
from services.campaigns.marketingevents.service import MarketingEvents
from services.campaigns.messages.service import Messages
from services.campaigns.sources.models import NewSource
from services.campaigns.sources.repository import SourceRepository
from services.campaigns.sources.service import Sources
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER, Desk, a_client
from tests.services.campaigns.mailing_desk import Ours, Post, a_post

LETTER = {
    "ru": {"subject": "{{ data.title }}", "text": "{{ data.when }}: {{ data.event_url }} {{ data.calendar_url }}"}
}
ANNA = Actor(login="anna", reach=("owner:anna",), reads=("owner:anna",))


@dataclass
class Book:
    """The interactions service, as far as guests need it; what is refused is in `refuses`."""

    lines: list[tuple[str, ...]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    lost: str = ""

    def _once(self, key: str, *line: str) -> None:
        if self.lost and self.lost in line:
            raise TransientError("the service interactions does not answer")
        if line[0] in self.refuses:
            raise Conflict(f"{line[0]} is refused")
        if key not in self.done:
            self.done.add(key)
            self.lines.append(line)

    async def contact(self, client: str, given: Document, *, actor: Actor, key: str) -> str:  # noqa: ARG002
        self._once(key, "contact", client, given["text"])
        return f"in_{client}"

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None:  # noqa: ARG002
        self._once(key, "note", interaction, text)

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None:  # noqa: ARG002
        self._once(key, "task", interaction, f"{given['title']} {given['assignee']}")

    async def opened(self, address: str, name: str, *, actor: Actor, key: str) -> str:  # noqa: ARG002
        self._once(key, "client", address, name)
        return "cl_new"

    async def enter(self, given: str, clients: Sequence[str], *, actor: Actor) -> dict[str, str]:  # noqa: ARG002
        self.lines.append(("enters", given, *clients))
        return dict.fromkeys(clients, "")


class Fair:
    """A marketer with an event."""

    def __init__(self, post: Post, kept: tuple[SourceRepository, EventRepository]) -> None:
        desk = post.desk
        self.post, self.desk, self.repository, self.chains = post, desk, kept[1], Book()
        kept[0].sources.on(desk.bus, desk.clock)
        self.sources = Sources(kept[0], desk.clock)
        self.links = Links(master=MASTER, base=BASE)
        self.events = MarketingEvents(self.repository, self.sources, desk.columns, desk.clock)
        self.following = Following(
            self.repository,
            self.events,
            chains=self.chains,
            whose=desk.columns,
            enters=self.chains,
            bus=desk.bus,
            clock=desk.clock,
        )
        letters = Messages(
            post.repository,
            templates=desk.templates,
            consents=desk.consents,
            accounts=Ours(),
            whose=desk.columns,
            bus=desk.bus,
            clock=desk.clock,
            master=MASTER,
            base=BASE,
        )
        people = People(desk.columns, desk.lists, post.repository, desk.consents)
        self.job = Invite(self.repository, people, letters, self.links, desk.clock)
        self.invitations = Invitations(
            self.events,
            desk.consents,
            self.links,
            {"template": desk.templates, "list": desk.lists, "mailing": post.mailings},
        )

    async def form(self, **over: Any) -> EventForm:
        source = await self.sources.add(NewSource.model_validate({"channel": "events"}), actor=MARKETER)
        fields = {
            "title": "Новые кухни",
            "starts": "2026-03-12T19:00:00",
            "source": source["_id"],
            "place": "Тверская, 1",
        }
        return EventForm.model_validate({**fields, **over})

    async def add(self, **over: Any) -> str:
        return str((await self.events.add(await self.form(**over), actor=MARKETER, key=None))["_id"])

    async def invite(self, event: str, actor: Actor = MARKETER, **given: Any) -> list[Document]:
        """The guests then, in order."""
        args = await self.invitations.prepared(event, InviteForm.model_validate(given), actor)
        cursor: str | None = None
        while True:
            step = await self.job.step(args, cursor)
            assert step.act
            await step.act()
            if (cursor := step.cursor) is None:
                return await self.guests(event)

    async def guests(self, event: str) -> list[Document]:
        return (await self.events.guests(event, None, MARKETER, limit=500, after=None)).items

    async def states(self, event: str) -> list[str]:
        return [one["state"] for one in await self.guests(event)]

    async def say(self, event: str, number: int, answer: str, how: str = "hand") -> Document:
        return await self.events.answer((await self.guests(event))[number], answer, by="petr", how=how)

    async def page(self, guest: Document, *, answer: str = "", rest: str = "", **headers: str) -> httpx.Response:
        http = FastAPI()
        http.include_router(doors(self.events, self.repository, self.desk.clock, MASTER).doors)
        url = self.links.url(guest["event"], guest["number"]) + rest
        async with httpx.AsyncClient(transport=httpx.ASGITransport(http), headers=headers) as client:
            return await (client.post(url, data={"answer": answer}) if answer else client.get(url))


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, EventRepository]:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store), EventRepository(store)


@pytest.fixture
async def fair(kept: tuple[SourceRepository, EventRepository], desk: Desk) -> Fair:
    post = await a_post(desk)
    await desk.hear(*(a_client(number) for number in range(1, 6)))
    return Fair(post, kept)


async def test_each_is_a_guest_once_and_gets_one_letter_with_his_own_link_and_calendar(fair: Fair) -> None:
    event, template = await fair.add(), await fair.post.template(bodies=LETTER)
    how = {"template": template, "account": "mb_1", "topic": "offers"}
    for _ in range(2):
        guests = await fair.invite(event, clients=["cl_1", "cl_2", "cl_1"], addresses=["a1@example.com"], **how)
    assert [(one["client_id"], one["address"], one["state"]) for one in guests] == [
        ("cl_1", "email:a1@example.com", "invited"),
        ("cl_2", "email:a2@example.com", "invited"),
    ]
    sent = fair.post.events(SendMessage)
    assert sorted(one.to[0].address for one in sent) == ["email:a1@example.com", "email:a2@example.com"]
    url = fair.links.url(event, 0)
    assert sent[0].values[:2] == ("Новые кухни", f"12 марта 2026, 19:00 (Europe/Moscow): {url} {url}/calendar")


async def test_who_said_no_to_the_topic_or_has_no_address_is_no_guest_yet_and_why_is_told(fair: Fair) -> None:
    event, template = await fair.add(), await fair.post.template(bodies=LETTER)
    said = fair.desk.consents.said("email:a1@example.com", "withdrawn", topic="offers", source="page", words="x")
    await fair.desk.consents.publish([said])
    await fair.desk.follow()
    await fair.desk.hear(a_client(9, addresses=[{"address": "phone:+79160000099"}]))
    guests = await fair.invite(event, clients=["cl_1", "cl_9"], template=template, account="mb_1", topic="offers")
    assert [(one["state"], one["reason"]) for one in guests] == [
        ("unreached", "he said no on 2026-03-02: he is not written to about offers"),
        ("unreached", "address: he has none for email"),
    ]
    assert fair.post.events(SendMessage) == []


async def test_clients_whom_one_does_not_see_are_not_invited_and_their_guests_not_shown(fair: Fair) -> None:
    await fair.desk.hear(a_client(7, seen_by=["owner:anna"]))
    event = await fair.add(responsible="anna")
    guests = await fair.invite(event, ANNA, clients=["cl_1", "cl_7"], addresses=["a1@example.com", "new@example.com"])
    assert sorted(one["client_id"] or one["address"] for one in guests) == ["cl_7", "email:new@example.com"]
    await fair.invite(event, clients=["cl_1"])
    hers = (await fair.events.guests(event, None, ANNA, limit=9, after=None)).items
    assert sorted(one["client_id"] or one["address"] for one in hers) == ["cl_7", "email:new@example.com"]
    with pytest.raises(NotFound):
        await fair.events.guest(event, (await fair.guests(event))[-1]["_id"], ANNA)


async def test_no_seat_is_given_twice_however_many_confirm_at_once(fair: Fair) -> None:
    event = await fair.add(seats=2)
    await fair.invite(event, clients=[f"cl_{number}" for number in range(1, 6)])
    await asyncio.gather(*(fair.say(event, number, "confirmed") for number in range(5)))
    assert sorted(await fair.states(event)) == ["confirmed", "confirmed", "waiting", "waiting", "waiting"]
    counts = await fair.events.counts(await fair.events.get(event, MARKETER))
    assert (counts["confirmed"], counts["waiting"], counts["invited"]) == (2, 3, 0)


async def test_who_waits_longest_has_the_seat_that_becomes_free(fair: Fair) -> None:
    event = await fair.add(seats=1)
    await fair.invite(event, clients=["cl_1", "cl_2", "cl_3"])
    for number in range(3):
        await fair.say(event, number, "confirmed")
    await fair.say(event, 0, "declined")
    assert await fair.states(event) == ["declined", "confirmed", "waiting"]
    await fair.events.change(event, await fair.form(seats=2), actor=MARKETER)
    assert await fair.states(event) == ["declined", "confirmed", "confirmed"]
    with pytest.raises(InvalidInput, match="seats: 2 seats are taken"):
        await fair.events.change(event, await fair.form(seats=1), actor=MARKETER)


async def test_a_guest_is_checked_in_once_by_his_code_or_by_hand_and_one_without_a_seat_only_where_one_is_free(
    fair: Fair,
) -> None:
    event = await fair.add(seats=2)
    first, second, third = await fair.invite(event, clients=["cl_1", "cl_2", "cl_3"])
    await fair.say(event, 0, "confirmed")
    assert (await fair.events.check_in_code(event, first["code"].lower(), actor=MARKETER))["state"] == "attended"
    with pytest.raises(Conflict, match="checked in already"):
        await fair.events.check_in(first, actor=MARKETER)
    assert (await fair.events.check_in(second, actor=MARKETER))["state"] == "attended"
    with pytest.raises(Conflict, match="none is free"):
        await fair.events.check_in(third, actor=MARKETER)
    with pytest.raises(NotFound, match="no guest of this event has this code"):
        await fair.events.check_in_code(event, "AAAAAAAA", actor=MARKETER)


async def test_whoever_only_looks_at_his_page_answers_nothing_and_what_he_posts_counts(fair: Fair) -> None:
    event = await fair.add()
    (guest,) = await fair.invite(event, clients=["cl_1"])
    looked = await fair.page(guest, **{"accept-language": "ru"})
    assert (looked.status_code, "Вы придёте?" in looked.text, "12 марта 2026, 19:00" in looked.text) == (
        200,
        True,
        True,
    )
    assert "default-src 'none'" in looked.headers["content-security-policy"]
    assert await fair.states(event) == ["invited"]
    said = await fair.page(guest, answer="yes", **{"accept-language": "en"})
    assert f"Your code at the door: {guest['code']}" in said.text
    assert "I will not come" in said.text
    await fair.page(guest, answer="no")
    assert await fair.states(event) == ["declined"]
    await fair.page(guest, answer="perhaps")
    assert await fair.states(event) == ["declined"]


async def test_a_link_that_was_changed_leads_nowhere_and_after_the_event_nothing_is_answered(fair: Fair) -> None:
    event = await fair.add()
    (guest,) = await fair.invite(event, clients=["cl_1"])
    forged = await fair.page({**guest, "number": 1})
    assert forged.status_code == 404
    fair.desk.clock.advance(timedelta(days=20))
    late = await fair.page(guest, answer="yes", **{"accept-language": "en"})
    assert "nothing can be answered any more" in late.text
    assert await fair.states(event) == ["invited"]


async def test_the_calendar_of_a_guest_has_the_event_in_utc(fair: Fair) -> None:
    event = await fair.add(text="Покажем; расскажем", minutes=90)
    (guest,) = await fair.invite(event, clients=["cl_1"])
    file = await fair.page(guest, rest="/calendar")
    assert file.headers["content-type"].startswith("text/calendar")
    lines = file.text.replace("\r\n ", "").splitlines()
    assert [
        line for line in lines if line.startswith(("DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION"))
    ] == [
        "SUMMARY:Новые кухни",
        "DTSTART:20260312T160000Z",
        "DTEND:20260312T173000Z",
        "DESCRIPTION:Покажем\\; расскажем",
        "LOCATION:Тверская\\, 1",
    ]


async def test_whoever_changes_his_mind_without_end_by_his_link_is_stopped_and_an_employee_is_not(fair: Fair) -> None:
    event = await fair.add()
    (guest,) = await fair.invite(event, clients=["cl_1"])
    for _ in range(25):
        await fair.say(event, 0, "confirmed", "link")
        await fair.say(event, 0, "declined", "link")
    refused = await fair.page(guest, answer="yes", **{"accept-language": "en"})
    assert "The answer cannot be taken now" in refused.text
    assert (await fair.say(event, 0, "confirmed"))["state"] == "confirmed"


async def test_every_state_of_a_guest_is_in_his_clients_chain_once_and_shows_the_source_of_the_event(
    fair: Fair,
) -> None:
    event = await fair.add()
    await fair.invite(event, clients=["cl_1"])
    await fair.say(event, 0, "confirmed", "link")
    for _ in range(2):
        await fair.following.look()
    await fair.say(event, 0, "declined")
    await fair.following.look()
    begins = "«Новые кухни», 12 марта 2026, 19:00 (Europe/Moscow): "
    assert fair.chains.lines == [
        ("contact", "cl_1", f"{begins}Приглашён · Invited"),
        ("note", "in_cl_1", f"{begins}Придёт, место за ним · Will come, has a seat"),
        ("note", "in_cl_1", f"{begins}Не придёт · Will not come"),
    ]
    source = (await fair.events.get(event, MARKETER))["source"]
    touches = [one.event for one in fair.desk.bus.published if isinstance(one.event, TouchRecorded)]
    assert [(one.whose, one.source, one.evidence.kind) for one in touches] == [("cl_1", source, "form")]


async def test_an_address_of_nobody_becomes_a_client_when_he_confirms(fair: Fair) -> None:
    event = await fair.add()
    await fair.invite(event, addresses=["new@example.com"])
    await fair.following.look()
    assert fair.chains.lines == []
    await fair.say(event, 0, "confirmed", "link")
    await fair.following.look()
    assert [line[:2] for line in fair.chains.lines] == [("client", "email:new@example.com"), ("contact", "cl_new")]


async def test_who_was_invited_by_an_address_before_he_was_a_client_is_no_guest_again(fair: Fair) -> None:
    event, template = await fair.add(seats=1), await fair.post.template(bodies=LETTER)
    how = {"template": template, "account": "mb_1", "topic": "offers"}
    await fair.invite(event, addresses=["new@example.com", "silent@example.com"], **how)
    await fair.say(event, 0, "confirmed", "link")
    await fair.following.look()
    silent = a_client(9, addresses=[{"address": "email:silent@example.com"}])
    await fair.desk.hear(a_client(8, id="cl_new", addresses=[{"address": "email:new@example.com"}]), silent)
    guests = await fair.invite(event, clients=["cl_9", "cl_new"], addresses=["new@example.com"], **how)
    assert [one["address"] for one in guests] == ["email:new@example.com", "email:silent@example.com"]
    assert len(fair.post.events(SendMessage)) == 2


async def test_a_guest_whose_client_was_merged_is_that_clients_guest_and_whoever_sees_him_sees_it(fair: Fair) -> None:
    event = await fair.add(responsible="anna")
    await fair.invite(event, clients=["cl_1"])
    await fair.desk.hear(a_client(7, seen_by=["owner:anna"]), a_client(1, revision=2, into="cl_7"))
    await fair.invite(event, ANNA, clients=["cl_7"])
    hers = (await fair.events.guests(event, None, ANNA, limit=9, after=None)).items
    assert [one["client_id"] for one in hers] == ["cl_1"]


async def test_when_it_is_over_those_who_came_and_those_who_did_not_are_followed_up_once(fair: Fair) -> None:
    after = {"attended": {"task": "Позвонить"}, "absent": {"sequence": "sq_1"}}
    event = await fair.add(**after)
    await fair.invite(event, clients=["cl_1", "cl_2", "cl_3"])
    for number in (0, 1):
        await fair.say(event, number, "confirmed")
    await fair.events.check_in((await fair.guests(event))[0], actor=MARKETER)
    with pytest.raises(Conflict, match="it has not begun"):
        await fair.events.close(event, actor=MARKETER)
    fair.desk.clock.advance(timedelta(days=11))
    for _ in range(2):
        await fair.events.close(event, actor=MARKETER)
        await fair.following.look()
    assert await fair.states(event) == ["attended", "absent", "invited"]
    assert sorted(line for line in fair.chains.lines if line[0] in ("task", "enters")) == [
        ("enters", "sq_1", "cl_2"),
        ("task", "in_cl_1", "Позвонить petr"),
    ]
    with pytest.raises(Conflict, match="it is over"):
        await fair.say(event, 2, "confirmed")


async def test_what_is_refused_is_noted_with_the_guest_and_holds_up_nothing_else(fair: Fair) -> None:
    event = await fair.add(attended={"task": "Позвонить"})
    await fair.invite(event, clients=["cl_1", "cl_2"])
    fair.chains.refuses = {"contact"}
    await fair.following.look()
    fair.chains.refuses = set()
    await fair.say(event, 0, "confirmed")
    await fair.following.look()
    first, second = await fair.guests(event)
    assert [line[0] for line in fair.chains.lines] == ["contact"]
    assert (second["reason"], "owes" in first, "owes" in second) == ("contact is refused", False, False)


async def test_a_guest_whose_chain_cannot_be_reached_holds_up_no_other(fair: Fair) -> None:
    event = await fair.add()
    await fair.invite(event, clients=["cl_1", "cl_2", "cl_3"])
    fair.chains.lost = next(iter(await fair.repository.owing_guests()))["client_id"]
    with pytest.raises(TransientError):
        await fair.following.look()
    assert len(fair.chains.lines) == 2
    fair.chains.lost = ""
    await fair.following.look()
    assert len({line[1] for line in fair.chains.lines}) == len(fair.chains.lines) == 3


async def test_what_a_crash_left_between_the_event_and_its_guests_is_settled_later(fair: Fair) -> None:
    event = await fair.add()
    (guest,) = await fair.invite(event, clients=["cl_1"])
    said = {"by": "petr", "how": "hand", "at": "2026-03-02T12:00:00.000000Z"}
    await fair.repository.amend(event, lambda now: seats.confirmed(now, guest["number"], **said))
    assert await fair.states(event) == ["invited"]
    for _ in range(2):
        await fair.following.look()
    assert await fair.states(event) == ["confirmed"]
    assert [line[0] for line in fair.chains.lines] == ["contact", "note"]


async def test_of_two_who_change_an_event_at_once_the_later_one_is_told_so(fair: Fair) -> None:
    event = await fair.add()
    await fair.events.change(event, await fair.form(place="Зал 1", version=1), actor=MARKETER)
    await fair.events.change(event, await fair.form(place="Зал 1", version=1), actor=MARKETER)
    with pytest.raises(Conflict, match="version 2"):
        await fair.events.change(event, await fair.form(place="Зал 2", version=1), actor=MARKETER)


async def test_an_event_that_was_cancelled_takes_no_answer_and_invites_nobody(fair: Fair) -> None:
    event = await fair.add()
    await fair.invite(event, clients=["cl_1"])
    await fair.events.cancel(event, actor=MARKETER)
    with pytest.raises(Conflict, match="it is cancelled"):
        await fair.say(event, 0, "confirmed")
    with pytest.raises(Conflict, match="nobody is invited"):
        await fair.invite(event, clients=["cl_2"])


async def test_what_is_not_there_is_refused_by_its_field(fair: Fair) -> None:
    event = await fair.add()
    with pytest.raises(InvalidInput, match="list: "):
        await fair.invite(event, list="lst_404")
    with pytest.raises(InvalidInput, match=r"addresses\.1: "):
        await fair.invite(event, addresses=["a@example.com", "rubbish"])
    with pytest.raises(ValidationError, match="name clients, addresses, a list or a mailing"):
        await fair.invite(event)
    with pytest.raises(ValidationError, match="is no time zone"):
        await fair.add(time_zone="Moskau")
    with pytest.raises(InvalidInput, match="source: "):
        await fair.add(source="src_404")
