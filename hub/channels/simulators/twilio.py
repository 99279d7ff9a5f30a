"""A Twilio for SMS on a real socket: its REST API, signed webhooks and receipts, and what can go wrong."""

import asyncio
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from time import time
from typing import Any, Self

import aiohttp
from aiohttp import web

from hub.channels.simulators.place import HERE, Place
from hub.channels.simulators.twilio_voice import TwilioVoiceSimulator
from hub.vendors.twilio import signature

Check = Callable[[str, str, Mapping[str, Any]], Sequence[str]]
"""What is wrong with a request, from its method, its path and its parameters."""
_RETRY = 0.1
_TRIES = 300
_SENT = ("queued", "sent", "delivered")


@dataclass(slots=True)
class SimulatedSms:
    """A message that was sent."""

    sid: str
    to: str
    sender: str
    body: str
    callback: str
    at: datetime
    status: str = "queued"
    error: int | None = None

    def json(self, account: str) -> dict[str, Any]:
        """As Twilio shows it."""
        at = format_datetime(self.at)
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "status": self.status,
            "direction": "outbound-api",
            "date_created": at,
            "date_updated": at,
            "date_sent": at,
            "error_code": self.error,
            "error_message": None,
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "messaging_service_sid": None,
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
            "subresource_uris": {},
        }


@dataclass(frozen=True, slots=True)
class TwilioFault:
    """What becomes of the next request to send."""

    status: int = 0
    code: int = 0
    message: str = ""
    cut: bool = False
    """The connection ends without an answer."""
    accepted: bool = False
    """Although the message is taken."""


@dataclass(slots=True)
class Posted:
    """Something to be posted to us, again and again until it is taken."""

    url: str
    form: dict[str, str]
    token: str
    answers: list[int] = field(default_factory=list)


