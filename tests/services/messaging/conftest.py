"""The messaging service against the simulated Telegram, for its tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from hub.channels.base import Health
from hub.channels.simulators.telegram import SimulatedBot, TelegramFault, TelegramSimulator, TelegramUser
from hub.channels.simulators.twilio import Posted, TwilioFault, TwilioSimulator
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.contracts.park import MessageParked
from hub.footing import Footing, Service
from hub.process import http_server, listening, url_of
from hub.testing.channel_contract import ChannelHarness, Door, interaction_id
from services.messaging.app import build

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
PETR = TelegramUser(id=123456, first_name="Пётр", last_name="Иванов", username="petr_ivanov", phone="79161234567")
SHORT = {
    "POLL": "1",
    "CHECK_INTERVAL": "0.3",
    "RECONNECT_CAP": "0.3",
    "RETRY_DELAYS": "0.5",
    "PER_SECOND": "500",
    "PER_CHAT_SECOND": "500",
}


class TelegramHarness(ChannelHarness):
    """One bot of ours, and Пётр who writes to it."""

    outbound = "outbound.telegram"
    unhurried: Mapping[str, str] = MappingProxyType(
        {"OMNIHUB_MESSAGING__POLL": "50", "OMNIHUB_MESSAGING__CHECK_INTERVAL": "120"}
    )

    def __init__(self, data: Path, telegram: TelegramSimulator, **settings: str) -> None:
        super().__init__(data, {f"OMNIHUB_MESSAGING__{name}": value for name, value in {**SHORT, **settings}.items()})
        self.telegram = telegram
        self.bot: SimulatedBot = telegram.bots[TOKEN]
        self.bot_id = ""

    def build(self, footing: Footing) -> Service:
        return build(footing)

    async def add_account(self) -> None:
        answer = await self.api.post("/bots", json=self.form())
        assert answer.status_code == 201, answer.text
        self.bot_id = answer.json()["id"]

    def form(self, **over: Any) -> dict[str, Any]:
        return {"token": TOKEN, "api_url": self.telegram.url, **over}

    def customer_writes(self, text: str) -> None:
        self.bot.write(PETR, text)

    def customer_writes_poison(self) -> None:
        self.bot.tell(something_of_next_year={"id": 1})

    def customer_got(self) -> list[str]:
        return [got.text.splitlines()[0] for got in self.bot.got.get(PETR.id, [])]

    def message(self, text: str, **over: Any) -> SendMessage:
        fields: dict[str, Any] = {
            "id": interaction_id(text),
            "channel": "telegram",
            "account": self.bot_id,
            "to": (Participant(role=Role.TO, address=f"telegram:@romashka_bot/{PETR.id}", name="Пётр"),),
            "text": text,
        }
        return SendMessage(**{**fields, **over})

    def refuse(self, words: str) -> None:
        self.telegram.faults.append(TelegramFault(400, f"Bad Request: {words}"))

    def defer(self, words: str) -> None:
        self.telegram.faults.append(TelegramFault(429, f"Too Many Requests: {words}", retry_after=1))

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        self.telegram.faults.append(TelegramFault(cut=True, accepted=accepted))

    def show_all_again(self) -> None:
        self.bot.show_all_again()

    def spoil_credentials(self) -> None:
        self.telegram.revoked.add(TOKEN)
        self.bot.news.set()

    def mend_credentials(self) -> None:
        self.telegram.revoked.discard(TOKEN)

    async def health(self) -> Health:
        answer = await self.api.get("/channels")
        (item,) = answer.json()["items"]
        return Health(**{name: item[name] for name in Health.__dataclass_fields__})

    async def replay(self, parked: MessageParked) -> None:
        await self.bus.publish_records([parked.record()])

    async def until_known(self) -> None:
        """Пётр has written, so that the bot may write to him."""
        self.bot.write(PETR, "/start")
        await self.arrivals(1)


SID, AUTH = "AC" + "1" * 32, "auth-token-of-twilio"
OUR_NUMBER, PHONE = "+74951234567", "+79161234567"


class SmsHarness(ChannelHarness):
    """One number of ours at Twilio, and Пётр's phone. The service itself stands where Twilio posts to."""

    outbound = "outbound.sms"

    def __init__(self, data: Path, twilio: TwilioSimulator, url: str, **settings: str) -> None:
        given = {**SHORT, "PUBLIC_URL": url, **settings}
        super().__init__(data, {f"OMNIHUB_MESSAGING__{name}": value for name, value in given.items()})
        self.twilio = twilio
        self.url = url
        self.number_id = ""

    def build(self, footing: Footing) -> Service:
        return build(footing)

    async def add_account(self) -> None:
        answer = await self.api.post("/numbers", json=self.form())
        assert answer.status_code == 201, answer.text
        self.number_id = answer.json()["id"]
        self.twilio.webhook = f"{self.url}/hooks/sms/{self.number_id}"

    def form(self, **over: Any) -> dict[str, Any]:
        return {"address": OUR_NUMBER, "name": "Ромашка", "providers": [self.provider()], **over}

    def provider(self, **over: Any) -> dict[str, Any]:
        login = {"account_sid": SID, "auth_token": AUTH, "api_url": self.twilio.url}
        return {"kind": "twilio", **login, **over}

    def customer_writes(self, text: str) -> None:
        self.twilio.write(PHONE, OUR_NUMBER, text)

    def customer_writes_poison(self) -> None:
        self.twilio.post(Posted(self.twilio.webhook, {"Body": "from nobody"}, AUTH))

    def customer_got(self) -> list[str]:
        return [sms.body.splitlines()[0] for sms in self.twilio.sent]

    def message(self, text: str, **over: Any) -> SendMessage:
        fields: dict[str, Any] = {
            "id": interaction_id(text),
            "channel": "sms",
            "account": self.number_id,
            "to": (Participant(role=Role.TO, address=f"phone:{PHONE}", name="Пётр"),),
            "text": text,
        }
        return SendMessage(**{**fields, **over})

    def refuse(self, words: str) -> None:
        self.twilio.faults.append(TwilioFault(400, 21211, words))

    def defer(self, words: str) -> None:
        self.twilio.faults.append(TwilioFault(429, 20429, words))

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        self.twilio.faults.append(TwilioFault(cut=True, accepted=accepted))

    def show_all_again(self) -> None:
        self.twilio.show_all_again()

    def spoil_credentials(self) -> None:
        self.twilio.revoked = True

    def mend_credentials(self) -> None:
        self.twilio.revoked = False

    async def health(self) -> Health:
        answer = await self.api.get("/channels")
        (item,) = answer.json()["items"]
        return Health(**{name: item[name] for name in Health.__dataclass_fields__})

    async def replay(self, parked: MessageParked) -> None:
        await self.bus.publish_records([parked.record()])


@asynccontextmanager
async def at_a_socket() -> AsyncIterator[tuple[str, list[ChannelHarness]]]:
    """A URL that leads to the service of the harness that is put into the list."""
    bound = listening("127.0.0.1", 0)
    harnesses: list[ChannelHarness] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        door = harnesses[0].door if harnesses else Door()
        await door(scope, receive, send)

    async with http_server(app, bound):
        yield url_of(bound), harnesses


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSimulator]:
    async with TwilioSimulator(SID, AUTH) as running:
        yield running


@pytest.fixture
async def sms(tmp_path: Path, twilio: TwilioSimulator) -> AsyncIterator[SmsHarness]:
    async with at_a_socket() as (url, harnesses):
        made = SmsHarness(tmp_path, twilio, url)
        harnesses.append(made)
        await made.open()
        yield made
        await made.close()


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as running:
        bot = running.add_bot(TOKEN, "romashka_bot", "Ромашка")
        bot.got[PETR.id] = []
        yield running


@pytest.fixture
async def harness(tmp_path: Path, telegram: TelegramSimulator) -> AsyncIterator[TelegramHarness]:
    made = TelegramHarness(tmp_path, telegram)
    await made.open()
    yield made
    await made.close()
