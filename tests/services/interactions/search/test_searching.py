"""The search: what is found, by whom, and as it is now."""

import asyncio
import io
import threading
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.call import CallRecording
from hub.contracts.interaction import Attachment
from hub.contracts.masks import hiding
from hub.contracts.scope import EVERYTHING, OPEN, owned_by
from hub.kit.errors import BusUnavailable, Forbidden
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.builders import NOON, an_arrival
from hub.testing.fakes import FakeBlobs
from services.interactions.adapters import generations
from services.interactions.adapters.generations import Generations
from services.interactions.addresses import Addresses
from services.interactions.chains.merges import Merges
from services.interactions.chains.moves import Moves
from services.interactions.clients.forms import CardChange
from services.interactions.clients.service import Clients
from services.interactions.handover import ChainChange, Handover
from services.interactions.outcomes.forms import NewOutcome
from services.interactions.outcomes.service import Outcomes
from services.interactions.search import projection
from services.interactions.search.asking import understood
from services.interactions.search.entries import Entry
from services.interactions.search.fragments import Marker
from services.interactions.search.gathering import Gathering
from services.interactions.search.projection import Anew, Projection
from services.interactions.search.reading import Texts
from services.interactions.search.service import Search
from services.interactions.seen import Found, Seen
from services.interactions.subjects.forms import SubjectForm
from services.interactions.subjects.service import Subjects
from services.interactions.tasks.forms import NewTask
from services.interactions.tasks.service import Tasks
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_calls import a_call, a_state, news

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
BORIS = Actor(login="boris", reach=(owned_by("boris"), OPEN))
MINUTE = timedelta(minutes=1)
KINDS = ("interaction", "file")


class Desk:
    """The search beside the service whose things are found."""

    def __init__(self, bench: Bench, outcomes: Outcomes, folder: Path) -> None:
        self.bench = bench
        self.outcomes = outcomes
        self.blobs = FakeBlobs()
        self.seen = Seen(bench.repository, Directory())
        self.tasks = Tasks(bench.tasks, self.seen, bench.clock, bench.calendars)
        self.anew = Anew(bench.store)
        self.folder = folder
        self.open()

    def open(self) -> None:
        """As a copy of the service does that starts."""
        repository, tasks, outcomes = self.bench.repository, self.bench.tasks.tasks, self.outcomes.outcomes
        self.indexes, self.texts = Generations(self.folder, "host/one"), Texts(self.blobs, SHARED)
        gathering = Gathering(repository, tasks, outcomes, self.texts)
        self.projection = Projection(self.indexes, self.bench.bus, gathering, self.texts, self.anew)
        self.search = Search(
            self.indexes,
            repository,
            self.seen,
            tasks=tasks,
            outcomes=outcomes,
            texts=self.texts,
            zone="Europe/Moscow",
        )

    async def receive(self, *arrivals: Any) -> None:
        await self.bench.receive(*arrivals)
        await self.projection.step()

    async def page(
        self, q: str, *kinds: str, actor: Actor = OLGA, limit: int = 50, after: str | None = None
    ) -> "Found[Any]":
        return await self.search.find(actor, q, kinds=kinds or KINDS, limit=limit, after=after)

    async def ids(self, q: str, *kinds: str, actor: Actor = OLGA) -> list[str]:
        await self.projection.step()
        page = await self.page(q, *kinds, actor=actor)
        return [hit.attachment["id"] if hit.attachment else hit.document["_id"] for hit in page.items]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = SqliteStore(tmp_path / "interactions.sqlite")
    bench = Bench(store)
    outcomes = Outcomes(store, bench.bus, bench.clock, Seen(bench.repository, Directory()))
    desk = Desk(bench, outcomes, tmp_path)
    await store.start()
    yield desk
    desk.indexes.close()
    await store.stop()


def letter(number: int, text: str, **over: Any) -> Any:
    return an_arrival(number, text=text, at=NOON + number * MINUTE, **over)


async def test_a_word_is_found_in_any_of_its_forms_in_both_languages(desk: Desk) -> None:
    ours, theirs = (
        letter(1, "Хочу заказать шкафы-купе, ёмкие"),
        letter(2, "Two orders were late", subject="Hi"),
    )
    await desk.receive(ours, theirs)
    for q in ("шкаф", "ШКАФОВ купе", "емкий", "шкафами Смирновой"):
        assert await desk.ids(f"{q} ") == [ours.id], q
    for q in ("order", "were lately"):
        assert await desk.ids(f"{q} ") == [theirs.id], q
    assert await desk.ids("шкаф диван ") == []


