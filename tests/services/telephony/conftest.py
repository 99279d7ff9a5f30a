"""The telephony service against simulated exchanges, for its tests."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pytest

from hub.channels.base import Health
from hub.channels.simulators.asterisk import AsteriskFault, AsteriskSimulator
from hub.contracts.base import Event
from hub.contracts.call import CallRequest
from hub.contracts.interaction import CallChanged, InteractionReceived, Participant, Role, SendMessage
from hub.contracts.park import MessageParked
from hub.footing import Footing, Service
from hub.testing.channel_contract import ChannelHarness, interaction_id
from hub.testing.waiting import eventually
from services.telephony.app import build

USER, SECRET = "omnihub", "secret of the manager"
OUR_LINE, ANNA, BORIS = "+74950000100", "anna", "boris"
SHORT = {"CHECK_INTERVAL": "0.5", "SILENCE": "2", "RECONNECT_CAP": "0.2", "TIMEOUT": "5", "LEASE": "6"}


E = TypeVar("E", bound=Event)


class CallHarness(ChannelHarness):
    """One line of ours; each customer has a telephone number, by what he wants."""

    outbound = "outbound.call"
    unhurried: Mapping[str, str] = MappingProxyType(
        {"OMNIHUB_TELEPHONY__CHECK_INTERVAL": "120", "OMNIHUB_TELEPHONY__SILENCE": "300"}
    )

    def __init__(self, data: Path, **given: str) -> None:
        super().__init__(data, {f"OMNIHUB_TELEPHONY__{name}": value for name, value in {**SHORT, **given}.items()})
        self.exchange_id = self.line_id = ""
        self._numbers: dict[str, str] = {}

    def build(self, footing: Footing) -> Service:
        return build(footing)

    def number_of(self, text: str) -> str:
        """The telephone number of who wants this; the same for the same."""
        return self._numbers.setdefault(text, f"+7916000{len(self._numbers):04}")

    def wish_of(self, number: str) -> str:
        bare = number.lstrip("+")
        return next((text for text, known in self._numbers.items() if known.lstrip("+") == bare), number)

    async def posted(self, path: str, form: Any) -> Any:
        answer = await self.api.post(path, json=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def add_account(self) -> None:
        self.exchange_id = (await self.posted("/exchanges", self.form()))["id"]
        line = {"number": OUR_LINE, "name": "Продажи", "exchange": self.exchange_id, "reach_by": ["call", "sms"]}
        self.line_id = (await self.posted("/lines", line))["id"]
        await self.give_phone(ANNA, "101")
        await self.give_phone(BORIS, "103")

    async def give_phone(self, login: str, extension: str) -> None:
        phones = [{"kind": "extension", "exchange": self.exchange_id, "number": extension}]
        answer = await self.api.put(f"/phones/{login}", json={"phones": phones})
        assert answer.status_code == 200, answer.text

    def form(self, **over: Any) -> dict[str, Any]:
        raise NotImplementedError

    def message(self, text: str, **over: Any) -> SendMessage:
        fields: dict[str, Any] = {
            "id": interaction_id(text),
            "channel": "call",
            "account": self.line_id,
            "to": (Participant(role=Role.TO, address=f"phone:{self.number_of(text)}"),),
            "text": "",
            "call": CallRequest(operator=ANNA),
        }
        return SendMessage(**{**fields, **over})

    async def events(self, kind: type[E]) -> list[E]:
        """As the suite looks at them: what a customer wants is the text of his call. There is no order between two
        customers; here they are by the beginning of their calls.
        """
        found = sorted(await super().events(kind), key=_began)
        return [
            one.model_copy(update={"text": self.wish_of(one.participants[0].raw)})
            if isinstance(one, InteractionReceived)
            else one
            for one in found
        ]

    async def calls(self) -> dict[str, Any]:
        """The newest state of every call that was told, by its interaction."""
        newest: dict[str, Any] = {}
        for received in await self.events(InteractionReceived):
            newest[received.id] = received.call
        for changed in await self.events(CallChanged):
            known = newest.get(changed.interaction_id)
            if known is None or known.revision < changed.call.revision:
                newest[changed.interaction_id] = changed.call
        return newest

    async def call_of(self, text: str, *, complete: bool = True) -> Any:
        """The call of a customer, when it is over."""

        async def over() -> Any:
            number = self.number_of(text)
            for call in (await self.calls()).values():
                if call and call.caller == number and call.complete >= complete:
                    return call
            return None

        return await eventually(over)

    async def health(self) -> Health:
        items = (await self.api.get("/channels")).json()["items"]
        item = next(one for one in items if one["channel"] == "exchange")
        return Health(**{name: item[name] for name in Health.__dataclass_fields__})

    async def replay(self, parked: MessageParked) -> None:
        await self.bus.publish_records([parked.record()])

    # What a harness of the suite needs beside; each that joins it has its own.

    def customer_writes(self, text: str) -> None:
        raise NotImplementedError

    def customer_writes_poison(self) -> None:
        raise NotImplementedError

    def customer_got(self) -> list[str]:
        raise NotImplementedError

    def refuse(self, words: str) -> None:
        raise NotImplementedError

    def defer(self, words: str) -> None:
        raise NotImplementedError

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        raise NotImplementedError

    def show_all_again(self) -> None:
        raise NotImplementedError

    def spoil_credentials(self) -> None:
        raise NotImplementedError

    def mend_credentials(self) -> None:
        raise NotImplementedError


def _began(event: Event) -> float:
    return event.at.timestamp() if isinstance(event, InteractionReceived) else 0.0


class AmiHarness(CallHarness):
    """The line goes by a simulated Asterisk."""

    def __init__(self, data: Path, pbx: AsteriskSimulator, **given: str) -> None:
        super().__init__(data, **given)
        self.pbx = pbx

    def form(self, **over: Any) -> dict[str, Any]:
        connection = {"kind": "ami", "host": "127.0.0.1", "port": self.pbx.port, "user": USER, "secret": SECRET}
        return {"name": "Office", "connection": {**connection, **over}}

    async def listened_to(self) -> None:
        await self.until_healthy("green")

    def customer_writes(self, text: str) -> None:
        number = self.number_of(text)

        def calls() -> None:
            self.pbx.exchange.hangs_up(self.pbx.exchange.arrives(number, "74950000100"))

        self.pbx.soon(calls)

    def customer_got(self) -> list[str]:
        return [self.wish_of(number) for number in self.pbx.answered]

    def refuse(self, words: str) -> None:
        self.pbx.faults.append(AsteriskFault(message=words))

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        self.pbx.faults.append(AsteriskFault(cut=True, accepted=accepted))

    def spoil_credentials(self) -> None:
        self.pbx.revoked = True
        self.pbx.cut()

    def mend_credentials(self) -> None:
        self.pbx.revoked = False


@pytest.fixture
async def pbx() -> AsyncIterator[AsteriskSimulator]:
    async with AsteriskSimulator(USER, SECRET) as running:
        yield running


@pytest.fixture
async def ami(tmp_path: Path, pbx: AsteriskSimulator) -> AsyncIterator[AmiHarness]:
    made = AmiHarness(tmp_path, pbx)
    await made.open()
    await made.listened_to()
    yield made
    await made.close()
