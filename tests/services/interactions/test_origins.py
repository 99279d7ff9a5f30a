"""Where a client who is opened by hand comes from: said where his channel requires it, and told with him."""

from dataclasses import replace
from typing import Any

import pytest

from hub.contracts.client import ClientOpened
from hub.kit.errors import InvalidInput
from services.interactions.addresses import Addresses
from services.interactions.byhand.forms import ByHandForm
from services.interactions.byhand.service import ByHand
from services.interactions.clients.forms import NewClient
from services.interactions.clients.service import Clients
from services.interactions.handover import Handover
from services.interactions.origins import Origins
from services.interactions.seen import Seen
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_by_hand import ANNA, OLGA

PERSON = replace(OLGA, session="s_1")


class Policies:
    async def requires(self, channel: str) -> bool:
        return channel in ("meeting", "card")


@pytest.fixture
def by_hand(bench: Bench) -> ByHand:
    handover, addresses = Handover(bench.repository, bench.clock), Addresses(bench.repository, region="RU")
    seen = Seen(bench.repository, Directory())
    return ByHand(bench.repository, seen, handover, addresses, bench.clock, bench.calendars, Origins(Policies()))


@pytest.fixture
def clients(bench: Bench) -> Clients:
    handover, addresses = Handover(bench.repository, bench.clock), Addresses(bench.repository, region="RU")
    return Clients(bench.repository, addresses, handover, bench.clock, Origins(Policies()))


def a_form(**over: Any) -> ByHandForm:
    return ByHandForm.model_validate({"type": "meeting", "subject": "Замер", "participants": [ANNA], **over})


def sources(bench: Bench) -> list[str | None]:
    told = [one for one in bench.bus.events("clients") if isinstance(one, ClientOpened)]
    return [one.client.source.value if one.client.source else None for one in told]


@pytest.mark.parametrize("nothing", ["", " ", "\u200b"])
async def test_a_contact_with_somebody_new_is_refused_without_a_source_where_its_channel_requires_one(
    bench: Bench, by_hand: ByHand, nothing: str
) -> None:
    with pytest.raises(InvalidInput, match="source: a new client needs one in the channel meeting") as refused:
        await by_hand.add(a_form(source=nothing), actor=PERSON, key="k")
    assert list(refused.value.fields) == ["source"]
    assert (await bench.clients(), sources(bench)) == ([], [])
    await by_hand.add(a_form(source="по радио"), actor=PERSON, key="k2")
    assert sources(bench) == ["по радио"]


async def test_a_contact_with_somebody_known_or_in_another_channel_needs_none(bench: Bench, by_hand: ByHand) -> None:
    await by_hand.add(a_form(source="по радио"), actor=PERSON, key=None)
    await by_hand.add(a_form(), actor=PERSON, key=None)
    other = {"address": "boris@example.com", "name": "Борис"}
    await by_hand.add(a_form(type="letter", participants=[other]), actor=PERSON, key=None)
    assert sources(bench) == ["по радио", None]


async def test_a_card_needs_one_too_unless_a_service_opens_it_for_something_of_its_own(
    bench: Bench, clients: Clients
) -> None:
    with pytest.raises(InvalidInput, match="source: a new client needs one in the channel card"):
        await clients.open(NewClient(name="Анна"), actor=PERSON, key=None)
    await clients.open(NewClient(name="Анна", source=" выставка "), actor=PERSON, key=None)
    await clients.open(NewClient(name="Борис"), actor=OLGA, key=None)
    assert sources(bench) == ["выставка", None]