async def test_the_last_word_is_found_while_it_is_typed_and_not_when_a_space_follows(desk: Desk) -> None:
    await desk.receive(letter(1, "Пришлите договор"))
    assert await desk.ids("дого") == [letter(1, "").id]
    assert await desk.ids("дого ") == []
    assert await desk.ids("договоров") == [letter(1, "").id]


async def test_a_phrase_stands_together_and_a_word_with_a_minus_must_not_be_there(desk: Desk) -> None:
    together, apart = letter(1, "шкаф купе белый"), letter(2, "купе, а ещё шкаф и белый стол")
    await desk.receive(together, apart)
    assert await desk.ids('"шкаф купе"') == [together.id]
    assert await desk.ids("белый -стол") == [together.id]


@pytest.mark.parametrize("q", ["1234567", "4567", "8 (916) 123-45-67", "+7 916 1234567", "916 123 45 67"])
async def test_a_phone_is_found_by_its_last_digits_however_it_is_written(desk: Desk, q: str) -> None:
    await desk.receive(letter(1, "Звоните: +7 (916) 123-45-67, Анна"), letter(2, "Звоните: 8 916 765-43-21"))
    assert await desk.ids(q) == [letter(1, "").id]


async def test_an_order_is_found_by_its_tail(desk: Desk) -> None:
    await desk.receive(letter(1, "Заказ А-0012345 не пришёл"), letter(2, "Заказ А-0054321"))
    assert await desk.ids("12345") == [letter(1, "").id]


async def test_filters_ask_for_people_state_channel_files_and_days(desk: Desk) -> None:
    file = Attachment(id="f1", filename="план.dwg", content_type="image/vnd.dwg", size=3, blob="b1")
    anna, petr = (
        letter(1, "Один", attachments=(file,)),
        letter(2, "Два", sender="petr@shop.example", name="Пётр Ильин"),
    )
    await desk.receive(anna, petr)
    found = {
        "from:смирнова": [anna.id],
        "от:ильин": [petr.id],
        "from:shop": [petr.id],
        "to:support": [petr.id, anna.id],
        "has:file": [anna.id],
        "есть:файл": [anna.id],
        "channel:email": [petr.id, anna.id],
        "state:open": [petr.id, anna.id],
        "состояние:закрыта": [],
        "after:2026-03-02 before:2026-03-03": [petr.id, anna.id],
        "после:2026-03-03": [],
        "on:2026-03-02 два": [petr.id],
    }
    assert {q: await desk.ids(q) for q in found} == found


async def test_a_chain_that_is_closed_tagged_or_handed_over_is_found_by_that_with_all_of_its_messages(
    desk: Desk,
) -> None:
    await desk.receive(letter(1, "Один"), letter(2, "Два", refs=("email:<1@example.com>",)))
    (chain,) = await desk.bench.chains()
    handover = Handover(desk.bench.repository, desk.bench.clock)
    both = [letter(2, "").id, letter(1, "").id]
    await handover.chain(chain["_id"], ChainChange(state="closed", owner="boris", tags=["vip"]), actor=OLGA)
    assert await desk.ids("state:closed owner:boris tag:vip") == both
    assert await desk.ids("state:open") == []
    assert await desk.ids("tag:vip", "chain") == [chain["_id"]]


async def test_a_contact_and_a_chain_are_found_by_the_title_of_what_they_are_linked_to(desk: Desk) -> None:
    await desk.receive(letter(1, "Один"))
    (chain,) = await desk.bench.chains()
    subjects = Subjects(desk.bench.repository, desk.seen, desk.outcomes, desk.bench.clock)
    order = SubjectForm(kind="order", id="118", title="Остров «Лагуна»")
    await subjects.link("chains", chain["_id"], order, actor=OLGA)
    await subjects.link("interactions", letter(1, "").id, order, actor=OLGA)
    assert sorted(await desk.ids("лагуна", "chain", "interaction")) == sorted([chain["_id"], letter(1, "").id])
    await subjects.unlink("chains", chain["_id"], "order", "118", actor=OLGA)
    assert await desk.ids("лагуна", "chain", "interaction") == [letter(1, "").id]


