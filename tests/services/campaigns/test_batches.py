"""Mailings by post: whose letterbox, once each; printed, posted, come back; and the ledger adds up at every step."""

import asyncio
import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from hub.api.actor import Actor
from hub.contracts.address import Consent, ConsentRecorded, ReachabilityRecorded
from hub.contracts.campaign import MailedRecorded
from hub.jobs.models import Args, JobView
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.testing.apart import SHARED
from hub.testing.builders import NOON
from hub.testing.effort import SECOND, least
from services.campaigns.batches import parts as batch_parts
from services.campaigns.batches.minding import Minding
from services.campaigns.batches.models import NewBatch, Posted, ReturnedLetter
from services.campaigns.batches.printing import PAGES, made
from services.campaigns.batches.returns import read
from services.campaigns.consent.models import Word
from services.campaigns.letterboxes import letterbox_of, parts_of, printed
from services.campaigns.mailings.models import MailingForm
from services.campaigns.sequences.models import SequenceForm
from services.campaigns.templates.models import NewTemplate
from tests.services.campaigns.conftest import MARKETER, a_client, an_address
from tests.services.campaigns.mailing_desk import Post, a_post

HOME: dict[str, Any] = {"street": "ул. Тверская", "house": "д. 1, кв. 5", "city": "Москва", "postcode": "101000"}
LETTER = {"ru": {"subject": "Весна", "text": "{{ first_name | default('Друг') }}, приходите!\n\nВаша «Ромашка»"}}
SUMS = ("queued", "sent", "suppressed", "failed", "unknown")


def at_home(number: int, *, revision: int = 1, **over: Any) -> Any:
    """Anna, who lives in a house of her own."""
    home = {**HOME, "house": str(number), **over.pop("home", {})}
    return a_client(number, **{"name": "Анна Смирнова", "revision": revision, "postal": (home,), **over})


@dataclass
class Office:
    """Where letters are printed: the jobs are stepped by hand."""

    post: Post
    parts: batch_parts.Parts

    async def mailing(self, **over: Any) -> dict[str, Any]:
        template = await self.post.template(channel="post", bodies=over.pop("bodies", LETTER))
        return await self.post.launched(messages=[{"channel": "post", "template": template}], **over)

    async def job(self, kind: str, **args: Any) -> list[dict[str, Any]]:
        """Every step twice over, as after a kill: what it told at first."""
        job = next(one for one in self.parts.jobs(SHARED) if one.kind == kind)
        cursor, told = None, []
        while True:
            step = await job.step(args, cursor)
            for _ in range(2):
                if step.act:
                    await step.act()
            told += [one.detail for one in step.results]
            if (cursor := step.cursor) is None:
                return told

    async def printed(self, mailing: dict[str, Any], **over: Any) -> dict[str, Any]:
        actor = over.pop("actor", MARKETER)
        batch = await self.parts.batches.add(mailing["_id"], NewBatch(**over), actor=actor, key=None)
        await self.job("letters.print", batch=batch["_id"])
        return await self.parts.batches.get(batch["_id"], MARKETER)

    async def posted(self, batch: dict[str, Any]) -> None:
        await self.parts.batches.begin_posting(batch["_id"], None, actor=MARKETER)
        await self.job("letters.post", batch=batch["_id"])

    async def returned(self, mailing: dict[str, Any], *letters: tuple[int, str]) -> dict[str, Any]:
        given = [ReturnedLetter(number=number, reason=reason) for number, reason in letters]
        return await self.parts.batches.returned(mailing["_id"], given, actor=MARKETER)

    async def file(self, batch: dict[str, Any], part: str) -> bytes:
        pieces = await self.parts.batches.file(batch["_id"], part, MARKETER)
        return b"".join([piece async for piece in pieces])

    async def texts(self, batch: dict[str, Any], part: str) -> list[str]:
        return [page.extract_text() for page in PdfReader(io.BytesIO(await self.file(batch, part))).pages]

    async def list(self, batch: dict[str, Any]) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((await self.file(batch, "addresses")).decode("utf-8-sig"))))

    async def sums(self, mailing: dict[str, Any]) -> dict[str, int]:
        found = await self.post.statistics(mailing["_id"])
        assert sum(found[one] for one in SUMS) == found["audience"]
        return {one: found[one] for one in SUMS if found[one]}


