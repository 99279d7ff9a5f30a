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
    username = line(sender, "username", limit=_NAME)
    return (
        Participant(
            role=Role.FROM,
            address=address_of(bot, chat_id),
            raw=f"@{username}" if username else str(chat_id),
            name=_name(sender) or username,
        ),
        Participant(role=Role.TO, address=our_address(bot), raw=bot.address, name=bot.name, ours=True),
    )


def _name(somebody: Json) -> str:
    """Of a person or a chat."""
    names = (line(somebody, name, limit=_NAME) for name in ("first_name", "last_name"))
    return " ".join(filter(None, names)) or line(somebody, "title", limit=_NAME)


def turned(participants: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """From us to the customer; what his name is, our own message does not say."""
    theirs, ours = participants
    return (
        ours.model_copy(update={"role": Role.FROM, "name": theirs.name or ours.name}),
        theirs.model_copy(update={"role": Role.TO, "name": "", "raw": theirs.address.rpartition("/")[2]}),
    )


def origin_of(message: Json) -> str:
    """Whose words a forwarded message has; empty where they are the sender's own."""
    origin = thing(message, "forward_origin")
    if not origin:
        return ""
    for name in ("sender_user", "sender_chat", "chat"):
        if found := thing(origin, name):
            return _shown(found) or "?"
    return line(origin, "sender_user_name", limit=_NAME) or line(origin, "author_signature", limit=_NAME) or "?"


def _shown(somebody: Json) -> str:
    name, username = _name(somebody), line(somebody, "username", limit=_NAME)
    return f"{name} (@{username})" if name and username else name or (f"@{username}" if username else "")


def is_own(message: Json, chat: Json) -> bool:
    """In a business chat the owner writes, too; he is not the one whose chat it is."""
    if not text(message, "business_connection_id", limit=100) or chat.get("type") != "private":
        return False
    sender = number(thing(message, "from"), "id")
    return sender is not None and sender != number(chat, "id")
