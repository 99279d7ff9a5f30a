"""What contacts and chains are linked to: noted, told, and found by."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.client import ChainChanged
from hub.contracts.interaction import InteractionChanged
from hub.kit.errors import Forbidden, InvalidInput, NotFound
from hub.store.base import Document
from hub.store.sqlite import SqliteStore
from hub.testing.builders import an_arrival
from services.interactions.handover import ChainChange, Handover
from services.interactions.outcomes.forms import NewOutcome
from services.interactions.outcomes.models import OUTCOMES
from services.interactions.outcomes.service import Outcomes
from services.interactions.seen import Seen
from services.interactions.subjects.forms import SubjectForm
from services.interactions.subjects.service import Subjects
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_by_hand import BORIS, OLGA

ORDER = SubjectForm(kind="order", id="118", title="Заказ № 118")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path / "interactions.sqlite")
    made = Bench(store)
    store.collection(OUTCOMES)
    await store.start()
    yield made
    await store.stop()


@pytest.fixture
def outcomes(bench: Bench) -> Outcomes:
    return Outcomes(bench.store, bench.bus, bench.clock, Seen(bench.repository, Directory()))


@pytest.fixture
def subjects(bench: Bench, outcomes: Outcomes) -> Subjects:
    return Subjects(bench.repository, Seen(bench.repository, Directory()), outcomes, bench.clock)


async def two_chains(bench: Bench) -> list[Document]:
    await bench.receive(an_arrival(1), an_arrival(2, subject="Другое", sender="boris@example.com"))
    return [await bench.stored(an_arrival(number).id) for number in (1, 2)]


def linked_to(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["id"], one["title"]) for one in document["subjects"]]


async def test_a_chain_is_linked_to_a_deal_by_its_title_and_the_link_is_noted_and_told(
    bench: Bench, subjects: Subjects, outcomes: Outcomes
) -> None:
    first, _ = await two_chains(bench)
    form = NewOutcome(title="Кухня «Верона»", client_id=first["client_id"])
    deal = await outcomes.open("deal", form, actor=OLGA, key=None)
    to_deal = SubjectForm(kind="deal", id=deal["_id"], title="что-то другое")
    for _ in range(2):
        chain = await subjects.link("chains", first["chain_id"], to_deal, actor=OLGA)
    assert linked_to(chain) == [("deal", deal["_id"], "Кухня «Верона»")]
    unlinked = await subjects.unlink("chains", first["chain_id"], "deal", deal["_id"], actor=OLGA)
    assert [(change["by"], len(change["fields"][0]["after"])) for change in unlinked["history"]] == [
        ("olga", 1),
        ("olga", 0),
    ]
    told = [event for event in bench.bus.events("chains") if isinstance(event, ChainChanged)]
    assert [[one.id for one in event.chain.subjects] for event in told] == [[deal["_id"]], []]
    with pytest.raises(NotFound):
        await subjects.unlink("chains", first["chain_id"], "deal", deal["_id"], actor=OLGA)


async def test_contacts_are_found_by_their_own_link_and_by_that_of_their_chain_each_once(
    bench: Bench, subjects: Subjects
) -> None:
    first, second = await two_chains(bench)
    contact = await subjects.link("interactions", first["_id"], ORDER, actor=OLGA)
    assert (linked_to(contact), contact["history"][0]["by"]) == ([("order", "118", "Заказ № 118")], "olga")
    told = [event for event in bench.bus.events("interactions") if isinstance(event, InteractionChanged)]
    assert [one.id for one in told[-1].interaction.subjects] == ["118"]
    await subjects.link("chains", first["chain_id"], ORDER, actor=OLGA)
    await subjects.link("chains", second["chain_id"], ORDER, actor=OLGA)
    ids: list[str] = []
    after: str | None = None
    while True:
        page = await subjects.page("order:118", limit=1, after=after)
        ids += [one["_id"] for one in page.items]
        if (after := page.next) is None:
            break
    assert sorted(ids) == sorted([first["_id"], second["_id"]])
    await subjects.unlink("chains", second["chain_id"], "order", "118", actor=OLGA)
    assert [one["_id"] for one in (await subjects.page("order:118", limit=9, after=None)).items] == [first["_id"]]


async def test_nobody_links_what_he_does_not_see_nor_to_a_deal_that_is_not_there_for_him(
    bench: Bench, subjects: Subjects, outcomes: Outcomes
) -> None:
    first, _ = await two_chains(bench)
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(first["chain_id"], ChainChange(owner="olga", private=True), actor=OLGA)
    vera = Actor(login="vera", reach=("*",), reads=("*",))
    for of, doc_id in (("chains", first["chain_id"]), ("interactions", first["_id"])):
        with pytest.raises(Forbidden):
            await subjects.link(of, doc_id, ORDER, actor=vera)  # type: ignore[arg-type]
    deal = await outcomes.open("deal", NewOutcome(title="x", client_id=first["client_id"]), actor=OLGA, key=None)
    await bench.receive(an_arrival(3, sender="c@example.com"))
    third = await bench.stored(an_arrival(3).id)
    await handover.chain(third["chain_id"], ChainChange(owner="boris"), actor=OLGA)
    for kind in ("deal", "claim"):
        with pytest.raises(InvalidInput) as refused:
            await subjects.link("chains", third["chain_id"], SubjectForm(kind=kind, id=deal["_id"]), actor=BORIS)
        assert list(refused.value.fields) == ["id"]
    for number in range(20):
        many = SubjectForm(kind="order", id=str(number), title="x")
        await subjects.link("chains", third["chain_id"], many, actor=BORIS)
    with pytest.raises(InvalidInput):
        await subjects.link("chains", third["chain_id"], ORDER, actor=BORIS)


@pytest.mark.parametrize("subject_id", [".", "..", ".118"])
def test_nothing_is_linked_under_an_id_that_no_address_takes_back(subject_id: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        SubjectForm(kind="order", id=subject_id, title="Заказ")
