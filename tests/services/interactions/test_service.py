"""Linking and deliveries against a real store."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import (
    Attachment,
    DeliveryState,
    InteractionChanged,
    InteractionLinked,
    Role,
)
from hub.kit.clock import iso
from hub.kit.errors import BusUnavailable, Conflict, InvalidInput, NotFound, StoreUnavailable
from hub.testing.builders import NOON, a_delivery, a_participant, an_arrival, envelopes
from services.interactions.writing import Answer, token_of
from tests.services.interactions.conftest import Bench


async def test_an_arrival_is_told_with_its_client_and_chain(bench: Bench) -> None:
    await bench.receive(an_arrival())
    linked, client, chain = bench.bus.events()
    assert isinstance(client, ClientOpened)
    assert isinstance(chain, ChainOpened)
    assert isinstance(linked, InteractionLinked)
    assert client.client.name == "Анна Смирнова"
    assert client.client.addresses[0].raw == "anna@example.com"
    assert linked.interaction.chain_id == chain.chain.id
    assert linked.interaction.participants[0].client_id == client.client.id
    assert linked.interaction.participants[1].client_id is None


async def test_the_same_arrival_told_twice_is_one_interaction_and_the_same_events(bench: Bench) -> None:
    await bench.receive(an_arrival())
    first = [event.event_id() for event in bench.bus.events()]
    await bench.service.receive(envelopes(an_arrival(), an_arrival()))
    assert {event.event_id() for event in bench.bus.events()} == set(first)
    assert await bench.opened() == (1, 1, 1)


async def test_what_a_dead_bus_kept_from_being_told_is_told_on_the_next_try(bench: Bench) -> None:
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.receive(an_arrival())
    await bench.receive(an_arrival())
    assert [type(event) for event in bench.bus.events()] == [InteractionLinked, ClientOpened, ChainOpened]


async def test_twenty_simultaneous_first_mails_open_one_client_and_one_chain(bench: Bench) -> None:
    copies = [bench.another() for _ in range(20)]
    arrivals = [an_arrival(n, subject="Тема") for n in range(20)]
    await asyncio.gather(*(copy.receive(envelopes(a)) for copy, a in zip(copies, arrivals, strict=True)))
    assert await bench.opened() == (1, 1, 20)


async def test_answer_and_question_linked_at_once_by_two_copies_share_a_chain(bench: Bench) -> None:
    for n in range(0, 40, 2):
        question = an_arrival(n, sender=f"q{n}@example.com", subject=f"q{n}")
        answer = an_arrival(n + 1, sender=f"a{n}@example.com", refs=question.keys, subject=f"a{n}")
        await asyncio.gather(bench.service.receive(envelopes(question)), bench.another().receive(envelopes(answer)))
        stored = await bench.repository.interactions.get_many([question.id, answer.id])
        assert stored[question.id]["chain_id"] == stored[answer.id]["chain_id"]


async def test_one_mail_to_two_of_our_mailboxes_is_one_interaction_of_both(bench: Bench) -> None:
    await bench.receive(an_arrival(account="mb_support"), an_arrival(account="mb_sales"))
    await bench.receive(an_arrival(account="mb_shop"))
    (interaction,) = await bench.everything()
    assert interaction["accounts"] == ["mb_support", "mb_sales", "mb_shop"]
    assert isinstance(bench.bus.events()[-1], InteractionChanged)


async def test_an_answer_goes_to_the_sender_with_subject_and_references(bench: Bench) -> None:
    await bench.receive(an_arrival(refs=("email:<earlier@x>", "email:<first@x>")))
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Уже везём!"), author="olga", idempotency_key="k1")
    command = bench.bus.events("outbound")[-1]
    assert planned["delivery"]["state"] == "queued"
    assert planned["cause_id"] == an_arrival().id
    assert command.model_dump(exclude={"to"}, exclude_defaults=True) == {
        "id": planned["_id"],
        "channel": "email",
        "account": "mb_support",
        "subject": "Re: Где мой заказ?",
        "text": "Уже везём!",
        "reply_to_key": "email:<1@example.com>",
        "thread_keys": ("email:<first@x>", "email:<earlier@x>", "email:<1@example.com>"),
        "token": token_of(planned["_id"]),
    }
    assert [(p.role, p.address) for p in command.to] == [(Role.TO, "email:anna@example.com")]


async def test_pressing_send_twice_sends_once(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    both = await asyncio.gather(
        *(bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key="k") for _ in range(2))
    )
    assert both[0]["_id"] == both[1]["_id"]
    assert len({event.event_id() for event in bench.bus.events("outbound")}) == 1
    with pytest.raises(Conflict):
        await bench.answers.plan(chain["_id"], Answer(text="Нет"), author="olga", idempotency_key="k")


async def test_an_answer_accepted_while_the_bus_is_down_is_kept_with_what_it_owes(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    bench.bus.failures = -1
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    assert (await bench.repository.interactions.get(planned["_id"]) or {})["owes"]


async def test_the_clients_reply_to_our_message_id_or_token_lands_in_the_chain(bench: Bench) -> None:
    await bench.receive(an_arrival(1))
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    by_id = an_arrival(2, sender="anna@work.example", refs=(f"interaction:{planned['_id']}",))
    by_token = an_arrival(3, sender="anna@home.example", refs=(f"token:{token_of(planned['_id'])}",))
    await bench.receive(by_id, by_token)
    stored = await bench.repository.interactions.get_many([by_id.id, by_token.id])
    assert {(d["chain_id"], d["cause_id"]) for d in stored.values()} == {(chain["_id"], planned["_id"])}


async def test_a_reply_to_the_id_a_provider_gave_our_message_lands_in_the_chain(bench: Bench) -> None:
    await bench.receive(an_arrival(1))
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.service.record_deliveries(
        envelopes(a_delivery(planned["_id"], keys=("email:<rewritten@provider.example>",)))
    )
    reply = an_arrival(2, sender="x@y.example", refs=("email:<rewritten@provider.example>",))
    await bench.receive(reply)
    assert (await bench.repository.interactions.get(reply.id) or {})["chain_id"] == chain["_id"]


async def test_a_delivery_never_moves_backwards(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    for state in (DeliveryState.UNKNOWN, DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.FAILED):
        await bench.service.record_deliveries(envelopes(a_delivery(planned["_id"], state, reason=f"said {state}")))
    stored = await bench.repository.interactions.get(planned["_id"])
    assert stored is not None
    assert (stored["delivery"]["state"], stored["delivery"]["reason"]) == ("sent", "said sent")


async def test_the_sent_copy_is_told_apart_from_the_delivery(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    failed = a_delivery(planned["_id"], copy_state="failed", copy_reason="no such folder")
    await bench.service.record_deliveries(envelopes(a_delivery(planned["_id"], reason="250 ok"), failed))
    stored = await bench.repository.interactions.get(planned["_id"])
    assert stored is not None
    assert stored["delivery"] == {
        "state": "sent",
        "reason": "250 ok",
        "copy_state": "failed",
        "copy_reason": "no such folder",
        "receipt": False,
    }


async def test_attachments_are_found_by_their_id(bench: Bench) -> None:
    attachment = Attachment(id="at_1", filename="счёт.pdf", content_type="application/pdf", size=3, blob="att/x")
    await bench.receive(an_arrival(attachments=(attachment,)))
    assert (await bench.repository.attachments.get("at_1") or {})["filename"] == "счёт.pdf"


async def test_an_answer_in_no_chain_or_to_no_address_is_refused(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await bench.answers.plan("ch_none", Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    for address in ("anna", "a@b\r\nBcc: evil@example.com", "a b@example.com"):
        with pytest.raises(InvalidInput) as refused:
            await bench.answers.plan(
                chain["_id"], Answer(text="Да", cc=(address,)), author="olga", idempotency_key=None
            )
        assert list(refused.value.fields) == ["cc.0"]


async def test_a_participant_known_before_carries_his_client(bench: Bench) -> None:
    await bench.receive(an_arrival(1, sender="boris@example.com", subject="Б"))
    copied = (a_participant(Role.FROM, "anna@example.com"), a_participant(Role.CC, "boris@example.com"))
    await bench.receive(an_arrival(2, participants=copied, subject="А"))
    stored = await bench.repository.interactions.get(an_arrival(2).id)
    boris = (await bench.repository.addresses.get("email:boris@example.com") or {})["client_id"]
    assert stored is not None
    assert [p["client_id"] for p in stored["participants"]] == [stored["client_id"], boris]


async def test_an_answer_whose_chain_was_not_told_of_it_by_a_crash_is_told_when_it_is_pressed_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()

    async def killed(interaction: object) -> None:
        raise StoreUnavailable(f"killed before {interaction}")

    with monkeypatch.context() as patched:
        patched.setattr(bench.answers._outgoing, "move_on", killed)
        with pytest.raises(StoreUnavailable):
            await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key="k")
    bench.clock.advance(timedelta(minutes=1))
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key="k")
    (client,) = await bench.clients()
    assert planned["_id"] in [head["last_id"] for head in client["open_chains"]] or planned["at"] <= chain["last_at"]


async def test_a_client_lists_the_address_he_was_opened_for_whoever_comes_first_in_the_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of somebody else stands before the letter that it is about, whose names a killed try had claimed."""
    letter = an_arrival(1)
    answer = an_arrival(2, sender="boris@example.com", name="Борис", subject="Re: Где мой заказ?", refs=letter.keys)

    async def killed(*_: object) -> None:
        raise StoreUnavailable("killed before the clients were there")

    with monkeypatch.context() as patched:
        patched.setattr(bench.repository, "_claim_clients", killed)
        with pytest.raises(StoreUnavailable):
            await bench.service.receive(envelopes(letter))
    await bench.receive(answer, letter)
    owner = (await bench.address())["client_id"]
    listed = {client["_id"]: [one["address"] for one in client["addresses"]] for client in await bench.clients()}
    assert listed[owner] == ["email:anna@example.com"]


