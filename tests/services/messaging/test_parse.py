"""Telegram updates: everything the specification allows, and what people really send."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.contracts.address import ReachabilityRecorded
from hub.contracts.interaction import Direction, InteractionReceived, InteractionRevised, ReactionRecorded, Role
from hub.testing.telegram_installed import installed
from hub.testing.telegram_spec import Spec, a_value
from services.messaging.models import Bot, Payload, Reading
from services.messaging.telegram.names import topic_of
from services.messaging.telegram.parse import parse, read

NOW = datetime(2026, 3, 2, 9, 35, tzinfo=UTC)
AT = 1_772_443_800
BOT = Bot(id="bot_1", channel="telegram", address="@Romashka_Bot", name="Ромашка", username="Romashka_Bot", token="")
OPEN = Bot(
    id="bot_1", channel="telegram", address="@Romashka_Bot", username="Romashka_Bot", token="", groups="record"
)
PETR = {"id": 123456, "is_bot": False, "first_name": "Пётр", "last_name": "Иванов", "username": "petr_ivanov"}
CHAT = {"id": 123456, "type": "private", "first_name": "Пётр"}
ADDRESS = "telegram:@romashka_bot/123456"
SPECIFICATION = Path(__file__).parents[4] / "shared" / "data" / "telegram" / "api.json"


@pytest.fixture(scope="module", params=["installed", "published"])
def spec(request: pytest.FixtureRequest) -> Spec:
    """The description of the Bot API: as the package has it, and as it was published."""
    if request.param == "installed":
        return installed()
    if not SPECIFICATION.exists():
        pytest.skip(f"no {SPECIFICATION}: the description of the Bot API is not here")
    found: Spec = json.loads(SPECIFICATION.read_text())
    return found


def said(update: Any, bot: Bot = BOT) -> Reading:
    return parse(update, bot, "raw/1", NOW)


def a_message(kind: str = "message", **fields: Any) -> dict[str, Any]:
    return {"update_id": 7, kind: {"message_id": 45, "from": PETR, "chat": CHAT, "date": AT, **fields}}


def event(update: Any, bot: Bot = BOT) -> InteractionReceived:
    reading = said(update, bot)
    (found,) = reading.events
    assert isinstance(found, InteractionReceived), reading
    return found


def test_every_type_of_the_specification_is_read_without_an_exception(spec: Spec) -> None:
    rng = random.Random(1)
    assert len(spec["types"]) > 250
    for kind in spec["types"]:
        for _ in range(5):
            value = a_value(spec, kind, rng)
            for update in (value, {"update_id": 1, "message": value}, {"update_id": 1, "callback_query": value}):
                assert said(update, OPEN).kind != "message" or said(update, OPEN)


def test_the_text_of_every_message_the_specification_allows_is_kept(spec: dict[str, Any]) -> None:
    rng = random.Random(2)
    kept = 0
    for number in range(3000):
        kind = rng.choice(["message", "edited_message", "channel_post", "business_message"])
        message = {**a_value(spec, "Message", rng), "text": f"Где заказ {number}?", "message_id": number + 1}
        reading = said({"update_id": number, kind: message}, OPEN)
        for found in reading.events:
            assert isinstance(found, InteractionReceived)
            assert found.text == f"Где заказ {number}?"
            kept += 1
        assert reading.events or reading.reason or reading.unreadable
    assert kept > 2000


def test_every_update_the_specification_allows_says_something_is_silent_or_is_parked(spec: dict[str, Any]) -> None:
    rng = random.Random(3)
    for number in range(2000):
        update = {**a_value(spec, "Update", rng), "update_id": number}
        reading = said(update, OPEN)
        assert bool(reading.events) + bool(reading.reason) + bool(reading.unreadable) == 1


@pytest.mark.parametrize(
    "update",
    [None, [], "x", 5, {}, {"update_id": "1"}, {"update_id": True}, {"update_id": 2**70}, {"update_id": 1},
     {"update_id": 1, "message": []}, {"update_id": 1, "message": {}}, {"update_id": 1, "message": {"chat": 5}},
     {"update_id": 1, "message": {"chat": {"id": "x"}, "message_id": 1}},
     {"update_id": 1, "something_new": {"id": 1}}],
    ids=str,
)  # fmt: skip
def test_what_is_no_update_or_a_new_kind_of_one_is_parked_with_the_reason(update: Any) -> None:
    reading = said(update)
    assert (reading.events, bool(reading.unreadable)) == ((), True)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b"null", b'{"update_id":1}'])
def test_bytes_that_are_no_update_are_parked(raw: bytes) -> None:
    assert read(Payload(kind="update", raw=raw), BOT, "raw/1", NOW).unreadable


def test_an_update_of_a_megabyte_is_read() -> None:
    words = "Очень длинно. " * 40_000
    found = read(Payload(kind="update", raw=orjson.dumps(a_message(text=words))), BOT, "raw/1", NOW)
    (first,) = found.events
    assert isinstance(first, InteractionReceived)
    assert words.startswith(first.text[:1000])


def test_a_text_is_an_interaction_of_the_chat_with_the_bot() -> None:
    found = event(a_message(text="Где заказ?"))
    assert (found.text, found.account, found.keys, found.at) == (
        "Где заказ?",
        "bot_1",
        (f"{ADDRESS}/45",),
        datetime.fromtimestamp(AT, UTC) + timedelta(microseconds=45),
    )
    assert [(p.role, p.address, p.raw, p.name, p.ours) for p in found.participants] == [
        ("from", ADDRESS, "@petr_ivanov", "Пётр Иванов", False),
        ("to", "telegram:@romashka_bot", "@Romashka_Bot", "Ромашка", True),
    ]


def test_messages_of_one_second_keep_their_order_and_stand_between_those_of_other_channels() -> None:
    now = datetime.fromtimestamp(AT, UTC) + timedelta(milliseconds=700)
    both = [a_message(text=f"{n}", message_id=n) for n in (45, 46)]
    first, second = (parse(one, BOT, "raw/1", now).events[0] for one in both)
    assert isinstance(first, InteractionReceived)
    assert isinstance(second, InteractionReceived)
    assert now < first.at < second.at < now + timedelta(milliseconds=1)
    assert first.id == event(both[0]).id


def test_the_same_update_has_the_same_id_and_two_bots_have_two() -> None:
    other = Bot(id="bot_2", channel="telegram", address="@sales_bot", username="sales_bot", token="")
    update = a_message(text="Где заказ?")
    assert event(update).id == event(update).id != event(update, other).id
    assert event(update, other).participants[0].address == "telegram:@sales_bot/123456"


def test_an_edit_is_a_revision_of_the_same_interaction() -> None:
    first, edit = (
        event(a_message(text="Где?")),
        event(a_message("edited_message", text="Где заказ?", edit_date=AT + 60)),
    )
    assert isinstance(edit, InteractionRevised)
    assert (edit.id, edit.text, edit.revised_at) == (first.id, "Где заказ?", datetime.fromtimestamp(AT + 60, UTC))


def test_a_reply_refers_to_what_it_answers() -> None:
    found = event(a_message(text="Да", reply_to_message={"message_id": 44, "date": AT, "chat": CHAT}))
    assert found.refs == (f"{ADDRESS}/44",)


def test_links_behind_words_are_in_the_formatted_form_and_the_text_stays_as_it_was() -> None:
    entities = [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "text_link", "offset": 3, "length": 5, "url": "https://shop.example/?a=1&b=<2>"},
        {"type": "text_link", "offset": 9, "length": 1, "url": "javascript:alert(1)"},
    ]
    reading = said(a_message(text="👋 заказ x <b>", entities=entities))
    assert reading.events[0].text == "👋 заказ x <b>"  # type: ignore[attr-defined]
    assert "<b>👋</b>" in reading.html
    assert 'href="https://shop.example/?a=1&amp;b=' in reading.html
    assert "javascript" not in reading.html
    assert "&lt;b&gt;" in reading.html


FILES: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("photo", {"photo": [{"file_id": "s", "width": 90, "height": 90}, {"file_id": "l", "width": 800, "height": 800}]},
     ("photo.jpg", "image/jpeg")),
    ("voice", {"voice": {"file_id": "v", "duration": 3, "mime_type": "audio/ogg"}}, ("voice.ogg", "audio/ogg")),
    ("audio", {"audio": {"file_id": "a", "file_name": "гимн.mp3"}}, ("гимн.mp3", "audio/mpeg")),
    ("video", {"video": {"file_id": "v"}}, ("video.mp4", "video/mp4")),
    ("video_note", {"video_note": {"file_id": "n"}}, ("video-note.mp4", "video/mp4")),
    ("document", {"document": {"file_id": "d", "file_name": "счёт.pdf", "mime_type": "application/pdf"}},
     ("счёт.pdf", "application/pdf")),
    ("animation", {"animation": {"file_id": "g"}, "document": {"file_id": "g"}}, ("animation.mp4", "video/mp4")),
    ("sticker", {"sticker": {"file_id": "s", "emoji": "👍"}}, ("sticker.webp", "image/webp")),
    ("animated sticker", {"sticker": {"file_id": "s", "is_animated": True}},
     ("sticker.tgs", "application/x-tgsticker")),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "fields", "named"), FILES, ids=[row[0] for row in FILES])
def test_a_file_is_an_attachment_that_is_fetched_later(_what: str, fields: dict[str, Any], named: Any) -> None:
    reading = said(a_message(**fields))
    (file,) = reading.files
    assert (file.attachment.filename, file.attachment.content_type, file.attachment.state) == (*named, "pending")
    assert (file.sender, event(a_message(**fields)).attachments) == (ADDRESS, (file.attachment,))


def test_of_a_photo_the_largest_size_is_fetched_and_its_caption_is_the_text() -> None:
    reading = said(a_message(**FILES[0][1], caption="Вот так пришло"))
    assert (reading.files[0].reference, reading.events[0].text) == ("l", "Вот так пришло")  # type: ignore[attr-defined]


def test_a_stickers_emoji_is_its_text() -> None:
    assert event(a_message(**FILES[7][1])).text == "👍"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"location": {"latitude": 55.7558, "longitude": 37.6173}}, "55.755800, 37.617300"),
        (
            {"venue": {"title": "Склад", "address": "Мытищи", "location": {"latitude": 55.9, "longitude": 37.7}}},
            "Склад, Мытищи (55.900000, 37.700000)",
        ),
        ({"poll": {"question": "Когда?", "options": [{"text": "Сегодня"}]}}, "Когда?\n- Сегодня"),
        ({"dice": {"emoji": "🎲", "value": 5}}, "🎲 5"),
        ({"story": {"id": 1}}, "[a story]"),
        ({"rich_message": {"blocks": [{"text": "Первое"}, {"cells": [{"text": "Второе"}]}]}}, "Первое\nВторое"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_is_no_text_is_told_in_words(fields: dict[str, Any], text: str) -> None:
    assert event(a_message(**fields)).text == text


def test_a_message_of_a_kind_nobody_knows_yet_is_shown_as_such() -> None:
    found = event(a_message(hologram={"id": 1}))
    assert (found.text, found.problem) == ("", "a message of a kind that is not shown here; the raw update has it")


@pytest.mark.parametrize(("owner", "verified"), [(123456, True), (99, False), (None, False)])
def test_a_shared_contact_is_vouched_for_only_when_it_is_the_senders_own(owner: int | None, verified: bool) -> None:
    contact = {"phone_number": "79161234567", "first_name": "Пётр", **({"user_id": owner} if owner else {})}
    (found,) = event(a_message(contact=contact)).contacts
    assert (found.address, found.verified) == ("phone:+79161234567", verified)


def test_a_start_payload_is_evidence_of_the_source() -> None:
    found = event(a_message(text="/start vk_spring"))
    assert found.source
    assert (found.source.kind, found.source.value, event(a_message(text="/start")).source) == (
        "start_payload",
        "vk_spring",
        None,
    )


def test_a_pressed_button_is_its_words_as_an_answer_to_its_message() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Да, везите", "callback_data": "yes"}]]}
    shown = {"message_id": 44, "date": AT, "chat": CHAT, "reply_markup": keyboard}
    query = {"id": "9", "from": PETR, "message": shown, "chat_instance": "1", "data": "yes"}
    found = event({"update_id": 8, "callback_query": query})
    assert (found.text, found.refs) == ("Да, везите", (f"{ADDRESS}/44",))
    assert (
        event({"update_id": 8, "callback_query": {**query, "message": {**shown, "reply_markup": {}}}}).text == "yes"
    )


def test_a_reaction_tells_all_the_signs_there_are_now() -> None:
    about = {"chat": CHAT, "message_id": 44, "user": PETR, "date": AT, "old_reaction": []}
    new = [{"type": "emoji", "emoji": "👍"}, {"type": "paid"}]
    (found,) = said({"update_id": 9, "message_reaction": {**about, "new_reaction": new}}).events
    assert isinstance(found, ReactionRecorded)
    assert (found.message_key, found.address, found.signs) == (f"{ADDRESS}/44", ADDRESS, ("👍", "⭐"))


@pytest.mark.parametrize(
    ("status", "kind", "reachable"), [("kicked", "blocked", False), ("member", "unblocked", True)]
)
def test_a_bot_that_is_blocked_or_let_in_again_changes_what_the_address_is_worth(
    status: str, kind: str, reachable: bool
) -> None:
    change = {"chat": CHAT, "from": PETR, "date": AT, "new_chat_member": {"status": status}}
    reading = said({"update_id": 9, "my_chat_member": change})
    (found,) = reading.events
    assert isinstance(found, ReachabilityRecorded)
    assert (reading.kind, found.address, found.reachable) == (kind, ADDRESS, reachable)


def test_posts_in_groups_are_recorded_only_where_that_is_wanted() -> None:
    group = a_message(text="Всем привет", chat={"id": -100, "type": "supergroup", "title": "Дачники"})
    assert "groups" in said(group).reason
    found = event(group, OPEN)
    assert (found.participants[0].address, found.participants[0].name) == (
        "telegram:@romashka_bot/-100",
        "Пётр Иванов",
    )


def test_what_the_owner_of_a_business_account_writes_from_his_phone_is_ours() -> None:
    client = a_message("business_message", text="Здравствуйте", business_connection_id="b1")
    assert (event(client).text, event(client).direction) == ("Здравствуйте", Direction.IN)
    owner = a_message("business_message", text="/stop", business_connection_id="b1", **{"from": {"id": 1}})
    found = event(owner)
    assert (found.direction, found.other_side) == (Direction.OUT, ADDRESS)
    assert [(one.role, one.ours) for one in found.participants] == [(Role.FROM, True), (Role.TO, False)]


def test_both_chats_of_a_group_that_became_a_supergroup_tell_the_same_and_give_its_client_the_new_address() -> None:
    before, since = {"id": -400, "type": "group", "title": "Дом 5"}, {"id": -1001557, "type": "supergroup"}
    told = event(a_message(chat=before, migrate_to_chat_id=-1001557), OPEN)
    also = event(a_message(chat=since, migrate_from_chat_id=-400), OPEN)
    assert told.id == also.id
    assert [(one.address, one.verified) for one in told.contacts] == [("telegram:@romashka_bot/-1001557", True)]
    assert told.participants[0].address == "telegram:@romashka_bot/-400"


def test_what_is_said_in_a_topic_belongs_to_it_and_answers_find_it() -> None:
    chat = {"id": -1001557, "type": "supergroup", "is_forum": True}
    message = a_message(chat=chat, text="Когда окна?", message_thread_id=77, is_topic_message=True)
    found = event(message, OPEN)
    assert found.refs == ("telegram:@romashka_bot/-1001557/77",)
    assert topic_of(found.keys) == 77
    assert topic_of(event(a_message(chat=chat, text="Когда?", message_thread_id=77), OPEN).keys) is None


def test_forwarded_words_are_anothers_and_take_no_consent_back() -> None:
    origin = {"type": "user", "sender_user": {"id": 7, "first_name": "Банк"}, "date": 1}
    (found,) = said(a_message(text="/stop", forward_origin=origin)).events
    assert isinstance(found, InteractionReceived)
    assert (found.origin, found.new_text, found.quoted_text) == ("Банк", "", "/stop")


def test_a_quote_is_told_apart_from_what_is_said_of_it() -> None:
    found = event(a_message(text="Это дорого", quote={"text": "10 000 ₽", "position": 3}))
    assert (found.text, found.quoted_text) == ("Это дорого", "10 000 ₽")


def test_what_a_web_app_sends_and_whom_he_shares_stands_in_the_text() -> None:
    data = '{"sku":12}'
    assert event(a_message(web_app_data={"data": data, "button_text": "Корзина"})).text == f"Корзина\n{data}"
    users = [{"user_id": 5, "first_name": "Анна", "username": "anna"}]
    assert event(a_message(users_shared={"users": users})).text == "Анна @anna (5)"


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("9161234567", "phone:+79161234567"),
        ("89161234567", "phone:+79161234567"),
        ("491711234567", "phone:+491711234567"),
    ],
)
def test_a_contact_without_a_country_is_of_the_bots_region_and_never_of_another(number: str, known: str) -> None:
    contact = {"phone_number": number, "first_name": "Сосед"}
    assert [one.address for one in event(a_message(contact=contact)).contacts] == [known]


def test_a_start_in_a_group_names_the_bot_and_keeps_its_payload() -> None:
    found = event(a_message(text="/start@Romashka_Bot promo_5"), OPEN).source
    assert found is not None
    assert found.value == "promo_5"


@pytest.mark.parametrize(
    "fields", [{"pinned_message": {"message_id": 1}}, {"new_chat_title": "x"}, {"left_chat_member": PETR}]
)
def test_what_only_tells_of_the_chat_says_nothing(fields: dict[str, Any]) -> None:
    assert said(a_message(**fields)).reason == "it tells of the chat, and says nothing to us"


def test_items_of_an_album_are_one_interaction() -> None:
    first = a_message(**FILES[0][1], media_group_id="g1")
    second = {
        "update_id": 8,
        "message": {**a_message(**FILES[0][1], media_group_id="g1")["message"], "message_id": 46},
    }
    assert (event(first).id, said(first).album) == (event(second).id, "g1")
    assert event(first).attachments != event(second).attachments


def test_items_of_an_album_that_were_sent_over_two_seconds_are_one_interaction() -> None:
    first, second = (a_message(**FILES[0][1], media_group_id="g1", date=AT + late) for late in (0, 1))
    assert event(first).id == event(second).id


HIDDEN = "Пё\x00тр\x1b[31m\u202egnp.exe\u2066\ud800"


def test_what_is_not_seen_leaves_names_and_is_shown_in_texts() -> None:
    document = {"file_id": "f", "file_name": f"{HIDDEN}.pdf", "mime_type": "application/pdf\r\nX: y"}
    sender = {**PETR, "first_name": HIDDEN, "last_name": "\u200b\u202e", "username": "petr\u202e"}
    found = event(a_message(caption=HIDDEN, document=document, **{"from": sender}))
    (file,) = found.attachments
    assert (found.participants[0].name, found.participants[0].raw) == ("Пётр[31mgnp.exe?", "@petr")
    assert (file.filename, file.content_type) == ("Пётр[31mgnp.exe?.pdf", "application/pdf X: y")
    assert found.text == "Пё\ufffdтр\ufffd[31m\ufffdgnp.exe\u2066?"
    assert found.model_dump_json()


def test_what_is_shown_instead_keeps_the_places_that_formatting_counts() -> None:
    entities = [{"type": "bold", "offset": 3, "length": 4}]
    reading = said(a_message(text="a\x00\u202ebold", entities=entities))
    assert "<b>bold</b>" in reading.html


@pytest.mark.parametrize("date", [253_402_300_799, AT + 10 * 365 * 86_400])
def test_a_message_of_a_time_to_come_happened_when_it_came(date: int) -> None:
    found = event(a_message(date=date))
    assert found.at - NOW < timedelta(seconds=1)


def test_presses_of_two_bots_with_one_number_are_two() -> None:
    other = Bot(id="bot_2", channel="telegram", address="@Other_Bot", username="Other_Bot", token="")
    press = {"update_id": 1, "callback_query": {"id": "77", "from": PETR, "data": "yes", "message": {"chat": CHAT}}}
    assert event(press).keys == ("telegram:@romashka_bot/callback/77",)
    assert event(press, other).keys == ("telegram:@other_bot/callback/77",)
