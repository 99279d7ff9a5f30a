"""What a Telegram update says, as the hub's events: pure, and the same for the same update.

An update that this version does not know is `unreadable`: it is parked with its bytes and holds nothing up.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.interaction import (
    Attachment,
    Contact,
    Direction,
    InteractionReceived,
    InteractionRevised,
    ReactionRecorded,
    SourceEvidence,
)
from hub.kit.ids import derive, moment_of
from services.messaging.models import Account, Bot, Payload, Reading, WantedFile
from services.messaging.telegram.content import Content, TelegramFile, content_of
from services.messaging.telegram.fields import LONGEST, Json, line, moment, number, text, thing, things
from services.messaging.telegram.names import address_of, key_of, our_address, topic_key
from services.messaging.telegram.people import is_own, origin_of, participants_of, people, turned
from services.messaging.telegram.render import html_of
from services.messaging.words import commanded

CHANNEL = "telegram"
_START = re.compile(r"/start(?:@\w{1,64})?[ \t]+(\S.*?)\s*\Z", re.DOTALL)
_FRESH = timedelta(seconds=10)
_AHEAD = timedelta(days=1)
"""So far ahead of our own clock nobody's is: what tells a later time happened when it came."""
_NO_TIME = datetime(2015, 6, 24, tzinfo=UTC)
"""Before the first bot: for an update that tells no time."""
_GONE = ("kicked", "left", "restricted")
_SILENT = {
    "business_connection": "a business account was connected or changed",
    "deleted_business_messages": "messages were deleted at the business account",
    "message_reaction_count": "reactions of nobody in particular",
    "chat_member": "somebody's standing in a chat changed",
    "chat_join_request": "somebody wants to join a chat",
    "chat_boost": "a chat was boosted",
    "removed_chat_boost": "a boost was taken back",
    "poll": "a poll changed",
    "poll_answer": "somebody voted",
}
"""Kinds that say nothing to us, and why."""


def read(payload: Payload, account: Account, raw: str, received_at: datetime) -> Reading:
    """The reading of an update's bytes; `raw` is their blob key. Never raises."""
    assert isinstance(account, Bot)
    try:
        update = orjson.loads(payload.raw)
    except orjson.JSONDecodeError as exc:
        return Reading(unreadable=f"not JSON: {exc}")
    return parse(update, account, raw, received_at)


def parse(update: Any, bot: Bot, raw: str, received_at: datetime) -> Reading:
    """What an update says to this bot. Never raises, whatever it is given."""
    if not isinstance(update, Mapping) or number(update, "update_id") is None:
        return Reading(unreadable="no update: it has no update_id")
    kind = next((name for name in update if name != "update_id" and isinstance(update[name], Mapping)), "")
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(_Call(kind, thing(update, kind), bot, raw, received_at))
    if kind in _SILENT:
        return Reading(kind=kind, reason=_SILENT[kind])
    return Reading(kind="unsupported", unreadable=f"an update of a kind this version does not know: {kind or 'none'}")


class _Call:
    """What the readers of one update need."""

    def __init__(self, kind: str, given: Json, bot: Bot, raw: str, received_at: datetime) -> None:
        self.kind = kind
        self.given = given
        self.bot = bot
        self.raw = raw
        self.received_at = received_at

    def ignored(self, reason: str) -> Reading:
        return Reading(kind=self.kind, reason=reason)

    def unreadable(self, reason: str) -> Reading:
        return Reading(kind="unsupported", unreadable=f"{self.kind}: {reason}")


def _message(call: _Call) -> Reading:
    """A message or its newer form, in a private chat, a group or a channel, or to a business account."""
    message, bot = call.given, call.bot
    chat, message_id = thing(message, "chat"), number(message, "message_id")
    chat_id = number(chat, "id")
    if chat_id is None or message_id is None:
        return call.unreadable("it names no chat or no message")
    if chat.get("type") != "private" and bot.groups == "ignore":
        return call.ignored("a post in a group or channel; see `groups` of the bot")
    content = content_of(message, bot.region)
    if content.service and (moved := _migration(message, chat_id)):
        return _migrated(call, *moved)
    if content.service:
        return call.ignored("it tells of the chat, and says nothing to us")
    return _received(call, content, chat_id, message_id)


