"""What is too large to be told is refused before anything is stored or claimed for it."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import Attachment, Contact, InteractionReceived
from hub.contracts.scope import EVERYTHING
from hub.kit.errors import BlobsUnavailable, InvalidInput, TooLarge
from hub.testing.builders import an_arrival, envelopes
from hub.testing.fakes import FakeBlobs
from services.interactions.addresses import Addresses, NewAddress
from services.interactions.courtesy import Courtesy
from services.interactions.forwards import Forward, Forwards
from services.interactions.linking import Rules
from services.interactions.outgoing import Outgoing
from services.interactions.starts import Letter, Starts
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_starts import Listed

OLGA = Actor(login="olga", reach=(EVERYTHING,))
CARRIER = "carrier@lorry.example"
LONG = "Ж" * 90_000
TOO_LONG = "x" * 999_000
ANNA = "email:anna@example.com"


async def everything_of(bench: Bench) -> tuple[Any, ...]:
    """Clients, chains, interactions, addresses and claims, as they are stored."""
    collections = (*bench.repository.told, bench.repository.claims)
    return tuple([(await collection.find({}, limit=500)).items for collection in collections])


def starts_of(bench: Bench, outgoing: Outgoing) -> Starts:
    return Starts(bench.repository, outgoing, Listed(), bench.clock, Rules())


def a_nearly_too_long_arrival(number: int, **over: Any) -> InteractionReceived:
    """It came over the bus, and is over the limit as soon as it is an interaction."""
    return an_arrival(number, text=TOO_LONG, **over)


async def test_a_message_that_cannot_be_told_opens_no_client_and_claims_nothing(bench: Bench) -> None:
    with pytest.raises(TooLarge):
        await bench.service.receive(envelopes(a_nearly_too_long_arrival(1, refs=("email:<elder@example.com>",))))
    assert await everything_of(bench) == ([], [], [], [], [])


@pytest.mark.parametrize("forward", [Forward(to=CARRIER, comment=LONG), Forward(to=CARRIER, cc=("no address",))])
async def test_a_forward_that_is_refused_opens_no_client_and_no_chain(bench: Bench, forward: Forward) -> None:
    await bench.receive(an_arrival())
    before = await everything_of(bench)
    (chain,) = await bench.chains()
    with pytest.raises(TooLarge if forward.comment else InvalidInput):
        await bench.forwards.plan(chain["_id"], forward, author="olga", idempotency_key=None)
    assert await everything_of(bench) == before


async def test_a_forward_whose_blobs_cannot_be_written_opens_no_client_and_no_chain(bench: Bench) -> None:
    await bench.receive(an_arrival())
    before = await everything_of(bench)
    (chain,) = await bench.chains()
    forwards = Forwards(
        bench.repository, bench.bus, bench.clock, outgoing=Outgoing(bench.repository, FakeBlobs(failures=-1))
    )
    with pytest.raises(BlobsUnavailable):
        await forwards.plan(chain["_id"], Forward(to=CARRIER, comment=LONG), author="olga", idempotency_key=None)
    assert await everything_of(bench) == before


async def test_a_letter_that_is_refused_opens_no_chain(bench: Bench) -> None:
    await bench.receive(an_arrival())
    before = await everything_of(bench)
    (client,) = await bench.clients()
    letter = Letter(text=LONG, subject="Другое дело")
    for outgoing, refused in (
        (Outgoing(bench.repository), TooLarge),
        (Outgoing(bench.repository, FakeBlobs(failures=-1)), BlobsUnavailable),
    ):
        with pytest.raises(refused):
            await starts_of(bench, outgoing).plan(client["_id"], letter, actor=OLGA, idempotency_key=None)
    assert await everything_of(bench) == before


async def test_a_message_for_later_that_could_never_leave_is_refused_at_once(bench: Bench) -> None:
    await bench.receive(an_arrival())
    before = await everything_of(bench)
    (chain,) = await bench.chains()
    recipients = [f"{'ж' * 60}{number}@{'x' * 200}" for number in range(50)]
    answer = Answer(text="Да", to=tuple(recipients), send_at=bench.clock.now() + timedelta(days=1))
    files = tuple(Attachment(id=f"at_{n}", filename="ы" * 9_000, content_type="x/y", size=1) for n in range(50))
    wanted = answer.model_copy(update={"attachments": files})
    with pytest.raises(TooLarge):
        await bench.answers.plan(chain["_id"], wanted, author="olga", idempotency_key=None)
    assert await everything_of(bench) == before


async def test_an_address_that_does_not_fit_on_the_card_stays_nobodys(bench: Bench) -> None:
    await full_card(bench)
    before = await everything_of(bench)
    (client,) = await bench.clients()
    with pytest.raises(TooLarge):
        await Addresses(bench.repository, region="RU").add(client["_id"], NewAddress(address="+7 916 123-45-67"))
    assert await everything_of(bench) == before


async def test_an_address_that_a_message_vouches_for_and_that_does_not_fit_stays_nobodys(bench: Bench) -> None:
    await full_card(bench)
    contact = Contact(address="phone:+79161234567", raw="+79161234567", name="Анна", verified=True)
    with pytest.raises(TooLarge):
        await bench.receive(an_arrival(2, refs=an_arrival().keys, contacts=(contact,)))
    assert await bench.repository.addresses.get(contact.address) is None
    assert (await bench.stored(an_arrival(2).id))["contacts"]


async def test_an_automatic_answer_that_is_refused_does_not_count(bench: Bench) -> None:
    courtesy = Courtesy(
        bench.repository, bench.bus, bench.clock, outgoing=Outgoing(bench.repository, FakeBlobs(failures=-1))
    )
    await bench.service.receive(envelopes(an_arrival(acknowledge=LONG)))
    with pytest.raises(BlobsUnavailable):
        await courtesy.hear([one for one in bench.bus.published if one.event.TOPIC == "interactions"])
    assert "automatic" not in await bench.address()


async def full_card(bench: Bench) -> None:
    """A client of whom as much is stored as can just be told."""
    await bench.receive(an_arrival())
    (client,) = await bench.clients()
    used = len(orjson.dumps(client)) + len('{"address":"email:x","raw":"","name":""},')
    filler = {"address": "email:x", "raw": "x" * (996_000 - used - 20), "name": ""}
    await bench.repository.clients.amend(client["_id"], lambda now: {**now, "addresses": [*now["addresses"], filler]})
    (client,) = await bench.clients()
    await bench.repository.clients.tell(client)
