"""What a Telegram message holds: its text, its files, an address it gives away. Pure."""

from dataclasses import dataclass
from typing import Any

from hub.contracts.interaction import Contact
from hub.kit.phones import phone, valid_phone
from services.messaging.telegram.fields import Json, line, number, text, thing, things

_DEPTH = 30
_LONGEST = 4096 * 4


@dataclass(frozen=True, slots=True)
class TelegramFile:
    """A file as the message names it."""

    file_id: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """`known` is false for a message of a kind that this version does not know."""

    text: str = ""
    entities: tuple[Json, ...] = ()
    files: tuple[TelegramFile, ...] = ()
    contacts: tuple[Contact, ...] = ()
    known: bool = True
    service: bool = False
    """It tells of the chat (somebody joined, a title changed), and says nothing to us."""


_NAMED = (
    ("document", "", "application/octet-stream"),
    ("audio", "audio.mp3", "audio/mpeg"),
    ("voice", "voice.ogg", "audio/ogg"),
    ("video", "video.mp4", "video/mp4"),
    ("video_note", "video-note.mp4", "video/mp4"),
    ("animation", "animation.mp4", "video/mp4"),
    ("live_photo", "live-photo.mp4", "video/mp4"),
)
"""Where a file lies in a message, its name and type where Telegram tells none."""

_TELLING = """
new_chat_members left_chat_member chat_owner_left chat_owner_changed new_chat_title new_chat_photo delete_chat_photo
group_chat_created supergroup_chat_created channel_chat_created message_auto_delete_timer_changed migrate_to_chat_id
migrate_from_chat_id pinned_message connected_website write_access_allowed proximity_alert_triggered boost_added
chat_background_set checklist_tasks_done checklist_tasks_added direct_message_price_changed forum_topic_created
forum_topic_edited forum_topic_closed forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden
giveaway_created giveaway_completed managed_bot_created paid_message_price_changed poll_option_added
poll_option_deleted suggested_post_approved suggested_post_approval_failed suggested_post_declined
suggested_post_paid suggested_post_refunded video_chat_scheduled video_chat_started video_chat_ended
video_chat_participants_invited
"""
SERVICE = frozenset(_TELLING.split())
_OTHER = {
    "story": "a story",
    "paid_media": "paid media",
    "game": "a game",
    "invoice": "an invoice",
    "successful_payment": "a payment",
    "refunded_payment": "a refund",
    "gift": "a gift",
    "unique_gift": "a gift",
    "gift_upgrade_sent": "a gift",
    "giveaway": "a giveaway",
    "giveaway_winners": "a giveaway",
    "checklist": "a checklist",
    "passport_data": "passport data",
}
"""Kinds that are told in words; the raw update has the rest."""


def content_of(message: Json, region: str = "RU") -> Content:
    """The first of these that the message has; a caption is the text of a file. `region` is for phone numbers without
    a country.
    """
    own, entities = text(message, "text"), tuple(things(message, "entities"))
    files = tuple(_files(message))
    if own:
        return Content(own, entities, files)
    if files:
        return Content(_caption(message), tuple(things(message, "caption_entities")), files)
    if given := _contact(message, region):
        return given
    for read in (_place, _poll, _small, _rich, _web_app, _shared):
        if found := read(message):
            return found
    if SERVICE & message.keys():
        return Content(service=True)
    words = next((words for name, words in _OTHER.items() if name in message), "")
    caption = _caption(message)
    if words:
        return Content("\n".join(filter(None, (f"[{words}]", caption))))
    return Content(caption, known=bool(caption))


def _caption(message: Json) -> str:
    sticker = thing(message, "sticker")
    return text(message, "caption") or text(sticker, "emoji")


def _files(message: Json) -> list[TelegramFile]:
    found = [_file(thing(message, name), otherwise, kind) for name, otherwise, kind in _NAMED]
    if thing(message, "animation"):
        found[0] = None  # Telegram shows an animation as a document too
    found.append(_file(largest(things(message, "photo")), "photo.jpg", "image/jpeg"))
    found.append(_sticker(thing(message, "sticker")))
    return [one for one in found if one]


def largest(sizes: Any) -> Json:
    """Of the sizes of one photo."""
    best: Json = max(sizes, key=lambda one: (number(one, "width") or 0) * (number(one, "height") or 0), default={})
    return best


