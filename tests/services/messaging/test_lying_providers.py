"""Providers that lie: files named by our paths, receipts for what went another way, addresses of our network."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.sms_http import SmsHttpSimulator
from hub.channels.simulators.telegram import TelegramSimulator
from hub.channels.simulators.twilio import Posted, TwilioSimulator
from hub.contracts.interaction import Attachment, AttachmentFetched, DeliveryRecorded, DeliveryState
from services.messaging.adapters.http_sms import HttpSms
from services.messaging.adapters.twilio import TwilioApi
from services.messaging.errors import FileGone
from services.messaging.models import HttpProvider, TwilioProvider
from services.messaging.sms.channel import Text
from tests.hub.kit.test_outside import HERE, said, serving
from tests.services.messaging.conftest import (
    AUTH,
    OUR_NUMBER,
    PETR,
    PHONE,
    SID,
    TOKEN,
    SmsHarness,
    TelegramHarness,
    at_a_socket,
)

pytestmark = pytest.mark.slow


class LyingTelegram(TelegramSimulator):
    """Names the file that is asked for by `path`, and says it has `size` bytes."""

    path, size = "", 4

    async def _on_getfile(self, bot: Any, given: Any) -> Any:
        honest = await super()._on_getfile(bot, given)
        return {**honest, "file_path": self.path or honest["file_path"], "file_size": self.size}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSimulator]:
    async with LyingTelegram() as running:
        bot = running.add_bot(TOKEN, "romashka_bot", "Ромашка")
        bot.got[PETR.id] = []
        yield running


async def fetched(harness: TelegramHarness, path: str, size: int = 4) -> Attachment:
    assert isinstance(harness.telegram, LyingTelegram)
    harness.telegram.path, harness.telegram.size = path, size
    harness.bot.photo(PETR, b"JPEG")
    (found,) = await harness.told(AttachmentFetched)
    return found.attachment


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "photos/../../secret",
        "//evil.example/x",
        "http://evil.example/x",
        "file:///etc/passwd",
        "photos/%2e%2e/x",
        "photos\\..\\x",
        "photos//x",
        "x?y",
        "x#y",
        "x\r\nHost: evil",
        "",
    ],
)
async def test_a_file_of_a_bot_is_fetched_below_the_bots_own_address_alone(
    harness: TelegramHarness, path: str
) -> None:
    found = await fetched(harness, path or "/")
    assert (found.state, found.blob) == ("failed", "")
    assert "named by a path outside the bot's own files" in found.reason


async def test_a_file_of_this_machine_is_not_read_whatever_its_name(harness: TelegramHarness) -> None:
    secret = harness.data / "secret.key"
    assert secret.exists()
    assert (await fetched(harness, str(secret))).state == "failed"


async def test_a_file_longer_than_allowed_is_not_fetched(harness: TelegramHarness) -> None:
    assert "the limit is" in (await fetched(harness, "", size=2**40)).reason


async def test_an_address_of_another_machine_needs_the_token_again(harness: TelegramHarness) -> None:
    path = f"/bots/{harness.bot_id}"
    elsewhere = harness.telegram.url.replace("127.0.0.1", "localhost")
    alone = await harness.api.patch(path, json={"api_url": elsewhere})
    assert (alone.status_code, list(alone.json()["errors"])) == (422, ["token"])
    assert "required where api_url changes" in alone.json()["errors"]["token"]
    same = await harness.api.patch(path, json={"api_url": harness.telegram.url, "name": "Та же"})
    with_it = await harness.api.patch(path, json={"api_url": elsewhere, "token": TOKEN})
    assert (same.status_code, with_it.status_code) == (200, 200)


async def test_a_bot_server_inside_our_network_names_the_setting(harness: TelegramHarness) -> None:
    await harness.restart(OMNIHUB_HUB__ALLOWED_NETWORKS="")
    bot = await harness.api.post("/bots", json={**harness.form(), "token": f"{TOKEN}x"})
    assert bot.status_code == 422
    assert "127.0.0.1 is this machine" in bot.json()["errors"]["api_url"]
    assert "[hub] allowed_networks" in bot.json()["errors"]["api_url"]


async def test_a_provider_inside_our_network_names_the_setting(sms: SmsHarness) -> None:
    for url in ("https://169.254.169.254/latest", "https://10.0.0.1/{text}", "https://[::ffff:10.1.1.1]/x"):
        provider = {"kind": "http", "name": "x", "url": url}
        answer = await sms.api.post("/numbers", json=sms.form(address="EVIL", providers=[provider]))
        assert answer.status_code == 422
        assert "[hub] allowed_networks" in answer.json()["errors"]["providers.0"]


async def test_what_a_foreign_server_answers_is_shown_to_nobody() -> None:
    async with serving(lambda *_: said(b"ami-id: i-0123456789 SECRET", status="404 Not Found")) as url:
        route = HttpSms(HttpProvider(name="smsc", url=f"{url}/{{to}}"), patience=10, outside=HERE)

        async def intent() -> None: ...

        text = Text(id="in_1", address=f"phone:{PHONE}", to=PHONE, sender=OUR_NUMBER, body="привет")
        outcome = await route.send(text, intent)
        await route.close()
    assert "SECRET" not in str(outcome)
    assert "smsc answered 404" in str(outcome)


@pytest.fixture
async def second() -> AsyncIterator[SmsHttpSimulator]:
    async with SmsHttpSimulator("bearer-token") as running:
        yield running


@pytest.fixture
async def two(tmp_path: Path, twilio: TwilioSimulator, second: SmsHttpSimulator) -> AsyncIterator[SmsHarness]:
    """A number with two providers."""
    other = {
        "kind": "http",
        "name": "second",
        "url": f"{second.url}/send",
        "id_path": "id",
        "status_path": "status",
        "statuses": {"UNDELIV": "failed", "DELIVRD": "delivered"},
        "secret": "receipt-secret",
    }

    class Two(SmsHarness):
        def form(self, **over: Any) -> dict[str, Any]:
            return super().form(**{"providers": [self.provider(), other], **over})

    async with at_a_socket() as (url, harnesses):
        made = Two(tmp_path, twilio, url)
        harnesses.append(made)
        await made.open()
        yield made
        await made.close()


async def test_a_receipt_of_one_provider_moves_no_message_of_another(two: SmsHarness) -> None:
    two.twilio.statuses = ("sent",)
    message = two.message("ушло через Twilio")
    await two.give(message)
    sent = await two.delivery(message, DeliveryState.SENT)
    forged = "status?provider=second&secret=receipt-secret&interaction="
    answers = [
        await two.api.post(f"/hooks/sms/{two.number_id}/{forged}{found}", json={"status": "UNDELIV", "id": "m-1"})
        for found in (message.id, "in_0123456789abcdef0123456789abcdef", "%00", "x" * 2000)
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert (await two.events(DeliveryRecorded))[-1].state is DeliveryState.SENT
    other = two.twilio.post(
        Posted(
            f"{two.url}/hooks/sms/{two.number_id}/status?provider=twilio&interaction={message.id}",
            {"MessageSid": "SM" + "9" * 32, "MessageStatus": "undelivered"},
            AUTH,
        )
    )
    two.customer_writes("после")
    await two.arrivals(1)
    assert (other.answers, sent.keys) == ([404], (f"sms:twilio/{two.twilio.sent[0].sid}",))


async def test_a_receipt_of_one_number_moves_no_message_of_another(two: SmsHarness) -> None:
    two.twilio.statuses = ("sent",)
    message = two.message("ушло с первого")
    await two.give(message)
    await two.delivery(message, DeliveryState.SENT)
    added = await two.api.post("/numbers", json=two.form(address="ROMASHKA"))
    assert added.status_code == 201, added.text
    where = f"{two.url}/hooks/sms/{added.json()['id']}/status?provider=twilio&interaction={message.id}"
    form = {"MessageSid": two.twilio.sent[0].sid, "MessageStatus": "failed"}
    foreign = two.twilio.post(Posted(where, form, AUTH))
    two.customer_writes("после")
    await two.arrivals(1)
    assert foreign.answers == [404]


async def test_a_file_with_a_strange_address_keeps_no_other_waiting(sms: SmsHarness) -> None:
    for strange in ("http://[", "https://api.twilio.com:99999/x", "https://x.twilio.com/\x00", "x" * 100_000, "//"):
        sms.twilio.write(PHONE, OUR_NUMBER, "x", NumMedia="1", MediaUrl0=strange, MediaContentType0="image/png")
    sms.twilio.write(PHONE, OUR_NUMBER, "Вот фото", media=[("image/jpeg", b"JPEG")])
    found = await sms.told(AttachmentFetched, lambda events: any(e.attachment.state == "ready" for e in events))
    assert {event.attachment.state for event in found} <= {"ready", "failed"}


async def test_an_mms_that_comes_in_many_pieces_is_had_whole() -> None:
    shown: list[bool] = []
    picture = bytes(range(256)) * 4000

    def answer(_path: str, headers: Mapping[str, str]) -> bytes:
        shown.append("authorization" in headers)
        return said(picture)

    async with serving(answer, slowly=True) as url:
        route = TwilioApi(TwilioProvider(account_sid=SID, auth_token=AUTH, api_url=url), patience=10, outside=HERE)
        assert await route.file(f"{url}/media", limit=2**21) == picture
        with pytest.raises(FileGone, match="none of Twilio's"):
            await route.file(url.replace("127.0.0.1", "localhost") + "/media", limit=2**21)
        await route.close()
    assert shown == [True]
