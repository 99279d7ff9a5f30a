"""Twilio Voice: signed webhooks, TwiML by the line's flow, calls that are asked for."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.simulators.twilio import TwilioSimulator
from hub.channels.simulators.twilio_voice import VoiceFault, VoicePhone
from hub.contracts.interaction import CallChanged, DeliveryState, InteractionReceived
from hub.process import http_server, listening, url_of
from hub.testing.channel_contract import ChannelContract
from hub.testing.waiting import eventually
from services.telephony.calls.mapping import RECEIVED
from services.telephony.exchanges.models import Exchange, TwilioInput
from services.telephony.twilio.fold import fold
from tests.services.telephony.conftest import OUR_LINE, CallHarness

SID, AUTH = "AC" + "1" * 32, "auth-token-of-twilio"
PHONE_OF_ANNA, CUSTOMER = "+79031110101", "+79161180118"
FLOW: dict[str, Any] = {
    "greeting": "Здравствуйте",
    "announcement": "Разговор записывается",
    "ring": ["anna"],
    "voicemail": "Оставьте сообщение",
}


class TwilioHarness(CallHarness):
    """The line goes by a simulated Twilio, which posts to the service at a socket."""

    def __init__(self, data: Path, twilio: TwilioSimulator, url: str, **given: str) -> None:
        super().__init__(data, PUBLIC_URL=url, **given)
        self.twilio = twilio
        self.voice = twilio.voice
        self.url = url

    def form(self, **over: Any) -> dict[str, Any]:
        login = {"account_sid": SID, "auth_token": AUTH, "api_url": self.twilio.url}
        return {"name": "Twilio", "connection": {"kind": "twilio", **login, **over}}

    async def add_account(self) -> None:
        await super().add_account()
        phones = [{"kind": "number", "exchange": self.exchange_id, "number": PHONE_OF_ANNA}]
        await self.api.put("/phones/anna", json={"phones": phones})
        await self.set_flow(FLOW)
        self.voice.webhook = f"{self.url}/hooks/voice/{self.exchange_id}"
        self.voice.status = f"{self.voice.webhook}/status"

    async def set_flow(self, flow: dict[str, Any]) -> int:
        answer = await self.api.patch(f"/lines/{self.line_id}", json={"flow": flow})
        return answer.status_code

    async def comes(self, number: str = CUSTOMER) -> Any:
        """The call of a customer, when it is over; and what he heard."""
        call = await self.voice.customer_calls(number, OUR_LINE)
        return call, await self.told_of(number)

    async def told_of(self, number: str) -> Any:
        async def over() -> Any:
            found = [one for one in (await self.calls()).values() if one.caller == number and one.complete]
            return found[-1] if found else None

        return await eventually(over)

    def customer_got(self) -> list[str]:
        """Of calls that Twilio took: whom it was told to ring once our operator answered."""
        return [self.wish_of(parse_qs(urlsplit(form["Url"]).query)["to"][0]) for form in self.voice.asked]

    def refuse(self, words: str) -> None:
        self.voice.faults.append(VoiceFault(400, 21211, words))

    def defer(self, words: str) -> None:
        self.voice.faults.append(VoiceFault(429, 20429, words))

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        self.voice.faults.append(VoiceFault(cut=True, accepted=accepted))

    def spoil_credentials(self) -> None:
        self.twilio.revoked = True

    def mend_credentials(self) -> None:
        self.twilio.revoked = False


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSimulator]:
    async with TwilioSimulator(SID, AUTH) as running:
        yield running


@pytest.fixture
async def office(tmp_path: Path, twilio: TwilioSimulator) -> AsyncIterator[TwilioHarness]:
    bound = listening("127.0.0.1", 0)
    made = TwilioHarness(tmp_path, twilio, url_of(bound))
    async with http_server(made.door, bound):
        await made.open()
        yield made
        await made.close()


async def test_a_caller_is_greeted_told_that_it_is_recorded_and_connected(office: TwilioHarness) -> None:
    heard, call = await office.comes()
    assert (heard.said, office.voice.rung) == (["Здравствуйте", "Разговор записывается"], [PHONE_OF_ANNA])
    assert (call.result, call.answered_login, call.line.number) == ("answered", "anna", OUR_LINE)
    assert [one.kind for one in call.recordings] == ["call"]
    (received,) = await office.events(InteractionReceived)
    assert received.participants[0].address == f"phone:{CUSTOMER}"
    assert set(office.voice.answers) == {200}


async def test_nobody_answers_and_a_message_is_left(office: TwilioHarness) -> None:
    office.voice.phones[PHONE_OF_ANNA] = VoicePhone(answers=False)
    heard, call = await office.comes()
    assert heard.said[-1] == "Оставьте сообщение"
    assert (call.result, [one.kind for one in call.recordings]) == ("voicemail", ["voicemail"])


async def test_without_voicemail_a_call_that_nobody_takes_is_missed(office: TwilioHarness) -> None:
    await office.set_flow({"ring": ["anna"]})
    office.voice.phones[PHONE_OF_ANNA] = VoicePhone(answers=False)
    _, call = await office.comes()
    assert (call.result, [leg.outcome for leg in call.legs]) == ("missed", ["no answer"])


async def test_a_menu_leads_to_whom_a_key_names_and_one_who_leaves_it_is_abandoned(office: TwilioHarness) -> None:
    menu = {"text": "Заказы один", "choices": {"1": ["anna"]}}
    await office.set_flow({"menu": menu})
    office.voice.keys[:] = ["1"]
    _, call = await office.comes()
    assert (call.result, office.voice.rung) == ("answered", [PHONE_OF_ANNA])


async def test_outside_the_hours_the_caller_is_told_so(office: TwilioHarness) -> None:
    hours = {"days": [1, 2, 3, 4, 5, 6, 7], "since": "00:00", "until": "00:00"}
    await office.set_flow({"hours": hours, "closed": "Мы закрыты", "ring": ["anna"]})
    heard, call = await office.comes()
    assert (heard.said, office.voice.rung) == (["Мы закрыты"], [])
    assert call.result in ("abandoned", "missed")


async def test_a_flow_that_leads_nowhere_is_refused_and_the_field_is_named(office: TwilioHarness) -> None:
    assert await office.set_flow({"greeting": "hello"}) == 422
    assert await office.set_flow({"menu": {"text": "?", "choices": {"1": []}}}) == 422
    assert await office.set_flow({"ring": ["anna"], "hours": {"zone": "Mars/Olympus"}}) == 422


async def test_a_post_that_twilio_did_not_sign_is_refused_and_not_kept(office: TwilioHarness) -> None:
    form = {"CallSid": "CA1", "From": CUSTOMER, "To": OUR_LINE, "CallStatus": "ringing"}
    for headers in ({}, {"x-twilio-signature": "forged"}):
        for kind in ("", "/status", "/next?step=menu", "/connect?to=%2B7900", "/recording"):
            answer = await office.api.post(f"/hooks/voice/{office.exchange_id}{kind}", data=form, headers=headers)
            assert answer.status_code == 403
    assert await office.calls() == {}


async def test_click_to_call_rings_the_operator_then_the_client(office: TwilioHarness) -> None:
    message = office.message("call me")
    await office.give(message)
    await office.delivery(message, DeliveryState.SENT)

    async def over() -> CallChanged | None:
        found = [e for e in await office.events(CallChanged) if e.interaction_id == message.id and e.call.complete]
        return found[-1] if found else None

    told = await eventually(over)
    assert (told.call.result, office.voice.asked[0]["To"]) == ("answered", PHONE_OF_ANNA)
    assert [office.wish_of(number) for number in office.voice.rung] == ["call me"]
    assert [one.login for one in told.participants] == [None, "anna"]
    assert await office.events(InteractionReceived) == []


async def test_a_call_whose_answer_was_lost_is_asked_for_and_not_begun_twice(office: TwilioHarness) -> None:
    office.cut_after_hand_over(accepted=True)
    message = office.message("lost")
    await office.give(message)
    await office.delivery(message, DeliveryState.UNKNOWN)
    await office.delivery(message, DeliveryState.SENT)
    assert len(office.voice.asked) == 1


async def test_a_browser_is_a_phone_by_a_token_for_whoever_asks(office: TwilioHarness) -> None:
    path = f"/exchanges/{office.exchange_id}"
    without = await office.api.post(f"{path}/browser-phone")
    assert (without.status_code, "api_key" in without.text) == (409, True)
    keys = {"api_key": "SK" + "1" * 32, "api_secret": "s" * 32}
    assert (await office.api.patch(path, json={"connection": keys})).status_code == 200
    made = await office.api.post(f"{path}/browser-phone")
    claims = json.loads(urlsafe_b64decode(made.json()["token"].split(".")[1] + "=="))
    assert (claims["grants"]["identity"], claims["iss"]) == (made.json()["identity"], "SK" + "1" * 32)


EXCHANGE = Exchange(
    id="ex_1",
    kind="twilio",
    name="Twilio",
    address=SID,
    connection=TwilioInput.model_validate({"kind": "twilio", "account_sid": SID, "auth_token": AUTH}),
)


def told(status: str, at: float, *, leg: bool = False, **more: str) -> dict[str, Any]:
    about = (
        {"CallSid": "CA2", "ParentCallSid": "CA1", "To": PHONE_OF_ANNA} if leg else {"CallSid": "CA1", "To": OUR_LINE}
    )
    return {**about, "From": CUSTOMER, "Direction": "inbound", "CallStatus": status, RECEIVED: at, **more}


STORY = [
    told("ringing", 100.0),
    told("ringing", 102.0, leg=True),
    told("in-progress", 105.0, leg=True),
    told("completed", 125.0, leg=True, CallDuration="20"),
    told("completed", 126.0),
    told("completed", 130.0, RecordingUrl="https://api.twilio.com/r1", RecordingSid="RE1"),
]


@given(st.permutations([*STORY, *STORY[:3]]))
def test_any_order_and_any_repeats_give_the_same_call(bodies: list[dict[str, Any]]) -> None:
    (call,) = fold(EXCHANGE, bodies)
    assert [call] == fold(EXCHANGE, STORY)
    assert (call.result, call.wait, call.talk, call.answered_by) == ("answered", 5.0, 20.0, PHONE_OF_ANNA)


@pytest.mark.slow
class TestTwilio(ChannelContract):
    """On the simulated Twilio. Calls are begun and posted by it; it shows nothing again, and keeps nothing for us."""

    @pytest.fixture
    def harness(self, office: TwilioHarness) -> TwilioHarness:
        return office

    # Each of its messages goes to somebody else: there is no same person.
    test_what_is_refused_for_now_goes_later_and_nothing_to_the_same_person_overtakes_it = None  # type: ignore[assignment]
    test_what_is_fetched_twice_has_one_id = None  # type: ignore[assignment]
    test_what_a_customer_writes_is_one_event_at_once = None  # type: ignore[assignment]
    test_a_burst_of_100_arrives_whole_and_in_order = None  # type: ignore[assignment]
    test_a_bus_that_is_down_for_a_while_loses_and_doubles_nothing = None  # type: ignore[assignment]
    test_a_store_that_is_down_for_a_while_loses_and_doubles_nothing = None  # type: ignore[assignment]
    test_what_the_bus_does_not_confirm_is_told_again_under_the_same_id = None  # type: ignore[assignment]
    test_what_came_while_the_hub_was_stopped_is_taken_over = None  # type: ignore[assignment]
    test_poison_is_parked_and_what_follows_it_comes = None  # type: ignore[assignment]
    test_a_restart_in_the_middle_of_a_burst_loses_and_doubles_nothing = None  # type: ignore[assignment]
