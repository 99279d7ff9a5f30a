"""Writing to a client from his card: by what he can be reached, and by the best of it."""

from datetime import timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.client import ChainOpened
from hub.contracts.interaction import SendMessage
from hub.contracts.masks import hiding
from hub.contracts.scope import EVERYTHING
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.testing.builders import NOON, an_arrival
from services.interactions.addresses import Addresses, NewAddress, Taken, normalised
from services.interactions.linking import Rules
from services.interactions.outgoing import Outgoing
from services.interactions.reach import Account, Accounts
from services.interactions.starts import Letter, Starts
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_news import PETR, PHONE, a_text, people

OLGA = Actor(login="olga", reach=(EVERYTHING,))
OURS = (
    Account(id="mb_support", channel="email", address="support@romashka.example"),
    Account(id="bot_0", channel="telegram", address="@other_bot"),
    Account(id="bot_1", channel="telegram", address="@romashka_bot"),
    Account(id="num_1", channel="sms", address="+74951234567"),
)


class Listed:
    """Our accounts, as the services of the channels would tell them."""

    def __init__(self) -> None:
        self.found = Accounts(known=OURS)

    async def accounts(self) -> Accounts:
        return self.found


class Card(Bench):
    """A client's card on the bench."""

    directory: Listed
    starts: Starts
    by_hand: Addresses

    @property
    async def client(self) -> dict[str, Any]:
        return next(one for one in await self.clients() if one["addresses"][0]["address"] == PETR)

    async def ways(self) -> dict[str, tuple[bool, str | None]]:
        """By address or channel: whether it can be gone, and why not."""
        found = await self.starts.ways((await self.client)["_id"], OLGA)
        return {way.address or way.channel: (way.available, way.reason) for way in found}

    async def wrote_to(self, key: str | None = None, **letter: Any) -> dict[str, Any]:
        given = Letter(**{"text": "Здравствуйте!", **letter})
        return await self.starts.plan((await self.client)["_id"], given, actor=OLGA, idempotency_key=key)

    def request(self) -> SendMessage:
        event = self.bus.events("outbound")[-1]
        assert isinstance(event, SendMessage)
        return event


@pytest.fixture
async def card(bench: Bench) -> Card:
    """Пётр's: he wrote by Telegram, and his phone is known."""
    card = Card.__new__(Card)
    card.__dict__ = bench.__dict__
    card.directory = Listed()
    card.starts = Starts(bench.repository, Outgoing(bench.repository), card.directory, bench.clock, Rules())
    card.by_hand = Addresses(bench.repository, region="RU")
    await bench.receive(a_text())
    await card.by_hand.add((await card.client)["_id"], NewAddress(address="8 (916) 123-45-67"))
    return card


async def test_every_channel_is_listed_with_the_reason_where_there_is_no_way(card: Card) -> None:
    assert await card.ways() == {
        "email": (False, "no e-mail address of his is known"),
        PHONE: (True, None),
        PETR: (True, None),
    }


async def test_a_chat_with_a_bot_that_is_not_ours_any_more_is_no_way(card: Card) -> None:
    card.directory.found = Accounts(known=OURS[:2])
    ways = await card.ways()
    assert ways[PETR] == (False, "the bot of this chat (@romashka_bot) is none of ours any more")
    assert ways[PHONE] == (False, "we have no number")


async def test_a_channel_whose_service_is_silent_says_so(card: Card) -> None:
    card.directory.found = Accounts(known=OURS[:1], silent=["sms", "telegram"])
    assert (await card.ways())[PHONE] == (
        False,
        "the service of sms does not answer now; try again in a few seconds",
    )


async def test_who_blocked_the_bot_or_said_stop_is_not_written_to_and_the_reason_is_told(card: Card) -> None:
    blocked = ReachabilityRecorded(
        address=PETR, account="bot_1", reachable=False, reason="he blocked the bot", at=NOON
    )
    stop = ConsentRecorded(
        address=PHONE, channel="sms", account="num_1", state="withdrawn", evidence="in_1", words="СТОП", at=NOON
    )
    await card.hear(blocked, stop)
    reasons = {
        PETR: (False, "cannot be reached since 2026-03-02: he blocked the bot"),
        PHONE: (False, "no consent: he wrote «СТОП» on 2026-03-02"),
    }
    assert {address: way for address, way in (await card.ways()).items() if address in reasons} == reasons
    with pytest.raises(Conflict, match="he wrote «СТОП»"):
        await card.wrote_to(channel="sms")
    with pytest.raises(Conflict, match="he cannot be reached"):
        await card.wrote_to()