@pytest.fixture
async def office(desk: Any) -> Office:
    post = await a_post(desk)
    parts = batch_parts.built(
        desk.store,
        desk.blobs,
        desk.clock,
        rows=post.repository,
        mailings=post.mailings,
        outcomes=post.outcomes,
        library=post.library,
        consents=desk.consents,
    )
    await desk.store.start()
    return Office(post, parts)


def said(state: str, topic: str = "") -> Any:
    return (Consent.model_validate({"channel": "post", "topic": topic, "state": state, "at": NOON}),)


# --- letterboxes ---


def test_a_letterbox_is_one_however_it_is_written() -> None:
    other = {**HOME, "street": "ТВЕРСКАЯ улица", "house": "1 квартира 5", "city": "г. Москва", "kind": "legal"}
    assert letterbox_of([HOME])[0] == letterbox_of([other])[0] == "post:ru/101000/москва/тверская/1 кв 5"  # type: ignore[index]


def test_a_flat_is_no_building() -> None:
    flat, building = {**HOME, "house": "1 кв 2"}, {**HOME, "house": "1 корп 2"}
    assert letterbox_of([flat])[0] != letterbox_of([building])[0]  # type: ignore[index]


def test_of_two_numbers_in_a_street_the_order_says_which_is_the_house() -> None:
    one, other = ({**HOME, "street": f"ул. Ленина, д. {d}, кв. {f}", "house": ""} for d, f in ((12, 34), (34, 12)))
    assert letterbox_of([one])[0] != letterbox_of([other])[0]  # type: ignore[index]
    avenue, same = ({**HOME, "street": street} for street in ("проспект Мира", "Мира проспект"))
    assert letterbox_of([avenue])[0] == letterbox_of([same])[0]  # type: ignore[index]


@pytest.mark.parametrize("lacks", ["postcode", "city", "street"])
def test_an_address_that_lacks_what_the_post_needs_is_no_letterbox(lacks: str) -> None:
    assert letterbox_of([{**HOME, "house": "", lacks: ""}]) is None


def test_lines_stand_in_the_order_of_the_post() -> None:
    box = letterbox_of([{**HOME, "region": "Московская обл.", "contact": "Пётр"}])
    assert box is not None
    lines = ["ООО «Ромашка»", "Пётр", "ул. Тверская, д. 1, кв. 5", "Москва", "Московская обл.", "101000"]
    assert printed("ООО «Ромашка»", parts_of(box[1])) == lines


def test_a_very_long_address_is_a_name_of_bounded_length() -> None:
    one, other = ({**HOME, "street": "х" * 190 + tail} for tail in ("а", "б"))
    names = [letterbox_of([each])[0] for each in (one, other)]  # type: ignore[index]
    assert names[0] != names[1]
    assert max(map(len, names)) < 200


# --- who gets one ---


async def test_who_gets_no_letter_is_told_with_the_reason_before_the_launch(office: Office) -> None:
    await office.post.desk.hear(
        at_home(1),
        at_home(2, home={"house": "1"}),
        a_client(3),
        at_home(4, home={"postcode": ""}),
        *(at_home(n) for n in (5, 6, 7)),
        an_address("post:cl_5", consent=said("withdrawn")),
        an_address("post:ru/101000/москва/тверская/6", consent=said("withdrawn", "offers")),
        an_address("post:ru/101000/москва/тверская/7", unreachable={"since": NOON, "why": "выбыл"}),
    )
    template = await office.post.template(channel="post", bodies=LETTER)
    draft = await office.post.draft(messages=[{"channel": "post", "template": template}])
    counted = await office.post.mailings.count(draft["_id"], MARKETER)
    assert counted.recipients == 1
    expected = {"withdrawn": 2, "duplicate": 1, "no_address": 1, "incomplete": 1, "worthless": 1}
    assert counted.excluded == expected


