"""Telegram over real sockets: files, albums, edits, webhooks, refusals, and every request against its description."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.channels.simulators.telegram import TelegramFault, TelegramSimulator, TelegramUser
from hub.contracts.address import ReachabilityRecorded
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    Button,
    DeliveryState,
    InteractionReceived,
    InteractionRevised,
)
from hub.kit.blobs import FolderBlobs
from hub.testing.telegram_installed import installed
from hub.testing.telegram_spec import Spec, request_problems
from hub.testing.waiting import PATIENCE, eventually
from tests.services.messaging.conftest import PETR, TOKEN, TelegramHarness, at_a_socket

OLGA = TelegramUser(id=7, first_name="Ольга")
SPECIFICATION = Path(__file__).parents[4] / "shared" / "data" / "telegram" / "api.json"
pytestmark = pytest.mark.slow


async def files(harness: TelegramHarness, count: int) -> list[AttachmentFetched]:
    return await harness.told(AttachmentFetched, lambda events: len(events) >= count)


async def test_a_photo_is_told_at_once_and_its_bytes_follow(harness: TelegramHarness) -> None:
    harness.bot.photo(PETR, b"JPEG", "Вот так пришло")
    (arrival,) = await harness.arrivals(1)
    assert (arrival.text, arrival.attachments[0].state) == ("Вот так пришло", "pending")
    (fetched,) = await files(harness, 1)
    assert (fetched.interaction_id, fetched.attachment.state) == (arrival.id, "ready")
    assert await FolderBlobs(harness.data / "blobs").get(fetched.attachment.blob) == b"JPEG"


async def test_a_file_that_cannot_be_had_now_is_fetched_when_it_can(harness: TelegramHarness) -> None:
    await harness.until_healthy("green")
    harness.bot.photo(PETR, b"JPEG")
    await harness.arrivals(1)
    harness.telegram.down = True
    await asyncio.sleep(0.5)
    harness.telegram.down = False
    (fetched,) = await files(harness, 1)
    assert fetched.attachment.state == "ready"


async def test_a_file_that_is_gone_or_too_large_has_failed_with_the_reason(harness: TelegramHarness) -> None:
    message = harness.bot.photo(PETR, b"JPEG")
    harness.bot.files.pop(message["photo"][0]["file_id"])
    harness.bot.photo(PETR, b"x" * (20 * 2**20 + 1))
    found = await files(harness, 2)
    reasons = sorted(event.attachment.reason for event in found)
    assert [event.attachment.state for event in found] == ["failed", "failed"]
    assert "too big" in reasons[0].lower() + reasons[1].lower()
    assert "file_id" in reasons[0] + reasons[1]


async def test_an_album_is_one_interaction_with_its_items_in_order(harness: TelegramHarness) -> None:
    for number in range(3):
        harness.bot.photo(PETR, f"JPEG {number}".encode(), "Три снимка" if number == 0 else "", group="g1")
    found = await files(harness, 3)
    arrivals = await harness.events(InteractionReceived)
    assert len({event.id for event in arrivals}) == 1
    whole = arrivals[-1]
    assert (whole.text, len(whole.attachments), len(whole.keys)) == ("Три снимка", 3, 3)
    order = {event.attachment.id: event.attachment.size for event in found}
    assert set(order) == {attachment.id for attachment in whole.attachments}


async def test_an_item_that_comes_after_a_restart_joins_its_album(harness: TelegramHarness) -> None:
    harness.bot.photo(PETR, b"JPEG 1", group="g1")
    await harness.arrivals(1)
    await harness.stop()
    harness.bot.photo(PETR, b"JPEG 2", group="g1")
    await harness.start()
    (revised,) = await harness.told(InteractionRevised)
    assert len(revised.attachments) == 2
    assert {event.id for event in await harness.events(InteractionReceived)} == {revised.id}


async def test_an_edit_follows_its_message_under_the_same_id(harness: TelegramHarness) -> None:
    message = harness.bot.write(PETR, "Где?")
    await harness.arrivals(1)
    harness.bot.edit(PETR, message, "Где заказ?")
    (revised,) = await harness.told(InteractionRevised)
    (first, *_) = await harness.events(InteractionReceived)
    assert (revised.id, revised.text) == (first.id, "Где заказ?")


async def test_an_answer_quotes_what_it_answers_and_has_its_buttons(harness: TelegramHarness) -> None:
    asked = harness.bot.write(PETR, "Привезёте?")
    (arrival,) = await harness.arrivals(1)
    buttons = (Button(text="Да", data="yes"), Button(text="Карта", url="https://map.example"))
    message = harness.message("Когда вам удобно?", reply_to_key=arrival.keys[0], buttons=buttons)
    await harness.give(message)
    sent = await harness.delivery(message, DeliveryState.SENT)
    (got,) = harness.bot.got[PETR.id]
    assert (got.reply_to, [row[0]["text"] for row in got.markup["inline_keyboard"]]) == (
        asked["message_id"],
        ["Да", "Карта"],
    )
    assert sent.keys == (f"telegram:@romashka_bot/{PETR.id}/{got.message_id}",)
    harness.bot.press(PETR, got, "yes")
    answers = await harness.arrivals(2)
    assert (answers[-1].text, answers[-1].refs) == ("Да", sent.keys)


async def test_a_long_text_goes_in_parts_and_a_wait_between_them_sends_none_twice(harness: TelegramHarness) -> None:
    words = [f"Предложение номер {number}." for number in range(400)]
    harness.telegram.faults += [TelegramFault(accepted=True), TelegramFault(429, "Too Many Requests", retry_after=1)]
    message = harness.message(" ".join(words))
    await harness.give(message)
    sent = await harness.delivery(message, DeliveryState.SENT)
    got = harness.bot.got[PETR.id]
    assert len(got) == len(sent.keys) == 3
    assert " ".join(part.text for part in got) == " ".join(words)
    shown = [given["action"] for method, given in harness.telegram.requests if method == "sendChatAction"]
    assert set(shown) == {"typing"}


async def test_files_are_uploaded_from_our_blobs_as_albums(harness: TelegramHarness) -> None:
    blobs = FolderBlobs(harness.data / "blobs")
    await blobs.put_many({"b/1": b"ONE", "b/2": b"TWO", "b/3": b"%PDF"})
    made = [("1", "a.jpg", "image/jpeg"), ("2", "b.jpg", "image/jpeg"), ("3", "счёт.pdf", "application/pdf")]
    attachments = tuple(
        Attachment(id=number, filename=name, content_type=kind, size=4, blob=f"b/{number}")
        for number, name, kind in made
    )
    message = harness.message("Смотрите", attachments=attachments)
    await harness.give(message)
    sent = await harness.delivery(message, DeliveryState.SENT)
    got = harness.bot.got[PETR.id]
    assert [(one.method, one.text, one.files) for one in got] == [
        ("sendMediaGroup", "Смотрите", (("a.jpg", b"ONE"),)),
        ("sendMediaGroup", "", (("b.jpg", b"TWO"),)),
        ("sendDocument", "", (("счёт.pdf", b"%PDF"),)),
    ]
    assert len(sent.keys) == 3


async def test_formatting_that_telegram_does_not_take_goes_as_plain_text(harness: TelegramHarness) -> None:
    refused = harness.message("жирно", html="<b>жирно</b>")
    harness.telegram.faults.append(TelegramFault(400, "Bad Request: can't parse entities: unsupported start tag"))
    await harness.give(refused)
    await harness.delivery(refused, DeliveryState.SENT)
    taken = harness.message("тоже жирно", html="<b>тоже</b> жирно")
    await harness.give(taken)
    await harness.delivery(taken, DeliveryState.SENT)
    assert [(got.text, got.parse_mode) for got in harness.bot.got[PETR.id]] == [
        ("жирно", ""),
        ("<b>тоже</b> жирно", "HTML"),
    ]


async def test_a_group_that_became_a_supergroup_gets_the_answer_there(harness: TelegramHarness) -> None:
    harness.bot.got[-1001557] = []
    harness.telegram.faults.append(TelegramFault(migrated_to=-1001557))
    to = harness.message("x").to[0].model_copy(update={"address": "telegram:@romashka_bot/-400"})
    message = harness.message("Приедем завтра", to=(to,))
    await harness.give(message)
    sent = await harness.delivery(message, DeliveryState.SENT)
    assert [got.text for got in harness.bot.got[-1001557]] == ["Приедем завтра"]
    assert sent.keys[0].startswith("telegram:@romashka_bot/-1001557/")


async def test_every_part_of_an_answer_in_a_topic_and_its_typing_are_in_that_topic(harness: TelegramHarness) -> None:
    names = ("telegram:@romashka_bot/1/45", "telegram:@romashka_bot/1/45?topic=77")
    message = harness.message("Слово. " * 900, thread_keys=names)
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    given = [given for method, given in harness.telegram.requests if method in ("sendMessage", "sendChatAction")]
    assert [str(one.get("message_thread_id")) for one in given] == ["77", "77", "77"]


async def test_a_video_and_a_voice_arrive_as_such(harness: TelegramHarness) -> None:
    await FolderBlobs(harness.data / "blobs").put_many({"b/1": b"MP4", "b/2": b"OGG", "b/3": b"GIF"})
    made = [("1", "a.mp4", "video/mp4"), ("2", "b.ogg", "audio/ogg"), ("3", "c.gif", "image/gif")]
    files = tuple(Attachment(id=n, filename=f, content_type=kind, size=3, blob=f"b/{n}") for n, f, kind in made)
    message = harness.message("", attachments=files)
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    assert [got.method for got in harness.bot.got[PETR.id]] == ["sendVideo", "sendVoice", "sendAnimation"]


async def test_who_blocked_the_bot_is_unreachable_with_the_reason(harness: TelegramHarness) -> None:
    harness.bot.block(PETR)
    message = harness.message("Добрый день")
    await harness.give(message)
    failed = await harness.delivery(message, DeliveryState.FAILED)
    assert "blocked" in (failed.reason or "").lower()
    found = await harness.told(ReachabilityRecorded, lambda events: len(events) >= 2)
    assert {(event.address, event.reachable) for event in found} == {(f"telegram:@romashka_bot/{PETR.id}", False)}
    harness.bot.block(PETR, blocked=False)
    await harness.told(ReachabilityRecorded, lambda events: events[-1].reachable)


async def test_a_chat_that_telegram_does_not_know_fails_clearly(harness: TelegramHarness) -> None:
    to = harness.message("x").to[0].model_copy(update={"address": "telegram:@romashka_bot/999"})
    message = harness.message("кому-то", to=(to,))
    await harness.give(message)
    failed = await harness.delivery(message, DeliveryState.FAILED)
    assert "chat not found" in (failed.reason or "").lower()


async def test_one_chat_that_has_to_wait_does_not_hold_up_the_others(
    tmp_path: Path, telegram: TelegramSimulator
) -> None:
    harness = TelegramHarness(tmp_path, telegram, PER_CHAT_SECOND="1")
    await harness.open()
    harness.bot.got[OLGA.id] = []
    to_olga = harness.message("x").to[0].model_copy(update={"address": f"telegram:@romashka_bot/{OLGA.id}"})
    petrs = [harness.message(f"Петру {number}") for number in range(4)]
    olgas = harness.message("Ольге", to=(to_olga,))
    await harness.give(*petrs, olgas)
    await harness.delivery(olgas, DeliveryState.SENT)
    assert len(harness.bot.got[PETR.id]) < 4
    for message in petrs:
        await harness.delivery(message, DeliveryState.SENT)
    assert harness.customer_got() == [f"Петру {number}" for number in range(4)]
    await harness.close()


async def test_a_storm_of_waits_and_server_errors_sends_every_message_once(harness: TelegramHarness) -> None:
    storm = [TelegramFault(429, "Too Many Requests", retry_after=1)] * 3 + [TelegramFault(502, "Bad Gateway")] * 9
    harness.telegram.faults += storm
    messages = [harness.message(f"number {number}") for number in range(8)]
    await harness.give(*messages)
    for message in messages:
        await harness.delivery(message, DeliveryState.SENT)
    assert sorted(harness.customer_got()) == [f"number {number}" for number in range(8)]
    assert harness.telegram.faults == []


async def test_what_came_while_telegram_answered_errors_is_taken_over_when_it_works(harness: TelegramHarness) -> None:
    await harness.until_healthy("green")
    harness.telegram.down = True
    harness.bot.news.set()  # the question that Telegram holds is answered before
    await eventually(harness.health, lambda health: health.reason)
    for number in range(20):
        harness.customer_writes(f"number {number}")
    await asyncio.sleep(1)
    assert await harness.events(InteractionReceived) == []
    harness.telegram.down = False
    assert [event.text for event in await harness.arrivals(20)] == [f"number {number}" for number in range(20)]


async def test_an_update_of_a_megabyte_is_kept_and_delays_nothing(harness: TelegramHarness) -> None:
    harness.customer_writes("Ж" * 1_000_000)
    harness.customer_writes("after")
    large, after = await harness.arrivals(2)
    assert large.text.startswith("ЖЖЖ")
    assert "100,000 characters" in large.problem
    assert after.text == "after"


async def test_two_bots_and_one_user_are_two_senders(harness: TelegramHarness) -> None:
    second = harness.telegram.add_bot("220:second-token", "sales_bot", "Продажи")
    added = await harness.api.post("/bots", json=harness.form(token="220:second-token"))
    assert (added.status_code, added.json()["address"], added.json()["name"]) == (201, "@sales_bot", "Продажи")
    harness.bot.write(PETR, "в поддержку")
    second.write(PETR, "в продажи")
    found = await harness.arrivals(2)
    assert {(e.text, e.account, e.participants[0].address) for e in found} == {
        ("в поддержку", harness.bot_id, f"telegram:@romashka_bot/{PETR.id}"),
        ("в продажи", added.json()["id"], f"telegram:@sales_bot/{PETR.id}"),
    }


async def test_a_bad_token_an_unreachable_server_and_a_bot_that_is_there_are_told(harness: TelegramHarness) -> None:
    for over, field in (
        ({"token": "1:nobody"}, "token"),
        ({"token": "rubbish"}, "token"),
        ({"api_url": "http://127.0.0.1:9"}, "api_url"),
        ({"api_url": "ftp://x"}, "api_url"),
        ({"mode": "webhook"}, "mode"),
        ({"name": "a\nb"}, "name"),
    ):
        answer = await harness.api.post("/bots", json=harness.form(**over))
        assert (answer.status_code, [name.rpartition(".")[2] for name in answer.json()["errors"]]) == (
            422,
            [field],
        ), over
    again = await harness.api.post("/bots", json=harness.form())
    assert (again.status_code, harness.bot_id in again.json()["detail"]) == (409, True)


async def test_a_bot_is_tried_as_it_is_kept(harness: TelegramHarness) -> None:
    path = f"/bots/{harness.bot_id}/try"
    assert (await harness.api.post(path)).json() == {"works": True, "failures": {}}
    harness.telegram.revoked.add(TOKEN)
    told = (await harness.api.post(path)).json()
    assert (told["works"], list(told["failures"])) == (False, ["token"])


async def test_a_token_is_not_shown_and_another_bots_is_not_taken_for_it(harness: TelegramHarness) -> None:
    harness.telegram.add_bot("220:second-token", "sales_bot")
    shown = await harness.api.get(f"/bots/{harness.bot_id}")
    assert TOKEN.partition(":")[2] not in shown.text
    wrong = await harness.api.patch(f"/bots/{harness.bot_id}", json={"token": "220:second-token"})
    assert (wrong.status_code, "not for @romashka_bot" in wrong.json()["detail"]) == (422, True)


async def test_a_second_program_with_the_same_token_is_the_reason_that_is_shown(harness: TelegramHarness) -> None:
    await harness.until_healthy("green")
    async with httpx.AsyncClient(timeout=PATIENCE) as thief:

        async def why() -> str:
            await thief.get(f"{harness.telegram.url}/bot{TOKEN}/getUpdates?timeout=1")
            return (await harness.health()).reason or ""

        assert "somebody else uses this bot's token" in await eventually(why)


class Posting(TelegramHarness):
    """A bot by webhook; the way in is the service itself, on a socket."""

    def __init__(self, data: Path, telegram: TelegramSimulator, url: str) -> None:
        super().__init__(data, telegram, PUBLIC_URL=url)

    def form(self, **over: Any) -> dict[str, Any]:
        return {**super().form(), "mode": "webhook", **over}


@pytest.fixture
async def posting(tmp_path: Path, telegram: TelegramSimulator) -> AsyncIterator[Posting]:
    async with at_a_socket() as (url, harnesses):
        made = Posting(tmp_path, telegram, url)
        harnesses.append(made)
        await made.open()
        yield made
        await made.close()


async def test_a_bot_by_webhook_takes_what_telegram_posts(posting: Posting) -> None:
    posting.bot.write(PETR, "по вебхуку")
    (arrival,) = await posting.arrivals(1)
    assert arrival.text == "по вебхуку"
    await posting.until_healthy("green")


async def test_a_burst_by_webhook_arrives_whole_and_in_order(posting: Posting) -> None:
    await posting.until_healthy("green")
    for number in range(50):
        posting.bot.write(PETR, f"{number}")
    assert [event.text for event in await posting.arrivals(50)] == [f"{number}" for number in range(50)]


async def test_a_post_without_the_secret_is_turned_away_and_nothing_is_recorded(posting: Posting) -> None:
    await posting.until_healthy("green")
    path = f"/hooks/telegram/{posting.bot_id}"
    update = {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}, "text": "forged"}}
    for headers in (
        {},
        {"X-Telegram-Bot-Api-Secret-Token": "wrong"},
        {"X-Telegram-Bot-Api-Secret-Token": "ы".encode()},
    ):
        assert (await posting.api.post(path, json=update, headers=headers)).status_code == 403
    assert (await posting.api.post("/hooks/telegram/bot_none", json=update)).status_code == 404
    await asyncio.sleep(0.3)
    assert await posting.events(InteractionReceived) == []
    assert 'omnihub_messaging_forged_total{channel="telegram"}' in (await posting.api.get("/metrics")).text


async def test_a_post_that_comes_again_is_one_interaction(posting: Posting) -> None:
    await posting.until_healthy("green")
    secret = str(posting.bot.webhook["secret_token"])
    update = {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}, "text": "once"}}
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    for _ in range(3):
        answer = await posting.api.post(f"/hooks/telegram/{posting.bot_id}", json=update, headers=headers)
        assert answer.status_code == 200
    await asyncio.sleep(0.3)
    assert [event.text for event in await posting.events(InteractionReceived)] == ["once"]


async def test_a_post_while_the_bus_is_down_is_refused_and_comes_again(posting: Posting) -> None:
    await posting.until_healthy("green")
    posting.bus_switch.up = False
    posting.bot.write(PETR, "несмотря ни на что")
    await eventually(lambda: posting.bot.last_error)
    posting.bus_switch.up = True
    (arrival,) = await posting.arrivals(1)
    assert arrival.text == "несмотря ни на что"


def description(of: str) -> Spec:
    """Of the Bot API: as the package has it, and as it was published."""
    if of == "installed":
        return installed()
    if not SPECIFICATION.exists():
        pytest.skip(f"no {SPECIFICATION}: the description of the Bot API is not here")
    found: Spec = json.loads(SPECIFICATION.read_text())
    return found


@pytest.mark.parametrize("of", ["installed", "published"])
async def test_every_request_we_make_fits_the_description(tmp_path: Path, of: str) -> None:
    check = partial(request_problems, description(of))
    async with TelegramSimulator(check=check) as telegram:
        telegram.add_bot(TOKEN, "romashka_bot", "Ромашка").got[PETR.id] = []
        harness = TelegramHarness(tmp_path, telegram)
        await harness.open()
        blobs = FolderBlobs(harness.data / "blobs")
        await blobs.put_many({"b/1": b"ONE", "b/2": b"%PDF"})
        photo = Attachment(id="1", filename="a.jpg", content_type="image/jpeg", size=3, blob="b/1")
        paper = Attachment(id="2", filename="b.pdf", content_type="application/pdf", size=4, blob="b/2")
        harness.bot.photo(PETR, b"JPEG")
        (arrival,) = await harness.arrivals(1)
        await files(harness, 1)
        messages = [
            harness.message("текст", reply_to_key=arrival.keys[0], buttons=(Button(text="Да", data="yes"),)),
            harness.message("жирно", html="<b>жирно</b>"),
            harness.message("снимок", attachments=(photo,)),
            harness.message("бумага", attachments=(paper,)),
            harness.message("снимки", attachments=(photo, photo)),
            harness.message("бумаги", attachments=(paper, paper)),
        ]
        await harness.give(*messages)
        for message in messages:
            await harness.delivery(message, DeliveryState.SENT)
        await harness.close()
        assert telegram.violations == []
        used = {method for method, _ in telegram.requests}
        assert used == {"getMe", "deleteWebhook", "getUpdates", "getFile", "sendChatAction", "sendMessage",
                        "sendPhoto", "sendDocument", "sendMediaGroup"}  # fmt: skip


@pytest.mark.parametrize("of", ["installed", "published"])
def test_the_description_would_notice_a_wrong_request(of: str) -> None:
    spec = description(of)
    assert request_problems(spec, "sendMessage", {"chat_id": "x1", "txt": "a"}) == [
        "unknown parameter txt",
        "text is required",
    ]
    assert request_problems(spec, "getUpdates", {"offset": "soon"}) == ["offset: 'soon' is no Integer"]
    assert request_problems(spec, "sendNothing", {}) == ["no such method"]