async def test_who_sees_little_finds_little_and_the_rest_is_not_there_for_him(desk: Desk) -> None:
    await desk.receive(letter(1, "Тайный шкаф"), letter(2, "Открытый шкаф", subject="Другое"))
    secret = (await desk.bench.stored(letter(1, "").id))["chain_id"]
    handover = Handover(desk.bench.repository, desk.bench.clock)
    await handover.chain(secret, ChainChange(owner="vera", private=True), actor=OLGA)
    assert await desk.ids("шкаф ", actor=BORIS) == [letter(2, "").id]
    assert await desk.ids("шкаф ", actor=replace(BORIS, login="vera", reach=(owned_by("vera"),))) == [
        letter(1, "").id
    ]


async def test_what_was_taken_from_somebody_is_not_found_by_him_although_the_index_does_not_know_it_yet(
    desk: Desk,
) -> None:
    await desk.receive(letter(1, "Тайный шкаф"))
    chain_id = (await desk.bench.stored(letter(1, "").id))["chain_id"]
    handover = Handover(desk.bench.repository, desk.bench.clock)
    await handover.chain(chain_id, ChainChange(owner="vera", private=True), actor=OLGA)
    assert (await desk.page("шкаф ", actor=BORIS)).items == []


async def test_from_whom_addresses_are_hidden_finds_none_by_its_parts(desk: Desk) -> None:
    await desk.receive(letter(1, "Позвоните мне", sender="secretname@example.com", name="Анна"))
    blind = replace(OLGA, hides=("addresses",))
    assert await desk.ids("secretname ") == [letter(1, "").id]
    with hiding(blind.hides):
        assert await desk.ids("secretname ", actor=blind) == []
        assert await desk.ids("secretn", actor=blind) == []
        assert await desk.ids("secretname", "client", actor=blind) == []
        with pytest.raises(Forbidden):
            await desk.ids("from:secretname", actor=blind)


@pytest.mark.parametrize("part", ['"555"', '"79165554433"', "5554433", "boss ", '"secret boss"', "hidden ", "-boss"])
async def test_from_whom_addresses_are_hidden_finds_none_in_a_text_and_sees_none_cut_open(
    desk: Desk, part: str
) -> None:
    await desk.receive(letter(1, "Маскарад: +7 916 555-44-33, secret.boss@hidden-corp.example"))
    blind = replace(OLGA, hides=("addresses",))
    with hiding(blind.hides):
        page = await desk.page(f"{part} маскарад ", actor=blind)
    shown = "".join(piece.text for hit in page.items for piece in hit.fragment)
    # The host of an address stays shown.
    assert bool(page.items) == (part in ("hidden ", "-boss"))
    assert "555" not in shown
    assert "boss" not in shown


async def test_that_more_is_hidden_behind_a_page_is_not_told(desk: Desk) -> None:
    await desk.receive(letter(1, "секретно увольнение"), letter(2, "увольнение отпуск", subject="Другое"))
    secret = (await desk.bench.stored(letter(1, "").id))["chain_id"]
    handover = Handover(desk.bench.repository, desk.bench.clock)
    await handover.chain(secret, ChainChange(owner="vera", private=True), actor=OLGA)
    everything = replace(BORIS, reach=(EVERYTHING,))
    await desk.projection.step()
    page = await desk.page("увольнение ", actor=everything, limit=1)
    assert (len(page.items), page.next) == (1, None)


async def test_an_index_whose_files_are_damaged_while_it_runs_is_made_anew(desk: Desk) -> None:
    await desk.receive(letter(1, "шкаф"))
    desk.indexes.asked.broken = True
    assert await desk.ids("шкаф") == [letter(1, "").id]


async def test_days_at_the_ends_of_the_calendar_find_nothing_and_break_nothing(desk: Desk) -> None:
    await desk.receive(letter(1, "шкаф"))
    assert await desk.ids("шкаф after:9999-12-30") == []
    assert await desk.ids("шкаф before:0002-01-01") == []
    assert await desk.ids("шкаф after:0002-01-01 before:9999-12-30") == [letter(1, "").id]


