"""The way out of an Asterisk: rings the operator's phone, then the client, by the manager interface."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hub.channels.base import Deferred, Health, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.health import HealthNotes, judge
from hub.contracts.interaction import SendMessage
from hub.kit.clock import Clock
from hub.kit.errors import Unsupported
from services.telephony.ami.reading import Message
from services.telephony.calls.drafts import key_of
from services.telephony.errors import ExchangeUnavailable, NotConnected
from services.telephony.exchanges.models import Exchange
from services.telephony.lines.models import OurLine
from services.telephony.phones.models import Phone
from services.telephony.phones.ringing import channel_of

_RINGING = timedelta(seconds=30)
"""For so long a phone rings."""
_WAITS = timedelta(seconds=20)
"""So long the exchange itself keeps somebody who answered; he is put through, or dropped, far earlier. Whom a
crash left there it lets go by itself."""
FindPhones = Callable[[str], Awaitable[list[Phone]]]
Begins = Callable[[SendMessage, str, str], Awaitable[None]]
"""Notes a call of a list, by exchange and line, before it is rung."""
FindLine = Callable[[str], Awaitable[OurLine | None]]


class Asks(Protocol):
    """A connection to the exchange."""

    @property
    def connected(self) -> bool: ...

    async def ask(self, name: str, fields: Sequence[tuple[str, str]] = (), *, action_id: str = "") -> Message:
        """Raises ExchangeUnavailable."""
        ...

    async def run(self) -> None: ...


class AmiChannel:
    """One exchange as a channel of the hub. See `hub.channels.base.Channel`."""

    def __init__(
        self,
        exchange: Exchange,
        asks: Asks,
        *,
        phones: FindPhones,
        line: FindLine,
        known: Callable[[str], Awaitable[bool]],
        begins: Begins,
        notes: HealthNotes,
        clock: Clock,
        silence: timedelta,
        give_up: timedelta,
    ) -> None:
        """`known` says whether a call was seen that we asked for under this id."""
        self.exchange = exchange
        self._asks = asks
        self._phones = phones
        self._line = line
        self._known = known
        self._begins = begins
        self._notes = notes
        self._clock = clock
        self._silence = silence
        self._give_up = give_up

    async def receive(self) -> None:
        await self._asks.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """Taken is what the exchange queued; whether anybody answers is told by the call."""
        del keys
        fields = await self._originate(message)
        if at and self._clock.now() - at > self._give_up:
            return Refused(f"it could not be begun within {self._give_up.total_seconds():g} s; call again")
        if not self._asks.connected:
            return _later()
        await intent()
        if message.call and message.call.call_list:
            await self._begins(message, self.exchange.id, message.call.line)
        try:
            answer = await self._asks.ask("Originate", fields, action_id=message.id)
        except NotConnected:
            return _later()
        except ExchangeUnavailable as exc:
            return Unknown(f"the exchange may have begun it: {exc}", keys=self._keys(message))
        if answer.get("Response") == "Success":
            return Sent(answer.get("Message") or "queued by the exchange", keys=self._keys(message))
        return Refused(f"the exchange refused it: {answer.get('Message') or answer.get('Response')}")

    async def inquire(self, message: SendMessage) -> Outcome | None:
        """What became of one of which only the intent is known: its channel has the request's id; none where nothing
        was seen of it. Raises ExchangeUnavailable.
        """
        if await self._known(message.id):
            return Sent("the exchange began it", keys=self._keys(message))
        if not self._asks.connected:
            raise NotConnected
        # It was asked who is there when it was connected: a call that goes on is known by now.
        return None

    async def _originate(self, message: SendMessage) -> list[tuple[str, str]]:
        """Raises Unsupported: it names nobody, or whoever wants to speak has no phone here."""
        given = self.exchange.ami
        to = next((person.address for person in message.to), "")
        if not to.startswith("phone:") or message.call is None:
            raise Unsupported("a call goes from an employee to a telephone number")
        line = await self._line(message.call.line)
        number = to.removeprefix("phone:")
        if message.call.call_list:
            return self._by_itself(message, number, line)
        phone = await self._phone(message.call.operator)
        fields = [
            ("Channel", channel_of(given, phone)),
            ("Context", given.context),
            ("Exten", f"{given.prefix}{number.lstrip('+') if given.prefix else number}"),
            ("Priority", "1"),
            ("Async", "true"),
            ("Timeout", str(int(_RINGING.total_seconds() * 1000))),
            ("ChannelId", message.id),
            ("Account", message.id[:80]),
            ("CallerID", f"<{number}>"),
            ("Variable", f"HUB_REQUEST={message.id}"),
        ]
        return [*fields, ("Variable", f"__HUB_LINE={line.number}")] if line else fields

    def _by_itself(self, message: SendMessage, number: str, line: OurLine | None) -> list[tuple[str, str]]:
        """The customer first: he waits at the exchange until he is put through. Raises Unsupported."""
        given = self.exchange.ami
        if not given.outside:
            raise Unsupported(f"{self.exchange.name} cannot dial by itself; set `outside` of its connection")
        fields = [
            ("Channel", given.outside.replace("{number}", f"{given.prefix}{number.lstrip('+')}")),
            ("Application", "Wait"),
            ("Data", str(int(_WAITS.total_seconds()))),
            ("Async", "true"),
            ("Timeout", str(int(_RINGING.total_seconds() * 1000))),
            ("ChannelId", message.id),
            ("Account", message.id[:80]),
            ("Variable", f"HUB_REQUEST={message.id}"),
        ]
        return (
            [*fields, ("CallerID", f"<{line.number}>"), ("Variable", f"__HUB_LINE={line.number}")] if line else fields
        )

    async def _phone(self, login: str) -> Phone:
        phones = await self._phones(login)
        here = [one for one in phones if one.exchange == self.exchange.id and one.kind != "browser"]
        if not here:
            raise Unsupported(
                f"{login} has no phone at {self.exchange.name}; give him one: PUT /api/v1/phones/{login}"
            )
        return here[0]

    def _keys(self, message: SendMessage) -> tuple[str, ...]:
        return (key_of(self.exchange.id, message.id),)

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._silence)


def _later() -> Deferred:
    return Deferred("the exchange is not connected at the moment", closed=True)
