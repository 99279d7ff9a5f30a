"""Who speaks in a Telegram message, and to whom."""

from hub.contracts.interaction import Participant, Role
from services.messaging.models import Bot
from services.messaging.telegram.fields import Json, line, number, text, thing
from services.messaging.telegram.names import address_of, our_address

_NAME = 200


def participants_of(message: Json, bot: Bot, chat_id: int) -> tuple[Participant, ...]:
    return people(thing(message, "from") or thing(message, "sender_chat") or thing(message, "chat"), bot, chat_id)


def people(sender: Json, bot: Bot, chat_id: int) -> tuple[Participant, ...]:
    """The chat is where answers go; in a group it is not the sender's own."""
    name = " ".join(filter(None, (line(sender, "first_name", limit=_NAME), line(sender, "last_name", limit=_NAME))))
    username = line(sender, "username", limit=_NAME)
    shown = name or line(sender, "title", limit=_NAME)
    return (
        Participant(
            role=Role.FROM,
            address=address_of(bot, chat_id),
            raw=f"@{username}" if username else str(chat_id),
            name=shown or username,
        ),
        Participant(role=Role.TO, address=our_address(bot), raw=bot.address, name=bot.name, ours=True),
    )


def is_own(message: Json, chat: Json) -> bool:
    """In a business chat the owner writes, too; he is not the one whose chat it is."""
    if not text(message, "business_connection_id", limit=100) or chat.get("type") != "private":
        return False
    sender = number(thing(message, "from"), "id")
    return sender is not None and sender != number(chat, "id")
