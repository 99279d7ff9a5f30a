"""What the simulated Telegram knows: bots, their updates and chats, and the people who write to them."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from time import time
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TelegramUser:
    """A person with Telegram."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    phone: str = ""

    def json(self) -> Json:
        """As Telegram shows him."""
        given = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {"id": self.id, "is_bot": False, **{name: value for name, value in given.items() if value}}

    def chat(self) -> Json:
        return {**self.json(), "type": "private"} | {"is_bot": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a person got from a bot."""

    message_id: int
    method: str
    text: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    reply_to: int | None = None
    markup: Json = field(default_factory=dict)
    parse_mode: str = ""


class SimulatedBot:
    """One bot: what was sent to it, what it sent, and how it wants its updates."""

    def __init__(self, token: str, username: str, name: str) -> None:
        self.token = token
        self.username = username
        self.name = name
        self.updates: list[Json] = []
        self.confirmed = 0
        """Updates up to this number are not shown again."""
        self.webhook: Json = {}
        self.last_error = ""
        self.polls = 0
        self.got: dict[int, list[Got]] = {}
        """By chat."""
        self.blocked: set[int] = set()
        self.news = asyncio.Event()
        self.files: dict[str, bytes] = {}
        # From the clock, so that a restart uses no number twice.
        self._numbers = count(int(time() * 10))
        self._messages = count(int(time()) % 10**9)

    def me(self) -> Json:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": self.name,
            "username": self.username,
        }

    def next_message_id(self) -> int:
        return next(self._messages)

    def waiting(self) -> list[Json]:
        """Updates that are not confirmed."""
        return [update for update in self.updates if update["update_id"] > self.confirmed]

    def tell(self, **kind: Json) -> int:
        """Adds an update; its number."""
        number = next(self._numbers)
        self.updates.append({"update_id": number, **kind})
        self.news.set()
        return number

    def message(self, user: TelegramUser, *, kind: str = "message", **fields: Any) -> Json:
        """A message of a person to the bot; `fields` as in the Bot API."""
        chat = {name: value for name, value in user.chat().items() if value is not None}
        made = {
            "message_id": fields.pop("message_id", None) or self.next_message_id(),
            "from": user.json(),
            "chat": chat,
            "date": int(time()),
            **fields,
        }
        self.tell(**{kind: made})
        return made

    def file(self, content: bytes) -> str:
        """The id of a file that lies at Telegram."""
        file_id = f"file-{self.username}-{next(self._messages)}"
        self.files[file_id] = content
        return file_id

    def write(self, user: TelegramUser, text: str, **fields: Any) -> Json:
        return self.message(user, text=text, **fields)

    def photo(self, user: TelegramUser, content: bytes, caption: str = "", *, group: str = "") -> Json:
        size = {
            "file_id": self.file(content),
            "file_unique_id": "u",
            "width": 800,
            "height": 600,
            "file_size": len(content),
        }
        more = {"caption": caption} if caption else {}
        return self.message(user, photo=[size], **more, **({"media_group_id": group} if group else {}))

    def share_contact(self, user: TelegramUser, *, of: TelegramUser | None = None) -> Json:
        whose = of or user
        contact = {"phone_number": whose.phone, "first_name": whose.first_name, "user_id": whose.id}
        return self.message(user, contact=contact)

    def edit(self, user: TelegramUser, message: Json, text: str) -> Json:
        fields = {name: value for name, value in message.items() if name not in ("from", "chat", "text")}
        return self.message(user, kind="edited_message", **{**fields, "text": text, "edit_date": int(time()) + 1})

    def react(self, user: TelegramUser, message_id: int, *emoji: str) -> None:
        signs = [{"type": "emoji", "emoji": one} for one in emoji]
        about = {"chat": {"id": user.id, "type": "private"}, "user": user.json(), "message_id": message_id}
        self.tell(message_reaction={**about, "date": int(time()), "old_reaction": [], "new_reaction": signs})

    def press(self, user: TelegramUser, got: Got, data: str) -> None:
        message = {"message_id": got.message_id, "chat": {"id": user.id, "type": "private"}, "date": int(time())}
        shown = {**message, "text": got.text, "reply_markup": got.markup}
        query = {"id": str(self.next_message_id()), "from": user.json(), "chat_instance": "1", "data": data}
        self.tell(callback_query={**query, "message": shown})

    def block(self, user: TelegramUser, *, blocked: bool = True) -> None:
        (self.blocked.add if blocked else self.blocked.discard)(user.id)
        status = {"user": self.me(), "status": "kicked" if blocked else "member"}
        change = {"chat": {"id": user.id, "type": "private"}, "from": user.json(), "date": int(time())}
        self.tell(
            my_chat_member={**change, "old_chat_member": {**status, "status": "member"}, "new_chat_member": status}
        )

    def show_all_again(self) -> None:
        """Everything once more, under new numbers."""
        for update in list(self.updates):
            self.tell(**{name: value for name, value in update.items() if name != "update_id"})