async def test_a_text_of_nothing_but_hits_is_cut_like_any_other(desk: Desk) -> None:
    marker = Marker(understood("aa ", "Europe/Moscow"), desk.indexes.asked.stems)
    assert sum(piece.hit for piece in marker.fragment("aa " * 16_000)) > 10


async def test_a_file_that_is_gone_keeps_no_other_waiting(desk: Desk) -> None:
    gone = Attachment(id="gone", filename="нет.txt", content_type="text/plain", size=1, blob="nowhere")
    await desk.receive(
        letter(1, "один", attachments=(gone,)), await with_file(desk, "а.txt", "дуб".encode(), number=2)
    )
    await desk.texts.read()
    assert await desk.ids("дуб") == ["f1"]
    assert desk.texts.unread == 0


async def test_clients_tasks_deals_and_chains_are_found_each_by_its_own_words(desk: Desk) -> None:
    await desk.receive(an_arrival(1))
    stored = await desk.bench.stored(an_arrival(1).id)
    task = await desk.tasks.open(NewTask(title="Перезвонить насчёт доставки"), actor=OLGA, key=None)
    form = NewOutcome(interaction_id=stored["_id"], title="Кухня на заказ")
    deal = await desk.outcomes.open("deal", form, actor=OLGA, key=None)
    assert await desk.ids("смирновой", "client") == [stored["client_id"]]
    assert await desk.ids("example.com", "client") == [stored["client_id"]]
    assert await desk.ids("доставка ", "task") == [task["_id"]]
    assert await desk.ids("кухни ", "deal") == [deal["_id"]]
    assert await desk.ids("кухни ", "claim") == []
    assert await desk.ids("заказ", "chain") == [stored["chain_id"]]


async def test_who_was_renamed_is_found_with_his_letters_under_the_new_name(desk: Desk) -> None:
    await desk.receive(letter(1, "Один"), letter(2, "Два", subject="Другое"))
    (client,) = await desk.bench.clients()
    handover = Handover(desk.bench.repository, desk.bench.clock)
    clients = Clients(
        desk.bench.repository, Addresses(desk.bench.repository, region="RU"), handover, desk.bench.clock
    )
    await clients.change(client["_id"], CardChange(surname="Кузнецова", given_name="Анна"), actor=OLGA)
    assert await desk.ids("кузнецова", "client") == [client["_id"]]
    assert await desk.ids("from:кузнецова") == [letter(2, "").id, letter(1, "").id]


async def test_what_was_merged_or_moved_is_found_under_the_new(desk: Desk) -> None:
    await desk.receive(letter(1, "Один"), letter(2, "Два", subject="Другое"))
    first, second = [(await desk.bench.stored(letter(n, "").id))["chain_id"] for n in (1, 2)]
    await Merges(desk.bench.repository, desk.bench.clock).merge(second, first, actor=OLGA)
    assert await desk.ids(f"chain:{first}") == [letter(2, "").id, letter(1, "").id]
    assert await desk.ids("другое ", "chain") == []
    assert {hit.document["chain_id"] for hit in (await desk.page(f"chain:{first}")).items} == {first}
    await Merges(desk.bench.repository, desk.bench.clock).part(second, actor=OLGA)
    assert await desk.ids(f"chain:{first}") == [letter(1, "").id]
    await Moves(desk.bench.repository, desk.bench.clock).to_chain(letter(2, "").id, first, actor=OLGA)
    assert await desk.ids(f"chain:{first}") == [letter(2, "").id, letter(1, "").id]


async def test_a_piece_of_the_text_shows_the_hits(desk: Desk) -> None:
    text = "Добрый день! " * 40 + "Когда привезут шкаф? Телефон 8 916 123-45-67."
    await desk.receive(letter(1, text))
    (hit,) = (await desk.page("шкафы 4567")).items
    assert [piece.text for piece in hit.fragment if piece.hit] == ["шкаф", "8 916 123-45-67"]
    assert hit.fragment[0].text == "…"


async def test_a_list_goes_on_where_it_ended_while_new_ones_arrive(desk: Desk) -> None:
    await desk.receive(*(letter(n, "шкаф") for n in range(1, 8)))
    first = await desk.page("шкаф", limit=3)
    await desk.receive(letter(8, "шкаф"))
    rest = await desk.page("шкаф", limit=50, after=first.next)
    found = [hit.document["_id"] for hit in (*first.items, *rest.items)]
    assert found == [letter(n, "").id for n in range(7, 0, -1)]


