"""How Telegram's chats and messages are named in the hub. Two bots and one user are two addresses."""

from services.messaging.models import Bot


def our_address(bot: Bot) -> str:
    return f"telegram:@{bot.username.lower()}"


def address_of(bot: Bot, chat_id: int) -> str:
    """Of a chat with this bot: `telegram:@romashka_bot/123456`."""
    return f"telegram:@{bot.username.lower()}/{chat_id}"


def key_of(bot: Bot, chat_id: int, message_id: int) -> str:
    """Of a message: `telegram:@romashka_bot/123456/45`."""
    return f"{address_of(bot, chat_id)}/{message_id}"


def chat_of(address: str) -> int | None:
    """The chat id in an address."""
    found = address.rpartition("/")[2]
    return int(found) if found.lstrip("-").isdigit() else None


def message_of(key: str | None) -> int | None:
    """The message id in the name of a message."""
    found = (key or "").rpartition("/")[2]
    return int(found) if key and key.startswith("telegram:@") and found.isdigit() else None
