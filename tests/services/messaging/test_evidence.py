"""How a number is comes from what it did: a green one that does nothing is none."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.sms_http import SmsHttpSimulator
from hub.channels.simulators.twilio import Posted, TwilioFault, TwilioSimulator
from hub.contracts.interaction import DeliveryState
from hub.testing.waiting import eventually
from tests.services.messaging.conftest import AUTH, SmsHarness, at_a_socket

pytestmark = pytest.mark.slow


async def channel(sms: SmsHarness) -> dict[str, Any]:
    (item,) = (await sms.api.get("/channels")).json()["items"]
    return dict(item)


@pytest.fixture
async def provider() -> AsyncIterator[SmsHttpSimulator]:
    async with SmsHttpSimulator("bearer-token") as running:
        yield running


def by_http(provider: SmsHttpSimulator, **over: Any) -> dict[str, Any]:
    return {
        "kind": "http",
        "name": "small",
        "url": f"{provider.url}/send",
        "headers": {"Authorization": "Bearer bearer-token"},
        "body": {"phone": "{to}", "message": "{text}"},
        "id_path": "messages.0.id",
        "status_path": "status",
        "statuses": {"DELIVRD": "delivered", "UNDELIV": "failed"},
        **over,
    }


@pytest.fixture
async def small(tmp_path: Path, twilio: TwilioSimulator, provider: SmsHttpSimulator) -> AsyncIterator[SmsHarness]:
    """A number of a small provider, which can be asked nothing."""

    class Small(SmsHarness):
        def form(self, **over: Any) -> dict[str, Any]:
            return super().form(providers=[by_http(provider)], **over)

    async with at_a_socket() as (url, harnesses):
        made = Small(tmp_path, twilio, url)
        harnesses.append(made)
        await made.open()
        yield made
        await made.close()


async def test_what_is_posted_is_noted_as_the_last_that_came_in(sms: SmsHarness) -> None:
    await sms.until_healthy("green")
    assert (await channel(sms))["last_in"] is None
    sms.customer_writes("Здравствуйте")
    await sms.arrivals(1)
    found = await eventually(lambda: channel(sms), lambda item: item["last_in"])
    assert datetime.fromisoformat(found["last_in"]).tzinfo
    assert found["lag_seconds"] is None


async def test_a_receipt_for_what_nobody_knew_leaves_nothing_unknown(sms: SmsHarness) -> None:
    sms.twilio.statuses = ()
    sms.twilio.faults += [TwilioFault(cut=True, accepted=True)] * 2
    messages = [sms.message("дошло"), sms.message("не дошло")]
    for message in messages:
        await sms.give(message)
        await sms.delivery(message, DeliveryState.UNKNOWN)
    assert (await channel(sms))["unknown"] == 2
    for message, status in zip(messages, ("delivered", "undelivered"), strict=True):
        where = f"{sms.url}/hooks/sms/{sms.number_id}/status?provider=twilio&interaction={message.id}"
        sms.twilio.post(Posted(where, {"MessageSid": f"SM{status}", "MessageStatus": status}, AUTH))
    await eventually(lambda: channel(sms), lambda item: item["unknown"] == 0)


async def test_a_number_at_twilio_that_nothing_can_be_posted_to_is_red_with_the_fix(
    tmp_path: Path, twilio: TwilioSimulator
) -> None:
    made = SmsHarness(tmp_path, twilio, "")
    await made.open()
    await made.until_healthy("red")
    assert "[messaging] public_url is not set" in (await channel(made))["reason"]
    await made.close()


async def test_a_provider_that_is_not_there_is_refused_when_it_is_added(
    small: SmsHarness, provider: SmsHttpSimulator
) -> None:
    nowhere = by_http(provider, url="http://127.0.0.1:9/send")
    answer = await small.api.post("/numbers", json={"address": "+79990000001", "providers": [nowhere]})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["providers.0"])


async def test_a_provider_that_refuses_the_login_makes_the_number_red_until_it_takes_it(
    small: SmsHarness, provider: SmsHttpSimulator
) -> None:
    await small.until_healthy("green")
    assert (await channel(small))["credentials"] == "unknown"
    provider.token = "another"
    message = small.message("Заказ едет")
    await small.give(message)
    await small.until_healthy("red")
    found = await channel(small)
    assert (found["credentials"], "small answered 401" in found["reason"]) == ("refused", True)
    provider.token = "bearer-token"
    await small.delivery(message, DeliveryState.SENT)
    await small.until_healthy("green")
    assert (await channel(small))["credentials"] == "ok"


async def test_nobody_tells_what_became_of_a_message_where_the_account_has_no_secret(small: SmsHarness) -> None:
    where = f"/hooks/sms/{small.number_id}/status?provider=small&interaction=in_1"
    for query in ("", "&secret="):
        answer = await small.api.post(f"{where}{query}", json={"status": "DELIVRD"})
        assert answer.status_code == 403


async def test_what_strangers_post_is_not_read(sms: SmsHarness) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"x")
        yield b"From=%2B7&Body=x"

    for path in (
        f"/hooks/sms/{sms.number_id}",
        f"/hooks/sms/{sms.number_id}/status?provider=twilio&interaction=in_1",
    ):
        answer = await sms.api.post(path, content=body())
        assert answer.status_code == 403
    assert read == []
