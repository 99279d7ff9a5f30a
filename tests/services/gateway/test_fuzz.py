"""Whatever anybody sends to a door without a login, or writes as a moment, is answered: never by a fault of ours."""

import json
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest

from hub.channels.simulators.telegram import TelegramSimulator
from hub.channels.simulators.twilio import TwilioSimulator
from hub.kit.settings import Source
from hub.process import Embedded
from hub.testing.builders import an_arrival, envelopes
from hub.testing.outside import OPEN
from hub.testing.waiting import eventually
from hub.vendors.twilio import signature
from services.messaging.bots.repository import BOTS
from tests.services.gateway.conftest import PASSWORD

pytestmark = pytest.mark.slow
SID, AUTH, TOKEN = "AC" + "1" * 32, "auth-token", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
PUBLIC = "http://hub.example"
ROUNDS = 250
BYTES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xe9",
    "é".encode(),
    b"\xed\xa0\x80",
    b"\xb2",
    b"%00%ff",
    b"a" * 5000,
    b"9" * 5000,
)
WORDS = (
    "", "x", "\x00", "\ud800", "\u202e", "é", "²", "9" * 5000, "-" + "9" * 30, "\r\nX: y", "a" * 20_000, "1" * 400,
    "'\"<>&", "{{}}", "../..", "http://169.254.169.254/", "http://[", "+79161234567", "delivered", "МТС",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, -(2**63), 10**300, 253_402_300_799, 1e308, -0.0, "", "²", [], {}, [[]],
    {"id": {}},
)  # fmt: skip
NAMES = re.findall(
    r"\w+",
    """
    update_id message edited_message callback_query message_reaction my_chat_member channel_post chat from id
    message_id date edit_date text caption entities offset length type url photo width height file_id file_size
    file_name document contact phone_number user_id location latitude longitude poll options question reply_to_message
    media_group_id
    new_reaction emoji new_chat_member status data reply_markup inline_keyboard first_name username title dice value
    sticker rich_message venue
    """,
)
FIELDS = re.findall(
    r"\w+",
    """
    MessageSid SmsSid From To Body NumMedia MediaUrl0 MediaContentType0 ProfileName OptOutType MessageStatus SmsStatus
    ErrorCode ErrorMessage id status
    """,
)


def thing(dice: random.Random, depth: int = 4) -> Any:
    """Any JSON that might be taken for an update."""
    choice = dice.random()
    if depth == 0 or choice < 0.35:
        return dice.choice(VALUES) if dice.random() < 0.5 else dice.choice(WORDS).encode("utf-8", "replace").decode()
    if choice < 0.5:
        return [thing(dice, depth - 1) for _ in range(dice.randrange(4))]
    return {dice.choice(NAMES): thing(dice, depth - 1) for _ in range(dice.randrange(1, 7))}


def update(dice: random.Random) -> bytes:
    kinds = NAMES[1:7]
    person = {"id": dice.choice((1, 2**40, -5)), "first_name": dice.choice(WORDS).encode("utf-8", "replace").decode()}
    base = {"message_id": dice.choice((1, 2**53)), "date": dice.choice((1, 1_790_000_000, 253_402_300_799, 2**62))}
    chat = {"chat": {"id": 7, "type": "private"}, "from": person}
    strange = {dice.choice(NAMES): thing(dice) for _ in range(dice.randrange(5))}
    return json.dumps({"update_id": dice.randrange(1000), dice.choice(kinds): {**base, **chat, **strange}}).encode()


def form(dice: random.Random) -> dict[str, str]:
    made = {"MessageSid": f"SM{dice.randrange(10**6)}", "From": "+79161234567", "To": "+74951234567", "Body": "x"}
    for _ in range(dice.randrange(5)):
        made[dice.choice(FIELDS)] = dice.choice(WORDS).encode("utf-8", "replace").decode()
    return made


@dataclass
class Doors:
    api: httpx.AsyncClient
    bot: str
    secret: str
    number: str
    chain: str


