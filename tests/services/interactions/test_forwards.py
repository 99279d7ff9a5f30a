"""Third parties: whom a message was forwarded or copied to answers beside the chain, never in front of the client."""

import asyncio

import pytest

from hub.api.actor import Actor
from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import Attachment, InteractionChanged, Role, SendMessage
from hub.contracts.masks import hiding
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.testing.builders import an_arrival, envelopes
from services.interactions.forwards import Forward
from services.interactions.handover import ChainChange, Handover
from services.interactions.linking import side_chain_id
from services.interactions.writing import Answer, token_of
from tests.services.interactions.conftest import Bench

PHOTO = Attachment(id="at_1", filename="broken.jpg", content_type="image/jpeg", size=3, blob="att/x")
CARRIER = "carrier@lorry.example"


async def chain_of(bench: Bench) -> str:
    """The client's, opened by his mail with a photo."""
    await bench.receive(an_arrival(attachments=(PHOTO,)))
    return str((await bench.chains())[0]["_id"])


async def test_a_forward_has_the_comment_the_message_and_its_attachments(bench: Bench) -> None:
    chain = await chain_of(bench)
    forward = Forward(to=CARRIER, comment="Что с заказом?")
    planned = await bench.forwards.plan(chain, forward, author="olga", idempotency_key=None)
    request = bench.bus.events("outbound")[-1]
    assert isinstance(request, SendMessage)
    assert (request.subject, request.attachments, request.reply_to_key) == ("Fwd: Где мой заказ?", (PHOTO,), None)
    assert request.text == (
        "Что с заказом?\n\n"
        "---------- Forwarded message ----------\n"
        "From: Анна Смирнова <anna@example.com>\n"
        "Date: 2026-03-02 12:00 UTC\n"
        "Subject: Где мой заказ?\n"
        "To: support@romashka.example\n\n"
        "Здравствуйте! Заказ № 17 не пришёл."
    )
    assert [(p.role, p.address) for p in request.to] == [(Role.TO, f"email:{CARRIER}")]
    assert planned["link"]["parent"] == chain


async def test_a_forward_opens_a_chain_of_the_third_party_beside_the_clients(bench: Bench) -> None:
    chain = await chain_of(bench)
    planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    beside = await bench.repository.chains.get(planned["chain_id"]) or {}
    assert (beside["parent"], beside["client_id"] != (await bench.chains())[0]["client_id"]) == (chain, True)
    kinds = [type(event) for event in bench.bus.events()]
    assert kinds.count(ClientOpened) == kinds.count(ChainOpened) == 2
    last = bench.bus.events()[-1]
    assert isinstance(last, InteractionChanged)
    (note,) = last.interaction.forwarded
    assert (note.to, note.by, note.chain_id) == (f"email:{CARRIER}", "olga", planned["chain_id"])


async def test_beside_a_private_chain_everything_is_private_too(bench: Bench) -> None:
    chain = await chain_of(bench)
    handover, olga = Handover(bench.repository), Actor(login="olga", reach=("*",))
    ours = await bench.answered(cc=("expert@lab.example",))
    await handover.chain(chain, ChainChange(private=True, owner="olga"), actor=olga)
    planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    reply = an_arrival(2, sender="expert@lab.example", refs=(f"interaction:{ours}",))
    await bench.receive(reply)
    for chain_id in (planned["chain_id"], (await bench.stored(reply.id))["chain_id"]):
        beside = await bench.repository.chains.get(chain_id) or {}
        assert (beside["parent"], beside["owner"], beside["private"]) == (chain, "olga", True)


async def test_what_was_taken_from_a_team_is_not_shown_to_it_beside(bench: Bench) -> None:
    await bench.receive(an_arrival(team="sales", others="subject"))
    chain = str((await bench.chains())[0]["_id"])
    await Handover(bench.repository).chain(chain, ChainChange(team="legal"), actor=Actor(login="x", reach=("*",)))
    planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    beside = await bench.repository.chains.get(planned["chain_id"]) or {}
    party = await bench.repository.clients.get(planned["client_id"]) or {}
    assert (beside["seen_by"], beside["others"]) == (["owner:olga", "team:legal"], "subject")
    assert party["seen_by"] == ["owner:olga", "team:legal"]


async def test_whoever_is_shown_addresses_masked_passes_them_on_so(bench: Bench) -> None:
    chain = await chain_of(bench)
    with hiding(["addresses"]):
        planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    request = bench.bus.events("outbound")[-1]
    assert isinstance(request, SendMessage)
    for text in (planned["text"], request.text):
        assert "From: Анна Смирнова <a***@example.com>\n" in text
        assert "anna@example.com" not in text


async def test_the_third_partys_answer_lands_beside_and_the_clients_in_his_chain(bench: Bench) -> None:
    chain = await chain_of(bench)
    planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    by_token = an_arrival(
        2, sender=CARRIER, subject="Re: Fwd: Где мой заказ?", refs=(f"token:{token_of(planned['_id'])}",)
    )
    await bench.receive(by_token, an_arrival(3, refs=an_arrival().keys))
    assert (await bench.stored(by_token.id))["chain_id"] == planned["chain_id"]
    assert (await bench.stored(an_arrival(3).id))["chain_id"] == chain


