"""The conformance suite that every channel passes, on a real bus, store and blobs and its simulator.

A channel joins it with a harness and a fixture named `harness`:

    class TestEmail(ChannelContract):
        @pytest.fixture
        async def harness(self, tmp_path): ...
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.asking import AsService
from hub.bus.base import Reader
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.channels.base import Health
from hub.contracts.base import Envelope, Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, InteractionReceived, SendMessage
from hub.contracts.park import MessageParked
from hub.contracts.registry import REGISTRY
from hub.contracts.topics import TOPICS, Topic
from hub.footing import Footing, Service
from hub.kit.asgi import InProcess
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.ids import derive
from hub.kit.restraint import Restraint, hold, release
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.outages import Switch, SwitchedBus, SwitchedStore
from hub.testing.outside import OPEN
from hub.testing.waiting import PATIENCE, eventually

QUIET = 1.0
"""Seconds after which something that should not happen is believed not to happen."""
E = TypeVar("E", bound=Event)


class Door:
    """The service as its HTTP server shows it: when it stops, what was asked is answered, and no more is taken."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self._asked: set[asyncio.Event] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            await PlainTextResponse("not running", 503)(scope, receive, send)
            return
        answered = asyncio.Event()
        self._asked.add(answered)
        try:
            await self.app(scope, receive, send)
        finally:
            self._asked.discard(answered)
            answered.set()

    async def close(self) -> None:
        self.app = None
        for answered in list(self._asked):
            await answered.wait()