async def test_a_topic_that_requires_a_yes_is_sent_to_whom_said_it_of_letters(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2), an_address("post:cl_2", consent=said("given", "news")))
    mailing = await office.mailing(topic="news")
    assert await office.post.states(mailing["_id"]) == {"queued": 1, "suppressed": 1}


async def test_what_a_client_says_of_letters_holds_wherever_he_moves_to(office: Office) -> None:
    await office.post.desk.hear(at_home(1), an_address("post:cl_1", consent=said("withdrawn")))
    await office.post.desk.hear(at_home(1, revision=2, home={"street": "Ленина"}))
    assert await office.post.states((await office.mailing())["_id"]) == {"suppressed": 1}


async def test_a_no_is_said_by_the_name_of_the_client_and_shown_to_those_who_see_him(office: Office) -> None:
    desk = office.post.desk
    await desk.hear(at_home(1, seen_by=("team:one",)))
    word = Word(address="post:cl_1", state="withdrawn", words="«не пишите»")
    recorded = await desk.consents.say(word, actor=MARKETER)
    assert (recorded.address, recorded.channel) == ("post:cl_1", "post")
    stranger = Actor(login="eva", reach=("team:",))
    assert [await desk.columns.sees("post:cl_1", one) for one in (MARKETER, stranger)] == [True, False]


async def test_a_letter_that_a_segment_asks_for_is_one_that_arrives(office: Office) -> None:
    await office.post.desk.hear(at_home(1), a_client(2))
    mailing = await office.mailing(include={"has": "post"})
    assert mailing["audience"] == 1


# --- printed ---


async def test_a_batch_is_labels_letters_and_a_list_in_one_order(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2, name="=cmd|calc"))
    batch = await office.printed(await office.mailing(), sender="ООО «Ромашка»")
    assert (batch["state"], batch["letters"], batch["pages"]) == ("ready", 2, 2)
    first, second = await office.texts(batch, "letters")
    assert "ООО «Ромашка»" in first
    assert "Анна, приходите!" in first
    assert "Друг, приходите!" in second
    (labels,) = await office.texts(batch, "labels")
    assert labels.index("Анна Смирнова") < labels.index("=cmd|calc")
    rows = [(one["number"], one["name"], one["address"], one["postcode"]) for one in await office.list(batch)]
    home = ("ул. Тверская, 1", "ул. Тверская, 2")
    assert rows == [("0", "Анна Смирнова", home[0], "101000"), ("1", "'=cmd|calc", home[1], "101000")]


@pytest.mark.parametrize(("sheet", "skip", "pages"), [("70x37", 23, 2), ("52x30", 0, 1), ("envelope_dl", 0, 3)])
def test_a_sheet_has_room_for_so_many_and_an_envelope_for_one(sheet: str, skip: int, pages: int) -> None:
    raw = letterbox_of([HOME])[1]  # type: ignore[index]
    people = [{"number": n, "name": "Анна", "raw": raw, "subject": "", "text": "x"} for n in range(3)]
    told = made(people, sheet, skip, "", "01.03.2026")
    assert len(PdfReader(io.BytesIO(told["labels"])).pages) == pages


async def test_who_cannot_have_a_letter_fails_alone(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2, name="Борис"))
    body = "{% if first_name == 'Борис' %}{% for n in range(4000) %}строка\n{% endfor %}{% endif %}Здравствуйте"
    mailing = await office.mailing(bodies={"ru": {"text": body}})
    batch = await office.printed(mailing)
    assert batch["letters"] == 1
    assert await office.sums(mailing) == {"queued": 1, "failed": 1}
    (failed,) = [row for row in await office.post.rows(mailing["_id"]) if row["state"] == "failed"]
    assert f"over {PAGES} pages" in failed["reason"]


