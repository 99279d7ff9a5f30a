"""Twilio Voice as a channel of the hub: the operator's phone rings, then Twilio asks us what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from hub.channels.base import Health, Intent, Outcome, Refused
from hub.channels.health import HealthNotes, judge
from hub.contracts.interaction import SendMessage
from hub.kit.clock import Clock
from hub.kit.errors import Unsupported
from services.telephony.calls.drafts import key_of
from services.telephony.exchanges.models import Exchange
from services.telephony.lines.models import OurLine
from services.telephony.phones.models import Phone

_RINGING = 30
"""Seconds for which the operator's phone rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCall:
    """A call, ready for Twilio."""

    exchange: str
    operator: str
    """`+7…`, or `client:LOGIN` for a browser."""
    line: str
    answer: str
    """Where Twilio asks what to do once the operator answered."""
    status: str
    seconds: int = _RINGING

    def key(self, sid: str) -> str:
        return key_of(self.exchange, sid)


class Api(Protocol):
    """Twilio's REST API."""

    async def probe(self) -> bool:
        """Raises LoginRefused or ExchangeUnavailable."""
        ...

    async def begin(self, wanted: WantedCall, intent: Intent) -> Outcome: ...

    async def find(self, wanted: WantedCall, since: datetime) -> Outcome | None: ...

    async def redirect(self, sid: str, url: str) -> str:
        """A call that goes on does what is answered there; Twilio's words. Raises HubError."""
        ...

    def token(self, login: str, *, seconds: int) -> str:
        """For a phone in the browser. Raises ValueError where the account has no key for it."""
        ...

    async def close(self) -> None: ...


class Keeps(Protocol):
    """Looks whether the provider is there."""

    async def run(self) -> None: ...


class TwilioChannel:
    """One account. See `hub.channels.base.Channel`."""

    def __init__(
        self,
        exchange: Exchange,
        api: Api,
        *,
        keeper: Keeps,
        phones: Callable[[str], Awaitable[list[Phone]]],
        line: Callable[[str], Awaitable[OurLine | None]],
        public_url: str,
        notes: HealthNotes,
        clock: Clock,
        silence: timedelta,
        give_up: timedelta,
    ) -> None:
        self.exchange = exchange
        self._api = api
        self._keeper = keeper
        self._phones = phones
        self._line = line
        self._public_url = public_url
        self._notes = notes
        self._clock = clock
        self._silence = silence
        self._give_up = give_up

    async def receive(self) -> None:
        await self._keeper.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """Taken is what Twilio queued; whether anybody answers is told by the call."""
        del keys
        wanted = await self.wanted(message)
        if at and self._clock.now() - at > self._give_up:
            return Refused(f"it could not be begun within {self._give_up.total_seconds():g} s; call again")
        return await self._api.begin(wanted, intent)

    async def inquire(self, message: SendMessage, since: datetime) -> Outcome | None:
        """Asks Twilio. Raises LoginRefused, ExchangeUnavailable."""
        return await self._api.find(await self.wanted(message), since)

    async def wanted(self, message: SendMessage) -> WantedCall:
        """Raises Unsupported: it names nobody, or whoever wants to speak has no phone here."""
        to = next((person.address for person in message.to), "").removeprefix("phone:")
        if not to.startswith("+") or message.call is None:
            raise Unsupported("a call goes from an employee to a telephone number")
        if not self._public_url:
            raise Unsupported("[telephony] public_url is not set, so Twilio cannot ask what to do with the call")
        line = await self._line(message.call.line)
        if line is None:
            raise Unsupported("the line was removed; choose another one")
        phone = await self._phone(message.call.operator)
        operator = phone.number if phone.kind == "number" else f"client:{message.call.operator}"
        about = urlencode({"interaction": message.id, "to": to, "operator": operator, "line": line.number})
        here = f"{self._public_url}/hooks/voice/{self.exchange.id}"
        return WantedCall(
            exchange=self.exchange.id,
            operator=operator,
            line=line.number,
            answer=f"{here}/connect?{about}",
            status=f"{here}/status?{about}",
        )

    async def _phone(self, login: str) -> Phone:
        here = [one for one in await self._phones(login) if one.exchange == self.exchange.id]
        here = [one for one in here if one.kind != "extension"]
        if not here:
            raise Unsupported(
                f"{login} has no phone at {self.exchange.name}; give him one: PUT /api/v1/phones/{login}"
            )
        return here[0]

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._silence)