class ChannelHarness(ABC):
    """A channel's service with one account, its provider simulated; what the suite does to it."""

    outbound = ""
    """Topic of the messages it sends."""
    topics: tuple[Topic, ...] = TOPICS
    heard: Sequence[str] = ("inbound", "delivery", "delivery.mass", "dead-letters")
    """Topics that the suite looks at."""
    unhurried: Mapping[str, str] = MappingProxyType({})
    """Settings with which it asks the provider for nothing, of its own accord, for as long as a test waits."""

    def __init__(self, data: Path, environ: dict[str, str]) -> None:
        """`environ` holds settings that make waiting short."""
        self.data = data
        self.bus_switch, self.store_switch = Switch(), Switch()
        self.restraint = Restraint(data)
        self.published: list[Event] = []
        self._environ = environ
        self._log = Log(data / "bus.sqlite")
        self.bus = EmbeddedBus(self._log, "suite", SystemClock(), self.topics)
        self._reader: Reader | None = None
        self.service: Service | None = None
        self.door = Door()
        self.api = httpx.AsyncClient()

    @abstractmethod
    def build(self, footing: Footing) -> Service:
        """The channel's service."""

    @abstractmethod
    async def add_account(self) -> None:
        """Adds the account, once, through the service's API."""

    @abstractmethod
    def customer_writes(self, text: str) -> None:
        """A message of the one customer is at the provider; each with another text is another message."""

    @abstractmethod
    def customer_writes_poison(self) -> None:
        """A message that the channel has to park."""

    @abstractmethod
    def customer_got(self) -> list[str]:
        """The first lines of the messages that reached the customer, in order."""

    @abstractmethod
    def message(self, text: str) -> SendMessage:
        """A message to the customer; the same text is the same message."""

    @abstractmethod
    def refuse(self, words: str) -> None:
        """The provider refuses the next message for good."""

    @abstractmethod
    def defer(self, words: str) -> None:
        """The provider refuses the next message for now."""

    @abstractmethod
    def cut_after_hand_over(self, *, accepted: bool) -> None:
        """The connection goes after the next message was handed over and before the answer."""

    @abstractmethod
    def show_all_again(self) -> None:
        """The provider presents everything once more, as after a reset of its side."""

    @abstractmethod
    def spoil_credentials(self) -> None:
        """The provider refuses our login from now on."""

    @abstractmethod
    def mend_credentials(self) -> None: ...

    @abstractmethod
    async def health(self) -> Health: ...

    async def open(self) -> None:
        """The hub for the first time."""
        await self._log.open()
        await self.bus.start()
        self._reader = await self.bus.reader(self.heard)
        await self.start()
        await self.add_account()

    async def close(self) -> None:
        await self.stop()
        if self._reader:
            await self._reader.close()
        await self.bus.stop()
        await self._log.close()

    async def start(self) -> None:
        footing = self.footing()
        self.service = self.build(footing)
        await self.service.start()
        self.door.app = self.service.http
        asking = AsService(footing.seal, "suite")
        self.api = httpx.AsyncClient(transport=InProcess(self.door), base_url="http://channel", auth=asking)

    async def stop(self) -> None:
        if self.service:
            await self.door.close()
            await self.service.stop()
            await self.api.aclose()
            self.service = None

    async def restart(self, **environ: str) -> None:
        """With these settings, and with accounts as they are by now."""
        await self.stop()
        self._environ |= environ
        await self.start()

    def footing(self) -> Footing:
        """Of another process each time, on the same data."""

        def bus(name: str) -> Any:
            return SwitchedBus(EmbeddedBus(self._log, name, SystemClock(), self.topics), self.bus_switch)

        def store(name: str) -> Any:
            return SwitchedStore(SqliteStore(self.data / f"{name}.sqlite"), self.store_switch)

        return Footing(
            data=self.data,
            bus=bus,
            store=store,
            blobs=FolderBlobs(self.data / "blobs"),
            secrets=SecretBox.open(self.data / "secret.key"),
            clock=SystemClock(),
            source=Source(environ={**OPEN, **self._environ}),
            peer=lambda name: httpx.AsyncClient(base_url=f"http://{name}.invalid"),
            restraint=self.restraint,
            apart=SHARED,
        )

    async def give(self, *messages: SendMessage) -> None:
        """Puts messages to be sent on the bus."""
        now = datetime.now(UTC)
        await self.bus.publish([Envelope(event=message, source="omnihub/suite", time=now) for message in messages])

    async def events(self, kind: type[E]) -> list[E]:
        """What was published so far, in order."""
        assert self._reader is not None
        while records := await self._reader.read(wait=0.02):
            self.published += [REGISTRY.decode(record).event for record in records]
        return [event for event in self.published if isinstance(event, kind)]

    async def arrivals(self, count: int) -> list[InteractionReceived]:
        """Waits for so many different interactions."""

        def enough(found: list[InteractionReceived]) -> bool:
            return len({event.id for event in found}) >= count

        return await self.told(InteractionReceived, enough)

    async def delivery(self, message: SendMessage, state: DeliveryState) -> DeliveryRecorded:
        """Waits until a message is in this state."""

        def fits(event: DeliveryRecorded) -> bool:
            return (event.interaction_id, event.state) == (message.id, state)

        return next(filter(fits, await self.told(DeliveryRecorded, lambda events: any(map(fits, events)))))

    async def reason_of(self, message: SendMessage, word: str) -> str:
        """Waits until the delivery of a message is told with a reason that has this word; the reason."""

        def found(events: list[DeliveryRecorded]) -> list[str]:
            mine = [event.reason or "" for event in events if event.interaction_id == message.id]
            return [reason for reason in mine if word in reason]

        return found(await self.told(DeliveryRecorded, lambda events: bool(found(events))))[0]

    async def deferred(self, message: SendMessage) -> None:
        """Waits until it is told that a message waits, and why."""

        def waits(event: DeliveryRecorded) -> bool:
            return event.interaction_id == message.id and event.state is DeliveryState.QUEUED and bool(event.reason)

        await self.told(DeliveryRecorded, lambda events: any(map(waits, events)))

    async def parked(self, count: int) -> list[MessageParked]:
        return await self.told(MessageParked, lambda events: len(events) >= count)

    async def told(self, kind: type[E], enough: Callable[[list[E]], object] = bool) -> list[E]:
        """Waits until what was published of a kind is enough; without more said, until there is any."""
        return await eventually(lambda: self.events(kind), enough)

    async def until_healthy(self, state: str) -> Health:
        """Waits until the channel is shown as `state`."""
        return await eventually(self.health, lambda health: health.state == state)


def texts(events: list[InteractionReceived]) -> list[str]:
    """First lines, in order."""
    return [event.text.strip().splitlines()[0] for event in events]


def interaction_id(text: str) -> str:
    return derive("in", "suite", text)