def _file(given: Json, name: str, content_type: str) -> TelegramFile | None:
    file_id = text(given, "file_id", limit=500)
    if not file_id:
        return None
    return TelegramFile(
        file_id,
        line(given, "file_name", limit=255) or name or "file",
        line(given, "mime_type", limit=255) or content_type,
        max(0, number(given, "file_size") or 0),
    )


def _sticker(given: Json) -> TelegramFile | None:
    if given.get("is_animated") is True:
        return _file(given, "sticker.tgs", "application/x-tgsticker")
    if given.get("is_video") is True:
        return _file(given, "sticker.webm", "video/webm")
    return _file(given, "sticker.webp", "image/webp")


def _contact(message: Json, region: str) -> Content | None:
    contact = thing(message, "contact")
    raw = line(contact, "phone_number", limit=100)
    if not raw:
        return None
    name = " ".join(filter(None, (line(contact, "first_name", limit=200), line(contact, "last_name", limit=200))))
    sender = number(thing(message, "from"), "id")
    own = sender is not None and number(contact, "user_id") == sender
    known = _phone(raw, region, own=own)
    found = (Contact(address=known, raw=raw, name=name, verified=own),) if known else ()
    return Content(", ".join(filter(None, (name, raw))), contacts=found)


def _phone(raw: str, region: str, *, own: bool) -> str:
    """Of his own number Telegram gives the international form, with or without the plus; of somebody else's what
    stands in his address book.
    """
    if raw.startswith("+"):
        return phone(raw)
    international = phone(f"+{raw}")
    return international if own else valid_phone(raw, region) or valid_phone(f"+{raw}")


def _web_app(message: Json) -> Content | None:
    """What a page inside of Telegram sent, below the button that opened it."""
    given = thing(message, "web_app_data")
    data, button = text(given, "data"), text(given, "button_text", limit=200)
    return Content("\n".join(filter(None, (button, data)))) if data else None


def _shared(message: Json) -> Content | None:
    """People or a chat that he chose by a button."""
    users = things(thing(message, "users_shared"), "users")
    chat = thing(message, "chat_shared")
    named = [_named(one, "user_id") for one in users] or ([_named(chat, "chat_id")] if chat else [])
    return Content("\n".join(named)) if named else None


def _named(given: Json, number_name: str) -> str:
    names = (line(given, name, limit=200) for name in ("first_name", "last_name", "title"))
    username = line(given, "username", limit=200)
    parts = [*filter(None, names), *([f"@{username}"] if username else [])]
    return " ".join([*parts, f"({number(given, number_name)})"])


def _place(message: Json) -> Content | None:
    venue = thing(message, "venue")
    where = thing(venue, "location") or thing(message, "location")
    point = [where.get(name) for name in ("latitude", "longitude")]
    if not all(isinstance(one, (int, float)) and abs(one) <= 360 for one in point):
        return None
    title = ", ".join(filter(None, (text(venue, "title", limit=500), text(venue, "address", limit=500))))
    spot = f"{point[0]:.6f}, {point[1]:.6f}"
    return Content(f"{title} ({spot})" if title else spot)


def _poll(message: Json) -> Content | None:
    poll = thing(message, "poll")
    question = text(poll, "question", limit=1000)
    if not question:
        return None
    options = [f"- {text(option, 'text', limit=500)}" for option in things(poll, "options")[:30]]
    return Content("\n".join([question, *options]))


def _small(message: Json) -> Content | None:
    dice = thing(message, "dice")
    emoji = text(dice, "emoji", limit=20)
    return Content(f"{emoji} {number(dice, 'value') or ''}".rstrip()) if emoji else None


def _rich(message: Json) -> Content | None:
    """A message of blocks: the words of all of them, in order."""
    words: list[str] = []
    _collect(thing(message, "rich_message"), words, _DEPTH)
    return Content("\n".join(words)[:_LONGEST]) if words else None


def _collect(given: Any, words: list[str], depth: int) -> None:
    if depth == 0 or len(words) > 1000:
        return
    if isinstance(given, list):
        for one in given:
            _collect(one, words, depth - 1)
    elif isinstance(given, dict):
        if own := text(given, "text"):
            words.append(own)
        for name, value in given.items():
            if isinstance(value, (dict, list)) and name != "entities":
                _collect(value, words, depth - 1)