def a_docx(text: str) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>',
        )
    return content.getvalue()


async def with_file(desk: Desk, name: str, content: bytes, *, number: int = 1) -> Any:
    desk.blobs.content["b1"] = content
    file = Attachment(id="f1", filename=name, content_type="application/octet-stream", size=len(content), blob="b1")
    return letter(number, "Во вложении", attachments=(file,))


async def test_the_words_of_a_file_are_found_and_lead_to_its_message(desk: Desk) -> None:
    arrival = await with_file(desk, "Смета.docx", a_docx("Фасады из массива дуба"))
    await desk.receive(arrival)
    assert await desk.ids("смета") == ["f1", arrival.id]
    await desk.texts.read()
    assert await desk.ids("фасад дуб") == ["f1"]
    (hit,) = (await desk.page("дубовый дуба")).items or (await desk.page("дуба")).items
    assert (hit.kind, hit.document["_id"]) == ("file", arrival.id)


async def test_a_file_that_cannot_be_read_is_found_by_its_name_and_tried_once(desk: Desk) -> None:
    await desk.receive(await with_file(desk, "Смета.pdf", b"%PDF-1.4 broken"))
    await desk.texts.read()
    assert await desk.ids("смета.pdf") == ["f1", letter(1, "").id]
    assert desk.texts.unread == 0


async def test_a_file_that_was_not_read_before_a_crash_is_read_after_it(desk: Desk) -> None:
    await desk.receive(await with_file(desk, "Смета.docx", a_docx("Фасады")))
    desk.indexes.close()
    desk.open()
    desk.texts.give_back(desk.indexes.asked.unread())
    await desk.projection.step()
    await desk.texts.read()
    assert await desk.ids("фасады") == ["f1"]


async def test_after_a_restart_it_goes_on_where_it_was(desk: Desk) -> None:
    await desk.receive(letter(1, "шкаф"))
    desk.indexes.close()
    desk.open()
    assert await desk.projection.step() == 0
    assert await desk.ids("шкаф") == [letter(1, "").id]


async def test_an_index_that_is_broken_or_gone_is_made_anew_from_the_bus(desk: Desk) -> None:
    await desk.receive(letter(1, "шкаф"))
    desk.indexes.close()
    for file in next(desk.folder.glob("projections/search-*")).iterdir():
        file.write_bytes(b"rubbish")
    desk.open()
    assert await desk.ids("шкаф") == [letter(1, "").id]


async def test_it_is_made_anew_beside_the_one_that_is_asked_and_takes_its_place_without_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receive(*(letter(number, "шкаф") for number in (1, 2, 3)))
    monkeypatch.setattr(projection, "_AT_ONCE", 2)
    await desk.projection.rebuild()
    await desk.projection.rebuild()
    behind = []
    while (left := await desk.projection.rising()) is not None:
        behind.append(left)
        assert len(await desk.ids("шкаф")) == 3
    assert behind[0] > behind[-1] > 0, "a step at a time"
    assert len(behind) > 2
    assert [path.name for path in desk.folder.glob("projections/*")] == ["search-1.1-one"]
    await desk.receive(letter(4, "шкаф"))
    assert len(await desk.ids("шкаф")) == 4


async def test_an_index_that_was_being_made_anew_at_a_crash_is_gone_on_with_and_the_old_one_is_asked_until_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receive(*(letter(number, "шкаф") for number in (1, 2, 3)))
    monkeypatch.setattr(projection, "_AT_ONCE", 2)
    await desk.projection.rebuild()
    await desk.projection.step()
    left = await desk.projection.rising()
    desk.indexes.close()
    desk.open()
    await desk.projection.step()
    again = await desk.projection.rising()
    assert 0 < (again or 0) < (left or 0)
    assert len(await desk.ids("шкаф")) == 3


async def test_what_another_version_wrote_is_asked_until_the_index_of_this_one_has_as_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receive(letter(1, "шкаф"))
    desk.indexes.close()
    monkeypatch.setattr(generations, "VERSION", 2)
    desk.open()
    assert len((await desk.page("шкаф")).items) == 1
    await desk.projection.step()
    assert [path.name for path in desk.folder.glob("projections/*")] == ["search-2-one"]
    assert len((await desk.page("шкаф")).items) == 1