@pytest.mark.parametrize(
    "over",
    [
        {"name": "Ж" * 20_000},
        {"subject": "Ж" * 100_000},
        {"text": "ж" * 250_000},
        {"text": "ж " * 250_000},
        {"text": "\n" * 490_000},
    ],
)
def test_no_letter_costs_the_others_the_time_of_their_batch(over: dict[str, Any]) -> None:
    raw = letterbox_of([HOME])[1]  # type: ignore[index]
    person = {"number": 1, "name": "Анна", "raw": raw, "subject": "", "text": "x", **over}
    assert least(lambda: made([person], "70x37", 0, "", "x"), enough=SECOND) < SECOND


@pytest.mark.slow
def test_whom_a_batch_has_no_pages_for_waits_for_the_next_one() -> None:
    raw = letterbox_of([HOME])[1]  # type: ignore[index]
    lines = "\n" * 430
    people = [{"number": n, "name": "Анна", "raw": raw, "subject": "", "text": lines} for n in range(303)]
    told = made(people, "70x37", 0, "", "x")
    assert (told["pages"], told["left_out"], told["later"]) == (3_000, {}, [300, 301, 302])


def test_emoji_and_marks_that_turn_text_round_are_left_out_of_paper() -> None:
    raw = letterbox_of([HOME])[1]  # type: ignore[index]
    text = "Весна\u202e 😀 пришла\r\n" + "без" * 200
    told = made([{"number": 1, "name": "Анна", "raw": raw, "subject": "₽", "text": text}], "70x37", 0, "", "x")
    shown = PdfReader(io.BytesIO(told["letters"])).pages[0].extract_text()
    assert "Весна" in shown
    assert not {"\u202e", "😀"} & set(shown)


async def test_who_said_no_after_the_launch_gets_no_letter(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2))
    mailing = await office.mailing()
    word = Word(address="post:cl_1", state="withdrawn", words="«не пишите»")
    await office.post.desk.consents.say(word, actor=MARKETER)
    await office.post.desk.follow()
    batch = await office.printed(mailing)
    assert batch["letters"] == 1
    assert await office.sums(mailing) == {"queued": 1, "suppressed": 1}


async def test_two_batches_have_no_letter_together(office: Office) -> None:
    await office.post.desk.hear(*(at_home(n) for n in range(1, 4)))
    mailing = await office.mailing()
    first = await office.printed(mailing)
    with pytest.raises(Conflict, match="no letter"):
        await office.printed(mailing)
    await office.parts.batches.discard(first["_id"], actor=MARKETER)
    second = await office.printed(mailing)
    assert (first["letters"], second["letters"]) == (3, 3)
    with pytest.raises(Conflict, match="discarded"):
        await office.file(first, "letters")


async def test_a_batch_has_letters_to_those_that_whoever_makes_it_sees(office: Office) -> None:
    await office.post.desk.hear(at_home(1, seen_by=("team:one",)), at_home(2, seen_by=("team:two",)))
    mailing = await office.mailing()
    one = Actor(login="eva", reach=("team:one", "team:"))
    batch = await office.printed(mailing, actor=one)
    assert batch["letters"] == 1
    with pytest.raises(NotFound):
        await office.file(batch, "labels")
    masked = Actor(login="eva", reach=("team:one", "team:"), hides=("addresses",))
    with pytest.raises(Forbidden):
        await office.parts.batches.add(mailing["_id"], NewBatch(), actor=masked, key=None)


async def test_what_cannot_be_printed_waits_for_another_batch(office: Office) -> None:
    await office.post.desk.hear(at_home(1, seen_by=("team:one",)))
    mailing = await office.mailing()
    nobody = Actor(login="eva", reach=("team:two", "team:"))
    batch = await office.parts.batches.add(mailing["_id"], NewBatch(), actor=nobody, key=None)
    with pytest.raises(InvalidInput):
        await office.job("letters.print", batch=batch["_id"])
    after = await office.parts.batches.get(batch["_id"], MARKETER)
    assert (after["state"], "no letter that you see" in after["reason"]) == ("failed", True)
    assert (await office.printed(mailing))["letters"] == 1