async def test_no_token_of_the_clients_chain_is_passed_on(bench: Bench) -> None:
    chain = await chain_of(bench)
    ours = await bench.answered()
    quoting = an_arrival(2, text=f"Нет.\n\n> [#{token_of(ours)}]", refs=(f"interaction:{ours}",))
    await bench.receive(quoting)
    planned = await bench.forwards.plan(
        chain, Forward(to=CARRIER, interaction_id=quoting.id), author="olga", idempotency_key=None
    )
    assert (token_of(ours) in planned["text"], "Нет." in planned["text"]) == (False, True)


async def test_a_copied_outsider_who_writes_a_first_letter_of_his_own_at_the_same_time_is_one_client(
    bench: Bench,
) -> None:
    await chain_of(bench)
    ours = await bench.answered(cc=("expert@lab.example",))
    for number in range(2, 22, 2):
        reply = an_arrival(number, sender="expert@lab.example", refs=(f"interaction:{ours}",))
        own = an_arrival(number + 1, sender="expert@lab.example", subject=f"Сам {number}")
        await asyncio.gather(bench.another().receive(envelopes(own)), bench.another().receive(envelopes(reply)))
        later = an_arrival(f"later {number}", sender="expert@lab.example", refs=reply.keys)
        await bench.receive(later)
        stored = [await bench.stored(one.id) for one in (reply, own, later)]
        assert len({one["client_id"] for one in stored}) == 1


async def test_a_second_forward_to_the_same_party_goes_into_the_same_chain(bench: Bench) -> None:
    chain = await chain_of(bench)
    both = [await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None) for _ in "ab"]
    assert len({planned["chain_id"] for planned in both}) == 1


async def test_pressing_forward_twice_forwards_once(bench: Bench) -> None:
    chain = await chain_of(bench)
    forward = Forward(to=CARRIER)
    both = await asyncio.gather(
        *(bench.forwards.plan(chain, forward, author="olga", idempotency_key="k") for _ in range(2))
    )
    assert both[0]["_id"] == both[1]["_id"]
    assert len({event.event_id() for event in bench.bus.events("outbound")}) == 1
    assert len((await bench.stored(an_arrival().id))["forwarded"]) == 1
    with pytest.raises(Conflict):
        await bench.forwards.plan(chain, Forward(to="x@y.example"), author="olga", idempotency_key="k")


async def test_a_forward_to_the_client_himself_to_nobody_or_of_nothing_is_refused(bench: Bench) -> None:
    chain = await chain_of(bench)
    for to in ("anna@example.com", "nobody", "a@b\r\nBcc: c@d.example"):
        with pytest.raises(InvalidInput) as refused:
            await bench.forwards.plan(chain, Forward(to=to), author="olga", idempotency_key=None)
        assert list(refused.value.fields) == ["to"]
    with pytest.raises(NotFound):
        await bench.forwards.plan(
            chain, Forward(to=CARRIER, interaction_id="in_none"), author="olga", idempotency_key=None
        )


async def test_somebody_we_only_copied_answers_beside_the_chain(bench: Bench) -> None:
    chain = await chain_of(bench)
    ours = await bench.answered(cc=("expert@lab.example",))
    reply = an_arrival(2, sender="expert@lab.example", refs=(f"interaction:{ours}",))
    again = an_arrival(3, sender="expert@lab.example", refs=(f"token:{token_of(ours)}",))
    await bench.receive(reply)
    await bench.receive(again)
    stored = [await bench.stored(reply.id), await bench.stored(again.id)]
    beside = side_chain_id(chain, "email:expert@lab.example")
    assert [(one["chain_id"], one["link"]["rule"]) for one in stored] == [(beside, "side_chain")] * 2
    assert (await bench.repository.chains.get(beside) or {})["parent"] == chain
    assert len({one["client_id"] for one in stored}) == 1


async def test_the_client_from_another_address_is_still_the_client(bench: Bench) -> None:
    chain = await chain_of(bench)
    ours = await bench.answered(cc=("expert@lab.example",))
    reply = an_arrival(2, sender="anna@home.example", refs=(f"interaction:{ours}",))
    await bench.receive(reply)
    assert (await bench.stored(reply.id))["chain_id"] == chain


async def test_two_copies_of_the_service_open_one_chain_beside(bench: Bench) -> None:
    await chain_of(bench)
    ours = await bench.answered(cc=("expert@lab.example",))
    replies = [an_arrival(n, sender="expert@lab.example", refs=(f"interaction:{ours}",)) for n in range(2, 12)]
    await asyncio.gather(*(bench.another().receive(envelopes(reply)) for reply in replies))
    stored = [await bench.stored(reply.id) for reply in replies]
    assert (len({one["chain_id"] for one in stored}), len({one["client_id"] for one in stored})) == (1, 1)


async def test_an_answer_to_the_third_party_stays_beside(bench: Bench) -> None:
    chain = await chain_of(bench)
    planned = await bench.forwards.plan(chain, Forward(to=CARRIER), author="olga", idempotency_key=None)
    await bench.receive(an_arrival(2, sender=CARRIER, refs=(f"token:{token_of(planned['_id'])}",)))
    answer = await bench.answers.plan(
        planned["chain_id"], Answer(text="Спасибо"), author="olga", idempotency_key=None
    )
    assert [p["address"] for p in answer["participants"]] == [f"email:{CARRIER}"]
