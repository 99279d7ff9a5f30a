"""What changes is told, once and for all: after a bus that was down, beside a poison neighbour, and within bounds."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.address import AddressChanged, ConsentRecorded
from hub.contracts.client import ClientChanged
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    InteractionChanged,
    InteractionRevised,
    SendMessage,
)
from hub.kit.errors import BusUnavailable, TooLarge
from hub.testing.builders import NOON, a_delivery, an_arrival, envelopes
from hub.testing.fakes import FakeBlobs
from services.interactions.addresses import Addresses, NewAddress
from services.interactions.answers import Answers
from services.interactions.outgoing import Outgoing
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench


def changes(bench: Bench) -> list[InteractionChanged]:
    return [event for event in bench.bus.events("interactions") if isinstance(event, InteractionChanged)]


def a_file(state: Any) -> Attachment:
    return Attachment(id="at_1", filename="a.jpg", content_type="image/jpeg", size=1, state=state, blob="media/x")


async def test_a_file_whose_event_a_dead_bus_swallowed_is_told_on_the_next_try(bench: Bench) -> None:
    arrival = an_arrival(attachments=(a_file("pending"),))
    await bench.hear(arrival)
    news = AttachmentFetched(interaction_id=arrival.id, sender="email:anna@example.com", attachment=a_file("ready"))
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.hear(news)
    await bench.hear(news)
    await bench.hear(news)
    (told,) = changes(bench)
    assert told.interaction.attachments[0].state == "ready"


async def test_a_mail_in_two_mailboxes_whose_event_a_dead_bus_swallowed_is_told_on_the_next_try(bench: Bench) -> None:
    await bench.hear(an_arrival())
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.hear(an_arrival(account="mb_sales"))
    await bench.hear(an_arrival(account="mb_sales"))
    assert changes(bench)[-1].interaction.accounts == ("mb_support", "mb_sales")


async def test_consent_is_told_with_the_address_and_its_revision(bench: Bench) -> None:
    await bench.hear(an_arrival())
    said = {
        "address": "email:anna@example.com",
        "channel": "email",
        "account": "mb",
        "evidence": "in_1",
        "words": "стоп",
    }
    await bench.hear(ConsentRecorded(**said, state="withdrawn", at=NOON))
    await bench.hear(ConsentRecorded(**said, state="given", at=NOON + timedelta(hours=1)))
    told = [event for event in bench.bus.events("addresses") if isinstance(event, AddressChanged)]
    assert [event.address.consent[0].state for event in told] == ["withdrawn", "given"]
    assert told[0].revision < told[1].revision
    assert told[0].event_id() != told[1].event_id()


async def test_a_card_that_is_changed_is_told(bench: Bench) -> None:
    await bench.hear(an_arrival())
    (client,) = await bench.clients()
    cards = Addresses(bench.repository, region="RU")
    await cards.add(client["_id"], NewAddress(address="8 (916) 123-45-67"))
    await cards.change(client["_id"], lambda now: {**now, "name": "Анна С."})
    told = [event for event in bench.bus.events("clients") if isinstance(event, ClientChanged)]
    assert [(event.client.name, len(event.client.addresses)) for event in told] == [
        ("Анна Смирнова", 2),
        ("Анна С.", 2),
    ]


async def test_an_address_that_is_removed_and_added_again_keeps_its_stop(bench: Bench) -> None:
    await bench.hear(an_arrival())
    (client,) = await bench.clients()
    stop = {"channel": "email", "account": "mb", "evidence": "in_1", "words": "стоп", "at": NOON}
    await bench.hear(ConsentRecorded(address="email:anna@example.com", state="withdrawn", **stop))
    cards = Addresses(bench.repository, region="RU")
    await cards.remove(client["_id"], "email:anna@example.com")
    assert (await bench.address())["client_id"] is None
    await cards.add(client["_id"], NewAddress(address="anna@example.com"))
    assert (await bench.address())["consent"]["email"]["state"] == "withdrawn"


async def test_deliveries_of_one_batch_are_taken_together_and_each_message_is_told_once(bench: Bench) -> None:
    arrivals = [an_arrival(n, sender=f"u{n}@example.com") for n in range(50)]
    await bench.hear(*arrivals)
    told = [a_delivery(a.id, state) for a in arrivals for state in ("queued", "sent", "delivered")]  # type: ignore[arg-type]
    before = len(bench.bus.published)
    await bench.service.record_deliveries(envelopes(*told))
    assert len(bench.bus.published) - before == 50
    assert {event.interaction.delivery.state for event in changes(bench)} == {"delivered"}  # type: ignore[union-attr]


async def test_a_message_edited_hundreds_of_times_stays_small_and_can_still_be_told(bench: Bench) -> None:
    first = an_arrival(1, channel="telegram", type="telegram", subject="", text="Ж" * 4096)
    await bench.hear(first)
    for n in range(1, 130):
        form = {**first.model_dump(), "text": f"{n} " + "Ж" * 4000, "revised_at": NOON + timedelta(seconds=n)}
        await bench.hear(InteractionRevised(**form))
    await bench.service.record_deliveries(envelopes(a_delivery(first.id)))
    last = changes(bench)[-1]
    assert len(last.body()) < 64_000
    assert (last.interaction.revisions[0].text, last.interaction.revised_times) == (first.text, 129)


async def test_a_text_too_large_for_an_event_travels_as_a_blob(bench: Bench) -> None:
    await bench.hear(an_arrival())
    (chain,) = await bench.chains()
    blobs = FakeBlobs()
    answers = Answers(bench.repository, bench.bus, bench.clock, outgoing=Outgoing(bench.repository, blobs))
    html = "<p>" + "Ж" * 330_000 + "</p>"
    planned = await answers.plan(chain["_id"], Answer(html=html), author="olga", idempotency_key="k")
    request = bench.bus.events("outbound")[-1]
    assert isinstance(request, SendMessage)
    assert blobs.content[request.html_blob].decode() == html
    assert (request.text, request.html) == ("", None)
    assert len(planned["text"]) == 20_000
    assert "330,000" in planned["problem"]


async def test_a_text_too_large_is_refused_before_anything_is_stored_where_there_are_no_blobs(bench: Bench) -> None:
    await bench.hear(an_arrival())
    (chain,) = await bench.chains()
    with pytest.raises(TooLarge):
        await bench.answers.plan(chain["_id"], Answer(text="Ж" * 90_000), author="olga", idempotency_key="k")
    assert len(await bench.everything()) == 1


async def test_of_two_words_of_one_moment_the_withdrawal_counts(bench: Bench) -> None:
    said = {"address": "email:anna@example.com", "channel": "email", "account": "mb", "evidence": "in_1"}
    await bench.hear(ConsentRecorded(**said, state="given", at=NOON))
    await bench.hear(ConsentRecorded(**said, state="withdrawn", at=NOON))
    await bench.hear(ConsentRecorded(**said, state="given", at=NOON))
    assert (await bench.address())["consent"]["email"]["state"] == "withdrawn"
