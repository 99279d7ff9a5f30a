"""Exchanges that post what happens: proven, kept, put together in any order, once."""

import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import MessageParked
from hub.testing.waiting import eventually
from services.telephony.calls.mapping import RECEIVED
from services.telephony.calls.posted import fold, read
from services.telephony.exchanges.models import Exchange, WebhookInput
from services.telephony.intake.posts import Post
from tests.services.telephony.conftest import OUR_LINE, CallHarness

TOKEN, CUSTOMER = "token of the provider", "+79161180118"
MAPPING = {
    "paths": {
        "id": "call",
        "from": "from",
        "to": "to",
        "started_at": "start",
        "answered_at": "answer",
        "ended_at": "end",
        "answered_by": "operator",
    }
}


class WebhookHarness(CallHarness):
    """The line goes by an exchange that posts."""

    def form(self, **over: Any) -> dict[str, Any]:
        return {"name": "Cloud", "connection": {"kind": "webhook", "secret": TOKEN, "mapping": MAPPING, **over}}

    async def post(self, body: Any, *, token: str = TOKEN, **headers: str) -> int:
        answer = await self.api.post(
            f"/hooks/calls/{self.exchange_id}", json=body, headers={"x-hub-token": token, **headers}
        )
        return answer.status_code

    async def another(self, name: str, connection: dict[str, Any]) -> str:
        made = await self.posted("/exchanges", {"name": name, "connection": {"kind": "webhook", **connection}})
        answer = await self.api.patch(f"/lines/{self.line_id}", json={"exchange": made["id"]})
        assert answer.status_code == 200
        return str(made["id"])

    async def posts(self, exchange_id: str, *forms: dict[str, str], **headers: str) -> list[int]:
        answers = [
            await self.api.post(
                f"/hooks/calls/{exchange_id}",
                content=urlencode(form),
                headers={"content-type": "application/x-www-form-urlencoded", **headers},
            )
            for form in forms
        ]
        return [answer.status_code for answer in answers]

    async def only(self) -> Any:
        (call,) = (await self.calls()).values()
        return call


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[WebhookHarness]:
    made = WebhookHarness(tmp_path, PUBLIC_URL="https://hub.example.com")
    await made.open()
    yield made
    await made.close()


def a_body(**over: Any) -> dict[str, Any]:
    return {"call": "c1", "from": CUSTOMER, "to": OUR_LINE, "start": 1_772_452_800, **over}


async def test_what_is_posted_of_a_call_in_any_order_is_one_interaction(cloud: WebhookHarness) -> None:
    end = a_body(end=1_772_452_838, answer=1_772_452_807, operator="101")
    assert [await cloud.post(body) for body in (a_body(), end, a_body(), end)] == [200] * 4
    call = await cloud.only()
    assert (call.result, call.answered_login, call.wait, call.talk) == ("answered", "anna", 7, 31)
    (received,) = await cloud.events(InteractionReceived)
    assert (received.account, received.participants[0].address) == (cloud.line_id, f"phone:{CUSTOMER}")


async def test_a_call_without_the_providers_token_is_refused_and_nothing_of_it_is_kept(cloud: WebhookHarness) -> None:
    assert [await cloud.post(a_body(), token="guess"), await cloud.post(a_body(), token="")] == [403, 403]
    assert (await cloud.calls(), list((cloud.data / "blobs").rglob("raw/*"))) == ({}, [])


async def test_only_networks_that_are_allowed_are_heard(cloud: WebhookHarness) -> None:
    answer = await cloud.api.patch(
        f"/exchanges/{cloud.exchange_id}", json={"connection": {"networks": ["192.0.2.0/24"]}}
    )
    assert answer.status_code == 200, answer.text
    assert await cloud.post(a_body(), **{"x-hub-caller": "198.51.100.7"}) == 403
    assert await cloud.post(a_body(), **{"x-hub-caller": "192.0.2.7"}) == 200


async def test_what_cannot_be_read_is_parked_with_its_bytes_and_answered(cloud: WebhookHarness) -> None:
    headers = {"x-hub-token": TOKEN, "content-type": "application/json"}
    answer = await cloud.api.post(f"/hooks/calls/{cloud.exchange_id}", content=b"{not json", headers=headers)
    assert answer.status_code == 200
    (parked,) = await cloud.parked(1)
    assert (parked.topic, parked.blob != "") == ("raw.call", True)
    assert await cloud.post(a_body()) == 200
    assert await cloud.only()


async def test_a_body_that_names_no_call_is_parked_and_can_be_read_again_after_the_mapping_is_mended(
    cloud: WebhookHarness,
) -> None:
    strange = {**a_body(end=1_772_452_838), "uuid": "c1"}
    strange.pop("call")
    await cloud.post(strange)
    parked: list[MessageParked] = await cloud.parked(1)
    mended = {"paths": {**MAPPING["paths"], "id": "uuid"}}
    await cloud.api.patch(f"/exchanges/{cloud.exchange_id}", json={"connection": {"mapping": mended}})
    await cloud.replay(parked[0])
    await cloud.arrivals(1)
    assert (await cloud.only()).result == "missed"


async def test_a_signature_over_the_body_is_checked(cloud: WebhookHarness) -> None:
    exchange = await cloud.another("Signed", {"secret": TOKEN, "check": "hmac-sha256", "mapping": MAPPING})
    raw = json.dumps(a_body()).encode()
    right = hmac.new(TOKEN.encode(), raw, sha256).hexdigest()
    for signed, wanted in ((right, 200), (f"sha256={right}", 200), (right[:-1] + "0", 403), ("", 403)):
        answer = await cloud.api.post(
            f"/hooks/calls/{exchange}",
            content=raw,
            headers={"x-hub-signature": signed, "content-type": "application/json"},
        )
        assert answer.status_code == wanted


