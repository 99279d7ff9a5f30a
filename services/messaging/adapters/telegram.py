"""Telegram's Bot API, through python-telegram-bot: one class for one bot."""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from telegram import (
    Bot as Client,
)
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.errors import LoginRefused
from hub.contracts.interaction import Button, SendMessage
from hub.kit.errors import NotFound, TooLarge, Unsupported
from hub.kit.outside import Outside
from hub.kit.outside_http import OutsideTransport, client, download
from services.messaging.errors import FileGone, MessengerUnavailable
from services.messaging.models import Bot
from services.messaging.telegram.names import chat_of, key_of, message_of, topic_of
from services.messaging.telegram.outgoing import Part, left_of, parts_of
from services.messaging.telegram.parse import ALLOWED_UPDATES

os.environ.setdefault("PTB_TIMEDELTA", "true")
# The library's own switch for how it tells durations; without it every 429 is a deprecation warning.

_CHECK_TOKEN = "ask @BotFather for the token, and PATCH the bot with it"
_SPARE = 10.0
"""Seconds beyond the wait that Telegram may take to answer a long poll."""
_NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures before a byte of the request left."""
_FORMATTING = "can't parse entities"
_AGAIN = timedelta(seconds=5)
_PER_FETCH = 100
_PATH = re.compile(r"[\w .()+,@=~-]+(?:/[\w .()+,@=~-]+){0,9}")
"""Of a file, below the address of the bot's files."""
_ECHO = re.compile(r"\. (?:Parsing the server response|The server response contained)")
"""Where the library goes on with the body of an answer."""
_WORDS = 300
_UPLOADING = {
    "photo": ChatAction.UPLOAD_PHOTO,
    "video": ChatAction.UPLOAD_VIDEO,
    "animation": ChatAction.UPLOAD_VIDEO,
    "voice": ChatAction.UPLOAD_VOICE,
    "audio": ChatAction.UPLOAD_DOCUMENT,
    "document": ChatAction.UPLOAD_DOCUMENT,
}
_IN_ALBUM: dict[str, Any] = {
    "photo": InputMediaPhoto,
    "video": InputMediaVideo,
    "audio": InputMediaAudio,
    "document": InputMediaDocument,
}
NextPart = Callable[[SendMessage], Awaitable[None]]


