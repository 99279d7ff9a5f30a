"""Calls of the simulated Twilio: its REST API for calls, signed webhooks, TwiML that is done, recordings."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from time import time
from typing import Any, Protocol
from xml.etree import ElementTree

import aiohttp
from aiohttp import web

from hub.vendors.twilio import signature

_STEPS = 2_000
"""Of one call: TwiML that leads in a circle ends."""
_SILENCE = b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00\x80>\x00\x00\x02\x00\x10\x00data"
Form = dict[str, str]


class Account(Protocol):
    """The Twilio that these calls are of."""

    account_sid: str
    auth_token: str

    @property
    def url(self) -> str: ...

    def refused(self, request: web.Request) -> web.StreamResponse | None:
        """What is answered to whoever shows no login."""
        ...


@dataclass(slots=True)
class VoicePhone:
    """How a phone behaves."""

    answers: bool = True
    talks: float = 0.05
    """Seconds."""
    status: str = "no-answer"
    """Of one that does not answer."""


@dataclass(slots=True)
class VoiceFault:
    """What becomes of the next request to call."""

    status: int = 0
    code: int = 0
    message: str = ""
    cut: bool = False
    accepted: bool = False


@dataclass(slots=True)
class SimulatedCall:
    sid: str
    to: str
    sender: str
    at: datetime
    status: str = "queued"
    said: list[str] = field(default_factory=list)
    """What the other side heard."""
    patience: int = 1_000
    redirected: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    """Where it goes on, once it was redirected."""

    def json(self, account: str) -> dict[str, Any]:
        at = format_datetime(self.at)
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": self.sender,
            "status": self.status,
            "direction": "outbound-api",
            "date_created": at,
            "date_updated": at,
            "start_time": at,
            "end_time": None,
            "duration": None,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account}/Calls/{self.sid}.json",
            "subresource_uris": {},
        }


class TwilioVoiceSimulator:
    """`voice.webhook = "http://…/hooks/voice/ex_1"`, then `await voice.customer_calls("+7…", "+7…")`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.webhook = ""
        self.status = ""
        """Where the end of calls that come in is posted."""
        self.phones: dict[str, VoicePhone] = {}
        self.keys: list[str] = []
        """What callers press, one key for each time that they are asked; empty: none."""
        self.patience: dict[str, int] = {}
        """By number: after being asked so often without a key the caller hangs up."""
        self.waits = 0.02
        """Seconds that somebody is asked for a key for, in place of those of the answer."""
        self.going_on: dict[str, SimulatedCall] = {}
        """Calls that came in, by sid."""
        self.faults: list[VoiceFault] = []
        self.calls: list[SimulatedCall] = []
        self.asked: list[Form] = []
        """Requests to call that were taken."""
        self.rung: list[str] = []
        self.answers: list[int] = []
        """What our hooks answered."""
        self.recordings: dict[str, bytes] = {}
        self._numbers = count(int(time() * 1000))
        self._session: aiohttp.ClientSession | None = None
        self._stories: set[asyncio.Task[None]] = set()

    def add_to(self, app: web.Application, root: str) -> None:
        app.router.add_post(f"{root}/Calls.json", self._create)
        app.router.add_get(f"{root}/Calls.json", self._list)
        app.router.add_post(f"{root}/Calls/{{sid}}.json", self._update)
        app.router.add_get(f"{root}/Recordings/{{name}}", self._recording)

    async def stop(self) -> None:
        for story in list(self._stories):
            story.cancel()
            with suppress(asyncio.CancelledError):
                await story
        if self._session:
            await self._session.close()

    async def customer_calls(self, number: str, to: str, *, name: str = "") -> SimulatedCall:
        """A call that comes in, to its end."""
        call = self._call(to, number)
        call.patience = self.patience.get(number, call.patience)
        self.going_on[call.sid] = call
        form = {"Direction": "inbound", "CallStatus": "ringing", **({"CallerName": name} if name else {})}
        await self._do(call, await self._post(self.webhook, call, form))
        del self.going_on[call.sid]
        call.status = "completed"
        if self.status:
            await self._post(self.status, call, {"Direction": "inbound", "CallStatus": "completed"})
        return call

    async def _do(self, call: SimulatedCall, twiml: str) -> None:
        """Does what an answer says; each document replaces the one before."""
        for _ in range(_STEPS):
            following: str | None = None
            for verb in ElementTree.fromstring(twiml) if twiml else ():
                following = await self._verb(call, verb)
                if following is not None:
                    break
            if not following:
                return
            twiml = following

    async def _verb(self, call: SimulatedCall, verb: ElementTree.Element) -> str | None:
        """What comes in place of the rest; none: the next verb."""
        match verb.tag:
            case "Say":
                call.said.append(verb.text or "")
            case "Gather":
                call.said += [each.text or "" for each in verb.iter("Say")]
                return await self._gather(call, verb)
            case "Dial":
                return await self._dial(call, verb)
            case "Record":
                await self._record(call, verb.get("recordingStatusCallback", ""))
                return await self._post(verb.get("action", ""), call, {})
            case "Redirect":
                return await self._post(verb.text or "", call, {})
            case "Hangup":
                return ""
        return None

    async def _gather(self, call: SimulatedCall, verb: ElementTree.Element) -> str:
        digits = {"Digits": key} if (key := self.keys.pop(0) if self.keys else "") else {}
        if not digits:
            await asyncio.sleep(self.waits)
            call.patience -= 1
        if call.patience < 0:
            return ""
        return await self._post(verb.get("action", ""), call, digits)

    async def _dial(self, call: SimulatedCall, verb: ElementTree.Element) -> str | None:
        taken = False
        for target in verb:
            taken = taken or await self._leg(call, target)
        if taken and verb.get("record", "do-not-record") != "do-not-record":
            await self._record(call, verb.get("recordingStatusCallback", ""))
        if call.url:
            # Another TwiML takes the place of this one: what the dial led to is asked by nobody.
            url, call.url = call.url, ""
            call.redirected.clear()
            return await self._post(url, call, {})
        action = verb.get("action")
        if action is None:
            return None
        return await self._post(action, call, {"DialCallStatus": "completed" if taken else "no-answer"})

    async def _leg(self, call: SimulatedCall, target: ElementTree.Element) -> bool:
        prefix = "client:" if target.tag == "Client" else ""
        to = f"{prefix}{(target.text or '').strip()}"
        leg, phone, back = (
            self._call(to, call.sender),
            self.phones.get(to, VoicePhone()),
            target.get("statusCallback"),
        )
        self.rung.append(to)
        about = {"ParentCallSid": call.sid, "Direction": "outbound-dial"}
        statuses = ["initiated", "ringing", *(["in-progress"] if phone.answers else [])]
        for status in statuses:
            if back:
                await self._post(back, leg, {**about, "CallStatus": status})
        if phone.answers:
            with suppress(TimeoutError):
                async with asyncio.timeout(phone.talks):
                    await call.redirected.wait()
        if back:
            end = {"CallStatus": "completed", "CallDuration": "1"} if phone.answers else {"CallStatus": phone.status}
            await self._post(back, leg, {**about, **end})
        return phone.answers

    async def _record(self, call: SimulatedCall, back: str) -> None:
        sid = f"RE{next(self._numbers):032x}"
        self.recordings[sid] = _SILENCE
        url = f"{self._account.url}/2010-04-01/Accounts/{self._account.account_sid}/Recordings/{sid}"
        told = {"RecordingSid": sid, "RecordingUrl": url, "RecordingStatus": "completed", "RecordingDuration": "3"}
        if back:
            await self._post(back, call, told)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._account.refused(request):
            return refusal
        form = {name: str(value) for name, value in (await request.post()).items()}
        fault = self.faults.pop(0) if self.faults else VoiceFault()
        if fault.status:
            told = {"code": fault.code, "message": fault.message, "more_info": "", "status": fault.status}
            return web.json_response(told, status=fault.status)
        if fault.cut and not fault.accepted:
            return _cut(request)
        call = self._call(form["To"], form["From"])
        self.calls.append(call)
        self.asked.append(form)
        story = asyncio.create_task(self._outgoing(call, form))
        self._stories.add(story)
        story.add_done_callback(self._stories.discard)
        return _cut(request) if fault.cut else web.json_response(call.json(self._account.account_sid), status=201)

    async def _outgoing(self, call: SimulatedCall, form: Form) -> None:
        """Rings whom it was asked for, then does what is answered."""
        phone, back = self.phones.get(form["To"], VoicePhone()), form.get("StatusCallback", "")
        about = {"Direction": "outbound-api"}
        for status in ("initiated", "ringing"):
            await self._post(back, call, {**about, "CallStatus": status})
        if not phone.answers:
            call.status = phone.status
            await self._post(back, call, {**about, "CallStatus": phone.status})
            return
        await self._post(back, call, {**about, "CallStatus": "in-progress"})
        await self._do(call, await self._post(form["Url"], call, {**about, "CallStatus": "in-progress"}))
        call.status = "completed"
        await self._post(back, call, {**about, "CallStatus": "completed", "CallDuration": "2"})

    async def _update(self, request: web.Request) -> web.StreamResponse:
        """A call that goes on does something else from now on."""
        if refusal := self._account.refused(request):
            return refusal
        call = self.going_on.get(request.match_info["sid"])
        if call is None:
            told = {
                "code": 21220,
                "message": "Call is not in-progress. Cannot redirect.",
                "more_info": "",
                "status": 400,
            }
            return web.json_response(told, status=400)
        call.url = str((await request.post())["Url"])
        call.redirected.set()
        return web.json_response(call.json(self._account.account_sid))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._account.refused(request):
            return refusal
        wanted = {name: request.query.get(name) for name in ("To", "From")}
        found = [
            one.json(self._account.account_sid)
            for one in reversed(self.calls)
            if wanted["To"] in (None, one.to) and wanted["From"] in (None, one.sender)
        ]
        page = {"calls": found, "page": 0, "page_size": 50, "next_page_uri": None, "uri": str(request.rel_url)}
        return web.json_response(page)

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._account.refused(request):
            return refusal
        content = self.recordings.get(request.match_info["name"].partition(".")[0])
        return web.Response(status=404) if content is None else web.Response(body=content, content_type="audio/wav")

    def _call(self, to: str, sender: str) -> SimulatedCall:
        return SimulatedCall(f"CA{next(self._numbers):032x}", to, sender, datetime.now(UTC))

    async def _post(self, url: str, call: SimulatedCall, more: Mapping[str, str]) -> str:
        """What is answered; nothing where nobody takes it."""
        if not url:
            return ""
        form = {"CallSid": call.sid, "AccountSid": self._account.account_sid, "From": call.sender, "To": call.to}
        form |= {"CallStatus": "in-progress", **more}
        signed = signature(url, {name: [value] for name, value in form.items()}, token=self._account.auth_token)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        try:
            headers = {"X-Twilio-Signature": signed}
            async with self._session.post(url, data=form, headers=headers) as answer:
                self.answers.append(answer.status)
                text = await answer.text()
                return text if answer.status == 200 and text.startswith("<") else ""
        except (aiohttp.ClientError, TimeoutError):
            self.answers.append(0)
            return ""


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()