async def test_mango_office_is_understood_as_it_posts(cloud: WebhookHarness) -> None:
    exchange = await cloud.another("Mango", {"secret": "salt", "key": "key", "provider": "mango"})

    def signed(body: dict[str, Any]) -> dict[str, str]:
        text = json.dumps(body)
        return {"vpbx_api_key": "key", "sign": sha256(f"key{text}salt".encode()).hexdigest(), "json": text}

    about = {"entry_id": "e1", "from": {"number": "79161180118"}, "line_number": "74950000100"}
    to = {"extension": "101", "number": "74950000100"}
    appeared = {**about, "call_id": "1", "call_state": "Appeared", "location": "abonent", "to": to}
    connected = {**appeared, "call_state": "Connected"}
    summary = {
        **about,
        "call_direction": 1,
        "to": {"extension": "101"},
        "create_time": 1_772_452_800,
        "talk_time": 1_772_452_807,
        "end_time": 1_772_452_838,
        "entry_result": 1,
    }
    forged = {**signed(appeared), "sign": "0" * 64}
    assert await cloud.posts(exchange, forged, signed(appeared), signed(connected), signed(summary)) == [
        403,
        200,
        200,
        200,
    ]
    call = await cloud.only()
    assert (call.result, call.answered_by, call.caller, call.line.number, call.talk) == (
        "answered",
        "101",
        CUSTOMER,
        OUR_LINE,
        31,
    )


async def test_megafon_is_understood_as_it_posts(cloud: WebhookHarness) -> None:
    exchange = await cloud.another("MegaFon", {"secret": TOKEN, "provider": "megafon"})
    about = {"crm_token": TOKEN, "callid": "m1", "phone": "79161180118", "diversion": "74950000100"}
    incoming = {**about, "cmd": "event", "type": "INCOMING", "ext": "101"}
    cancelled = {**incoming, "type": "CANCELLED"}
    history = {**about, "cmd": "history", "type": "in", "status": "missed", "start": "20260302T120000Z"}
    assert await cloud.posts(exchange, incoming, cancelled, history, {**incoming, "crm_token": "x"}) == [200] * 3 + [
        403
    ]
    call = await cloud.only()
    assert (call.result, call.caller, call.complete, call.line.number) == ("missed", CUSTOMER, True, OUR_LINE)


async def test_zadarma_is_understood_as_it_posts_calls_in_and_out(cloud: WebhookHarness) -> None:
    exchange = await cloud.another("Zadarma", {"secret": "key", "provider": "zadarma"})

    def signature(*fields: str) -> str:
        return b64encode(hmac.new(b"key", "".join(fields).encode(), sha1).hexdigest().encode()).decode()

    start = "2026-03-02 15:00:00"
    about = {"caller_id": CUSTOMER, "called_did": "74950000100", "call_start": start, "pbx_call_id": "in_1"}
    end = {**about, "event": "NOTIFY_END", "internal": "101", "duration": "31", "disposition": "answered"}
    shown = signature(CUSTOMER, "74950000100", start)
    assert await cloud.posts(exchange, {**about, "event": "NOTIFY_START"}, end, signature=shown) == [200, 200]
    assert await cloud.posts(exchange, end, signature="x") == [403]
    out = {"event": "NOTIFY_OUT_END", "internal": "103", "destination": "79161180118", "call_start": start}
    out |= {"pbx_call_id": "out_1", "caller_id": "74950000100", "duration": "0", "disposition": "busy"}
    assert await cloud.posts(exchange, out, signature=signature("103", "79161180118", start)) == [200]
    incoming, outgoing = sorted((await cloud.calls()).values(), key=lambda call: call.result)
    assert (incoming.result, incoming.talk, incoming.answered_by) == ("answered", 31, "101")
    assert (outgoing.result, outgoing.caller, outgoing.dialled) == ("busy", "103", "79161180118")


async def test_a_call_of_which_no_end_is_told_is_closed_by_the_limit_and_marked(cloud: WebhookHarness) -> None:
    await cloud.post(a_body())
    await cloud.restart(OMNIHUB_TELEPHONY__CALL_LIMIT="0")
    await cloud.told(InteractionReceived)

    async def closed() -> Any:
        call = await cloud.only()
        return call if call.complete else None

    call = await eventually(closed)
    assert (call.closed_by_limit, call.result) == (True, "missed")


EXCHANGE = Exchange(
    id="ex_1",
    kind="webhook",
    name="Cloud",
    address="webhook",
    connection=WebhookInput.model_validate({"kind": "webhook", "secret": TOKEN, "mapping": MAPPING}),
)
BODIES = [
    a_body(),
    a_body(answer=1_772_452_807, operator="101"),
    a_body(end=1_772_452_838, answer=1_772_452_807, operator="101"),
]


@given(st.permutations([*BODIES, *BODIES]), st.integers(0, 3))
def test_any_order_and_any_repeats_give_the_same_call(bodies: list[dict[str, Any]], left_out: int) -> None:
    told = [{**body, RECEIVED: 1_772_452_900.0} for body in [*bodies[left_out:], *BODIES]]
    whole = [{**body, RECEIVED: 1_772_452_900.0} for body in BODIES]
    assert fold(EXCHANGE, told) == fold(EXCHANGE, whole)


@given(st.binary(max_size=300))
def test_no_bytes_that_are_posted_break_the_reader(raw: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", ""):
        try:
            told = read(EXCHANGE, Post(kind, raw))
        except ValueError:
            continue
        fold(EXCHANGE, [{**one.body, RECEIVED: 1.0} for one in told])
