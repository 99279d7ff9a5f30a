"""Newer forms of messages, files that come later, reactions, reachability, consent, shared contacts."""

from datetime import datetime, timedelta
from typing import Any

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    Contact,
    InteractionChanged,
    InteractionReceived,
    InteractionReread,
    InteractionRevised,
    Participant,
    ReactionRecorded,
    Role,
)
from hub.testing.builders import NOON, an_arrival
from services.interactions.models import client_view
from tests.services.interactions.conftest import Bench

PETR = "telegram:@romashka_bot/123456"
PHONE = "phone:+79161234567"
PHOTO = Attachment(id="at_1", filename="photo.jpg", content_type="image/jpeg", size=0, state="pending")


def people(address: str = PETR, ours: str = "telegram:@romashka_bot") -> tuple[Participant, ...]:
    return (
        Participant(role=Role.FROM, address=address, raw="@petr", name="Пётр Иванов"),
        Participant(role=Role.TO, address=ours, ours=True),
    )


def a_text(number: int = 1, text: str = "Где заказ?", **over: Any) -> InteractionReceived:
    """A Telegram message of Пётр's to one of our bots."""
    fields: dict[str, Any] = {
        "channel": "telegram",
        "type": "telegram",
        "account": "bot_1",
        "participants": people(),
        "subject": "",
        "text": text,
        "keys": (f"{PETR}/{number}",),
    }
    return an_arrival(f"t{number}", **{**fields, **over})


def an_edit(text: str, *, minutes: int = 1, **over: Any) -> InteractionRevised:
    before = a_text(text=text, **over)
    return InteractionRevised(**before.__dict__, revised_at=NOON + timedelta(minutes=minutes))


async def test_an_edited_message_keeps_its_first_text(bench: Bench) -> None:
    await bench.receive(a_text())
    await bench.hear(an_edit("Где заказ 118?"))
    await bench.hear(an_edit("Где заказ 118??", minutes=2))
    await bench.hear(an_edit("Где заказ 118??", minutes=2), an_edit("Где заказ 118?"))
    stored = await bench.stored(a_text().id)
    assert stored["text"] == "Где заказ 118??"
    assert [one["text"] for one in stored["revisions"]] == ["Где заказ?", "Где заказ 118?"]
    changes = [event for event in bench.bus.events() if isinstance(event, InteractionChanged)]
    assert [change.interaction.text for change in changes] == ["Где заказ 118?", "Где заказ 118??"]


async def test_a_message_and_its_edit_in_one_batch_are_one_interaction(bench: Bench) -> None:
    await bench.hear(a_text(), an_edit("Где заказ 118?"))
    assert (await bench.opened(), (await bench.stored(a_text().id))["text"]) == ((1, 1, 1), "Где заказ 118?")


async def test_an_edit_of_a_message_nobody_saw_is_taken_for_it(bench: Bench) -> None:
    await bench.hear(an_edit("Где заказ 118?"))
    stored = await bench.stored(a_text().id)
    assert (stored["text"], stored["revisions"], await bench.opened()) == ("Где заказ 118?", [], (1, 1, 1))


async def test_a_file_that_comes_later_is_then_there(bench: Bench) -> None:
    await bench.receive(a_text(attachments=(PHOTO,)))
    here = PHOTO.model_copy(update={"state": "ready", "blob": "media/1", "size": 5})
    fetched = AttachmentFetched(interaction_id=a_text().id, sender=PETR, attachment=here)
    await bench.hear(fetched, fetched)
    stored, found = await bench.stored(a_text().id), await bench.repository.attachments.get("at_1") or {}
    assert [(a["state"], a["blob"]) for a in (*stored["attachments"], found)] == [("ready", "media/1")] * 2


async def test_an_item_that_comes_later_joins_the_album_and_what_is_there_stays(bench: Bench) -> None:
    await bench.receive(a_text(attachments=(PHOTO,)))
    here = PHOTO.model_copy(update={"state": "ready", "blob": "media/1"})
    await bench.hear(AttachmentFetched(interaction_id=a_text().id, sender=PETR, attachment=here))
    second = PHOTO.model_copy(update={"id": "at_2"})
    await bench.hear(an_edit("Где заказ?", attachments=(PHOTO, second), keys=(f"{PETR}/1", f"{PETR}/2")))
    stored = await bench.stored(a_text().id)
    assert [(a["id"], a["state"]) for a in stored["attachments"]] == [("at_1", "ready"), ("at_2", "pending")]
    assert stored["revisions"] == []
    assert await bench.repository.attachments.get("at_2")
    await bench.receive(a_text(9, refs=(f"{PETR}/2",)))
    assert (await bench.stored(a_text(9).id))["cause_id"] == a_text().id