class ChannelContract:
    """What every channel does."""

    async def test_what_a_customer_writes_is_one_event_at_once(self, harness: ChannelHarness) -> None:
        """Nothing but the provider's word can be why it comes."""
        await harness.restart(**harness.unhurried)
        await harness.until_healthy("green")
        harness.customer_writes("Where is my order?")
        await harness.arrivals(1)
        await asyncio.sleep(QUIET)
        assert texts(await harness.events(InteractionReceived)) == ["Where is my order?"]

    async def test_what_is_fetched_twice_has_one_id(self, harness: ChannelHarness) -> None:
        harness.customer_writes("once")
        await harness.arrivals(1)
        harness.show_all_again()
        harness.customer_writes("and another")
        found = await harness.arrivals(2)
        assert len({event.id for event in found}) == 2
        assert texts(found) == ["once", "and another"]

    async def test_a_burst_of_100_arrives_whole_and_in_order(self, harness: ChannelHarness) -> None:
        for number in range(100):
            harness.customer_writes(f"number {number}")
        assert texts(await harness.arrivals(100)) == [f"number {number}" for number in range(100)]

    async def test_a_bus_that_is_down_for_a_while_loses_and_doubles_nothing(self, harness: ChannelHarness) -> None:
        harness.bus_switch.up = False
        for number in range(10):
            harness.customer_writes(f"number {number}")
        await asyncio.sleep(QUIET)
        assert await harness.events(InteractionReceived) == []
        harness.bus_switch.up = True
        assert texts(await harness.arrivals(10)) == [f"number {number}" for number in range(10)]

    async def test_what_the_bus_does_not_confirm_is_told_again_under_the_same_id(
        self, harness: ChannelHarness
    ) -> None:
        harness.bus_switch.confirms = False
        harness.customer_writes("heard")
        await harness.arrivals(1)
        harness.bus_switch.confirms = True
        harness.customer_writes("then this")
        found = await harness.arrivals(2)
        assert {event.id for event in found if event.text.startswith("heard")} == {found[0].id}

    async def test_a_store_that_is_down_for_a_while_loses_and_doubles_nothing(self, harness: ChannelHarness) -> None:
        harness.store_switch.up = False
        for number in range(10):
            harness.customer_writes(f"number {number}")
        await asyncio.sleep(QUIET)
        harness.store_switch.up = True
        found = await harness.arrivals(10)
        assert list(dict.fromkeys(texts(found))) == [f"number {number}" for number in range(10)]
        assert len({event.id for event in found}) == 10

    async def test_poison_is_parked_and_what_follows_it_comes(self, harness: ChannelHarness) -> None:
        harness.customer_writes("before")
        harness.customer_writes_poison()
        harness.customer_writes("after")
        assert texts(await harness.arrivals(2)) == ["before", "after"]
        (parked,) = await harness.parked(1)
        assert parked.reason
        assert parked.blob

    async def test_what_came_while_the_hub_was_stopped_is_taken_over(self, harness: ChannelHarness) -> None:
        harness.customer_writes("before")
        await harness.arrivals(1)
        await harness.stop()
        harness.customer_writes("while it was stopped")
        await harness.start()
        assert texts(await harness.arrivals(2)) == ["before", "while it was stopped"]

    async def test_a_restart_in_the_middle_of_a_burst_loses_and_doubles_nothing(
        self, harness: ChannelHarness
    ) -> None:
        for number in range(60):
            harness.customer_writes(f"number {number}")
        await asyncio.sleep(0.05)
        await harness.stop()
        await harness.start()
        assert texts(await harness.arrivals(60)) == [f"number {number}" for number in range(60)]

    async def test_what_is_sent_reaches_the_customer_and_is_reported(self, harness: ChannelHarness) -> None:
        message = harness.message("It is on its way.")
        await harness.give(message)
        queued = await harness.delivery(message, DeliveryState.QUEUED)
        sent = await harness.delivery(message, DeliveryState.SENT)
        assert queued.at <= sent.at
        assert sent.keys
        assert harness.customer_got() == ["It is on its way."]

    async def test_messages_leave_in_the_order_they_were_given(self, harness: ChannelHarness) -> None:
        messages = [harness.message(f"number {number}") for number in range(20)]
        await harness.give(*messages)
        for message in messages:
            await harness.delivery(message, DeliveryState.SENT)
        assert harness.customer_got() == [f"number {number}" for number in range(20)]

    async def test_a_command_given_twice_goes_out_once(self, harness: ChannelHarness) -> None:
        message = harness.message("once")
        await harness.give(message, message)
        await harness.delivery(message, DeliveryState.SENT)
        await harness.give(message)
        await asyncio.sleep(QUIET)
        assert harness.customer_got() == ["once"]

    async def test_a_refusal_is_failed_with_the_words_of_the_provider(self, harness: ChannelHarness) -> None:
        harness.refuse("no such person here")
        refused, other = harness.message("refused"), harness.message("taken")
        await harness.give(refused, other)
        failed = await harness.delivery(refused, DeliveryState.FAILED)
        assert "no such person here" in (failed.reason or "").lower()
        await harness.delivery(other, DeliveryState.SENT)
        assert harness.customer_got() == ["taken"]

    async def test_what_is_refused_for_now_goes_later_and_nothing_to_the_same_person_overtakes_it(
        self, harness: ChannelHarness
    ) -> None:
        harness.defer("come back later")
        deferred, other = harness.message("deferred"), harness.message("behind it")
        await harness.give(deferred, other)
        await harness.delivery(other, DeliveryState.SENT)
        assert harness.customer_got() == ["deferred", "behind it"]

    async def test_an_answer_overtakes_what_was_refused_for_now_of_a_mailing(self, harness: ChannelHarness) -> None:
        harness.defer("come back later")
        mailing = harness.message("mailing").model_copy(update={"mass": True})
        await harness.give(mailing)
        await harness.deferred(mailing)
        await harness.give(harness.message("answer"))
        await harness.delivery(mailing, DeliveryState.SENT)
        assert harness.customer_got() == ["answer", "mailing"]

    async def test_while_the_hub_is_held_nothing_is_sent_and_everything_waits(self, harness: ChannelHarness) -> None:
        await harness.until_healthy("green")
        hold(harness.data)
        await asyncio.sleep(QUIET + 0.5)
        message = harness.message("patience")
        await harness.give(message)
        await harness.delivery(message, DeliveryState.QUEUED)
        await asyncio.sleep(QUIET)
        assert harness.customer_got() == []
        release(harness.data)
        await harness.delivery(message, DeliveryState.SENT)
        assert harness.customer_got() == ["patience"]

    async def test_a_sandbox_sends_nothing_that_no_simulator_of_its_own_would_get(
        self, harness: ChannelHarness
    ) -> None:
        harness.restraint.sandbox = True
        message = harness.message("to the world")
        await harness.give(message)
        suppressed = await harness.delivery(message, DeliveryState.SUPPRESSED)
        harness.restraint.sandbox = False
        await asyncio.sleep(QUIET)
        assert (suppressed.reason, harness.customer_got()) == ("sandbox", [])

    async def test_a_cut_after_hand_over_is_unknown_and_not_sent_again(self, harness: ChannelHarness) -> None:
        harness.cut_after_hand_over(accepted=True)
        cut, other = harness.message("cut"), harness.message("next")
        await harness.give(cut, other)
        unknown = await harness.delivery(cut, DeliveryState.UNKNOWN)
        assert unknown.reason
        await harness.delivery(other, DeliveryState.SENT)
        await harness.stop()
        await harness.start()
        await asyncio.sleep(QUIET)
        assert harness.customer_got() == ["cut", "next"]

    async def test_a_bus_that_is_down_does_not_make_a_message_go_twice(self, harness: ChannelHarness) -> None:
        message = harness.message("once")
        await harness.give(message)
        harness.bus_switch.up = False
        await asyncio.sleep(QUIET)
        harness.bus_switch.up = True
        await harness.delivery(message, DeliveryState.SENT)
        assert harness.customer_got() == ["once"]

    async def test_a_restart_while_sending_sends_each_once_or_says_unknown(self, harness: ChannelHarness) -> None:
        messages = [harness.message(f"number {number}") for number in range(30)]
        await harness.give(*messages)
        await asyncio.sleep(0.1)
        await harness.stop()
        await harness.start()
        for message in messages:
            await harness.delivery(message, DeliveryState.SENT)
        assert harness.customer_got() == [f"number {number}" for number in range(30)]

    async def test_health_is_red_with_the_reason_while_the_login_is_refused(self, harness: ChannelHarness) -> None:
        await harness.until_healthy("green")
        harness.spoil_credentials()
        red = await harness.until_healthy("red")
        assert red.credentials == "refused"
        assert red.reason
        harness.mend_credentials()
        green = await harness.until_healthy("green")
        assert (green.credentials, green.reason) == ("ok", None)

    async def test_a_stop_is_graceful_and_waits_for_no_provider(self, harness: ChannelHarness) -> None:
        """It returns although whatever waits for the provider's word would go on doing so."""
        await harness.restart(**harness.unhurried)
        await harness.until_healthy("green")
        message = harness.message("last words")
        await harness.give(message)
        await harness.delivery(message, DeliveryState.QUEUED)
        async with asyncio.timeout(PATIENCE):
            await harness.stop()
        await harness.start()
        await harness.delivery(message, DeliveryState.SENT)
        assert harness.customer_got() == ["last words"]