class TelegramApi:
    """What a bot can do. `close` ends its connections."""

    def __init__(self, bot: Bot, *, patience: float, outside: Outside) -> None:
        """`patience` is in seconds, for an answer."""
        self._bot = bot
        self._base = f"{bot.api_url}/bot{bot.token}"
        self._request = _connections(patience, outside)
        self._polling = _connections(patience, outside)
        self._files = client(outside, patience=patience)
        self._client = Client(
            bot.token,
            base_url=f"{bot.api_url}/bot",
            base_file_url=f"{bot.api_url}/file/bot",
            request=self._request,
            get_updates_request=self._polling,
        )

    async def close(self) -> None:
        await self._request.shutdown()
        await self._polling.shutdown()
        await self._files.aclose()

    async def username(self) -> tuple[str, str]:
        """User name, without the @, and display name; raises LoginRefused or MessengerUnavailable."""
        async with _translated():
            me = await self._client.get_me()
        return me.username or str(me.id), me.full_name

    async def probe(self) -> None:
        """Raises as `username`."""
        await self.username()

    async def no_webhook(self) -> None:
        async with _translated():
            await self._client.delete_webhook(drop_pending_updates=False)

    async def set_webhook(self, url: str) -> None:
        async with _translated():
            await self._client.set_webhook(url, secret_token=self._bot.secret, allowed_updates=list(ALLOWED_UPDATES))

    async def webhook_problem(self) -> str:
        """What Telegram says went wrong with its last call; empty when all is well."""
        async with _translated():
            info = await self._client.get_webhook_info()
        waiting = info.pending_update_count or 0
        return info.last_error_message or "" if waiting else ""

    async def updates(self, *, after: int, wait: timedelta) -> Sequence[tuple[int, bytes]]:
        """As bytes: the library's own classes know only the fields of its version."""
        query = httpx.QueryParams(
            timeout=int(wait.total_seconds()),
            limit=_PER_FETCH,
            allowed_updates=orjson.dumps(ALLOWED_UPDATES).decode(),
            **({"offset": after + 1} if after else {}),
        )
        async with _translated():
            answer = await self._polling.retrieve(
                f"{self._base}/getUpdates?{query}", read_timeout=wait.total_seconds() + _SPARE
            )
        try:
            found = orjson.loads(answer)["result"]
            return [(update["update_id"], orjson.dumps(update)) for update in found]
        except (ValueError, KeyError, TypeError) as exc:
            raise MessengerUnavailable("not an answer that Telegram gives; check api_url") from exc

    async def file(self, reference: str, *, limit: int) -> bytes:
        """The bytes of a file id; see `services.messaging.inbound.files.FileSource`."""
        path, size = await self._place(reference)
        if size is not None and size > limit:
            raise TooLarge(f"{size} bytes; the limit is {limit}")
        url = f"{self._bot.api_url}/file/bot{self._bot.token}/{quote(path)}"
        try:
            return await download(self._files, url, limit=limit, size=size)
        except NotFound as exc:
            raise FileGone(f"Telegram's file: {exc}") from exc

    async def _place(self, reference: str) -> tuple[str, int | None]:
        """Where below our own address the file lies, and its size. The library would open what has an absolute path,
        or ask whatever host stands there.
        """
        query = httpx.QueryParams(file_id=reference)
        try:
            async with _translated():
                answer = await self._request.retrieve(f"{self._base}/getFile?{query}")
        except Unsupported as exc:
            raise FileGone(str(exc)) from exc
        try:
            found = orjson.loads(answer)["result"]
            path, size = found["file_path"], found.get("file_size")
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise MessengerUnavailable("not an answer that Telegram gives; check api_url") from exc
        if not isinstance(path, str) or not _PATH.fullmatch(path) or {"", ".", ".."} & set(path.split("/")):
            raise FileGone("named by a path outside the bot's own files: not fetched; run its server without --local")
        return path, size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None

    async def send(
        self,
        message: SendMessage,
        *,
        intent: Intent,
        keys: tuple[str, ...],
        content: Mapping[str, bytes],
        next_part: NextPart,
    ) -> Outcome:
        """Sends what is left of a message; `content` has the bytes of its files by blob key."""
        chat = chat_of(message.to[0].address) if message.to else None
        if chat is None:
            raise Unsupported("the recipient has no Telegram chat with this bot; he must write to the bot first")
        topic = topic_of(message.thread_keys)
        done, parts = left_of(parts_of(message), len(keys))
        await intent()
        sent = list(keys)
        for number, part in enumerate(parts, done):
            if number > done:
                await self._shows(chat, ChatAction.TYPING, topic)
                await next_part(message)
            try:
                options = self._options(message, part, topic, first=number == 0, last=part is parts[-1])
                chat, made = await self._moved_with(chat, part, content, options)
            except TelegramError as exc:
                return _outcome(exc, message, tuple(sent))
            sent += [key_of(self._bot, chat, one.message_id) for one in made]
        return Sent(f"taken by Telegram as {len(sent)} message{'s' if len(sent) > 1 else ''}", keys=tuple(sent))

    def _options(
        self, message: SendMessage, part: Part, topic: int | None, *, first: bool, last: bool
    ) -> dict[str, Any]:
        options: dict[str, Any] = {"message_thread_id": topic} if topic else {}
        if first and (answered := message_of(message.reply_to_key)):
            options["reply_parameters"] = ReplyParameters(answered, allow_sending_without_reply=True)
        if last and message.buttons and len(part.files) < 2:
            options["reply_markup"] = _keyboard(message.buttons)
        return options

    async def _moved_with(
        self, chat: int, part: Part, content: Mapping[str, bytes], options: Mapping[str, Any]
    ) -> tuple[int, Sequence[Message]]:
        """A group that became a supergroup has another id since: the part goes there, and so do those after it."""
        try:
            return chat, await self._part(chat, part, content, options)
        except ChatMigrated as exc:
            moved = {name: value for name, value in options.items() if name != "reply_parameters"}
            return exc.new_chat_id, await self._part(exc.new_chat_id, part, content, moved)

    async def _part(
        self, chat: int, part: Part, content: Mapping[str, bytes], options: Mapping[str, Any]
    ) -> Sequence[Message]:
        options = {"chat_id": chat, **options}
        if part.files:
            await self._shows(chat, _UPLOADING[part.kind], options.get("message_thread_id"))
        try:
            return await self._request_of(part, content, options, formatted=bool(part.html))
        except BadRequest as exc:
            if not part.html or _FORMATTING not in exc.message.lower():
                raise
            return await self._request_of(part, content, options, formatted=False)

    async def _shows(self, chat: int, action: ChatAction, topic: int | None) -> None:
        """Tells the customer that more is coming; nothing depends on it."""
        with suppress(TelegramError):
            await self._client.send_chat_action(chat, action, message_thread_id=topic)

    async def _request_of(
        self, part: Part, content: Mapping[str, bytes], options: Mapping[str, Any], *, formatted: bool
    ) -> Sequence[Message]:
        words = part.html if formatted else part.text
        mode = ParseMode.HTML if formatted else None
        if not part.files:
            return [await self._client.send_message(text=words, parse_mode=mode, **options)]
        files = [InputFile(content[a.blob], filename=a.filename, attach=len(part.files) > 1) for a in part.files]
        if len(files) > 1:
            made = _IN_ALBUM[part.kind]
            return await self._client.send_media_group(
                media=[made(file) for file in files], caption=words or None, parse_mode=mode, **options
            )
        send = getattr(self._client, f"send_{part.kind}")
        return [await send(**{part.kind: files[0]}, caption=words, parse_mode=mode, **options)]


