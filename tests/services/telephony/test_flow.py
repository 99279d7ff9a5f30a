"""A caller goes through the flow of his line: the same at Twilio and at an Asterisk, scenario by scenario."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hub.api.actor import HEADER, Actor
from hub.channels.simulators.agi import AgiCaller
from hub.channels.simulators.asterisk import AsteriskSimulator, Phone
from hub.channels.simulators.twilio import TwilioSimulator
from hub.channels.simulators.twilio_voice import VoicePhone
from hub.contracts.interaction import CallChanged
from hub.footing import Footing
from hub.kit.asgi import InProcess
from hub.process import http_server, listening, url_of
from hub.testing.servers.process import free_ports
from hub.testing.waiting import eventually
from services.telephony.flow.models import OpenHours
from tests.services.telephony.conftest import OUR_LINE, SECRET, USER, AmiHarness, CallHarness
from tests.services.telephony.test_twilio import AUTH, SID, TwilioHarness

CUSTOMER, OTHER = "+79161180118", "+79161180119"
AGI_SECRET = "shown by the dialplan"
EXTENSIONS = {"anna": "101", "boris": "103"}
NUMBERS = {"anna": "+79031110101", "boris": "+79031110103"}
QUICK = {"QUEUE_LOOK": "0.1", "OWNER_WITHIN": "5"}
ALWAYS = {"days": [1, 2, 3, 4, 5, 6, 7], "since": "00:00", "until": "00:00"}
"""Closed at every hour."""
QUEUE: dict[str, Any] = {"name": "Sales", "members": ["anna"], "call_back": {"key": "5"}}
PLACE = "Вы в очереди под номером 1. Ждать около 3 мин."
OFFER = "Чтобы мы перезвонили вам, не теряя вашей очереди, нажмите 5."
THANKS = "Спасибо, мы вам перезвоним."


class Office(CallHarness):
    """A line with a flow, two colleagues, and somebody who knows whose client calls."""

    owner: str | None = None

    def footing(self) -> Footing:
        async def callers(_: Request) -> JSONResponse:
            return JSONResponse({"clients": [{"client_id": "cl_1", "owner": self.owner}] if self.owner else []})

        async def interaction(_: Request) -> JSONResponse:
            return JSONResponse({"withheld": ""})

        app = Starlette(
            routes=[Route("/callers", callers, methods=["POST"]), Route("/interactions/{id}", interaction)]
        )

        def peer(name: str) -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=InProcess(app), base_url=f"http://{name}")

        return replace(super().footing(), peer=peer)

    async def set_line(self, flow: dict[str, Any]) -> httpx.Response:
        return await self.api.patch(f"/lines/{self.line_id}", json={"flow": flow})

    @abstractmethod
    async def hears(self, number: str, keys: Sequence[str], patience: int) -> list[str]:
        """A call to its end: what he heard."""

    @abstractmethod
    def answers(self, login: str, *, yes: bool, talks: float = 0.05) -> None: ...

    @abstractmethod
    def rung(self) -> list[str]:
        """Logins, in order."""

    async def call(self, number: str = CUSTOMER) -> Any:
        async def over() -> Any:
            found = [one for one in (await self.calls()).values() if one.caller == number and one.complete]
            return found[-1] if found else None

        return await eventually(over)


class AtTwilio(Office, TwilioHarness):
    listened: Sequence[str] = ()
    """By who was handed on."""

    async def hands_on(self, login: str, interaction: str, to: str) -> httpx.Response:
        shown = {HEADER: self.footing().seal.header(Actor(login=login, role="operator", reach=("*",), reads=("*",)))}
        async with httpx.AsyncClient(transport=InProcess(self.door), base_url="http://channel") as client:
            given = {"to": to, "kind": "blind"}
            return await client.post(f"/calls/{interaction}/transfer", json=given, headers=shown)

    async def add_account(self) -> None:
        await super().add_account()
        for login, number in NUMBERS.items():
            phones = [{"kind": "number", "exchange": self.exchange_id, "number": number}]
            await self.api.put(f"/phones/{login}", json={"phones": phones})

    async def hears(self, number: str, keys: Sequence[str], patience: int) -> list[str]:
        self.voice.keys[:] = keys
        self.voice.patience[number] = patience
        return (await self.voice.customer_calls(number, OUR_LINE)).said

    def answers(self, login: str, *, yes: bool, talks: float = 0.05) -> None:
        self.voice.phones[NUMBERS[login]] = VoicePhone(answers=yes, talks=talks)

    def rung(self) -> list[str]:
        return [login for one in self.voice.rung for login, number in NUMBERS.items() if number == one]


class AtAsterisk(Office, AmiHarness):
    def __init__(self, data: Path, pbx: AsteriskSimulator, port: int) -> None:
        super().__init__(data, pbx, AGI_PORT=str(port), **QUICK)
        self.port = port
        self.rang: list[str] = []

    def form(self, **over: Any) -> dict[str, Any]:
        return super().form(agi_secret=AGI_SECRET, speak='Speech,"{text}"', **over)

    def caller(self, **over: Any) -> AgiCaller:
        about: dict[str, Any] = {"script": self.exchange_id, "arguments": (AGI_SECRET, OUR_LINE), "rung": self.rang}
        return AgiCaller(self.pbx, self.port, **{**about, **over})

    async def hears(self, number: str, keys: Sequence[str], patience: int) -> list[str]:
        return (await self.caller(keys=[*keys], patience=patience).calls(number)).said

    def answers(self, login: str, *, yes: bool, talks: float = 0.05) -> None:
        self.pbx.phones[EXTENSIONS[login]] = Phone(answers=yes, talks=talks)

    def rung(self) -> list[str]:
        return [login for one in self.rang for login, number in EXTENSIONS.items() if number == one]


async def opened(kind: str, folder: Path, stack: AsyncExitStack) -> Office:
    if kind == "twilio":
        twilio, bound = await stack.enter_async_context(TwilioSimulator(SID, AUTH)), listening("127.0.0.1", 0)
        made: Office = AtTwilio(folder, twilio, url_of(bound), **QUICK)
        await stack.enter_async_context(http_server(made.door, bound))
        await made.open()
        return made
    office = AtAsterisk(folder, await stack.enter_async_context(AsteriskSimulator(USER, SECRET)), free_ports(1)[0])
    await office.open()
    await office.listened_to()
    return office


@pytest.fixture(params=["twilio", "asterisk"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        made = await opened(request.param, tmp_path, stack)
        yield made
        await made.close()


@dataclass(frozen=True)
class Story:
    """What a caller goes through, and what the hub tells of it."""

    flow: dict[str, Any]
    said: list[str] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    result: str = "answered"
    left: str | None = None
    """How he left the queue; none: he was in none."""
    keys: tuple[str, ...] = ()
    patience: int = 2
    silent: tuple[str, ...] = ()
    """Who does not answer."""
    owner: str | None = None


STORIES = {
    "he is greeted, and whoever rings takes him": Story(
        {"greeting": "Здравствуйте", "ring": ["anna"]}, ["Здравствуйте"], ["anna"]
    ),
    "outside the hours he is told so": Story(
        {"hours": ALWAYS, "closed": "Мы закрыты", "ring": ["anna"]}, ["Мы закрыты"], result="abandoned"
    ),
    "a key of the menu leads to whom it names": Story(
        {"menu": {"text": "Заказы два", "choices": {"1": ["anna"], "2": ["boris"]}}},
        ["Заказы два"],
        ["boris"],
        keys=("2",),
    ),
    "who presses no key of the menu is asked three times, and leaves a message": Story(
        {"menu": {"text": "Заказы один", "choices": {"1": ["anna"]}}, "voicemail": "Оставьте сообщение"},
        ["Заказы один"] * 3 + ["Оставьте сообщение"],
        result="voicemail",
        keys=("7", "8", "9"),
        patience=9,
    ),
    "the owner of his client is rung first": Story(
        {"owner_first": {}, "ring": ["anna"]}, rung=["boris"], owner="boris"
    ),
    "an owner who does not answer keeps nobody else from it": Story(
        {"owner_first": {}, "ring": ["anna"]}, rung=["boris", "anna"], owner="boris", silent=("boris",)
    ),
    "of a client without an owner the others are rung at once": Story(
        {"owner_first": {}, "ring": ["anna"]}, rung=["anna"]
    ),
    "a free member of the queue is rung at once": Story({"queue": QUEUE}, rung=["anna"], left=""),
    "whoever rings is tried before the queue": Story(
        {"ring": ["boris"], "queue": QUEUE}, rung=["boris", "anna"], left="", silent=("boris",)
    ),
    "while nobody is free he hears his place, and whoever hangs up has abandoned": Story(
        {"queue": QUEUE}, [PLACE, OFFER], ["anna"], "abandoned", "", silent=("anna",)
    ),
    "a key gives his place away for a call back": Story(
        {"queue": QUEUE}, [PLACE, OFFER, THANKS], ["anna"], "missed", "call_back", ("", "5"), silent=("anna",)
    ),
    "another key does nothing": Story(
        {"queue": QUEUE}, [PLACE, OFFER], ["anna"], "abandoned", "", ("7",), silent=("anna",)
    ),
    "where nobody answers he leaves a message": Story(
        {"ring": ["anna"], "voicemail": "Оставьте сообщение"},
        ["Оставьте сообщение"],
        ["anna"],
        "voicemail",
        silent=("anna",),
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
async def test_a_line_behaves_alike_at_every_exchange(office: Office, story: Story) -> None:
    for login in story.silent:
        office.answers(login, yes=False)
    office.owner = story.owner
    assert (await office.set_line(story.flow)).status_code == 200
    said = await office.hears(CUSTOMER, story.keys, story.patience)
    call = await office.call()
    waited = call.queue
    assert (said, office.rung()) == (story.said, story.rung)
    assert (call.result, waited and (waited.name, waited.position, waited.left)) == (
        story.result,
        None if story.left is None else ("Sales", 1, story.left),
    )
    assert [one.kind for one in call.recordings] == (["voicemail"] if story.result == "voicemail" else [])


async def test_who_comes_to_a_full_queue_overflows_and_who_waits_keeps_his_place(office: Office) -> None:
    office.answers("anna", yes=False)
    full = {**QUEUE, "max_length": 1, "overflow": "call_back"}
    await office.set_line({"queue": full})
    first = asyncio.create_task(office.hears(CUSTOMER, [], 200))
    await eventually(lambda: office.rung())

    async def waiting() -> Any:
        board = (await office.api.get("/call-board")).json()
        return [(one["name"], one["waiting"]) for one in board["queues"]] == [("Sales", 1)] or None

    await eventually(waiting)
    assert await office.hears(OTHER, [], 0) == [THANKS]
    turned_away = await office.call(OTHER)
    first.cancel()
    assert (turned_away.result, turned_away.queue.left, turned_away.queue.position) == ("missed", "call_back", None)


async def test_waits_in_a_queue_are_counted_by_line_operator_hour_and_queue(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        office = await opened("twilio", tmp_path, stack)
        await office.set_line({"queue": QUEUE})
        await office.hears("+79161180001", (), 2)
        office.answers("anna", yes=False)
        await office.hears("+79161180002", ("5",), 2)
        await office.hears("+79161180003", (), 2)
        for number in ("+79161180001", "+79161180002", "+79161180003"):
            await office.call(number)
        counted = {}
        for by in ("line", "operator", "hour", "queue"):
            query = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z", "by": by}
            rows = (await office.api.get("/call-statistics", params=query)).json()["items"]
            counted[by] = [sum(row[name] for row in rows) for name in ("calls", "queued", "call_backs", "abandoned")]
        await office.close()
    assert counted == {"line": [3, 3, 1, 1], "operator": [1, 1, 0, 0], "hour": [3, 3, 1, 1], "queue": [3, 3, 1, 1]}


async def handing_on(office: AtTwilio, flow: dict[str, Any] | None = None, **over: Any) -> tuple[httpx.Response, Any]:
    """Anna speaks with a customer and hands him on to Boris; her answer, and the call when it is over."""
    await office.set_line(flow or {"ring": ["anna"]})
    office.answers("anna", yes=True, talks=30)
    call = asyncio.create_task(office.hears(CUSTOMER, (), 2))

    async def talking() -> str | None:
        return next((one for one, told in (await office.calls()).items() if told.answered_login == "anna"), None)

    interaction = await eventually(talking)
    office.answers("anna", yes=False)
    given = {"to": "boris", "kind": "blind", **over}
    answer = await office.api.post(f"/calls/{interaction}/transfer", json=given)
    if answer.status_code != 200:
        call.cancel()
        return answer, None
    office.listened = await call
    return answer, await office.call()


@pytest.fixture
async def at_twilio(tmp_path: Path) -> AsyncIterator[AtTwilio]:
    async with AsyncExitStack() as stack:
        made = await opened("twilio", tmp_path, stack)
        assert isinstance(made, AtTwilio)
        yield made
        await made.close()


async def test_at_twilio_a_call_is_handed_on_and_both_operators_take_part(at_twilio: AtTwilio) -> None:
    answer, call = await handing_on(at_twilio)
    assert (answer.status_code, at_twilio.rung()) == (200, ["anna", "boris"])
    handed = [(one.kind, one.by, one.to, one.completed) for one in call.transfers]
    assert handed == [("blind", NUMBERS["anna"], NUMBERS["boris"], True)]
    assert (call.result, call.answered_login, [leg.login for leg in call.legs]) == (
        "answered",
        "anna",
        ["anna", "boris"],
    )
    told = (await at_twilio.events(CallChanged))[-1].participants
    assert {one.login for one in told} == {None, "anna", "boris"}


async def test_at_twilio_a_colleague_who_does_not_answer_leaves_the_customer_to_the_flow(at_twilio: AtTwilio) -> None:
    at_twilio.answers("boris", yes=False)
    _, call = await handing_on(at_twilio)
    assert ([one.completed for one in call.transfers], call.result) == ([False], "answered")


@pytest.mark.parametrize("ring", [[], ["anna"]], ids=["who was in the queue before", "who was not"])
async def test_at_twilio_whom_a_colleague_does_not_take_waits_in_the_queue(
    at_twilio: AtTwilio, ring: list[str]
) -> None:
    at_twilio.answers("boris", yes=False)
    _, call = await handing_on(at_twilio, {"ring": ring, "queue": {**QUEUE, "members": ["anna", "boris"]}})
    assert at_twilio.listened[:1] == ["Вы в очереди под номером 1. Ждать около 2 мин."]
    assert (call.result, call.answered_login, call.queue.left) == ("answered", "anna", "")


async def test_at_twilio_whoever_hands_on_again_is_named(at_twilio: AtTwilio) -> None:
    vera = [{"kind": "number", "exchange": at_twilio.exchange_id, "number": "+79031110104"}]
    await at_twilio.api.put("/phones/vera", json={"phones": vera})
    await at_twilio.set_line({"ring": ["anna"]})
    for login in ("anna", "boris"):
        at_twilio.answers(login, yes=True, talks=30)
    call = asyncio.create_task(at_twilio.hears(CUSTOMER, (), 2))
    for login, to, party in (("anna", "boris", NUMBERS["anna"]), ("boris", "vera", NUMBERS["boris"])):

        async def talking(party: str = party) -> str | None:
            found = (await at_twilio.calls()).items()
            return next(
                (one for one, told in found if any(leg.party == party and leg.answered for leg in told.legs)), None
            )

        interaction = await eventually(talking)
        answer = await at_twilio.hands_on(login, interaction, to)
        assert answer.status_code == 200, answer.text
    await call
    told = await at_twilio.call()
    assert [(one.by, one.to) for one in told.transfers] == [
        (NUMBERS["anna"], NUMBERS["boris"]),
        (NUMBERS["boris"], "+79031110104"),
    ]


async def test_at_twilio_nobody_is_asked_first_and_the_answer_says_so(at_twilio: AtTwilio) -> None:
    answer, _ = await handing_on(at_twilio, kind="attended")
    assert (answer.status_code, "blind" in answer.text) == (409, True)


def test_an_hour_is_written_in_digits_that_a_clock_reads() -> None:
    for hour in ("0\u0669:00", "24:00", "9:00"):
        with pytest.raises(ValidationError):
            OpenHours.model_validate({"since": hour})


def test_hours_that_end_before_they_begin_go_on_over_midnight() -> None:
    hours = OpenHours.model_validate({"days": [5], "since": "22:00", "until": "06:00", "zone": "Europe/Moscow"})
    friday = datetime(2026, 3, 6, tzinfo=ZoneInfo("Europe/Moscow"))
    moments = [(21, 59), (22, 0), (29, 59), (30, 0), (46, 0), (5, 0)]
    found = [hours.is_open(friday + timedelta(hours=hour, minutes=minute)) for hour, minute in moments]
    assert found == [False, True, True, False, False, False]