class Clerk:
    """Begins jobs; what became of each is said here."""

    def __init__(self, state: str) -> None:
        self.state, self.begun = state, dict[str, str]()

    async def begin(self, kind: str, args: Args, *, by: str, key: str | None = None) -> JobView:
        assert key is not None
        assert key.startswith(args["batch"])
        self.begun[key] = kind
        about = {"id": f"job_{key}", "kind": kind, "state": self.state, "by": by, "created_at": NOON, "done": 0}
        return JobView.model_validate({**about, "failed": 0, "service": "campaigns", "reason": ""})


def minding(office: Office, state: str) -> tuple[Minding, Clerk]:
    clerk = Clerk(state)
    return Minding(office.parts.repository, office.parts.batches, clerk, office.post.desk.clock), clerk


async def half_printed(office: Office, mailing: dict[str, Any]) -> dict[str, Any]:
    """Its letters are taken, and no file is made."""
    batch = await office.parts.batches.add(mailing["_id"], NewBatch(), actor=MARKETER, key=None)
    step = await office.parts.jobs(SHARED)[0].step({"batch": batch["_id"]}, None)
    assert step.act is not None
    await step.act()
    return batch


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_a_batch_whose_job_ended_early_says_so_and_its_letters_wait_for_another(
    office: Office, state: str
) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    batch = await half_printed(office, mailing)
    await minding(office, "running")[0].look()
    assert (await office.parts.batches.get(batch["_id"], MARKETER))["state"] == "making"
    await minding(office, state)[0].look()
    after = await office.parts.batches.get(batch["_id"], MARKETER)
    assert (after["state"], state in after["reason"]) == ("failed", True)
    assert (await office.printed(mailing))["letters"] == 1


@pytest.mark.parametrize("state", ["failed", "discarded"])
async def test_a_kill_before_the_letters_of_a_batch_were_put_back_keeps_none_of_them(
    office: Office, state: str
) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    for repeats in (True, False):
        batch = await half_printed(office, mailing)
        over = {"state": state, "over_at": batch["at"]}
        await office.parts.repository.amend(batch["_id"], lambda one, over=over: {**one, **over})  # type: ignore[misc]
        await (office.job("letters.print", batch=batch["_id"]) if repeats else minding(office, "done")[0].look())
    assert (await office.printed(mailing))["letters"] == 1


async def test_the_files_of_a_batch_that_was_put_back_are_removed_and_nobody_looks_at_it_any_more(
    office: Office,
) -> None:
    await office.post.desk.hear(at_home(1))
    batch = await office.printed(await office.mailing())
    await office.parts.batches.discard(batch["_id"], actor=MARKETER)
    office.post.desk.clock.advance(timedelta(hours=1))
    await minding(office, "done")[0].look()
    assert (await office.parts.repository.opened(after=None)).items == []
    with pytest.raises(NotFound):
        [piece async for piece in office.parts.repository.file(batch["_id"], "letters")]


async def test_letters_that_were_posted_are_marked_by_another_job_where_one_ended_early(office: Office) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    batch = await office.printed(mailing)
    await office.parts.batches.begin_posting(batch["_id"], None, actor=MARKETER)
    loop, clerk = minding(office, "failed")
    await loop.look()
    await loop.look()
    assert clerk.begun == {batch["_id"]: "letters.post"}
    assert "not all marked" in (await office.parts.batches.get(batch["_id"], MARKETER))["reason"]
    office.post.desk.clock.advance(timedelta(minutes=5))
    await loop.look()
    assert clerk.begun == dict.fromkeys((batch["_id"], f"{batch['_id']}-1"), "letters.post")
    await office.job("letters.post", batch=batch["_id"])
    after = await office.parts.batches.get(batch["_id"], MARKETER)
    assert (after["state"], after["reason"], after.get("open")) == ("posted", "", None)
    assert await office.sums(mailing) == {"sent": 1}


