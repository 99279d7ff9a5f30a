"""One number of ours as a channel of the hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from hub.channels.base import Deferred, Health, Intent, Outcome, Unknown
from hub.channels.bodies import with_bodies
from hub.channels.health import HealthNotes, judge
from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.errors import Unsupported
from services.messaging.keeper import ProviderKeeper
from services.messaging.models import SmsNumber
from services.messaging.sms.failover import Breaker, chosen
from services.messaging.sms.numbers import dialled
from services.messaging.sms.segments import substitute

LONGEST = 1600
"""Characters that Twilio takes in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One SMS, ready for a provider."""

    id: str
    """Of the interaction."""
    address: str
    to: str
    sender: str
    body: str
    callback: str = ""
    """Where receipts are wanted; empty where nobody can reach us."""


class Route(Protocol):
    """The way out by one provider."""

    @property
    def name(self) -> str: ...

    async def send(self, text: Text, intent: Intent) -> Outcome:
        """Calls `intent` before the first byte leaves."""
        ...

    async def probe(self) -> bool:
        """Whether the login was shown, and taken. Raises LoginRefused or MessengerUnavailable."""
        ...

    async def find(self, text: Text, since: datetime) -> Outcome | None:
        """What became of a message of which only the intent is known; none where the provider cannot tell."""
        ...

    async def file(self, reference: str, *, limit: int) -> bytes: ...

    async def close(self) -> None: ...


class SmsChannel:
    """Sends by the first provider that works; what comes in is posted. See `hub.channels.base.Channel`."""

    def __init__(
        self,
        number: SmsNumber,
        routes: Mapping[str, Route],
        *,
        public_url: str,
        breakers: Mapping[str, Breaker],
        keeper: ProviderKeeper,
        notes: HealthNotes,
        clock: Clock,
        silence: timedelta,
        blobs: Blobs,
    ) -> None:
        self.number = number
        self.keeper = keeper
        self._routes = routes
        self._public_url = public_url
        self._breakers = breakers
        self._notes = notes
        self._clock = clock
        self._silence = silence
        self._blobs = blobs

    async def receive(self) -> None:
        await self.keeper.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """`keys` name what providers took before and, by their receipts, did not deliver."""
        del at
        name = chosen(list(self._routes), keys, lambda one: self._breakers[one].is_open)
        if name is None:
            raise Unsupported("no provider is left that did not try it")
        message = await with_bodies(message, self._blobs)
        outcome = await self._routes[name].send(self.text(message, name), intent)
        if isinstance(outcome, Deferred):
            self._breakers[name].failed()
        elif not isinstance(outcome, Unknown):
            self._breakers[name].worked()
        return outcome

    async def inquire(self, message: SendMessage, since: datetime) -> Outcome | None:
        """Asks every provider that can tell; none where nobody knows it."""
        message = await with_bodies(message, self._blobs)
        for name, route in self._routes.items():
            if found := await route.find(self.text(message, name), since):
                return found
        return None

    def text(self, message: SendMessage, provider: str) -> Text:
        """The SMS of a message.

        Raises:
            Unsupported: it has files, or is too long, or goes to nobody.
        """
        if message.attachments:
            raise Unsupported("an SMS carries no files; send a link, or write by another channel")
        body = substitute(message.text) if self.number.substitute else message.text
        if len(body) > LONGEST:
            raise Unsupported(f"{len(body)} characters; an SMS may have {LONGEST}")
        address = next((person.address for person in message.to), "")
        if not address:
            raise Unsupported("it goes to nobody")
        return Text(
            id=message.id,
            address=address,
            to=dialled(address),
            sender=dialled(self.number.sender),
            body=body,
            callback=self._callback(message.id, provider),
        )

    def _callback(self, interaction_id: str, provider: str) -> str:
        if not self._public_url:
            return ""
        query = urlencode({"provider": provider, "interaction": interaction_id})
        return f"{self._public_url}/hooks/sms/{self.number.id}/status?{query}"

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._silence)
