"""News about what is not stored yet waits for it, and is a dead letter when that never comes."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import Attachment, AttachmentFetched, Participant, ReactionRecorded, Role
from hub.contracts.park import MessageParked
from hub.kit.errors import StoreUnavailable
from hub.testing.builders import NOON, a_delivery, an_arrival, envelopes
from services.interactions import repository
from tests.services.interactions.conftest import Bench

CHAT = "telegram:@b/7"
TELEGRAM: dict[str, Any] = {
    "channel": "telegram",
    "type": "telegram",
    "account": "bot_1",
    "subject": "",
    "participants": (
        Participant(role=Role.FROM, address=CHAT, raw="7", name="Анна"),
        Participant(role=Role.TO, address="telegram:@b", ours=True),
    ),
}


def a_file(state: Any = "ready", blob: str = "media/x") -> Attachment:
    return Attachment(id="at_1", filename="a.jpg", content_type="image/jpeg", size=1, state=state, blob=blob)


def fetched(interaction_id: str) -> AttachmentFetched:
    return AttachmentFetched(interaction_id=interaction_id, sender="email:anna@example.com", attachment=a_file())


async def test_a_file_that_is_fetched_before_its_message_is_there_when_it_comes(bench: Bench) -> None:
    arrival = an_arrival(attachments=(a_file("pending", ""),))
    await bench.hear(fetched(arrival.id))
    await bench.hear(arrival)
    assert [file["state"] for file in (await bench.stored(arrival.id))["attachments"]] == ["ready"]
    assert (await bench.repository.attachments.get("at_1") or {})["state"] == "ready"
    assert (await bench.repository.waiting.find({})).items == []


async def test_a_delivery_told_before_its_message_is_taken_when_it_comes(bench: Bench) -> None:
    arrival = an_arrival()
    await bench.service.record_deliveries(envelopes(a_delivery(arrival.id, reason="250 ok")))
    await bench.hear(arrival)
    assert await bench.delivery(arrival.id) == ("sent", "250 ok")


async def test_a_reaction_waits_for_the_name_that_the_provider_gives_our_message(bench: Bench) -> None:
    await bench.hear(an_arrival(1, **TELEGRAM, keys=(f"{CHAT}/49",)))
    (chain,) = await bench.chains()
    ours = await bench.wrote_in(chain["_id"], "Да")
    signs = ReactionRecorded(message_key=f"{CHAT}/50", address=CHAT, signs=("👍",), at=NOON)
    await bench.hear(an_arrival(2, **TELEGRAM, keys=(f"{CHAT}/51",), refs=(f"{CHAT}/50",)), signs)
    await bench.service.record_deliveries(envelopes(a_delivery(ours["_id"], keys=(f"{CHAT}/50",))))
    assert (await bench.stored(ours["_id"]))["reactions"] == {CHAT: ["👍"]}
    assert (await bench.stored(an_arrival(2).id))["cause_id"] == ours["_id"]
    assert (await bench.repository.claims.get(f"{CHAT}/50") or {})["interaction_id"] == ours["_id"]


async def test_who_answered_first_gets_his_cause_although_a_kill_came_in_between(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.hear(an_arrival(1))
    (chain,) = await bench.chains()
    ours = await bench.wrote_in(chain["_id"], "Да")
    await bench.hear(an_arrival(2, subject="Другое", refs=("email:<named@provider.example>",)))
    assert (await bench.stored(an_arrival(2).id))["cause_id"] is None
    delivery = a_delivery(ours["_id"], keys=("email:<named@provider.example>",))

    def killed(name: str) -> None:
        raise StoreUnavailable(f"killed at {name}")

    with monkeypatch.context() as patched:
        patched.setattr(repository, "seam", killed)
        with pytest.raises(StoreUnavailable, match="after_names"):
            await bench.service.record_deliveries(envelopes(delivery))
    assert (await bench.repository.claims.get(delivery.keys[0]) or {})["interaction_id"] == ours["_id"]
    await bench.service.record_deliveries(envelopes(delivery))
    assert (await bench.stored(an_arrival(2).id))["cause_id"] == ours["_id"]


async def test_a_stop_of_an_address_that_nobody_has_yet_is_kept(bench: Bench) -> None:
    phone = "phone:+79991112233"
    stop = ConsentRecorded(
        address=phone, channel="sms", account="num", state="withdrawn", evidence="in_x", words="СТОП", at=NOON
    )
    await bench.hear(stop)
    sender = (Participant(role=Role.FROM, address=phone, raw="+79991112233"),)
    arrival = an_arrival(5, channel="sms", type="sms", subject="", keys=(), participants=sender)
    await bench.hear(arrival)
    address = await bench.repository.addresses.get(phone) or {}
    assert address["consent"]["sms"]["words"] == "СТОП"
    assert address["client_id"] == (await bench.stored(arrival.id))["client_id"]


async def test_news_that_waits_twice_is_taken_once(bench: Bench) -> None:
    arrival = an_arrival(attachments=(a_file("pending", ""),))
    for _ in range(3):
        await bench.hear(fetched(arrival.id))
    assert len((await bench.repository.waiting.find({})).items) == 1
    await bench.hear(arrival)
    assert [event.TYPE for event in bench.bus.events("interactions")].count("interaction.changed.v1") == 1


async def test_what_waits_in_vain_for_a_day_is_a_dead_letter(bench: Bench) -> None:
    await bench.hear(fetched("in_nobody"))
    bench.clock.advance(timedelta(hours=23))
    await bench.service.waiting.expire()
    assert bench.bus.events("dead-letters") == []
    bench.clock.advance(timedelta(hours=2))
    await bench.service.waiting.expire()
    await bench.service.waiting.expire()
    (letter,) = bench.bus.events("dead-letters")
    assert isinstance(letter, MessageParked)
    assert "interaction:in_nobody" in letter.reason
    assert letter.record().value == fetched("in_nobody").body()


async def test_two_thousand_pieces_of_news_that_wait_for_one_message_are_all_taken(bench: Bench) -> None:
    arrival = an_arrival(1, **TELEGRAM, keys=(f"{CHAT}/1",))
    for first in range(0, 1500, 500):
        signs = [
            ReactionRecorded(message_key=f"{CHAT}/1", address=f"telegram:@b/{n}", signs=("👍",), at=NOON)
            for n in range(first, first + 500)
        ]
        await bench.service.receive(envelopes(*signs))
    await bench.hear(arrival)
    assert (await bench.repository.waiting.find({})).items == []


async def test_waiting_news_that_cannot_be_read_is_parked_and_harms_nobody(bench: Bench) -> None:
    arrival = an_arrival(attachments=(a_file("pending", ""),))
    await bench.hear(fetched(arrival.id))
    (waiting,) = (await bench.repository.waiting.find({})).items
    await bench.repository.waiting.insert({**waiting, "_id": "ev_broken", "value": "{"})
    await bench.hear(arrival)
    assert [file["state"] for file in (await bench.stored(arrival.id))["attachments"]] == ["ready"]
    assert len(bench.bus.events("dead-letters")) == 1
