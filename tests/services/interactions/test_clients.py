"""Clients by hand: their cards, requisites, whom they work for; merged into another, and parted again."""

import random
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.address import ConsentRecorded
from hub.contracts.client import ClientChanged, ClientOpened
from hub.contracts.scope import EVERYTHING
from hub.kit.errors import Conflict, InvalidInput
from hub.testing.builders import NOON, an_arrival
from services.interactions.addresses import Addresses, NewAddress, Taken
from services.interactions.clients.forms import CardChange, Employment, MergeClients, NewClient
from services.interactions.clients.requisites import inn, kpp, ogrn
from services.interactions.clients.service import Clients
from services.interactions.clients.whole import born_with, whole
from services.interactions.handover import Handover
from tests.services.interactions.conftest import Bench

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clients(bench: Bench) -> Clients:
    addresses = Addresses(bench.repository, region="RU")
    return Clients(bench.repository, addresses, Handover(bench.repository, bench.clock), bench.clock)


async def opened(clients: Clients, key: str | None = None, **form: Any) -> dict[str, Any]:
    numbers = [NewAddress(address=text) for text in form.pop("addresses", ())]
    return await clients.open(NewClient(**form, addresses=tuple(numbers)), actor=OLGA, key=key)


async def changed(clients: Clients, client: dict[str, Any], **form: Any) -> dict[str, Any]:
    return await clients.change(client["_id"], CardChange(**form), actor=OLGA)


async def client_of(bench: Bench, letter: Any) -> str:
    return str((await bench.stored(letter.id))["client_id"])


async def test_a_client_opened_by_hand_is_the_one_who_writes_from_his_address_later(
    bench: Bench, clients: Clients
) -> None:
    anna = await opened(
        clients,
        surname="Смирнова",
        given_name="Анна",
        patronymic="Сергеевна",
        kind="person",
        status="lead",
        addresses=["anna@example.com", "8 (916) 123-45-67"],
        owner="anna",
    )
    assert (anna["name"], anna["owner"]) == ("Смирнова Анна Сергеевна", "anna")
    assert [one["address"] for one in anna["addresses"]] == ["email:anna@example.com", "phone:+79161234567"]
    await bench.receive(an_arrival())
    assert await client_of(bench, an_arrival()) == anna["_id"]
    told = bench.bus.events("clients")
    assert isinstance(told[0], ClientOpened)
    assert (told[0].client.surname, told[0].client.status) == ("Смирнова", "lead")


async def test_nothing_is_opened_with_an_address_of_another_client(bench: Bench, clients: Clients) -> None:
    await bench.receive(an_arrival())
    with pytest.raises(Taken):
        await opened(clients, name="Анна", addresses=["anna@example.com"])
    assert len(await bench.clients()) == 1


async def test_the_same_key_opens_one_client_and_another_form_under_it_is_refused(clients: Clients) -> None:
    first, again = [await opened(clients, key="k", name="Анна", addresses=["anna@example.com"]) for _ in range(2)]
    assert first["_id"] == again["_id"]
    with pytest.raises(Conflict):
        await opened(clients, key="k", name="Борис")


async def test_a_card_is_changed_field_by_field_and_says_who_changed_what(bench: Bench, clients: Clients) -> None:
    firm = await opened(clients, kind="organisation", name="Ромашка", legal_form="ООО", inn="7707 083 893")
    after = await changed(clients, firm, status="customer", custom={"floor": 3, "gate": "Б"}, inn="")
    after = await changed(clients, firm, custom={"gate": None}, status="partner")
    assert (after["inn"], after["custom"], after["legal_form"]) == (None, {"floor": 3}, "ООО")
    assert [(each["status"], each["by"]) for each in after["statuses"]] == [("customer", "olga"), ("partner", "olga")]
    fields = [each["name"] for change in after["history"] for each in change["fields"]]
    assert fields == ["inn", "status", "custom", "status", "custom"]
    told = [event for event in bench.bus.events("clients") if isinstance(event, ClientChanged)]
    assert [(one.name, one.value) for one in told[-1].client.custom] == [("floor", 3)]