async def test_auto_is_the_channel_of_his_last_message(card: Card) -> None:
    await card.wrote_to()
    assert (card.request().channel, card.request().account) == ("telegram", "bot_1")
    sms = a_text(2, channel="sms", account="num_1", participants=people(PHONE, "phone:+74951234567"))
    await card.receive(sms.model_copy(update={"at": NOON + timedelta(minutes=1), "keys": ("sms:1",)}))
    await card.wrote_to()
    assert (card.request().channel, card.request().to[0].address) == ("sms", PHONE)


async def test_who_is_written_to_by_an_address_without_a_name_has_his_own(card: Card) -> None:
    await card.wrote_to(channel="sms")
    assert card.request().to[0].name == (await card.client)["name"] != ""


async def test_auto_goes_round_a_way_that_is_closed(card: Card) -> None:
    blocked = ReachabilityRecorded(address=PETR, account="bot_1", reachable=False, reason="blocked", at=NOON)
    await card.hear(blocked)
    await card.wrote_to()
    assert card.request().channel == "sms"


async def test_a_message_without_a_subject_goes_on_with_the_chain_that_is_warm(card: Card) -> None:
    written = await card.wrote_to(channel="sms")
    assert written["chain_id"] == (await card.stored(a_text().id))["chain_id"]
    card.clock.advance(timedelta(days=3))
    late = await card.wrote_to(channel="sms")
    assert late["chain_id"] != written["chain_id"]
    opened = [event for event in card.bus.events() if isinstance(event, ChainOpened)]
    assert opened[-1].chain.id == late["chain_id"]


async def test_a_mail_needs_a_subject_and_begins_a_chain_of_it(card: Card) -> None:
    await card.by_hand.add((await card.client)["_id"], NewAddress(address="Petr@Example.com"))
    with pytest.raises(InvalidInput) as refused:
        await card.wrote_to(channel="email")
    assert list(refused.value.fields) == ["subject"]
    first = await card.wrote_to(channel="email", subject="Договор")
    again = await card.wrote_to(channel="email", subject="Re: договор")
    assert (first["chain_id"] == again["chain_id"], card.request().account) == (True, "mb_support")
    assert card.request().to[0].raw == "Petr@Example.com"


async def anna_writes(card: Card, **over: Any) -> dict[str, Any]:
    await card.receive(an_arrival(**over))
    anna = "email:anna@example.com"
    return next(one for one in await card.clients() if one["addresses"][0]["address"] == anna)


async def test_text_alone_goes_on_with_the_last_mail_under_its_subject(card: Card) -> None:
    anna = await anna_writes(card)
    written = await card.starts.plan(anna["_id"], Letter(text="Уже везём."), actor=OLGA, idempotency_key=None)
    asked = await card.stored(an_arrival().id)
    assert (written["chain_id"], written["cause_id"]) == (asked["chain_id"], asked["_id"])
    request = card.request()
    assert (request.channel, request.subject) == ("email", "Re: Где мой заказ?")
    assert (request.reply_to_key, request.thread_keys) == ("email:<1@example.com>", ("email:<1@example.com>",))


async def test_what_machines_wrote_is_not_gone_on_with(card: Card) -> None:
    anna = await anna_writes(card)
    away = an_arrival(2, subject="Автоответ", auto="auto-reply", at=NOON + timedelta(minutes=1))
    await card.receive(away)
    written = await card.starts.plan(anna["_id"], Letter(text="Уже везём."), actor=OLGA, idempotency_key=None)
    assert written["subject"] == "Re: Где мой заказ?"


async def test_text_alone_after_a_chain_was_closed_begins_another_under_the_same_subject(card: Card) -> None:
    anna = await anna_writes(card)
    (head,) = anna["open_chains"]
    closed = {**head, "closed_at": "2026-03-02T12:00:00.000000Z"}
    await card.repository.clients.amend(anna["_id"], lambda now: {**now, "open_chains": [closed]})
    written = await card.starts.plan(anna["_id"], Letter(text="Уже везём."), actor=OLGA, idempotency_key=None)
    assert (written["subject"], written["cause_id"]) == ("Re: Где мой заказ?", None)
    assert written["chain_id"] != head["id"]


async def test_a_chain_that_is_not_seen_is_not_gone_on_with_and_its_subject_is_not_told(card: Card) -> None:
    anna = await anna_writes(card)
    (head,) = anna["open_chains"]
    await card.repository.chains.amend(head["id"], lambda now: {**now, "seen_by": ["team:others"]})
    stranger = Actor(login="ivan", reach=("team:ours",))
    with pytest.raises(InvalidInput) as refused:
        await card.starts.plan(anna["_id"], Letter(text="Уже везём."), actor=stranger, idempotency_key=None)
    assert list(refused.value.fields) == ["subject"]