async def test_what_another_version_wrote_in_another_form_is_taken_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receive(letter(1, "шкаф"))
    desk.indexes.close()
    for file in next(desk.folder.glob("projections/search-*")).iterdir():
        file.write_bytes(b"rubbish")
    monkeypatch.setattr(generations, "VERSION", 2)
    desk.open()
    assert await desk.ids("шкаф") == [letter(1, "").id]
    assert [path.name for path in desk.folder.glob("projections/*")] == ["search-2-one"]


async def test_a_file_that_is_read_while_the_index_is_made_anew_is_found_in_the_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receive(await with_file(desk, "Смета.docx", a_docx("Фасады")), letter(2, "шкаф"), letter(3, "стол"))
    monkeypatch.setattr(projection, "_AT_ONCE", 2)
    await desk.projection.rebuild()
    await desk.projection.step()
    await desk.texts.read()
    while await desk.projection.rising() is not None:
        await desk.projection.step()
    assert await desk.ids("фасады") == ["f1"]


async def test_what_failed_halfway_is_taken_over_whole_later(desk: Desk) -> None:
    await desk.bench.receive(letter(1, "шкаф"))
    texts, of = desk.texts, desk.texts.of

    async def fails(*_: Any) -> str | None:
        raise BusUnavailable

    texts.of = fails  # type: ignore[method-assign]
    await desk.bench.receive(await with_file(desk, "Смета.docx", a_docx("Фасады"), number=2))
    with pytest.raises(BusUnavailable):
        await desk.projection.step()
    assert (await desk.page("шкаф")).items == []
    assert await desk.projection.behind() > 0
    texts.of = of  # type: ignore[method-assign]
    assert len(await desk.ids("шкаф")) == 1
    assert await desk.projection.behind() == 0


async def test_an_entry_that_the_index_does_not_take_stops_none_of_the_others(desk: Desk) -> None:
    odd = Entry(id="interaction/odd", text="\ud800", rank=2**70, marks=["in:interaction"])
    good = Entry(id="interaction/good", text="шкаф", rank=1, marks=["in:interaction"])
    desk.indexes.asked.add([odd, good])
    desk.indexes.asked.commit({})
    wanted = understood("шкаф", "Europe/Moscow")
    found = desk.indexes.asked.find(wanted, kinds=["interaction"], seen=(), contacts=True, limit=5, below=None)
    assert [one.id for one in found] == ["interaction/good"]


async def test_what_was_said_in_a_call_is_found_by_an_operation_of_its_own_until_it_is_removed(desk: Desk) -> None:
    """Who may not listen is not told by the search of messages what somebody said."""
    desk.blobs.content["transcripts/1"] = "Добрый день, где мой шкаф?".encode()
    written = CallRecording(id="rec_1", kind="call", transcript="ready", text_blob="transcripts/1")
    call = a_call(1, a_state(1, complete=True, recordings=(written,)))
    await desk.receive(call)
    assert (await desk.ids("шкафы ", "transcript"), await desk.ids("шкафы ")) == ([call.id], [])
    (hit,) = (await desk.page("шкафы ", "transcript")).items
    assert "".join(piece.text for piece in hit.fragment).strip() == "Добрый день, где мой шкаф?"
    assert await desk.ids("шкафы ", "transcript", actor=Actor(login="eva", reach=("team:other",))) == []
    gone = written.model_copy(update={"transcript": "removed", "text_blob": ""})
    await desk.bench.hear(news(2, complete=True, recordings=(gone,)))
    assert await desk.ids("шкафы ", "transcript") == []


class Watched(Generations):
    """Tells whether two look at once for what shall be made anew."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "host/one")
        self._both, self.together = threading.Barrier(2), False

    def seek(self, number: int) -> None:
        with suppress(threading.BrokenBarrierError):
            self._both.wait(timeout=0.2)
            self.together = True
        super().seek(number)


async def test_what_is_made_anew_is_begun_by_one_of_those_who_want_it(desk: Desk, tmp_path: Path) -> None:
    """Two would write to one folder."""
    watched = Watched(tmp_path / "watched")
    desk.projection._indexes = watched
    await asyncio.gather(desk.projection.rebuild(), desk.projection.rebuild(), desk.projection.step())
    assert not watched.together
    await desk.projection.stop()