async def test_a_client_who_was_opened_for_a_try_that_did_not_hold_goes_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.receive(an_arrival(1, sender="boris@example.com"))
    (boris,) = await bench.clients()
    anna = "email:anna@example.com"
    await bench.repository.own({"address": anna, "raw": "anna@example.com", "name": ""}, "cl_being_opened_elsewhere")
    claim, tries = bench.repository.claim, list[object]()

    async def contended(*given: Any) -> Any:
        """The first time others were faster, and meanwhile the address has become Boris's."""
        tries.append(await claim(*given))
        if len(tries) > 1:
            return tries[-1]
        await bench.repository.addresses.amend(anna, lambda now: {**now, "client_id": boris["_id"]})
        return None

    monkeypatch.setattr(bench.repository, "claim", contended)
    await bench.receive(an_arrival(2))
    assert [client["_id"] for client in await bench.clients()] == [boris["_id"]]
    assert (await bench.stored(an_arrival(2).id))["client_id"] == boris["_id"]
    assert (await bench.address())["client_id"] == boris["_id"]


async def test_a_client_who_was_opened_for_a_try_that_did_not_hold_is_told_where_others_keep_him(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.receive(an_arrival(1, sender="boris@example.com"))
    (boris,) = await bench.clients()
    claim, tries = bench.repository.claim, list[object]()

    async def contended(*given: Any) -> Any:
        """The first time another letter of hers is linked to the client at once, and her address becomes Boris's."""
        tries.append(given)
        claimed, first = await claim(*given), len(tries) == 1
        if not first:
            return claimed
        await bench.receive(an_arrival(3))
        await bench.repository.addresses.amend(
            "email:anna@example.com", lambda now: {**now, "client_id": boris["_id"]}
        )
        return None

    monkeypatch.setattr(bench.repository, "claim", contended)
    await bench.receive(an_arrival(2))
    told = [e.event.client.id for e in bench.bus.published if isinstance(e.event, ClientOpened)]
    assert sorted(told) == sorted(client["_id"] for client in await bench.clients())
    assert len(told) == 2


async def test_an_older_message_that_comes_late_leaves_its_chain_at_the_newest(bench: Bench) -> None:
    newest = an_arrival(1, at=NOON)
    await bench.receive(newest)
    await bench.receive(an_arrival(2, at=NOON - timedelta(hours=2), refs=("email:<1@example.com>",)))
    (chain,) = await bench.chains()
    assert (chain["last_at"], chain["last_id"]) == (iso(NOON), newest.id)
