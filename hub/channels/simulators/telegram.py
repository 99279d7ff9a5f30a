"""A Telegram Bot API on a real socket: long polls, webhooks, messages and files, and what can go wrong."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from aiohttp import web

from hub.channels.simulators.place import HERE, Place
from hub.channels.simulators.telegram_chats import Got, Json, SimulatedBot, TelegramUser

__all__ = ["SimulatedBot", "TelegramFault", "TelegramSimulator", "TelegramUser"]
Check = Callable[[str, Mapping[str, Any]], Sequence[str]]
"""What is wrong with a request, from the method and its parameters; nothing where it fits the specification."""
_FILES = ("photo", "document", "voice", "audio", "video", "animation", "sticker")
_RETRY = 0.2


@dataclass(frozen=True, slots=True)
class TelegramFault:
    """What becomes of the next request to send."""

    status: int = 0
    description: str = ""
    retry_after: int | None = None
    cut: bool = False
    """The connection ends without an answer."""
    accepted: bool = False
    """Although the message is taken."""
    migrated_to: int | None = None
    """The group has become a supergroup, under this id."""


class TelegramSimulator:
    """`async with TelegramSimulator() as telegram: bot = telegram.add_bot("123:abc", "romashka_bot")`."""

    def __init__(self, *, port: int = 0, check: Check | None = None, place: Place = HERE) -> None:
        self.bots: dict[str, SimulatedBot] = {}
        self.faults: list[TelegramFault] = []
        self.down = False
        """Every request is answered 500."""
        self.revoked: set[str] = set()
        """Tokens that are refused."""
        self.violations: list[str] = []
        """What `check` found wrong in requests."""
        self.requests: list[tuple[str, Json]] = []
        self.hero: TelegramUser | None = None
        """Who writes when a person asks the simulator to."""
        self._check = check
        self._port = port
        self._place = place
        self._runner: web.AppRunner | None = None
        self._posting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=100 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_post("/cast/{bot}", self._cast_writes)
        app.router.add_get("/cast/{bot}", self._cast_got)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._place.listen, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._posting = asyncio.create_task(self._post())

    async def stop(self) -> None:
        if self._posting:
            self._posting.cancel()
            with suppress(asyncio.CancelledError):
                await self._posting
        if self._runner:
            for bot in self.bots.values():
                bot.news.set()
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self._place.name}:{self._port}"

    def add_bot(self, token: str, username: str, name: str = "") -> SimulatedBot:
        self.bots[token] = bot = SimulatedBot(token, username, name or username)
        return bot

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        if self.down:
            return _refusal(500, "Internal Server Error")
        bot = self.bots.get(token)
        if bot is None or token in self.revoked:
            return _refusal(401, "Unauthorized")
        parameters, files = await _parameters(request)
        self.requests.append((method, parameters))
        wrong = list(self._check(method, parameters | files)) if self._check else []
        if wrong:
            self.violations += [f"{method}: {one}" for one in wrong]
            return _refusal(400, f"Bad Request: {'; '.join(wrong)}")
        handler = getattr(self, f"_on_{method.lower()}", None)
        if handler is not None:
            return _result(await handler(bot, parameters))
        if method.startswith("send"):
            return await self._send(request, bot, method, parameters, files)
        return _refusal(404, "Not Found")

    async def _send(
        self, request: web.Request, bot: SimulatedBot, method: str, given: Json, files: Mapping[str, Any]
    ) -> web.StreamResponse:
        fault = self.faults.pop(0) if self.faults else None
        if fault and not fault.accepted:
            return _cut(request) if fault.cut else _refused(fault)
        chat = int(given["chat_id"])
        if chat in bot.blocked:
            return _refusal(403, "Forbidden: bot was blocked by the user")
        if chat not in bot.got and not any(_chat_id(update) == chat for update in bot.updates):
            return _refusal(400, "Bad Request: chat not found")
        if "<x-unparsable>" in given.get("text", ""):
            return _refusal(400, "Bad Request: can't parse entities: unsupported start tag")
        made = [_message(bot, chat, one) for one in _taken(bot, method, given, files)]
        if fault and fault.cut:
            return _cut(request)
        return _result(made if method == "sendMediaGroup" else made[0])

    async def _on_getme(self, bot: SimulatedBot, _: Json) -> Json:
        return {
            **bot.me(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _on_getupdates(self, bot: SimulatedBot, given: Json) -> Any:
        if bot.webhook.get("url"):
            return _refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        bot.polls += 1
        mine = bot.polls
        bot.confirmed = max(bot.confirmed, int(given.get("offset") or 0) - 1)
        with suppress(TimeoutError):
            async with asyncio.timeout(float(given.get("timeout") or 0)):
                while not bot.waiting() and mine == bot.polls and self._runner:
                    bot.news.clear()
                    await bot.news.wait()
        if mine != bot.polls:
            return _refusal(
                409, "Conflict: terminated by other getUpdates request; make sure that only one bot is running"
            )
        return bot.waiting()[: int(given.get("limit") or 100)]

    async def _on_setwebhook(self, bot: SimulatedBot, given: Json) -> bool:
        bot.webhook = given if given.get("url") else {}
        return True

    async def _on_deletewebhook(self, bot: SimulatedBot, _: Json) -> bool:
        bot.webhook = {}
        return True

    async def _on_getwebhookinfo(self, bot: SimulatedBot, _: Json) -> Json:
        told = {"last_error_message": bot.last_error, "last_error_date": 1} if bot.last_error else {}
        waiting = len(bot.waiting())
        return {
            "url": bot.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": waiting,
            **told,
        }

    async def _on_sendchataction(self, *_: Any) -> bool:
        return True

    async def _on_getfile(self, bot: SimulatedBot, given: Json) -> Any:
        content = bot.files.get(given.get("file_id", ""))
        if content is None:
            return _refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > 20 * 2**20:
            return _refusal(400, "Bad Request: file is too big")
        path = f"files/{given['file_id']}"
        return {"file_id": given["file_id"], "file_unique_id": "u", "file_size": len(content), "file_path": path}

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return _refusal(500, "Internal Server Error")
        bot = self.bots.get(request.match_info["token"])
        content = bot.files.get(request.match_info["path"].rpartition("/")[2]) if bot else None
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _cast_writes(self, request: web.Request) -> web.StreamResponse:
        """Lets somebody of the cast write, by hand: `{"text": …}`, or `{"contact": true}`."""
        bot, user = self._named(request)
        if bot is None or user is None:
            return web.Response(status=404, text="no such bot, or it has no chat\n")
        given = await request.json()
        if given.get("contact"):
            bot.share_contact(user)
        else:
            bot.write(user, str(given.get("text", "")))
        return web.json_response({"ok": True})

    async def _cast_got(self, request: web.Request) -> web.StreamResponse:
        """What he got, as texts."""
        bot, user = self._named(request)
        got = bot.got.get(user.id, []) if bot and user else []
        return web.json_response([one.text for one in got])

    def _named(self, request: web.Request) -> tuple[SimulatedBot | None, TelegramUser | None]:
        bot = next((one for one in self.bots.values() if one.username == request.match_info["bot"]), None)
        return bot, self.hero

    async def _post(self) -> None:
        """Delivers to webhooks, in order, again and again until each is taken."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                for bot in list(self.bots.values()):
                    if bot.webhook.get("url") and (waiting := bot.waiting()):
                        await self._deliver(session, bot, waiting[0])
                busy = any(b.webhook and b.waiting() and not b.last_error for b in self.bots.values())
                await asyncio.sleep(0 if busy else _RETRY / 4)

    async def _deliver(self, session: aiohttp.ClientSession, bot: SimulatedBot, update: Json) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": str(bot.webhook.get("secret_token", ""))}
        try:
            async with session.post(bot.webhook["url"], json=update, headers=headers) as answer:
                bot.last_error = "" if answer.ok else f"Wrong response from the webhook: {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as exc:
            bot.last_error = f"Connection failed: {type(exc).__name__}"
        if not bot.last_error:
            bot.confirmed = max(bot.confirmed, update["update_id"])