async def test_the_name_in_lists_follows_its_parts_unless_somebody_chose_another(clients: Clients) -> None:
    anna = await opened(clients, surname="Смирнова", given_name="Анна")
    assert (await changed(clients, anna, surname="Петрова"))["name"] == "Петрова Анна"
    await changed(clients, anna, name="Аня с Тверской")
    assert (await changed(clients, anna, surname="Иванова"))["name"] == "Аня с Тверской"


async def test_whom_somebody_works_for_leads_from_the_organisation_to_its_people(clients: Clients) -> None:
    firm = await opened(clients, kind="organisation", name="Ромашка")
    anna = await opened(clients, name="Анна", works_for=(Employment(organisation_id=firm["_id"], role="директор"),))
    assert await clients.people(firm["_id"]) == [anna["_id"]]
    await changed(clients, anna, works_for=())
    assert await clients.people(firm["_id"]) == []
    with pytest.raises(InvalidInput) as refused:
        await changed(clients, anna, works_for=(Employment(organisation_id="cl_none"),))
    assert list(refused.value.fields) == ["works_for"]


@pytest.mark.parametrize("text", ["7707083893", "500100732259", "77 0708 3893"])
def test_an_inn_with_right_check_digits_is_taken(text: str) -> None:
    assert inn(text) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (inn, "7707083894"),
        (inn, "500100732258"),
        (inn, "77070838"),
        (inn, "٧٧٠٧٠٨٣٨٩٣"),
        (kpp, "77360100"),
        (kpp, "ABCD01001"),
        (ogrn, "1027700132196"),
        (ogrn, "304500116000158"),
        (ogrn, "12"),
    ],
)
def test_requisites_with_a_mistyped_digit_are_refused(check: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"digit|characters"):
        check(text)


def test_registration_numbers_are_taken_by_their_check_digit() -> None:
    assert (ogrn("1027700132195"), ogrn("304500116000157"), kpp("773601001")) == (
        "1027700132195",
        "304500116000157",
        "773601001",
    )