class TelegramTrial:
    """Asks Telegram who a token is for."""

    def __init__(self, *, patience: float, outside: Outside) -> None:
        self._patience = patience
        self._outside = outside

    async def username(self, *, token: str, api_url: str) -> tuple[str, str]:
        bot = Bot(id="", channel="telegram", address="", username="", token=token, api_url=api_url)
        api = TelegramApi(bot, patience=self._patience, outside=self._outside)
        try:
            return await api.username()
        finally:
            await api.close()


def _connections(patience: float, outside: Outside) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=8,
        read_timeout=patience,
        write_timeout=patience,
        connect_timeout=patience,
        media_write_timeout=patience * 3,
        pool_timeout=patience,
        httpx_kwargs={"transport": OutsideTransport(outside)},
    )


def _keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup:
    """One below the other."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(one.text, url=one.url or None, callback_data=one.data or None)] for one in buttons]
    )


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Telegram's errors as the hub's, for everything but sending."""
    try:
        yield
    except InvalidToken as exc:
        raise LoginRefused(_said(exc), fix=_CHECK_TOKEN) from exc
    except RetryAfter as exc:
        raise MessengerUnavailable(f"asked for too often: {_said(exc)}") from exc
    except Conflict as exc:
        raise MessengerUnavailable(f"{_said(exc)}: somebody else uses this bot's token") from exc
    except (BadRequest, Forbidden) as exc:
        raise Unsupported(_said(exc)) from exc
    except TelegramError as exc:
        raise MessengerUnavailable(_words(exc)) from exc


def _outcome(exc: TelegramError, message: SendMessage, keys: tuple[str, ...]) -> Outcome:
    """What an error says of the part that met it; those before it are in `keys`."""
    words = _said(exc) if not keys else f"{_said(exc)} (after {len(keys)} of its parts were taken)"
    match exc:
        case InvalidToken():
            return Deferred(f"login refused: {_said(exc)}; {_CHECK_TOKEN}", keys=keys, login_refused=True)
        case RetryAfter():
            after = exc.retry_after
            wait = after if isinstance(after, timedelta) else timedelta(seconds=after)
            return Deferred(words, after=wait, keys=keys)
        case Forbidden():
            return Refused(words, unreachable=(message.to[0].address,), keys=keys)
        case ChatMigrated() | BadRequest():
            return Refused(words, keys=keys)
        case NetworkError() if isinstance(exc.__cause__, _NOT_HANDED_OVER):
            return Deferred(_words(exc), after=_AGAIN, keys=keys)
        case NetworkError() if isinstance(exc.__cause__, httpx.HTTPError):
            return Unknown(f"handed over, and no answer came: {type(exc.__cause__).__name__}", keys=keys)
        case _:
            return Deferred(words, keys=keys)


def _words(exc: TelegramError) -> str:
    cause = exc.__cause__
    if not isinstance(cause, httpx.HTTPError):
        return _said(exc)
    return f"Telegram cannot be reached: {type(cause).__name__} {cause}"[:_WORDS].rstrip()


def _said(exc: TelegramError) -> str:
    """The description of an error, and nothing else of the answer."""
    return _ECHO.split(exc.message, maxsplit=1)[0][:_WORDS]