def _received(call: _Call, content: Content, chat_id: int, message_id: int) -> Reading:
    message, bot = call.given, call.bot
    at = moment(message, "date") or _NO_TIME
    group = text(message, "media_group_id", limit=100)
    interaction_id = _interaction_id(bot, chat_id, message_id, at, album=group)
    own = is_own(message, thing(message, "chat"))
    participants = participants_of(message, bot, chat_id)
    attachments = [_attachment(interaction_id, message_id, n, file) for n, file in enumerate(content.files)]
    html = html_of(content.text, content.entities)
    fields: dict[str, Any] = {
        "id": interaction_id,
        "channel": CHANNEL,
        "type": CHANNEL,
        "account": bot.id,
        "at": _precisely(at, message_id, call.received_at),
        "received_at": call.received_at,
        # What the owner of a business account writes from his phone is ours.
        "direction": Direction.OUT if own else Direction.IN,
        "participants": turned(participants) if own else participants,
        "text": content.text,
        **_handed_on(message, content.text),
        "attachments": tuple(attachments),
        "keys": _keys(message, bot, chat_id, message_id),
        "refs": _refs(message, bot, chat_id),
        "contacts": content.contacts,
        "source": _source(content.text),
        "raw": call.raw,
        "problem": _problem(content),
    }
    edited = moment(message, "edit_date") if call.kind.startswith("edited") else None
    event = InteractionRevised(**fields, revised_at=edited) if edited else InteractionReceived(**fields)
    wanted = [_wanted(event, attachment, file) for attachment, file in zip(attachments, content.files, strict=True)]
    events = (event, *_consent(event, call, private=thing(message, "chat").get("type") == "private"))
    return Reading(kind=call.kind, events=events, files=tuple(wanted), html=html, album=group)


def _consent(event: InteractionReceived, call: _Call, *, private: bool) -> tuple[ConsentRecorded, ...]:
    """What he says of being written to, by /stop or a word alone, as in SMS; in a group nobody speaks for himself."""
    own_words = event.direction is Direction.IN and not event.origin
    state = commanded(event.text) if private and own_words else None
    if state is None or isinstance(event, InteractionRevised):
        return ()
    return (
        ConsentRecorded(
            address=event.key(),
            channel=CHANNEL,
            account=call.bot.id,
            state=state,
            evidence=event.id,
            words=event.text.strip()[:100],
            at=call.received_at,
        ),
    )


def _problem(content: Content) -> str:
    if not content.known:
        return "a message of a kind that is not shown here; the raw update has it"
    if len(content.text) >= LONGEST:
        return f"only the first {LONGEST:,} characters of the text are here; the raw update has all"
    return ""


def _callback(call: _Call) -> Reading:
    """A button was pressed: its words, as an answer to the message it is under."""
    query, bot = call.given, call.bot
    message, user_id = thing(query, "message"), number(thing(query, "from"), "id")
    chat_id = number(thing(message, "chat"), "id") or user_id
    query_id = text(query, "id", limit=100)
    if chat_id is None or user_id is None or not query_id:
        return call.unreadable("it names nobody")
    at = call.received_at
    answered, data = number(message, "message_id"), text(query, "data", limit=200)
    event = InteractionReceived(
        id=derive("in", CHANNEL, bot.username.lower(), "callback", query_id),
        channel=CHANNEL,
        type=CHANNEL,
        account=bot.id,
        at=at,
        received_at=call.received_at,
        participants=people(thing(query, "from"), bot, chat_id),
        text=_label(message, data) or data,
        # Ids of presses are one bot's own: two bots may have one and the same.
        keys=(f"{our_address(bot)}/callback/{query_id}",),
        refs=(key_of(bot, chat_id, answered),) if answered is not None else (),
        raw=call.raw,
    )
    return Reading(kind="callback", events=(event,))