async def _parameters(request: web.Request) -> tuple[Json, Json]:
    """Plain parameters, those in JSON decoded; and the files of the request."""
    given: Json = dict(request.query)
    files: Json = {}
    for name, value in (await request.post()).items() if request.method == "POST" else ():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        else:
            given[name] = value
    return {name: _decoded(value) for name, value in given.items()}, files


def _decoded(value: Any) -> Any:
    with suppress(ValueError):
        if isinstance(value, str) and value[:1] in "[{":
            return json.loads(value)
    return value


def _taken(bot: SimulatedBot, method: str, given: Json, files: Mapping[str, Any]) -> list[Got]:
    """What the person sees of a request: one message, or one for each item of an album."""
    words = str(given.get("text") or given.get("caption") or "")
    common: Json = {
        "method": method,
        "reply_to": (given.get("reply_parameters") or {}).get("message_id"),
        "markup": given.get("reply_markup") or {},
        "parse_mode": str(given.get("parse_mode") or ""),
    }
    if method != "sendMediaGroup":
        taken = tuple(files[name] for name in _FILES if name in files)
        return [Got(message_id=bot.next_message_id(), text=words, files=taken, **common)]
    items = [(one, files[one["media"].removeprefix("attach://")]) for one in given["media"]]
    return [
        Got(message_id=bot.next_message_id(), text=str(one.get("caption") or ""), files=(file,), **common)
        for one, file in items
    ]


def _message(bot: SimulatedBot, chat: int, got: Got) -> Json:
    bot.got.setdefault(chat, []).append(got)
    shown = {"message_id": got.message_id, "date": 1_770_000_000, "chat": {"id": chat, "type": "private"}}
    return {**shown, "from": bot.me(), "text": got.text}


def _chat_id(update: Json) -> int | None:
    found = next((value for value in update.values() if isinstance(value, dict)), {})
    where = found.get("chat") or found.get("message", {}).get("chat") or {}
    return where.get("id")


def _result(result: Any) -> web.StreamResponse:
    return result if isinstance(result, web.StreamResponse) else web.json_response({"ok": True, "result": result})


def _refused(fault: TelegramFault) -> web.Response:
    if fault.migrated_to is None:
        return _refusal(fault.status, fault.description, fault.retry_after)
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    told = {"ok": False, "error_code": 400, "description": words}
    return web.json_response(told | {"parameters": {"migrate_to_chat_id": fault.migrated_to}}, status=400)


def _refusal(status: int, description: str, retry_after: int | None = None) -> web.Response:
    more = {"parameters": {"retry_after": retry_after}} if retry_after is not None else {}
    return web.json_response({"ok": False, "error_code": status, "description": description, **more}, status=status)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()