# --- posted, and come back ---


async def test_what_was_posted_is_in_each_clients_chain_once(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2))
    mailing = await office.mailing()
    batch = await office.printed(mailing)
    assert await office.sums(mailing) == {"queued": 2}
    office.post.desk.clock.advance(timedelta(hours=2))
    await office.posted(batch)
    await office.job("letters.post", batch=batch["_id"])
    assert await office.sums(mailing) == {"sent": 2}
    told = {one.id: one for one in office.post.events(MailedRecorded)}
    assert [(one.channel, one.client_id, one.subject) for one in told.values()] == [
        ("post", "cl_1", "Весна"),
        ("post", "cl_2", "Весна"),
    ]
    assert {one.sent_at for one in told.values()} == {NOON + timedelta(hours=2)}
    await office.post.run()
    assert (await office.post.mailing(mailing["_id"]))["state"] == "done"


async def test_a_batch_is_posted_after_it_was_printed_and_not_tomorrow(office: Office) -> None:
    await office.post.desk.hear(at_home(1))
    batch = await office.printed(await office.mailing())
    ahead = Posted(at=NOON + timedelta(days=1)).at
    with pytest.raises(InvalidInput, match="lies ahead"):
        await office.parts.batches.begin_posting(batch["_id"], ahead, actor=MARKETER)
    before = await office.parts.batches.begin_posting(batch["_id"], NOON - timedelta(days=9), actor=MARKETER)
    assert before["posted_at"] == batch["at"]
    with pytest.raises(Conflict):
        await office.parts.batches.discard(batch["_id"], actor=MARKETER)


async def test_a_letter_that_came_back_closes_its_letterbox_and_is_counted_once(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2))
    mailing = await office.mailing()
    await office.posted(await office.printed(mailing))
    assert await office.returned(mailing, (0, "адресат выбыл")) == {"returned": 1, "known": 0, "unknown": []}
    assert await office.returned(mailing, (0, "выбыл"), (7, "x")) == {"returned": 0, "known": 1, "unknown": [7]}
    (closed,) = office.post.events(ReachabilityRecorded)
    assert (closed.address, closed.reason) == (
        "post:ru/101000/москва/тверская/1",
        "the letter came back: адресат выбыл",
    )
    found = await office.post.statistics(mailing["_id"])
    assert (found["sent"], found["bounced"]) == (2, 1)
    last = office.post.events(MailedRecorded)[-1]
    assert [one.kind for one in last.answers] == ["bounced"]


async def test_a_letter_that_a_file_names_twice_came_back_once(office: Office) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    await office.posted(await office.printed(mailing))
    told = await office.returned(mailing, (0, "выбыл"), (0, "выбыл"))
    assert told == {"returned": 1, "known": 1, "unknown": []}
    office.post.desk.clock.advance(timedelta(minutes=1))
    many = await asyncio.gather(*(office.returned(mailing, (0, f"{n}")) for n in range(3)))
    assert [(one["returned"], one["known"]) for one in many] == [(0, 1)] * 3
    (row,) = await office.post.rows(mailing["_id"])
    assert [one["words"] for one in row["answers"]] == ["the letter came back: выбыл"]


async def test_of_several_who_say_at_once_that_a_letter_came_back_one_is_told_that_it_was_news(
    office: Office,
) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    await office.posted(await office.printed(mailing))
    many = await asyncio.gather(*(office.returned(mailing, (0, f"{n}")) for n in range(4)))
    assert sum(one["returned"] for one in many) == 1
    (row,) = await office.post.rows(mailing["_id"])
    assert len(row["answers"]) == 1


async def test_a_kill_before_a_chain_was_told_that_a_letter_came_back_leaves_it_told_by_the_next_try(
    office: Office,
) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    await office.posted(await office.printed(mailing))
    await office.returned(mailing, (0, "выбыл"))
    told = office.post.events(MailedRecorded)[-1]
    office.post.desk.bus.published.clear()
    office.post.desk.clock.advance(timedelta(minutes=1))
    assert (await office.returned(mailing, (0, "выбыл")))["known"] == 1
    assert office.post.events(MailedRecorded) == [told]


