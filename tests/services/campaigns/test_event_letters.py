"""Mailings to the guests of an event with each one's own links, and guests told of a move or the end of it: once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.interaction import SendMessage
from hub.jobs.models import Args
from hub.kit.errors import InvalidInput
from hub.store.base import Document
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.service import Mailings
from services.campaigns.marketingevents.guestlist import GuestList
from services.campaigns.marketingevents.notices import Notices, Tell
from services.campaigns.marketingevents.service import MarketingEvents
from services.campaigns.messages.service import Messages
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER, Desk, a_client
from tests.services.campaigns.mailing_desk import Ours
from tests.services.campaigns.test_marketing_events import Fair
from tests.services.campaigns.test_marketing_events import fair as fair
from tests.services.campaigns.test_marketing_events import kept as kept

HTML = '<p>{{ data.title }} {{ data.event_url }} {{ data.calendar_url }}</p><a href="{{ unsubscribe_url }}">x</a>'
WORDS = {
    "ru": {"text": "{{ data.title }}: {{ data.was_when }}, {{ data.was_place }} → {{ data.when }}, {{ data.place }}"}
}

WHEN = "12 марта 2026, 19:00 (Europe/Moscow)"


class Jobs:
    """Begins each job once, and steps it."""

    def __init__(self, job: Tell) -> None:
        self.job = job
        self.begun: dict[str, Args] = {}

    async def begin(self, kind: str, args: Args, *, by: str, key: str | None = None) -> Any:
        assert (kind, by) == ("event.tell", "petr")
        self.begun.setdefault(str(key), args)

    async def run(self, *, times: int = 1) -> None:
        """Every job from its beginning, so often, as after kills."""
        for args in list(self.begun.values()) * times:
            cursor: str | None = None
            while True:
                step = await self.job.step(args, cursor)
                if step.act:
                    await step.act()
                if (cursor := step.cursor) is None:
                    break


class Telling:
    """An event with words for its guests."""

    def __init__(self, fair: Fair) -> None:
        desk = fair.desk
        self.fair = fair
        fair.events = MarketingEvents(fair.repository, fair.sources, desk.columns, desk.clock, desk.templates)
        letters = Messages(
            fair.post.repository,
            templates=desk.templates,
            consents=desk.consents,
            accounts=Ours(),
            whose=desk.columns,
            bus=desk.bus,
            clock=desk.clock,
            master=MASTER,
            base=BASE,
        )
        self.jobs = Jobs(Tell(fair.repository, letters, fair.links))
        self.notices = Notices(fair.repository, self.jobs)

    async def event(self, topic: str | None = None, **over: Any) -> str:
        template = await self.fair.post.template(channel="sms", bodies=WORDS)
        notices = {"moved": template, "cancelled": template, "account": "num_1", "topic": topic}
        event = await self.fair.add(notices=notices, **over)
        await self.fair.invite(event, addresses=[f"+7916000000{n}" for n in range(1, 5)])
        for number, answer in ((0, "confirmed"), (1, "declined"), (2, "confirmed")):
            await self.fair.say(event, number, answer)
        return event

    async def change(self, event: str, **over: Any) -> None:
        stored = await self.fair.events.get(event, MARKETER)
        form = await self.fair.form(source=stored["source"], notices=stored["notices"], **over)
        await self.fair.events.change(event, form, actor=MARKETER)

    async def told(self, *, times: int = 1) -> list[SendMessage]:
        await self.notices.look()
        await self.jobs.run(times=times)
        sent: dict[str, SendMessage] = {one.id: one for one in self.fair.post.events(SendMessage)}
        return sorted(sent.values(), key=lambda one: one.to[0].address)


@pytest.fixture
async def telling(fair: Fair) -> Telling:
    return Telling(fair)


def whom(sent: Sequence[SendMessage]) -> list[str]:
    return [one.to[0].address[-1] for one in sent]


# --- told ---


async def test_who_comes_is_told_once_of_another_place_with_what_it_was_before(telling: Telling) -> None:
    event = await telling.event()
    await telling.change(event, place="Арбат, 2")
    sent = await telling.told(times=3)
    assert whom(sent) == ["1", "3"]
    assert sent[0].values[1] == f"Новые кухни: {WHEN}, Тверская, 1 → {WHEN}, Арбат, 2"


async def test_what_is_no_other_time_or_place_is_told_to_nobody(telling: Telling) -> None:
    event = await telling.event()
    await telling.change(event, title="Новейшие кухни", seats=7)
    assert await telling.told() == []


async def test_the_end_of_it_is_told_and_by_a_topic_also_to_those_who_have_not_answered(telling: Telling) -> None:
    event = await telling.event(topic="offers")
    said = telling.fair.desk.consents.said(
        "phone:+79160000003", "withdrawn", topic="offers", source="page", words="x"
    )
    await telling.fair.desk.consents.publish([said])
    await telling.fair.desk.follow()
    await telling.fair.events.cancel(event, actor=MARKETER)
    await telling.fair.events.cancel(event, actor=MARKETER)
    assert whom(await telling.told(times=2)) == ["1", "4"]
    guests = {one["address"][-1]: one["reason"] for one in await telling.fair.guests(event)}
    assert "he said no" in guests["3"]
    assert guests["2"] == ""


async def test_who_was_not_told_of_one_change_is_told_of_both_at_once(telling: Telling) -> None:
    event = await telling.event()
    await telling.change(event, place="Арбат, 2")
    await telling.change(event, place="Арбат, 3")
    sent = await telling.told()
    assert whom(sent) == ["1", "3"]
    assert "Тверская, 1 →" in sent[0].values[1]
    assert sent[0].values[1].endswith("Арбат, 3")


async def test_who_waits_to_be_told_of_a_change_is_told_what_he_knows_and_not_what_nobody_told_him(
    telling: Telling,
) -> None:
    event = await telling.event()
    await telling.change(event, place="Арбат, 2")
    await telling.notices.look()
    await telling.change(event, place="Арбат, 3")
    sent = await telling.told()
    assert {one.values[1].partition(": ")[2] for one in sent} == {f"{WHEN}, Тверская, 1 → {WHEN}, Арбат, 3"}
    await telling.change(event, place="Арбат, 4")
    last = [one for one in await telling.told() if one not in sent]
    assert {one.values[1].partition(": ")[2] for one in last} == {f"{WHEN}, Арбат, 3 → {WHEN}, Арбат, 4"}


async def test_a_kill_before_the_job_was_begun_or_after_leaves_nobody_untold(telling: Telling) -> None:
    event = await telling.event()
    await telling.change(event, starts="2026-03-13T19:00:00")
    found = (await telling.fair.repository.events.get(event)) or {}
    assert found["tells"], "it is owed together with the change"
    before = dict(found)
    await telling.notices.look()
    after: Document = (await telling.fair.repository.events.get(event)) or {}
    await telling.fair.repository.events.swap({**before, "_v": after["_v"]})
    assert whom(await telling.told()) == ["1", "3"]
    assert len(telling.jobs.begun) == 1


async def test_who_was_invited_after_a_change_knows_no_other_event(telling: Telling) -> None:
    event = await telling.event()
    await telling.change(event, place="Арбат, 2")
    telling.fair.desk.clock.advance(timedelta(minutes=1))
    await telling.fair.invite(event, addresses=["+79160000009"])
    await telling.fair.say(event, 4, "confirmed")
    assert whom(await telling.told()) == ["1", "3"]


async def test_an_event_that_has_begun_is_not_told_to_be_elsewhere(telling: Telling) -> None:
    event = await telling.event()
    telling.fair.desk.clock.advance(timedelta(days=30))
    await telling.change(event, place="Арбат, 2")
    assert await telling.told() == []


async def test_a_template_that_cannot_tell_is_refused_with_its_field(telling: Telling) -> None:
    letter = await telling.fair.post.template(channel="post", bodies={"ru": {"text": "x"}})
    with pytest.raises(InvalidInput, match=r"notices\.moved: .* letters by post"):
        await telling.fair.add(notices={"moved": letter, "account": "mb_1"})
    with pytest.raises(InvalidInput, match=r"notices\.cancelled"):
        await telling.fair.add(notices={"cancelled": "tpl_none", "account": "mb_1"})


# --- mailings to guests ---


@pytest.fixture
async def mailing(fair: Fair, desk: Desk) -> Fair:
    """Its post knows events."""
    post = fair.post
    post.mailings = Mailings(
        post.repository,
        templates=desk.templates,
        segments=desk.segments,
        columns=desk.columns,
        consents=desk.consents,
        accounts=Ours(),
        library=post.library,
        clock=desk.clock,
        guests=GuestList(fair.repository, fair.links),
    )
    post.launch._prepare = post.mailings.prepare
    return fair


async def letter(fair: Fair) -> list[dict[str, str]]:
    template = await fair.post.template(bodies={"ru": {"subject": "x", "html": HTML}})
    return [{"channel": "email", "template": template, "account": "mb_1"}]


async def test_a_mailing_to_guests_has_each_ones_own_links_and_means_nobody_else(mailing: Fair) -> None:
    event = await mailing.add()
    await mailing.invite(event, clients=["cl_1", "cl_2", "cl_3"], addresses=["stranger@example.com"])
    await mailing.say(event, 1, "declined")
    guests = await mailing.guests(event)
    declined = guests[1]["client_id"]
    draft = await mailing.post.draft(include=None, guests={"event": event}, messages=await letter(mailing))
    await mailing.post.frozen(draft["_id"])
    rows = await mailing.post.rows(draft["_id"])
    assert {one.get("client_id") or one["address"] for one in rows} == {
        *({"cl_1", "cl_2", "cl_3"} - {declined}),
        "email:stranger@example.com",
    }
    numbers = {one["client_id"] or one["address"]: one["number"] for one in guests}
    for row in rows:
        url = mailing.links.url(event, numbers[row.get("client_id") or row["address"]])
        assert row["variables"]["data"]["event_url"] == url
        assert row["variables"]["data"]["calendar_url"] == f"{url}/calendar"


async def test_conditions_narrow_the_guests_and_a_merged_one_is_whom_he_is_read_as(mailing: Fair) -> None:
    event = await mailing.add()
    await mailing.invite(event, clients=["cl_1", "cl_2"])
    await mailing.desk.hear(a_client(2, revision=2, into="cl_4"))
    include = {"field": "name", "value": "Анна Смирнова 4"}
    draft = await mailing.post.draft(include=include, guests={"event": event}, messages=await letter(mailing))
    counted = await mailing.post.mailings.count(draft["_id"], MARKETER)
    assert (counted.audience, counted.recipients) == (1, 1)


async def test_an_event_that_is_not_there_is_refused_when_the_mailing_is_written(mailing: Fair) -> None:
    given = {"name": "x", "topic": "offers", "messages": await letter(mailing), "guests": {"event": "mev_none"}}
    with pytest.raises(InvalidInput, match=r"guests\.event"):
        await mailing.post.mailings.add(MailingForm.model_validate(given), actor=MARKETER, key=None)
