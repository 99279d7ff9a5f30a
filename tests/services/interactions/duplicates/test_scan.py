"""Stored clients that may be one: found, shown to those who see both, dismissed, warned of."""

from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import iso
from hub.kit.errors import NotFound
from hub.testing.builders import NOON, envelopes
from services.interactions.duplicates.models import likeness, row_of_client
from services.interactions.duplicates.repository import MOST_ALIKE
from services.interactions.duplicates.scan import PAGE, Scan
from services.interactions.duplicates.service import Duplicates
from services.interactions.seen import Seen
from tests.services.interactions.conftest import Bench, Directory

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
ANNA = Actor(login="anna", reach=("team:sales",), reads=("team:sales",))
TWICE = {"name": "Смирнова Екатерина Петровна", "birth_date": "1985-03-12"}


class Office:
    """Duplicates beside a service of interactions, on one store."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.duplicates = self.another()
        self.scan = Scan(self.duplicates, bench.repository)

    def another(self) -> Duplicates:
        return Duplicates(
            self.bench.duplicates, self.bench.repository, Seen(self.bench.repository, Directory()), self.bench.clock
        )

    async def client(self, number: int, *phones: str, seen_by: str = "team:", **card: Any) -> dict[str, Any]:
        document = {
            "_id": f"cl_{number:05}",
            "name": f"Клиент{number}",
            "addresses": [{"address": f"phone:{one}", "raw": one, "name": ""} for one in phones],
            "opened_at": iso(NOON),
            "opened_by": "in_1",
            "open_chains": [],
            "seen_by": [seen_by],
            **card,
        }
        await self.bench.repository.clients.insert(document)
        return document

    async def scanned(self, at_least: float = 0.5) -> int:
        """As the job does it; how many steps it took."""
        cursor, steps = None, 0
        while True:
            step = await self.scan.step({"at_least": at_least}, cursor)
            assert step.act
            await step.act()
            steps += 1
            if (cursor := step.cursor) is None:
                return steps

    async def pairs(self, actor: Actor = OLGA, **where: Any) -> list[dict[str, Any]]:
        asked = {"state": "open", "client_id": None, "limit": 100, "after": None} | where
        return (await self.duplicates.page(actor, **asked)).items


@pytest.fixture
async def office(bench: Bench) -> Office:
    return Office(bench)


async def twins(office: Office, **over: Any) -> None:
    await office.client(1, "+79171234567", **TWICE, **over)
    await office.client(2, "+79171234567", **TWICE | {"name": "Смирнова Катя"})


async def test_a_scan_finds_clients_that_may_be_one_with_score_and_reasons(office: Office) -> None:
    await twins(office)
    await office.client(3, "+79031112233", name="Ёлкина Мария")
    assert await office.scanned() == 1
    (pair,) = await office.pairs()
    assert pair["clients"] == ["cl_00001", "cl_00002"]
    assert pair["score"] > 0.9
    assert pair["rules"] == ["given_name: short form", "surname", "gender", "birth_date", "phone"]


async def test_a_scan_goes_on_where_it_was_and_a_page_done_twice_changes_nothing(office: Office) -> None:
    for number in range(10, 10 + PAGE):
        await office.client(number, f"+7495{number:07}")
    await twins(office)
    await office.client(999, "+79171234567", **TWICE)
    first = await office.scan.step({"at_least": 0.5}, None)
    again = await office.scan.step({"at_least": 0.5}, None)
    assert (first.cursor, [one.id for one in first.results]) == (again.cursor, ["page-1"])
    assert await office.scan.total({}) == 2
    assert await office.scanned() == 2
    before = await office.pairs()
    await office.scanned()
    assert await office.pairs() == before
    assert len(before) == 3


async def test_what_was_dismissed_is_not_asked_again_until_somebody_says_so(office: Office) -> None:
    await twins(office)
    await office.scanned()
    (pair,) = await office.pairs()
    await office.duplicates.decide(OLGA, pair["_id"], dismissed=True)
    await office.scanned()
    assert await office.pairs() == []
    (dismissed,) = await office.pairs(state="dismissed")
    assert (dismissed["decided_by"], dismissed["decided_at"]) == ("olga", iso(office.bench.clock.now()))
    await office.duplicates.decide(OLGA, pair["_id"], dismissed=False)
    assert [one["_id"] for one in await office.pairs(client_id="cl_00002")] == [pair["_id"]]


async def test_a_pair_is_there_for_those_who_see_both(office: Office) -> None:
    await twins(office)
    await office.bench.repository.clients.amend("cl_00002", lambda now: {**now, "seen_by": ["team:sales"]})
    await office.scanned()
    assert await office.pairs(ANNA) == []
    (pair,) = await office.pairs(OLGA)
    with pytest.raises(NotFound):
        await office.duplicates.get(ANNA, pair["_id"])
    with pytest.raises(NotFound):
        await office.duplicates.decide(ANNA, pair["_id"], dismissed=True)


async def test_a_pair_that_was_merged_is_no_pair_any_more(office: Office) -> None:
    await twins(office)
    await office.scanned()
    await office.bench.repository.clients.amend("cl_00002", lambda now: {**now, "into": "cl_00001"})
    assert await office.pairs() == []
    await office.duplicates.remember([{**await client(office, "cl_00002")}])
    assert await office.duplicates.similar(OLGA, {"phone": "89171234567"}, limit=10) != []


async def client(office: Office, client_id: str) -> dict[str, Any]:
    return await office.bench.repository.clients.get(client_id) or {}


async def test_a_card_about_to_be_made_is_warned_of_with_reasons_and_only_of_whom_one_sees(office: Office) -> None:
    await twins(office)
    await office.client(3, "+79171234567", name="Петров Пётр", seen_by="team:sales")
    await office.duplicates.remember([await client(office, f"cl_0000{n}") for n in (1, 2, 3)])
    found = await office.duplicates.similar(
        OLGA, {"phone": "8 917 123-45-67", "name": "Смирнова Екатерина"}, limit=10
    )
    assert [one.client["_id"] for one in found] == ["cl_00001", "cl_00002", "cl_00003"]
    assert "phone" in found[0].rules
    assert [
        one.client["_id"] for one in await office.duplicates.similar(ANNA, {"phone": "89171234567"}, limit=10)
    ] == ["cl_00003"]


async def test_a_phone_that_a_crowd_shares_leads_to_nobody(office: Office) -> None:
    crowd = [await office.client(n, "+74950000001") for n in range(MOST_ALIKE + 2)]
    await office.duplicates.remember(crowd)
    assert await office.duplicates.similar(OLGA, {"phone": "+74950000001"}, limit=10) == []


async def test_likenesses_follow_what_is_told_of_clients(office: Office) -> None:
    await twins(office)
    for client_id in ("cl_00001", "cl_00002"):
        await office.bench.repository.clients.tell(await client(office, client_id))
    told = list(office.bench.bus.events("clients"))
    await office.duplicates.hear(envelopes(*told))
    assert len(await office.duplicates.similar(OLGA, {"phone": "+79171234567"}, limit=10)) == 2


def test_a_client_who_only_wrote_is_known_by_his_address_and_not_by_what_he_is_called() -> None:
    stub = {"_id": "cl_1", "name": "anna@example.com", "addresses": [{"address": "email:anna@example.com"}]}
    assert row_of_client(stub) == {"mail": "anna@example.com"}
    assert likeness({"_id": "cl_2", "name": "?", "addresses": []}) is None


def test_an_organisation_is_compared_by_its_numbers_and_its_name_without_the_form() -> None:
    firm = {"_id": "cl_1", "kind": "organisation", "name": "ООО «Ромашка»", "inn": "7707083893", "addresses": []}
    assert row_of_client(firm) == {"organisation": "ООО «Ромашка»", "inn": "7707083893"}
