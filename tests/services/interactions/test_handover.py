"""Whose a chain or a client is, and by whom it is seen with it."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.client import ChainChanged, ClientChanged
from hub.kit.errors import Conflict, Forbidden, NotFound
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, an_arrival
from services.interactions.clients.forms import CardChange
from services.interactions.counting import Counting
from services.interactions.handover import ChainChange, Handover
from services.interactions.linking import OPEN_CHAINS_KEPT
from services.interactions.models import CHAINS, CLIENTS, UNCOUNTED
from services.interactions.outgoing import Outgoing
from services.interactions.reach import Accounts
from services.interactions.seen import Seen
from services.interactions.tokens import Tokens
from services.interactions.upgrades import Upgrades
from tests.services.interactions.conftest import Bench

OLGA = Actor(login="olga", reach=("*",))


class Directory:
    async def accounts(self) -> Accounts:
        return Accounts()


@pytest.fixture
def handover(bench: Bench) -> Handover:
    return Handover(bench.repository)


async def chain_of(bench: Bench, **arrival: Any) -> dict[str, Any]:
    """The chain that a letter opens."""
    letter = an_arrival(**arrival)
    await bench.receive(letter)
    opened: dict[str, Any] = next(chain for chain in await bench.chains() if chain["opened_by"] == letter.id)
    return opened


async def test_a_letter_to_a_teams_mailbox_opens_a_chain_and_a_client_that_the_team_sees(bench: Bench) -> None:
    chain = await chain_of(bench, team="sales", others="subject")
    (client,) = await bench.clients()
    assert (chain["team"], chain["seen_by"], chain["others"]) == ("sales", ["team:sales"], "subject")
    assert client["seen_by"] == ["team:sales"]


async def test_a_letter_to_everybodys_mailbox_is_seen_by_every_team(bench: Bench) -> None:
    chain = await chain_of(bench)
    assert (chain["team"], chain["seen_by"]) == (None, ["team:"])


async def test_an_answer_by_another_teams_mailbox_shows_the_chain_to_that_team_as_confidential_as_the_strictest(
    bench: Bench,
) -> None:
    chain = await chain_of(bench, team="sales")
    await bench.receive(an_arrival(2, refs=("email:<1@example.com>",), team="legal", others="metadata"))
    (chain,) = await bench.chains()
    (client,) = await bench.clients()
    assert (chain["team"], chain["seen_by"], chain["others"]) == ("sales", ["team:legal", "team:sales"], "metadata")
    assert client["seen_by"] == ["team:legal", "team:sales"]
    assert ChainChanged in {type(event) for event in bench.bus.events("chains")}


async def test_one_mail_to_mailboxes_of_two_teams_is_seen_by_both_however_often_it_is_told(bench: Bench) -> None:
    for _ in range(2):
        await bench.receive(
            an_arrival(team="sales"), an_arrival(account="mb_legal", team="legal"), an_arrival(team="sales")
        )
    (chain,) = await bench.chains()
    assert chain["seen_by"] == ["team:legal", "team:sales"]


async def test_whoever_a_chain_is_handed_to_sees_it_and_so_does_the_client(bench: Bench, handover: Handover) -> None:
    chain = await chain_of(bench, team="sales")
    after = await handover.chain(chain["_id"], ChainChange(owner="anna"), actor=OLGA)
    assert (after["owner"], after["seen_by"]) == ("anna", ["owner:anna", "team:sales"])
    (client,) = await bench.clients()
    assert client["seen_by"] == ["owner:anna", "team:sales"]
    changed = [event.chain for event in bench.bus.events("chains") if isinstance(event, ChainChanged)]
    assert (changed[-1].owner, changed[-1].team) == ("anna", "sales")
    assert isinstance(bench.bus.events("clients")[-1], ClientChanged)


async def test_whom_it_is_taken_from_does_not_see_it_any_more_nor_the_client(
    bench: Bench, handover: Handover
) -> None:
    chain = await chain_of(bench, team="sales")
    await handover.chain(chain["_id"], ChainChange(owner="anna"), actor=OLGA)
    after = await handover.chain(chain["_id"], ChainChange(team="legal", owner="ivan"), actor=OLGA)
    (client,) = await bench.clients()
    assert after["seen_by"] == client["seen_by"] == ["owner:ivan", "team:legal"]
    nobodys = await handover.chain(chain["_id"], ChainChange(team="", owner=""), actor=OLGA)
    assert (nobodys["owner"], nobodys["team"], nobodys["seen_by"]) == (None, None, ["team:"])


async def test_a_client_is_seen_by_those_who_see_any_of_his_chains(bench: Bench, handover: Handover) -> None:
    first = await chain_of(bench, team="sales")
    await chain_of(bench, number=2, subject="Договор", team="legal")
    await handover.chain(first["_id"], ChainChange(team="support"), actor=OLGA)
    (client,) = await bench.clients()
    assert client["seen_by"] == ["team:legal", "team:support"]
    await handover.client(client["_id"], {"owner": "anna", "team": ""})
    (client,) = await bench.clients()
    assert (client["owner"], client["seen_by"]) == ("anna", ["owner:anna", "team:", "team:legal", "team:support"])


async def test_what_goes_on_in_an_old_chain_of_a_team_shows_its_client_to_nobody_else(bench: Bench) -> None:
    first = await chain_of(bench, team="hr")
    for number in range(2, OPEN_CHAINS_KEPT + 4):
        at = NOON + timedelta(minutes=number)
        await bench.receive(an_arrival(number, subject=f"Дело {number}", team="hr", at=at))
    assert first["_id"] not in [entry["id"] for entry in (await bench.clients())[0]["open_chains"]]
    await bench.receive(an_arrival("late", refs=an_arrival().keys))
    await bench.wrote_in(first["_id"], "Принято.")
    assert (await bench.clients())[0]["seen_by"] == ["team:hr"]


async def test_a_client_whose_tokens_were_counted_while_a_message_came_is_seen_all_the_same(bench: Bench) -> None:
    chain = await chain_of(bench, team="sales")
    repository = bench.repository
    await repository.clients.amend(chain["client_id"], lambda now: {**now, "seen_by": ["team:legal"]})
    seen = Seen(repository, Directory())
    anna, petr = (
        Actor(login=login, reach=(token,)) for login, token in (("anna", "team:sales"), ("petr", "team:hr"))
    )
    with pytest.raises(NotFound):
        await seen.client(petr, chain["client_id"])
    assert await seen.client(anna, chain["client_id"])
    assert (await bench.clients())[0]["seen_by"] == ["team:sales"]


async def tokens_of_chains(bench: Bench) -> list[str]:
    """Of all chains: what the one client has to list."""
    return sorted({token for chain in await bench.chains() for token in chain["seen_by"]})


async def test_one_mail_to_mailboxes_of_two_teams_shows_its_client_to_both(bench: Bench) -> None:
    letter = an_arrival(team="sales")
    await bench.receive(letter)
    await bench.receive(letter.model_copy(update={"account": "legal", "team": "legal"}))
    (client,) = await bench.clients()
    assert client["seen_by"] == await tokens_of_chains(bench) == ["team:legal", "team:sales"]


async def test_a_client_who_is_counted_while_a_message_for_another_team_comes_is_listed_for_both(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = await chain_of(bench, team="sales")
    touch = bench.repository.touch_chains

    async def counted_before(*given: Any, **options: Any) -> Any:
        monkeypatch.undo()
        await Tokens(bench.repository).recount(chain["client_id"])
        return await touch(*given, **options)

    for again in (
        an_arrival(2, refs=("email:<1@example.com>",), team="legal"),
        an_arrival(3, subject="Б", team="hr"),
    ):
        monkeypatch.setattr(bench.repository, "touch_chains", counted_before)
        await bench.receive(again)
        (client,) = await bench.clients()
        assert client["seen_by"] == await tokens_of_chains(bench)
        assert f"team:{again.team}" in client["seen_by"]


async def test_a_client_whom_somebody_writes_to_first_is_listed_for_who_wrote(bench: Bench) -> None:
    chain = await chain_of(bench, team="sales")
    (letter,) = await bench.everything()
    begun = {**letter, "_id": "in_2", "chain_id": "ch_2", "author": "anna", "link": {"rule": "started"}}
    await Outgoing(bench.repository).move_on(begun)
    client = await bench.repository.clients.get(chain["client_id"])
    assert client
    assert client["seen_by"] == await tokens_of_chains(bench) == ["owner:anna", "team:sales"]


class Killed(Exception):
    """Here the process ends."""


@pytest.mark.parametrize("whose", ["chain", "client"])
async def test_a_hub_that_is_killed_between_a_handover_and_the_count_counts_later(
    bench: Bench, handover: Handover, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    chain = await chain_of(bench, team="sales")

    async def killed(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(handover._tokens, "settle", killed)
    monkeypatch.setattr(handover._tokens, "recount", killed)
    changes = {
        "chain": partial(handover.chain, chain["_id"], ChainChange(team="legal"), actor=OLGA),
        "client": partial(handover.client, chain["client_id"], {"team": "legal"}),
    }
    with pytest.raises(Killed):
        await changes[whose]()
    await Counting(bench.repository, timedelta(days=1)).run()
    (client,) = await bench.clients()
    assert client["seen_by"] == (["team:legal"] if whose == "chain" else ["team:legal", "team:sales"])
    for told in (bench.repository.chains, bench.repository.clients):
        assert not (await told.find({UNCOUNTED: True})).items


async def test_who_makes_a_chain_private_owns_it_and_another_ones_stays_as_its_owner_says(
    bench: Bench, handover: Handover
) -> None:
    chain = await chain_of(bench)
    after = await handover.chain(chain["_id"], ChainChange(private=True), actor=OLGA)
    assert (after["private"], after["owner"]) == (True, "olga")
    with pytest.raises(Conflict):
        await handover.chain(chain["_id"], ChainChange(private=False), actor=Actor(login="ivan"))
    with pytest.raises(NotFound):
        await handover.chain("ch_none", ChainChange(owner="anna"), actor=OLGA)


async def test_nobody_takes_over_what_he_does_not_see_unless_he_is_over_its_owner(
    bench: Bench, handover: Handover
) -> None:
    chain = await chain_of(bench, team="sales")
    anna = Actor(login="anna", teams=("sales",), reach=("owner:anna", "team:", "team:sales"))
    await handover.chain(chain["_id"], ChainChange(private=True), actor=anna)
    boris = Actor(login="boris", teams=("sales",), reach=("owner:boris", "team:", "team:sales"))
    for change in (ChainChange(owner="boris"), ChainChange(team="", owner=""), ChainChange(team="legal")):
        with pytest.raises(Forbidden):
            await handover.chain(chain["_id"], change, actor=boris)
    lead = Actor(login="lead", teams=("sales",), reach=("owner:anna", "team:sales"))
    after = await handover.chain(chain["_id"], ChainChange(owner="ivan"), actor=lead)
    assert (after["owner"], after["private"]) == ("ivan", True)
    assert (await handover.chain(chain["_id"], ChainChange(owner=""), actor=OLGA))["owner"] is None
    assert (await handover.chain(chain["_id"], ChainChange(owner="boris"), actor=boris))["owner"] == "boris"


async def test_whom_an_account_shows_a_part_only_does_not_take_the_rest_by_owning_it(
    bench: Bench, handover: Handover
) -> None:
    chain = await chain_of(bench, others="subject")
    boris = Actor(login="boris", teams=("sales",), reach=("owner:boris", "team:", "team:sales"))
    for change in (ChainChange(owner="boris"), ChainChange(private=True)):
        with pytest.raises(Forbidden):
            await handover.chain(chain["_id"], change, actor=boris)


@pytest.mark.parametrize(
    ("mine", "since"),
    [
        (ChainChange(team="legal"), {"owner": "ivan"}),
        (ChainChange(private=False), {"owner": "ivan"}),
        (ChainChange(owner="ivan"), {"private": True}),
        (ChainChange(owner="ivan"), {"owner": "petr"}),
    ],
)
async def test_what_somebody_has_since_is_not_taken_back_from_him_whatever_was_changed(
    bench: Bench, handover: Handover, mine: ChainChange, since: dict[str, Any]
) -> None:
    chain_id = (await chain_of(bench, team="sales"))["_id"]
    before = await handover.chain(chain_id, ChainChange(owner="olga", private=True), actor=OLGA)
    if mine.private is None:
        before = await handover.chain(chain_id, ChainChange(private=False), actor=OLGA)
    await handover.chain(chain_id, mine, actor=OLGA)
    theirs = await handover.chain(
        chain_id, ChainChange(**since), actor=Actor(login="ivan", reach=("*",)) if "private" in since else OLGA
    )
    back = await handover.back(chain_id, mine.model_dump(exclude_none=True), before, by="olga")
    assert [back[name] for name in ("owner", "team", "private")] == [
        theirs[name] for name in ("owner", "team", "private")
    ]


async def test_what_is_as_it_was_left_is_taken_back(bench: Bench, handover: Handover) -> None:
    before = await chain_of(bench, team="sales")
    given: dict[str, Any] = {"private": True, "team": "legal"}
    await handover.chain(before["_id"], ChainChange(**given), actor=OLGA)
    back = await handover.back(before["_id"], given, {**before, "private": None}, by="olga")
    assert (back["owner"], back["team"], back["private"]) == (None, "sales", False)


async def test_what_was_stored_before_there_were_teams_is_everybodys(bench: Bench, tmp_path: Path) -> None:
    await chain_of(bench)
    store = SqliteStore(tmp_path / "interactions.sqlite")
    upgrades = Upgrades(store)
    await store.start()
    for spec in (CHAINS, CLIENTS):
        collection = store.collection(spec)
        page = await collection.find({})
        bare = [{key: value for key, value in one.items() if key != "seen_by"} for one in page.items]
        await collection.swap_many(bare)
    tokens = Tokens(bench.repository)
    assert not (await tokens.page("chains", ["team:"], {}, order="last_at", limit=5, after=None)).items
    await upgrades.run()
    for collection, order in (("chains", "last_at"), ("clients", "opened_at")):
        assert len((await tokens.page(collection, ["team:"], {}, order=order, limit=5, after=None)).items) == 1
    await upgrades.run()
    await store.stop()


async def test_a_page_of_what_several_tokens_lead_to_has_each_once_and_misses_none(
    bench: Bench, handover: Handover
) -> None:
    for number in range(12):
        chain = await chain_of(bench, number=number, sender=f"c{number}@example.com", team=["a", "b"][number % 2])
        if number % 3 == 0:
            await handover.chain(chain["_id"], ChainChange(owner="anna"), actor=OLGA)
    tokens = Tokens(bench.repository)
    found: list[str] = []
    after = None
    while True:
        page = await tokens.page(
            "chains", ["team:a", "owner:anna"], {"state": ("open",)}, order="last_at", limit=3, after=after
        )
        found += [chain["_id"] for chain in page.items]
        if (after := page.next) is None:
            break
    wanted = {c["_id"] for c in await bench.chains() if c["team"] == "a" or c["owner"] == "anna"}
    assert len(found) == len(set(found)) == len(wanted) == 8
    assert set(found) == wanted


def test_a_form_without_anything_to_change_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to change"):
        ChainChange()
    assert CardChange(owner="").owner == ""