@pytest.mark.parametrize(
    "form",
    [
        {"inn": "123"},
        {"status": "friend"},
        {"birth_date": "2026-13-01"},
        {"custom": {"Плохо": 1}},
        {"works_for": [{"organisation_id": "cl_1", "since": "2026-02-01", "until": "2026-01-01"}]},
    ],
)
def test_a_card_that_cannot_be_is_refused_by_its_field(form: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        CardChange(**form)
    assert refused.value.errors()[0]["loc"][0] == next(iter(form))


async def two(bench: Bench) -> tuple[dict[str, Any], dict[str, Any]]:
    await bench.receive(an_arrival(1), an_arrival(2, sender="anna@home.example", subject="Другое"))
    ids = [await client_of(bench, an_arrival(n)) for n in (1, 2)]
    found = await bench.repository.clients.get_many(ids)
    return found[ids[0]], found[ids[1]]


async def test_the_client_who_stays_takes_the_fields_that_were_chosen_and_those_that_he_lacked(
    bench: Bench, clients: Clients
) -> None:
    anna, home = await two(bench)
    await changed(clients, anna, given_name="Анна", comment="")
    await changed(clients, home, given_name="Аня", surname="Смирнова", birth_date="1990-03-02", comment="VIP")
    form = MergeClients(into=anna["_id"], take=("given_name",))
    merged = await clients.merge(home["_id"], form, actor=OLGA)
    again = await clients.merge(home["_id"], form, actor=OLGA)
    assert [merged[name] for name in ("given_name", "surname", "birth_date", "comment")] == [
        "Аня",
        "Смирнова",
        "1990-03-02",
        "VIP",
    ]
    assert again["_v"] - merged["_v"] <= 1  # nothing is done twice
    both = await whole(bench.repository, home["_id"])
    assert (both["_id"], [one["address"] for one in both["addresses"]]) == (
        anna["_id"],
        ["email:anna@example.com", "email:anna@home.example"],
    )
    assert born_with(both, "email:anna@home.example") == home["_id"]


async def test_parting_gives_each_his_own_also_of_what_came_meanwhile_but_not_what_was_changed_since(
    bench: Bench, clients: Clients
) -> None:
    anna, home = await two(bench)
    await changed(clients, home, surname="Смирнова", comment="VIP")
    await clients.merge(home["_id"], MergeClients(into=anna["_id"]), actor=OLGA)
    await changed(clients, anna, comment="уже не VIP")
    chance, sent = random.Random(3), {anna["_id"]: {an_arrival(1).id}, home["_id"]: {an_arrival(2).id}}
    for n in range(10, 60):
        sender, owner = chance.choice([("anna@example.com", anna["_id"]), ("anna@home.example", home["_id"])])
        letter = an_arrival(n, sender=sender, subject=f"Дело {n}", at=NOON + n * MINUTE)
        sent[owner].add(letter.id)
        await bench.receive(letter)
    await clients.part(home["_id"], actor=OLGA)
    after = await bench.repository.clients.get(anna["_id"]) or {}
    assert (after.get("surname"), after["comment"]) == (None, "уже не VIP")
    for client_id, letters in sent.items():
        assert {part["_id"] for part in await bench.repository.newest_of_client(client_id, limit=500)} == letters
    with pytest.raises(Conflict):
        await clients.part(home["_id"], actor=OLGA)


async def test_whoever_saw_one_of_two_sees_the_merged_client_and_not_the_other_after_parting(
    bench: Bench, clients: Clients
) -> None:
    await bench.receive(an_arrival(1, team="sales"), an_arrival(2, sender="b@example.com", team="legal"))
    first, second = [await client_of(bench, an_arrival(n)) for n in (1, 2)]
    merged = await clients.merge(second, MergeClients(into=first), actor=OLGA)
    assert merged["seen_by"] == ["team:legal", "team:sales"]
    parted = await clients.part(second, actor=OLGA)
    left = await bench.repository.clients.get(first) or {}
    assert (left["seen_by"], parted["seen_by"]) == (["team:sales"], ["team:legal"])


async def test_an_opt_out_stays_with_its_address_through_merging_and_parting(bench: Bench, clients: Clients) -> None:
    anna, home = await two(bench)
    said = ConsentRecorded(
        address="email:anna@home.example",
        channel="email",
        account="mb_1",
        state="withdrawn",
        at=NOON,
        evidence="in_1",
        words="стоп",
    )
    await bench.hear(said)
    await clients.merge(home["_id"], MergeClients(into=anna["_id"]), actor=OLGA)
    found = await bench.repository.addresses_of([await whole(bench.repository, anna["_id"])])
    assert found["email:anna@home.example"]["consent"]["email"]["state"] == "withdrawn"
    assert (await bench.address("anna@home.example"))["client_id"] == home["_id"]


async def test_a_merge_that_cannot_be_is_refused(bench: Bench, clients: Clients) -> None:
    anna, home = await two(bench)
    with pytest.raises(InvalidInput) as refused:
        await clients.merge(home["_id"], MergeClients(into=anna["_id"], take=("open_chains",)), actor=OLGA)
    assert list(refused.value.fields) == ["take"]
    with pytest.raises(Conflict):
        await clients.merge(anna["_id"], MergeClients(into=anna["_id"]), actor=OLGA)
    await clients.merge(home["_id"], MergeClients(into=anna["_id"]), actor=OLGA)
    with pytest.raises(Conflict, match="merged into"):
        await changed(clients, home, comment="x")
    with pytest.raises(Conflict, match="already"):
        await clients.merge(anna["_id"], MergeClients(into=home["_id"]), actor=OLGA)
