"""SMS over real sockets: receipts, failover, forged calls, files, and what a crash left in between."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from twilio.rest.api.v2010.account.message import MessageList

from hub.channels.sends import SENDS
from hub.channels.simulators.sms_http import SmsHttpSimulator
from hub.channels.simulators.twilio import Posted, TwilioFault, TwilioSimulator
from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    DeliveryRecorded,
    DeliveryState,
    InteractionReceived,
)
from hub.kit.blobs import FolderBlobs
from hub.store.sqlite import SqliteStore
from hub.testing.waiting import eventually
from tests.services.messaging.conftest import AUTH, OUR_NUMBER, PHONE, SID, SmsHarness, at_a_socket

Described = dict[str, tuple[set[str], set[str]]]
OAI = Path(__file__).parents[4] / "shared" / "data" / "twilio" / "oai"
pytestmark = pytest.mark.slow


async def test_receipts_move_a_delivery_on(sms: SmsHarness) -> None:
    message = sms.message("Заказ едет")
    await sms.give(message)
    delivered = await sms.delivery(message, DeliveryState.DELIVERED)
    (sent,) = sms.twilio.sent
    assert (delivered.receipt, delivered.keys) == (True, (f"sms:twilio/{sent.sid}",))
    assert (sent.to, sent.sender, sent.body) == (PHONE, OUR_NUMBER, "Заказ едет")


async def test_a_number_is_tried_as_it_is_kept(sms: SmsHarness) -> None:
    assert (await sms.api.post(f"/numbers/{sms.number_id}/try")).json() == {"works": True, "failures": {}}


async def test_a_failed_receipt_tells_the_reason_and_what_the_number_is_worth(sms: SmsHarness) -> None:
    sms.twilio.statuses, sms.twilio.error = ("sent", "undelivered"), 30005
    message = sms.message("Заказ едет")
    await sms.give(message)
    failed = await sms.delivery(message, DeliveryState.FAILED)
    assert failed.reason == "the number does not exist (error 30005)"
    (found,) = await sms.told(ReachabilityRecorded)
    assert (found.address, found.reachable) == (f"phone:{PHONE}", False)


async def test_a_number_that_opted_out_is_refused_and_unreachable(sms: SmsHarness) -> None:
    sms.twilio.faults.append(TwilioFault(400, 21610, "Attempt to send to unsubscribed recipient"))
    message = sms.message("Заказ едет")
    await sms.give(message)
    failed = await sms.delivery(message, DeliveryState.FAILED)
    assert "he has opted out (error 21610)" in (failed.reason or "")
    assert await sms.told(ReachabilityRecorded)


async def test_a_stop_raises_a_consent_event(sms: SmsHarness) -> None:
    sms.customer_writes("СТОП")
    (told,) = await sms.told(ConsentRecorded)
    (message,) = await sms.arrivals(1)
    assert (told.state, told.address, told.evidence) == ("withdrawn", f"phone:{PHONE}", message.id)


async def test_an_mms_brings_its_files(sms: SmsHarness) -> None:
    sms.twilio.write(PHONE, OUR_NUMBER, "Вот фото", media=[("image/jpeg", b"JPEG")])
    (arrival,) = await sms.arrivals(1)
    (fetched,) = await sms.told(AttachmentFetched)
    assert (fetched.interaction_id, fetched.attachment.state) == (arrival.id, "ready")
    assert await FolderBlobs(sms.data / "blobs").get(fetched.attachment.blob) == b"JPEG"


async def test_a_file_that_lies_elsewhere_is_not_asked_for_with_our_login(sms: SmsHarness) -> None:
    form = {"NumMedia": "1", "MediaUrl0": "http://169.254.169.254/latest/meta-data", "MediaContentType0": "image/png"}
    sms.twilio.write(PHONE, OUR_NUMBER, "x", **form)
    (fetched,) = await sms.told(AttachmentFetched)
    assert (fetched.attachment.state, fetched.attachment.reason) == (
        "failed",
        "169.254.169.254 is none of Twilio's: not fetched",
    )


async def test_a_forged_call_is_turned_away_and_nothing_is_recorded_but_a_counter(sms: SmsHarness) -> None:
    form = {"MessageSid": "SM1", "From": PHONE, "To": OUR_NUMBER, "Body": "forged"}
    forged = sms.twilio.post(Posted(sms.twilio.webhook, form, "another-token"))
    elsewhere = sms.twilio.post(Posted(f"{sms.twilio.webhook}?x=1", form, "another-token"))
    sms.customer_writes("real")
    await sms.arrivals(1)
    assert (forged.answers, elsewhere.answers) == ([403], [403])
    unsigned = await sms.api.post(f"/hooks/sms/{sms.number_id}", data=form)
    receipt = await sms.api.post(f"/hooks/sms/{sms.number_id}/status?provider=twilio&interaction=in_1", data=form)
    assert (unsigned.status_code, receipt.status_code) == (403, 403)
    assert [event.text for event in await sms.events(InteractionReceived)] == ["real"]
    metrics = (await sms.api.get("/metrics")).text
    assert 'omnihub_messaging_forged_total{channel="sms"}' in metrics


async def test_a_receipt_of_nothing_or_of_an_unknown_status_says_what_is_wrong(sms: SmsHarness) -> None:
    where = f"{sms.url}/hooks/sms/{sms.number_id}/status"
    nothing = sms.twilio.post(Posted(where, {"MessageSid": "SM1", "MessageStatus": "sent"}, AUTH))
    odd = sms.twilio.post(Posted(f"{where}?interaction=in_1", {"MessageSid": "SM1", "MessageStatus": "odd"}, AUTH))
    sms.customer_writes("after")
    await sms.arrivals(1)
    assert (nothing.answers, odd.answers) == ([422], [422])


async def test_what_a_crash_left_in_between_is_asked_for_at_the_provider(sms: SmsHarness) -> None:
    sms.twilio.statuses = ()
    taken, lost = sms.message("дошло до Twilio"), sms.message("не дошло")
    await sms.give(taken, lost)
    for message in (taken, lost):
        await sms.delivery(message, DeliveryState.SENT)
    await sms.stop()
    sms.twilio.sent = [one for one in sms.twilio.sent if one.body == "дошло до Twilio"]
    await between_intent_and_outcome(sms.data / "messaging.sqlite", [taken.id, lost.id])
    sms.published.clear()
    await sms.start()
    found = await sms.delivery(taken, DeliveryState.SENT)
    unknown = await sms.delivery(lost, DeliveryState.UNKNOWN)
    assert (found.reason, "the hub stopped" in (unknown.reason or "")) == ("taken by Twilio: queued", True)
    assert [one.body for one in sms.twilio.sent] == ["дошло до Twilio"]


async def between_intent_and_outcome(path: Path, ids: list[str]) -> None:
    """The ledger as a kill after the hand-over leaves it."""
    store = SqliteStore(path)
    sends = store.collection(SENDS)
    await store.start()
    for document in (await sends.get_many(ids)).values():
        assert await sends.swap({**document, "state": "sending", "step": "intent", "keys": [], "reason": None})
    await store.stop()


async def test_files_and_texts_that_are_too_long_are_refused_before_they_leave(sms: SmsHarness) -> None:
    photo = Attachment(id="1", filename="a.jpg", content_type="image/jpeg", size=3, blob="b/1")
    for message, words in (
        (sms.message("с фото", attachments=(photo,)), "an SMS carries no files"),
        (sms.message("ы" * 1601), "an SMS may have 1600"),
    ):
        await sms.give(message)
        failed = await sms.delivery(message, DeliveryState.FAILED)
        assert words in (failed.reason or "")
    assert sms.twilio.sent == []


async def test_typographic_marks_are_substituted_where_the_number_says_so(sms: SmsHarness) -> None:
    changed = await sms.api.patch(f"/numbers/{sms.number_id}", json={"substitute": True, "tariff": "3.50"})
    assert (changed.json()["substitute"], changed.json()["tariff"]) == (True, "3.50")
    await sms.restart()
    message = sms.message("«Hello» — OK…")
    await sms.give(message)
    await sms.delivery(message, DeliveryState.SENT)
    assert sms.twilio.sent[-1].body == '"Hello" - OK...'
    preview = await sms.api.post("/sms/preview", json={"text": "«Hello» — OK…", "account": sms.number_id})
    assert preview.json() == {
        "encoding": "GSM-7",
        "segments": 1,
        "characters": 15,
        "remaining": 145,
        "price": "3.50",
        "text": '"Hello" - OK...',
    }


async def test_bad_numbers_and_logins_are_told_by_their_field(sms: SmsHarness) -> None:
    for over, field in (
        ({"address": "nobody?!"}, "address"),
        ({"address": "+79990000001", "providers": [sms.provider(auth_token="wrong")]}, "providers.0"),
        ({"address": "+79990000001", "providers": [sms.provider(api_url="http://127.0.0.1:9")]}, "providers.0"),
        ({"address": "+79990000001", "providers": [sms.provider(), sms.provider()]}, "providers"),
    ):
        answer = await sms.api.post("/numbers", json=sms.form(**over))
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field]), over
    assert AUTH not in (await sms.api.get(f"/numbers/{sms.number_id}")).text
    assert (await sms.api.post("/numbers", json=sms.form())).status_code == 409


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
        "url": f"{second.url}/send?ref={{id}}",
        "headers": {"Authorization": "Bearer bearer-token"},
        "body": {"phone": "{to}", "sender": "{from}", "message": "{text}", "callback": "{callback}"},
        "id_path": "messages.0.id",
        "status_path": "status",
        "statuses": {"DELIVRD": "delivered", "UNDELIV": "failed"},
        "secret": "receipt-secret",
    }

    class Two(SmsHarness):
        def form(self, **over: Any) -> dict[str, Any]:
            return super().form(providers=[self.provider(), other], **over)

    async with at_a_socket() as (url, harnesses):
        made = Two(tmp_path, twilio, url)
        harnesses.append(made)
        await made.open()
        yield made
        await made.close()


async def test_a_provider_that_fails_for_a_while_sends_every_message_once_afterwards(sms: SmsHarness) -> None:
    sms.twilio.faults += [TwilioFault(500, 20500, "internal error"), TwilioFault(429, 20429, "too many")] * 6
    messages = [sms.message(f"number {number}") for number in range(6)]
    await sms.give(*messages)
    for message in messages:
        await sms.delivery(message, DeliveryState.SENT)
    assert sorted(sms.customer_got()) == [f"number {number}" for number in range(6)]
    assert sms.twilio.faults == []


async def test_the_second_provider_sends_while_the_first_fails(two: SmsHarness, second: SmsHttpSimulator) -> None:
    two.twilio.faults += [TwilioFault(503, 20503, "busy")] * 3
    message = two.message("как-нибудь")
    await two.give(message)
    sent = await two.delivery(message, DeliveryState.SENT)
    assert (sent.keys, two.twilio.sent) == (("sms:second/m-1",), [])
    (got,) = second.sent
    assert (got["phone"], got["sender"], got["message"], got["ref"]) == (PHONE, OUR_NUMBER, "как-нибудь", message.id)


async def test_what_the_first_took_goes_a_second_way_only_when_its_receipt_says_failed(
    two: SmsHarness, second: SmsHttpSimulator
) -> None:
    two.twilio.statuses = ("sent",)
    kept = two.message("дойдёт")
    await two.give(kept)
    await two.delivery(kept, DeliveryState.SENT)
    two.twilio.statuses = ("sent", "undelivered")
    failing = two.message("не дойдёт")
    await two.give(failing)
    await two.told(DeliveryRecorded, lambda events: any(key == "sms:second/m-1" for e in events for key in e.keys))
    assert [got["message"] for got in second.sent] == ["не дойдёт"]
    assert [sent.body for sent in two.twilio.sent] == ["дойдёт", "не дойдёт"]


async def test_when_nobody_is_left_the_failure_is_told(two: SmsHarness, second: SmsHttpSimulator) -> None:
    two.twilio.statuses = ("undelivered",)
    message = two.message("никак")
    await two.give(message)
    await two.told(DeliveryRecorded, lambda events: any(key == "sms:second/m-1" for e in events for key in e.keys))
    callback = second.sent[0]["callback"].removeprefix(two.url)
    wrong = await two.api.post(f"{callback}&secret=guess", json={"status": "UNDELIV", "messages": [{"id": "m-1"}]})
    right = await two.api.post(
        f"{callback}&secret=receipt-secret", json={"status": "UNDELIV", "messages": [{"id": "m-1"}]}
    )
    assert (wrong.status_code, right.status_code) == (403, 204)
    failed = await two.delivery(message, DeliveryState.FAILED)
    assert failed.reason == "second: UNDELIV"


async def test_an_outcome_nobody_knows_is_not_sent_a_second_way(two: SmsHarness, second: SmsHttpSimulator) -> None:
    two.twilio.faults.append(TwilioFault(cut=True, accepted=True))
    message = two.message("кто знает")
    await two.give(message)
    await two.delivery(message, DeliveryState.UNKNOWN)
    await asyncio.sleep(1)
    assert second.sent == []


def published() -> Described:
    """By method: the parameters that Twilio's own description has, and those that it wants."""
    files = sorted(OAI.glob("*api_v2010*"))
    if not files:
        pytest.skip(f"no {OAI}: the description of Twilio's API is not here")
    described = json.loads(files[0].read_text())["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]
    form = described["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    asked = {parameter["name"] for parameter in described["get"]["parameters"]}
    return {"GET": (asked, set()), "POST": (set(form["properties"]), set(form.get("required", [])))}


def packaged() -> Described:
    """The same as the installed package has it."""
    return {"GET": parameters_of(MessageList.page), "POST": parameters_of(MessageList.create)}


def parameters_of(called: Callable[..., object]) -> tuple[set[str], set[str]]:
    found = {name: one for name, one in inspect.signature(called).parameters.items() if name != "self"}
    names = {name: _on_the_wire(name) for name in found}
    return set(names.values()), {names[name] for name, one in found.items() if one.default is inspect.Parameter.empty}


def _on_the_wire(name: str) -> str:
    """As the package writes a parameter: `date_sent_after` is `DateSent>`."""
    bare, sign = name, ""
    for ending, compared in (("_before", "<"), ("_after", ">")):
        if name.endswith(ending):
            bare, sign = name.removesuffix(ending), compared
    return "".join(word.capitalize() for word in bare.split("_")) + sign


@pytest.mark.parametrize("description", [packaged, published])
async def test_every_request_we_make_fits_the_description(
    tmp_path: Path, description: Callable[[], Described]
) -> None:
    described = description()
    asked: list[str] = []

    def check(method: str, _path: str, given: Mapping[str, Any]) -> list[str]:
        asked.append(method)
        known, required = described[method]
        wrong = [f"unknown parameter {name}" for name in given if name not in known]
        return wrong + [f"{name} is required" for name in required if name not in given]

    assert check("POST", "", {"Too": "x"}) == ["unknown parameter Too", "To is required"]
    async with TwilioSimulator(SID, AUTH, check=check) as twilio, at_a_socket() as (url, harnesses):
        sms = SmsHarness(tmp_path, twilio, url)
        harnesses.append(sms)
        await sms.open()
        message = sms.message("Заказ едет")
        await sms.give(message)
        await sms.delivery(message, DeliveryState.SENT)
        await sms.stop()
        await between_intent_and_outcome(sms.data / "messaging.sqlite", [message.id])
        await sms.start()
        await sms.until_healthy("green")
        await eventually(lambda: asked, lambda methods: "GET" in methods)
        await sms.close()
        assert (twilio.violations, len(twilio.sent)) == ([], 1)
