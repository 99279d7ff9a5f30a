"""How Telegram's chats and messages are named in the hub. Two bots and one user are two addresses."""

from collections.abc import Sequence

from hub.kit.numbers import whole
from services.messaging.models import Bot

_TOPIC = "?topic="


def our_address(bot: Bot) -> str:
    return f"telegram:@{bot.username.lower()}"


def address_of(bot: Bot, chat_id: int) -> str:
    """Of a chat with this bot: `telegram:@romashka_bot/123456`."""
    return f"telegram:@{bot.username.lower()}/{chat_id}"


def key_of(bot: Bot, chat_id: int, message_id: int) -> str:
    """Of a message: `telegram:@romashka_bot/123456/45`."""
    return f"{address_of(bot, chat_id)}/{message_id}"


def topic_key(key: str, topic: int) -> str:
    """The second name of a message in a topic of a forum, by which an answer finds the topic."""
    return f"{key}?topic={topic}"


def topic_of(keys: Sequence[str]) -> int | None:
    """The topic that the newest of these messages is in; `keys` has the oldest first."""
    return next((whole(key.rpartition(_TOPIC)[2], digits=20) for key in reversed(keys) if _TOPIC in key), None)


def chat_of(address: str) -> int | None:
    """The chat id in an address."""
    return whole(address.rpartition("/")[2], digits=20)


def message_of(key: str | None) -> int | None:
    """The message id in the name of a message."""
    return whole(key.rpartition("/")[2], digits=20) if key and key.startswith("telegram:@") else None