async def test_reactions_are_those_of_now_for_each_who_put_them(bench: Bench) -> None:
    await bench.receive(a_text())

    def reaction(*signs: str, by: str = PETR, seconds: int = 0) -> ReactionRecorded:
        return ReactionRecorded(
            message_key=f"{PETR}/1", address=by, signs=signs, at=NOON + timedelta(seconds=seconds)
        )

    await bench.hear(reaction("👍"), reaction("❤", by="telegram:@romashka_bot/7"), reaction("👎", seconds=1))
    assert (await bench.stored(a_text().id))["reactions"] == {PETR: ["👎"], "telegram:@romashka_bot/7": ["❤"]}
    await bench.hear(reaction(seconds=2))
    assert (await bench.stored(a_text().id))["reactions"] == {"telegram:@romashka_bot/7": ["❤"]}
    unknown = ReactionRecorded(message_key="telegram:@x/1/1", address=PETR, signs=("👍",), at=NOON)
    await bench.hear(unknown)


def reachable(yes: bool, at: datetime) -> ReachabilityRecorded:
    return ReachabilityRecorded(address=PETR, account="bot_1", reachable=yes, reason="he blocked the bot", at=at)


async def test_older_news_of_an_address_never_overwrites_newer(bench: Bench) -> None:
    await bench.receive(a_text())
    later = NOON + timedelta(minutes=5)
    await bench.hear(reachable(False, later), reachable(True, NOON))
    address = await bench.repository.addresses.get(PETR) or {}
    assert address["unreachable"] == {"since": "2026-03-02T12:05:00.000000Z", "why": "he blocked the bot"}
    await bench.hear(reachable(True, later + timedelta(minutes=1)))
    assert (await bench.repository.addresses.get(PETR) or {})["unreachable"] is None


async def test_a_withdrawn_consent_is_shown_with_its_words_until_it_is_given_again(bench: Bench) -> None:
    sms = a_text(channel="sms", participants=people(PHONE, "phone:+74951234567"), keys=("sms:SM1",))
    await bench.receive(sms)

    def word(state: Any, words: str, minutes: int) -> ConsentRecorded:
        at = NOON + timedelta(minutes=minutes)
        return ConsentRecorded(
            address=PHONE, channel="sms", account="num_1", state=state, evidence=sms.id, words=words, at=at
        )

    await bench.hear(word("given", "СТАРТ", 2), word("withdrawn", "СТОП", 1))
    address = await bench.repository.addresses.get(PHONE) or {}
    assert (address["consent"]["sms"]["state"], address["consent"]["sms"]["words"]) == ("given", "СТАРТ")
    await bench.hear(word("withdrawn", "СТОП", 3))
    (client,) = await bench.clients()
    (shown,) = client_view(client, await bench.repository.addresses_of([client]))["addresses"]
    assert shown["consent"]["sms"]["state"] == "withdrawn"


async def test_a_number_the_provider_vouches_for_becomes_the_clients(bench: Bench) -> None:
    await bench.receive(a_text(contacts=(Contact(address=PHONE, raw="+7 916 123-45-67", verified=True),)))
    (client,) = await bench.clients()
    assert [one["address"] for one in client["addresses"]] == [PETR, PHONE]
    sms = a_text(2, "А ещё…", channel="sms", account="num_1", participants=people(PHONE, "phone:+74951234567"))
    await bench.receive(sms)
    assert await bench.opened() == (1, 1, 2)
    assert (await bench.stored(sms.id))["link"]["rule"] == "open_chain"


async def test_a_number_that_is_anothers_is_a_candidate_of_both_and_nobody_is_merged(bench: Bench) -> None:
    await bench.receive(a_text(1, channel="sms", participants=people(PHONE, "phone:+74951234567"), keys=("sms:1",)))
    await bench.receive(a_text(2, contacts=(Contact(address=PHONE, raw="+79161234567", verified=True),)))
    clients = await bench.clients()
    assert len(clients) == 2
    assert [[one["address"] for one in client["candidates"]] for client in clients] == [[PHONE], [PHONE]]
    assert {one["client_id"] for client in clients for one in client["candidates"]} == {c["_id"] for c in clients}