async def opened(hub: Embedded, api: httpx.AsyncClient) -> str:
    """A chain that a mail of Anna's opened."""
    bus = hub.footing.bus("tests")
    await bus.start()
    await bus.publish(envelopes(an_arrival()))
    await bus.stop()

    async def there() -> list[dict[str, Any]]:
        return list((await api.get("/api/v1/interactions")).json()["items"])

    return str((await eventually(there))[0]["chain_id"])


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    environ = {
        "OMNIHUB_ADMIN_PASSWORD": PASSWORD,
        "OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64",
        "OMNIHUB_MESSAGING__PUBLIC_URL": PUBLIC,
        **OPEN,
    }
    embedded = Embedded(tmp_path, Source(environ=environ))
    async with TelegramSimulator() as telegram, TwilioSimulator(SID, AUTH) as twilio:
        telegram.add_bot(TOKEN, "romashka_bot", "Ромашка")
        await embedded.start()
        transport = httpx.ASGITransport(app=embedded.services[-1].http, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as api:
            login = await api.post("/api/v1/sessions", json={"login": "admin", "password": PASSWORD})
            api.headers["Authorization"] = f"Bearer {login.json()['token']}"
            bot = await api.post("/api/v1/bots", json={"token": TOKEN, "api_url": telegram.url})
            provider = {"kind": "twilio", "account_sid": SID, "auth_token": AUTH, "api_url": twilio.url}
            number = await api.post("/api/v1/numbers", json={"address": "+74951234567", "providers": [provider]})
            assert (bot.status_code, number.status_code) == (201, 201), bot.text + number.text
            store = embedded.footing.store("messaging")
            await store.start()
            stored = await store.collection(BOTS).get(bot.json()["id"])
            await store.stop()
            assert stored
            secret = embedded.footing.secrets.unseal(stored["secret"])
            chain = await opened(embedded, api)
            yield Doors(api, bot.json()["id"], secret, number.json()["id"], chain)
        await embedded.stop()


def headers(dice: random.Random) -> list[tuple[bytes, bytes]]:
    names = (
        b"x-twilio-signature", b"i-twilio-idempotency-token", b"x-telegram-bot-api-secret-token", b"content-type",
        b"authorization", b"idempotency-key", b"cookie", b"origin", b"x-forwarded-for", b"forwarded",
        b"content-length", b"accept-language", b"if-none-match", b"traceparent", b"user-agent", b"sec-fetch-site",
    )  # fmt: skip
    return [(dice.choice(names), dice.choice(BYTES)) for _ in range(dice.randrange(1, 4))]


@pytest.mark.parametrize("seed", range(3))
async def test_no_header_query_or_body_at_an_open_door_is_a_fault(doors: Doors, seed: int) -> None:
    dice = random.Random(seed)
    places = [
        f"/hooks/telegram/{doors.bot}",
        f"/hooks/sms/{doors.number}",
        f"/hooks/sms/{doors.number}/status",
        "/hooks/telegram/nobody",
        "/hooks/nothing/x",
        "/api/v1/sessions",
        "/api/v1/sessions/browser",
        "/api/v1/me",
        "/healthz",
        "/readyz",
    ]
    for _ in range(ROUNDS):
        query = quote_from_bytes(dice.choice(BYTES)[:200], safe="=&%")
        where = f"{dice.choice(places)}?interaction={query}&provider={query}&secret={query}"
        body = dice.choice((*BYTES, update(dice), urlencode(form(dice)).encode(), b'{"login":' * 1000))
        given = headers(dice)
        answer = await doors.api.request(dice.choice(("POST", "GET", "PATCH")), where, headers=given, content=body)
        assert answer.status_code < 500, (where, given, body[:200], answer.text)


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_that_a_provider_posts_is_a_fault_though_it_is_signed(doors: Doors, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        told = await doors.api.post(
            f"/hooks/telegram/{doors.bot}",
            headers={"X-Telegram-Bot-Api-Secret-Token": doors.secret},
            content=(given := update(dice)),
        )
        assert told.status_code == 200, (given, told.text)
    for _ in range(ROUNDS):
        posted = form(dice)
        place = f"/hooks/sms/{doors.number}" + dice.choice(("", "/status?provider=twilio&interaction=in_1"))
        content = urlencode(posted)
        signed = signature(f"{PUBLIC}{place}", {name: [value] for name, value in posted.items()}, token=AUTH)
        answer = await doors.api.post(place, headers={"X-Twilio-Signature": signed}, content=content)
        assert answer.status_code in (200, 403, 404, 422), (posted, answer.text)


MOMENTS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999-23:59",
    "1969-12-31T23:59:59+14:00",
    "-1",
    "1e400",
    "9" * 400,
    "253402300800",
)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_no_moment_of_the_calendar_is_a_fault(doors: Doors, moment: str) -> None:
    for path, name in (("audit", "since"), ("audit", "until"), ("interactions", "since"), ("jobs", "before")):
        answer = await doors.api.get(f"/api/v1/{path}", params={name: moment})
        assert answer.status_code in (200, 422), (path, answer.text)
    for fields in (
        {"send_at": moment},
        {"send_at_local": moment.rstrip("Z"), "time_zone": "Asia/Tokyo"},
        {"send_at_local": moment.partition("+")[0].rstrip("Z"), "time_zone": "America/Los_Angeles"},
        {"send_at_local": "2027-01-01T00:00", "time_zone": moment},
        {"send_at_local": "2027-01-01T00:00", "time_zone": "../../etc/passwd"},
    ):
        answer = await doors.api.post(f"/api/v1/chains/{doors.chain}/messages", json={"text": "x", **fields})
        assert answer.status_code == 422, (fields, answer.text)
