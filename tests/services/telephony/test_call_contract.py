"""The three kinds of exchanges pass one suite: what a call is to the hub does not depend on who carries it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlencode

import pytest

from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.channels.simulators.twilio import TwilioSimulator
from hub.testing.call_contract import CallContract
from hub.testing.waiting import eventually
from hub.vendors.twilio import HEADER, signature
from tests.services.telephony.conftest import OUR_LINE, AmiHarness
from tests.services.telephony.test_twilio import AUTH, PHONE_OF_ANNA, SID, TwilioHarness
from tests.services.telephony.test_webhooks import MAPPING, WebhookHarness

NOT_OURS = "+74950000199"
HEARD = ("inbound", "delivery", "delivery.mass", "dead-letters", "rings")
PUBLIC = "https://hub.example.com"


@dataclass(eq=False)
class Going:
    """A call that goes on."""

    id: str
    leg: str
    number: str
    to: str
    began: float = field(default_factory=lambda: time() - 3)
    answered: bool = False


class AsteriskCalls(AmiHarness):
    heard = HEARD

    async def rings(self, number: str, *, ours: bool = True) -> Going:
        to = (OUR_LINE if ours else NOT_OURS).lstrip("+")
        customer = self.pbx.exchange.arrives(number or "anonymous", to)
        return Going(customer, self.pbx.exchange.rings("101", by=customer), number, to)

    async def answers(self, call: Going) -> None:
        call.answered = True
        self.pbx.exchange.answers(call.leg, by=call.id, bridge=f"b-{call.id}")

    async def ends(self, call: Going, *, recorded: bool = False) -> None:
        exchange = self.pbx.exchange
        if recorded:
            exchange.of("VarSet", call.id, Variable="MIXMONITOR_FILENAME", Value="/var/spool/asterisk/monitor/a.wav")
        if not call.answered:
            exchange.refuses(call.leg, by=call.id)
        exchange.hangs_up(call.id)
        if call.answered:
            exchange.ends(call.leg)

    async def tells_again(self) -> None:
        """Who is there is told anew on each connection; what is past is not."""
        logins = self.pbx.logins
        self.pbx.cut()
        await self._logged_in(logins)

    async def resumes(self) -> None:
        logins = self.pbx.logins
        await self.restart()
        await self._logged_in(logins)

    async def _logged_in(self, before: int) -> None:
        async def more() -> bool:
            return self.pbx.logins > before

        await eventually(more)


class PostedCalls:
    """What was posted, to be posted once more."""

    posts: list[tuple[Any, ...]]
    numbers = count(1)

    async def tells_again(self) -> None:
        for one in list(self.posts):
            await self.send(*one)

    async def send(self, *one: Any) -> None:
        raise NotImplementedError


class WebhookCalls(PostedCalls, WebhookHarness):
    heard = HEARD

    def form(self, **over: Any) -> dict[str, Any]:
        paths = {**MAPPING["paths"], "recording": "file", "operator": "operator"}
        return super().form(**{"mapping": {"paths": paths}, "recordings_hosts": ["pbx.example.com"], **over})

    async def says(self, call: Going, **facts: Any) -> None:
        body = {"call": call.id, "from": call.number or "anonymous", "to": call.to, "start": call.began}
        body |= {"operator": "101", **({"answer": call.began + 1} if call.answered else {}), **facts}
        self.posts.append((body,))
        await self.send(body)

    async def send(self, *one: Any) -> None:
        """What is answered with 503 the provider would post again; it is stored all the same."""
        assert await self.post(one[0]) in (200, 503)

    async def rings(self, number: str, *, ours: bool = True) -> Going:
        call = Going(f"c{next(self.numbers)}", "", number, OUR_LINE if ours else NOT_OURS)
        await self.says(call)
        return call

    async def answers(self, call: Going) -> None:
        call.answered = True
        await self.says(call)

    async def ends(self, call: Going, *, recorded: bool = False) -> None:
        more = {"file": "https://pbx.example.com/a.wav"} if recorded else {}
        await self.says(call, end=call.began + 3, **more)

    async def resumes(self) -> None:
        await self.restart()


class TwilioCalls(PostedCalls, TwilioHarness):
    heard = HEARD

    async def send(self, *one: Any) -> None:
        kind, form = one
        path = f"/hooks/voice/{self.exchange_id}{kind}"
        signed = signature(f"{PUBLIC}{path}", {name: [value] for name, value in form.items()}, token=AUTH)
        headers = {HEADER: signed, "content-type": "application/x-www-form-urlencoded"}
        answer = await self.api.post(path, content=urlencode(form), headers=headers)
        assert answer.status_code == 200, answer.text

    async def says(self, kind: str, call: Going, status: str, *, leg: bool = False, **more: str) -> None:
        form = {"CallSid": call.id, "From": call.number or "anonymous", "To": call.to, "CallStatus": status}
        form |= {"Direction": "inbound", **more}
        if leg:
            form |= {"CallSid": call.leg, "ParentCallSid": call.id, "To": PHONE_OF_ANNA, "Direction": "outbound-dial"}
        self.posts.append((kind, form))
        await self.send(kind, form)

    async def rings(self, number: str, *, ours: bool = True) -> Going:
        place = next(self.numbers)
        call = Going(f"CA{place:031}1", f"CA{place:031}2", number, OUR_LINE if ours else NOT_OURS)
        await self.says("", call, "ringing")
        for status in ("initiated", "ringing"):
            await self.says("/status", call, status, leg=True)
        return call

    async def answers(self, call: Going) -> None:
        call.answered = True
        await self.says("/status", call, "in-progress", leg=True)

    async def ends(self, call: Going, *, recorded: bool = False) -> None:
        if call.answered:
            await self.says("/status", call, "completed", leg=True, CallDuration="1")
        else:
            await self.says("/status", call, "no-answer", leg=True)
        await self.says("/status", call, "completed")
        if recorded:
            url = f"{self.twilio.url}/2010-04-01/Accounts/{SID}/Recordings/RE1"
            await self.says("/recording", call, "completed", RecordingUrl=url, RecordingSid="RE1")

    async def resumes(self) -> None:
        await self.restart()


@pytest.mark.slow
class TestAsterisk(CallContract):
    @pytest.fixture
    async def exchange(self, tmp_path: Path, pbx: AsteriskSimulator) -> AsyncIterator[AsteriskCalls]:
        made = AsteriskCalls(tmp_path, pbx)
        await made.open()
        await made.listened_to()
        yield made
        await made.close()


@pytest.mark.slow
class TestWebhook(CallContract):
    @pytest.fixture
    async def exchange(self, tmp_path: Path) -> AsyncIterator[WebhookCalls]:
        made = WebhookCalls(tmp_path, PUBLIC_URL=PUBLIC)
        made.posts = []
        await made.open()
        yield made
        await made.close()


@pytest.mark.slow
class TestTwilio(CallContract):
    @pytest.fixture
    async def exchange(self, tmp_path: Path) -> AsyncIterator[TwilioCalls]:
        async with AsyncExitStack() as stack:
            made = TwilioCalls(tmp_path, await stack.enter_async_context(TwilioSimulator(SID, AUTH)), PUBLIC)
            made.posts = []
            await made.open()
            yield made
            await made.close()