async def test_what_was_not_posted_did_not_come_back(office: Office) -> None:
    await office.post.desk.hear(at_home(1))
    mailing = await office.mailing()
    await office.printed(mailing)
    assert (await office.returned(mailing, (0, "x")))["unknown"] == [0]


async def test_letters_that_came_back_are_taken_from_the_list_with_a_column_that_says_why(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2))
    mailing = await office.mailing()
    batch = await office.printed(mailing)
    await office.posted(batch)
    lines = (await office.file(batch, "addresses")).decode().splitlines()
    table = "\r\n".join([f"{lines[0]},Причина", f"{lines[1]},", f"{lines[2]},'=выбыл"])
    await office.post.desk.blobs.put("uploads/1", table.encode())
    who = {"login": "petr", "teams": [], "reach": list(MARKETER.reach)}
    told = await office.job("letters.returned", mailing=mailing["_id"], blob="uploads/1", run="ret_1", who=who)
    assert told == [{"returned": 1, "known": 0, "unknown": []}]
    assert (await office.post.rows(mailing["_id"]))[1]["state"] == "bounced"


@pytest.mark.parametrize(
    ("table", "words"),
    [("number;name\r\n1;a", "no column is called reason"), ("number;reason\r\nx;a", "number: 'x' is none")],
)
def test_a_file_that_is_no_such_list_says_what_it_lacks(table: str, words: str) -> None:
    assert words in read(table.encode())["refused"]


async def test_a_recall_takes_back_what_is_printed_and_not_posted(office: Office) -> None:
    await office.post.desk.hear(at_home(1), at_home(2))
    mailing = await office.mailing()
    batch = await office.printed(mailing)
    await office.post.mailings.cancel(mailing["_id"], actor=MARKETER)
    await office.posted(batch)
    assert await office.sums(mailing) == {"suppressed": 2}
    assert office.post.events(MailedRecorded) == []


async def test_who_cannot_be_reached_by_mail_gets_a_letter(office: Office) -> None:
    await office.post.desk.hear(at_home(1))
    letter = await office.post.template(channel="post", bodies=LETTER)
    first = {"channel": "email", "template": await office.post.template(), "account": "mb_1"}
    mailing = await office.post.launched(messages=[first, {"channel": "post", "template": letter}])
    await office.post.run()
    (recipient,) = office.post.asked()
    await office.post.told(recipient, state="failed")
    batch = await office.printed(mailing)
    assert batch["letters"] == 1
    await office.posted(batch)
    assert await office.sums(mailing) == {"sent": 1}


# --- what post is not for ---


def test_letters_have_no_page_no_trial_and_no_place_in_a_sequence() -> None:
    message = {"channel": "post", "template": "tpl_1"}
    with pytest.raises(ValidationError, match="trial"):
        MailingForm.model_validate(
            {
                "name": "x",
                "topic": "news",
                "messages": [message],
                "include": {"all": []},
                "trial": {"templates": ["t"]},
            }
        )
    with pytest.raises(ValidationError, match="letters leave in mailings"):
        SequenceForm.model_validate({"name": "x", "topic": "news", "steps": [{"message": message}]})
    with pytest.raises(ValidationError, match="a heading"):
        NewTemplate.model_validate({"name": "x", "channel": "post", "bodies": {"ru": {"html": "<p>x</p>"}}})


async def test_what_was_said_of_letters_is_heard_as_any_word(office: Office) -> None:
    await office.post.desk.consents.say(
        Word(address="post:cl_1", topic="offers", state="given", words="анкета"), actor=MARKETER
    )
    (word,) = office.post.events(ConsentRecorded)
    await office.post.desk.follow()
    page = await office.post.desk.consents.history("post:cl_1", limit=10, after=None)
    assert (len(page.items), word.channel) == (1, "post")