async def test_a_number_nobody_vouches_for_is_a_candidate_only(bench: Bench) -> None:
    contact = Contact(address=PHONE, raw="+79161234567", name="Жена")
    await bench.receive(a_text(contacts=(contact,)))
    await bench.receive(a_text(contacts=(contact,)))
    (client,) = await bench.clients()
    assert ([one["address"] for one in client["addresses"]], len(client["candidates"])) == ([PETR], 1)
    assert await bench.repository.addresses.get(PHONE) is None


async def test_two_bots_and_one_client_are_two_chains(bench: Bench) -> None:
    await bench.receive(a_text())
    (client,) = await bench.clients()
    second = "telegram:@sales_bot/123456"
    await bench.repository.addresses.insert({"_id": second, "address": second, "client_id": client["_id"]})
    other = a_text(2, account="bot_2", participants=people(second, "telegram:@sales_bot"), keys=(f"{second}/1",))
    again = a_text(3, account="bot_2", participants=people(second, "telegram:@sales_bot"), keys=(f"{second}/2",))
    await bench.receive(other)
    await bench.receive(again)
    chains = [(await bench.stored(one.id))["chain_id"] for one in (a_text(), other, again)]
    assert (len(set(chains)), chains[1] == chains[2]) == (2, True)


async def test_what_began_by_mail_goes_on_in_one_chain_by_telegram_when_the_addresses_are_his(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (client,) = await bench.clients()
    await bench.repository.addresses.insert({"_id": PETR, "address": PETR, "client_id": client["_id"]})
    await bench.receive(a_text(2, at=NOON + timedelta(hours=1)))
    assert await bench.opened() == (1, 1, 2)


def a_rereading(text: str, *, minutes: int = 1, **over: Any) -> InteractionReread:
    before = a_text()
    fields = {"text": text, "quoted_text": "> Заказ принят", **over}
    at = NOON + timedelta(minutes=minutes)
    return InteractionReread(id=before.id, account="bot_1", sender=PETR, reread_at=at, **fields)


async def test_a_rereading_replaces_what_was_read_and_nothing_else(bench: Bench) -> None:
    await bench.receive(a_text(acknowledge="Спасибо!"))
    before = await bench.stored(a_text().id)
    told = len(bench.bus.published)
    await bench.hear(a_rereading("Где заказ 118?"))
    await bench.hear(a_rereading("Где заказ 118?"))
    after = await bench.stored(a_text().id)
    assert [event.TYPE for event in bench.bus.events()[told:]] == ["interaction.changed.v1"]
    assert (after["text"], after["quoted_text"]) == ("Где заказ 118?", "> Заказ принят")
    kept = ("chain_id", "client_id", "revisions", "revised_at", "link", "participants", "keys", "acknowledge")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_an_older_rereading_never_overwrites_a_newer_one(bench: Bench) -> None:
    await bench.receive(a_text())
    await bench.hear(a_rereading("newer", minutes=2))
    await bench.hear(a_rereading("older", minutes=1))
    assert (await bench.stored(a_text().id))["text"] == "newer"


async def test_a_file_that_a_rereading_found_can_be_had(bench: Bench) -> None:
    await bench.receive(a_text(attachments=(PHOTO,)))
    named = PHOTO.model_copy(update={"filename": "фото.jpg", "blob": "att/1", "state": "ready"})
    found = PHOTO.model_copy(update={"id": "at_2", "blob": "att/2", "state": "ready"})
    await bench.hear(a_rereading("text", attachments=(named, found)))
    stored = await bench.repository.attachments.get_many(["at_1", "at_2"])
    assert {i: (one["filename"], one["blob"]) for i, one in stored.items()} == {
        "at_1": ("фото.jpg", "att/1"),
        "at_2": ("photo.jpg", "att/2"),
    }


async def test_a_group_that_became_a_supergroup_stays_one_client_with_one_chain(bench: Bench) -> None:
    before, since = "telegram:@romashka_bot/-400", "telegram:@romashka_bot/-1001557"
    told = Contact(address=since, raw="-1001557", name="Дом 5", verified=True)
    moved = a_text(2, "[the group is a supergroup now: Дом 5]", participants=people(before))
    await bench.receive(a_text(1, "Где окна?", participants=people(before)))
    await bench.receive(moved.model_copy(update={"contacts": (told,)}))
    await bench.receive(a_text(3, "Так где?", participants=people(since)))
    assert await bench.opened() == (1, 1, 3)