def _label(message: Json, data: str) -> str:
    """What stands on the button that sends this."""
    rows = thing(message, "reply_markup").get("inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in row if isinstance(row, list) else []:
            if text(button, "callback_data", limit=200) == data:
                return text(button, "text", limit=200)
    return ""


def _reaction(call: _Call) -> Reading:
    reaction, bot = call.given, call.bot
    chat, message_id = thing(reaction, "chat"), number(reaction, "message_id")
    chat_id, user_id = number(chat, "id"), number(thing(reaction, "user"), "id")
    if chat_id is None or message_id is None:
        return call.unreadable("it names no chat or no message")
    if user_id is None:
        return call.ignored("a reaction of nobody in particular")
    signs = [_sign(one) for one in things(reaction, "new_reaction")]
    event = ReactionRecorded(
        message_key=key_of(bot, chat_id, message_id),
        address=address_of(bot, user_id),
        signs=tuple(sign for sign in signs if sign),
        at=moment(reaction, "date") or _NO_TIME,
    )
    return Reading(kind="reaction", events=(event,))


def _sign(reaction: Json) -> str:
    named = {"custom_emoji": "custom emoji", "paid": "⭐"}
    return text(reaction, "emoji", limit=20) or named.get(text(reaction, "type", limit=20), "")


def _standing(call: _Call) -> Reading:
    """A user blocked the bot, or let it in again."""
    change, bot = call.given, call.bot
    chat_id = number(thing(change, "chat"), "id")
    if thing(change, "chat").get("type") != "private" or chat_id is None:
        return call.ignored("the bot's standing in a group or channel changed")
    status = text(thing(change, "new_chat_member"), "status", limit=20)
    gone = status in _GONE
    event = ReachabilityRecorded(
        address=address_of(bot, chat_id),
        account=bot.id,
        reachable=not gone,
        reason="he blocked the bot" if gone else "",
        at=moment(change, "date") or _NO_TIME,
    )
    return Reading(kind="blocked" if gone else "unblocked", events=(event,))


_READERS: dict[str, Callable[[_Call], Reading]] = {
    "message": _message,
    "edited_message": _message,
    "channel_post": _message,
    "edited_channel_post": _message,
    "business_message": _message,
    "edited_business_message": _message,
    "guest_message": _message,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _standing,
}
ALLOWED_UPDATES = tuple(name for name in _READERS if name != "guest_message")
"""What a bot asks Telegram for."""


def _interaction_id(bot: Bot, chat_id: int, message_id: int, at: datetime, *, album: str) -> str:
    """The same for all items of an album, whose moments may differ."""
    name, certain = (f"album/{album}", None) if album else (str(message_id), int(at.timestamp()))
    return derive("in", CHANNEL, bot.username.lower(), str(chat_id), name, at=certain)


def _precisely(at: datetime, message_id: int, received_at: datetime) -> datetime:
    """Telegram tells whole seconds: of what came at once our own clock tells more, and the number of a message keeps
    those of one batch in order.
    """
    age = received_at - at
    ours = timedelta() <= age < _FRESH or age < -_AHEAD
    return (received_at if ours else at) + timedelta(microseconds=message_id % 1000)


def _refs(message: Json, bot: Bot, chat_id: int) -> tuple[str, ...]:
    """The message that it answers, and the one that began its topic."""
    answered = number(thing(message, "reply_to_message"), "message_id")
    found = [one for one in (answered, _topic(message)) if one is not None]
    return tuple(dict.fromkeys(key_of(bot, chat_id, one) for one in found))


def _keys(message: Json, bot: Bot, chat_id: int, message_id: int) -> tuple[str, ...]:
    key, topic = key_of(bot, chat_id, message_id), _topic(message)
    return (key,) if topic is None else (key, topic_key(key, topic))


def _topic(message: Json) -> int | None:
    """Of a forum; ordinary groups name a thread, too, where somebody replied."""
    return number(message, "message_thread_id") if message.get("is_topic_message") is True else None


def _handed_on(message: Json, words: str) -> dict[str, Any]:
    """Whose words these are where he only passed them on; and what he quotes of the message that he answers."""
    if origin := origin_of(message):
        return {"origin": origin, "new_text": "", "quoted_text": words}
    quoted = text(thing(message, "quote"), "text")
    return {"quoted_text": quoted} if quoted else {}


def _migration(message: Json, chat_id: int) -> tuple[int, int] | None:
    """A group became a supergroup: its id before and since. Both chats tell it."""
    since, before = number(message, "migrate_to_chat_id"), number(message, "migrate_from_chat_id")
    if since is not None:
        return chat_id, since
    return (before, chat_id) if before is not None else None


def _migrated(call: _Call, before: int, since: int) -> Reading:
    """The client of the group has its new address, too: what comes from there is his."""
    bot, chat, at = call.bot, thing(call.given, "chat"), moment(call.given, "date") or _NO_TIME
    title, hour = line(chat, "title", limit=200), int(at.timestamp()) // 3600 * 3600
    event = InteractionReceived(
        id=derive(
            "in",
            CHANNEL,
            bot.username.lower(),
            "migrated",
            str(before),
            str(since),
            at=hour,
        ),
        channel=CHANNEL,
        type=CHANNEL,
        account=bot.id,
        at=at,
        received_at=call.received_at,
        participants=people(chat, bot, before),
        text=f"[the group is a supergroup now: {title}]" if title else "[the group is a supergroup now]",
        keys=(f"{address_of(bot, before)}/migrated",),
        contacts=(Contact(address=address_of(bot, since), raw=str(since), name=title, verified=True),),
        raw=call.raw,
    )
    return Reading(kind="migrated", events=(event,))


def _source(words: str) -> SourceEvidence | None:
    """The payload of a link `t.me/bot?start=PAYLOAD`; in a group the command names the bot."""
    found = _START.match(words)
    return SourceEvidence(kind="start_payload", value=found[1][:200]) if found else None


def _attachment(interaction_id: str, message_id: int, position: int, file: TelegramFile) -> Attachment:
    return Attachment(
        id=derive("at", interaction_id, str(message_id), str(position), at=moment_of(interaction_id)),
        filename=file.name,
        content_type=file.content_type,
        size=file.size,
        state="pending",
    )


def _wanted(event: InteractionReceived, attachment: Attachment, file: TelegramFile) -> WantedFile:
    return WantedFile(
        attachment=attachment, reference=file.file_id, interaction_id=event.id, sender=event.participants[0].address
    )