async def test_his_answer_lands_in_the_chain_that_was_begun(card: Card) -> None:
    written = await card.wrote_to(channel="sms")
    reply = a_text(5, channel="sms", account="num_1", participants=people(PHONE, "phone:+74951234567"))
    await card.receive(reply.model_copy(update={"keys": ("sms:5",)}))
    assert (await card.stored(reply.id))["chain_id"] == written["chain_id"]


@pytest.mark.parametrize(
    ("letter", "field"),
    [
        ({"cc": ("a@b.example",)}, "cc"),
        ({"bcc": ("a@b.example",)}, "bcc"),
        ({"channel": "sms", "buttons": ({"text": "Да", "data": "y"},)}, "buttons"),
    ],
)
async def test_what_a_channel_does_not_know_is_refused_by_its_field(
    card: Card, letter: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await card.wrote_to(**letter)
    assert list(refused.value.fields) == [field]
    (chain,) = await card.chains()
    with pytest.raises(InvalidInput, match="only a mail has more recipients"):
        await card.answers.plan(
            chain["_id"], Letter(text="x", cc=("a@b.example",)), author="olga", idempotency_key=None
        )


async def test_pressing_send_twice_writes_once(card: Card) -> None:
    both = [await card.wrote_to("k") for _ in range(2)]
    assert both[0]["_id"] == both[1]["_id"]
    assert len({event.event_id() for event in card.bus.events("outbound")}) == 1
    with pytest.raises(Conflict):
        await card.wrote_to("k", text="Иначе")


async def test_an_address_of_somebody_else_or_a_client_that_is_none_is_refused(card: Card) -> None:
    with pytest.raises(InvalidInput) as refused:
        await card.wrote_to(address="phone:+74950000000")
    assert list(refused.value.fields) == ["address"]
    with pytest.raises(NotFound):
        await card.starts.plan("cl_none", Letter(text="x"), actor=OLGA, idempotency_key=None)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+7 (495) 123-45-67", "phone:+74951234567"),
        ("8 495 123 45 67", "phone:+74951234567"),
        ("phone:+442083661177", "phone:+442083661177"),
        ("Anna@Example.com ", "email:anna@example.com"),
        ("email:anna@example.com", "email:anna@example.com"),
        ("telegram:@Romashka_Bot/123", "telegram:@romashka_bot/123"),
    ],
)
def test_an_address_is_taken_as_people_write_it(text: str, address: str) -> None:
    assert normalised(text, "RU") == address


@pytest.mark.parametrize("text", ["anna", "12", "a@b\r\nc", "telegram:anna", "+7", "@anna"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalised(text, "RU")
    assert list(refused.value.fields) == ["address"]


async def test_an_address_of_another_client_is_not_taken_from_him(card: Card) -> None:
    await card.receive(an_arrival())
    owner = (await card.repository.addresses.get("email:anna@example.com") or {})["client_id"]
    with pytest.raises(Taken) as refused:
        await card.by_hand.add((await card.client)["_id"], NewAddress(address="anna@example.com"))
    assert refused.value.client_id == owner
    assert owner not in str(refused.value)


async def test_a_refusal_names_no_address_to_whom_it_is_masked(card: Card) -> None:
    why = "user-unknown: 550 5.1.1 <petr@example.com> no such user"
    verdict = {"invalid": {"since": "2026-03-02T12:00:00.000000Z", "why": why}}
    await card.by_hand.add((await card.client)["_id"], NewAddress(address="petr@example.com"))
    await card.repository.addresses.amend("email:petr@example.com", lambda now: {**now, **verdict})
    with hiding(["addresses"]), pytest.raises(Conflict) as refused:
        await card.wrote_to(channel="email", subject="Заказ")
    for words in (str(refused.value), refused.value.fields["channel"]):
        assert ("p***@example.com" in words, "petr@example.com" in words) == (True, False)


async def test_an_address_that_is_removed_is_free_again(card: Card) -> None:
    client = await card.client
    after = await card.by_hand.remove(client["_id"], PHONE)
    assert [one["address"] for one in after["addresses"]] == [PETR]
    assert (await card.repository.addresses.get(PHONE) or {})["client_id"] is None
    with pytest.raises(NotFound):
        await card.by_hand.remove(client["_id"], PHONE)