class TwilioSimulator:
    """`async with TwilioSimulator("AC…", "token") as twilio: twilio.webhook = "http://…/hooks/sms/num_1"`."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        port: int = 0,
        check: Check | None = None,
        place: Place = HERE,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.webhook = ""
        """Where messages of the cast are posted."""
        self.sent: list[SimulatedSms] = []
        self.faults: list[TwilioFault] = []
        self.statuses: Sequence[str] = _SENT
        """What becomes of a message, in the order in which it is told."""
        self.error: int | None = None
        """The error that a failed receipt names."""
        self.down = False
        self.revoked = False
        self.violations: list[str] = []
        self.media: dict[str, bytes] = {}
        self.voice = TwilioVoiceSimulator(self)
        """Its calls."""
        self._check = check
        self._port = port
        self._place = place
        self._numbers = count(int(time() * 1000))  # from the clock, so that a restart uses no number twice
        self._runner: web.AppRunner | None = None
        self._waiting: asyncio.Queue[Posted] = asyncio.Queue()
        self._written: list[Posted] = []
        self._posting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        root = "/2010-04-01/Accounts/{account}"
        app.router.add_get(f"{root}.json", self._account)
        app.router.add_post(f"{root}/Messages.json", self._create)
        app.router.add_get(f"{root}/Messages.json", self._list)
        app.router.add_post(f"{root}/IncomingPhoneNumbers/{{number}}.json", self._point)
        self.voice.add_to(app, root)
        app.router.add_post("/cast", self._cast_writes)
        app.router.add_get("/cast", self._cast_got)
        app.router.add_get("/media/{name}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._place.listen, self._port).start()
        self._port = self._runner.addresses[0][1]
        self._posting = asyncio.create_task(self._post())

    async def stop(self) -> None:
        await self.voice.stop()
        if self._posting:
            self._posting.cancel()
            with suppress(asyncio.CancelledError):
                await self._posting
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self._place.name}:{self._port}"

    def write(
        self, phone: str, to: str, text: str, *, media: Sequence[tuple[str, bytes]] = (), **more: str
    ) -> Posted:
        """A message of the cast; `media` are types and bytes. It is posted in its turn."""
        sid = f"SM{next(self._numbers):032x}"
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": self.account_sid,
            "From": phone,
            "To": to,
            "Body": text,
        }
        form["NumMedia"] = str(len(media))
        for number, (content_type, content) in enumerate(media):
            name = f"{sid}-{number}"
            self.media[name] = content
            form |= {f"MediaUrl{number}": f"{self.url}/media/{name}", f"MediaContentType{number}": content_type}
        return self.post(Posted(self.webhook, form | more, self.auth_token))

    def post(self, posted: Posted) -> Posted:
        self._written.append(posted)
        self._waiting.put_nowait(posted)
        return posted

    def show_all_again(self) -> None:
        """As after answers that got lost."""
        for posted in list(self._written):
            self._waiting.put_nowait(posted)

    async def _account(self, request: web.Request) -> web.StreamResponse:
        return self.refused(request) or web.json_response({"sid": self.account_sid, "status": "active"})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if refusal := self.refused(request):
            return refusal
        form = {name: str(value) for name, value in (await request.post()).items()}
        if wrong := self._wrong(request, form):
            return _refusal(400, 20001, wrong)
        fault = self.faults.pop(0) if self.faults else None
        if fault and not fault.accepted:
            return _cut(request) if fault.cut else _refusal(fault.status, fault.code, fault.message)
        made = self._taken(form)
        if fault and fault.cut:
            return _cut(request)
        return web.json_response(made.json(self.account_sid), status=201)

    def _taken(self, form: Mapping[str, str]) -> SimulatedSms:
        sender = form.get("From") or form.get("MessagingServiceSid", "")
        sid = f"SM{next(self._numbers):032x}"
        made = SimulatedSms(sid, form["To"], sender, form["Body"], form.get("StatusCallback", ""), datetime.now(UTC))
        self.sent.append(made)
        if made.callback:
            for status in self.statuses:
                self._tell(made, status)
        return made

    def _tell(self, made: SimulatedSms, status: str) -> None:
        form = {"MessageSid": made.sid, "MessageStatus": status, "To": made.to, "AccountSid": self.account_sid}
        if self.error and status in ("failed", "undelivered"):
            form["ErrorCode"] = str(self.error)
        self._waiting.put_nowait(Posted(made.callback, form, self.auth_token))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if refusal := self.refused(request):
            return refusal
        if wrong := self._wrong(request, dict(request.query)):
            return _refusal(400, 20001, wrong)
        wanted = request.query.get("To")
        found = [one.json(self.account_sid) for one in reversed(self.sent) if wanted in (None, one.to)]
        page = {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None, "uri": str(request.rel_url)}
        return web.json_response(page)

    async def _point(self, request: web.Request) -> web.StreamResponse:
        """Where messages to our number are posted, as one sets it at Twilio."""
        if refusal := self.refused(request):
            return refusal
        self.webhook = str((await request.post()).get("SmsUrl", ""))
        return web.json_response({"sid": request.match_info["number"], "sms_url": self.webhook})

    async def _cast_writes(self, request: web.Request) -> web.StreamResponse:
        """Lets a phone of the cast write, by hand: `{"from": …, "to": …, "text": …}`."""
        given = await request.json()
        if not self.webhook:
            return web.Response(status=409, text="our number points nowhere yet\n")
        self.write(given["from"], given["to"], given["text"])
        return web.json_response({"ok": True})

    async def _cast_got(self, _: web.Request) -> web.StreamResponse:
        """What phones got: `[{to, text}]`."""
        return web.json_response([{"to": one.to, "text": one.body} for one in self.sent])

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if refusal := self.refused(request):
            return refusal
        content = self.media.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    def refused(self, request: web.Request) -> web.StreamResponse | None:
        if self.down:
            return _refusal(500, 20500, "Internal Server Error")
        shown = request.headers.get("Authorization", "").partition(" ")[2]
        login = b64decode(shown.encode()).decode("utf-8", "replace") if shown else ""
        if self.revoked or login != f"{self.account_sid}:{self.auth_token}":
            return _refusal(401, 20003, "Authenticate")
        return None

    def _wrong(self, request: web.Request, given: Mapping[str, Any]) -> str:
        wrong = list(self._check(request.method, "Messages", given)) if self._check else []
        self.violations += wrong
        return "; ".join(wrong)

    async def _post(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                posted = await self._waiting.get()
                for _ in range(_TRIES):
                    if await self._delivered(session, posted):
                        break
                    await asyncio.sleep(_RETRY)

    async def _delivered(self, session: aiohttp.ClientSession, posted: Posted) -> bool:
        """What is refused for good is not posted again."""
        signed = signature(posted.url, {name: [value] for name, value in posted.form.items()}, token=posted.token)
        try:
            headers = {"X-Twilio-Signature": signed}
            async with session.post(posted.url, data=posted.form, headers=headers) as answer:
                posted.answers.append(answer.status)
                return answer.status < 500
        except (aiohttp.ClientError, TimeoutError):
            return False


def _refusal(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "more_info": "", "status": status}, status=status)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()
