"""An exchange that only tells what happens: calls are not begun there by us."""

from datetime import datetime, timedelta

from hub.channels.base import Health, Intent, Outcome
from hub.channels.health import HealthNotes, judge
from hub.contracts.interaction import SendMessage
from hub.kit.clock import Clock
from hub.kit.errors import Unsupported
from services.telephony.exchanges.models import Exchange
from services.telephony.twilio.channel import Keeps


class PostingChannel:
    """See `hub.channels.base.Channel`."""

    def __init__(
        self, exchange: Exchange, keeper: Keeps, *, notes: HealthNotes, clock: Clock, silence: timedelta
    ) -> None:
        self.exchange = exchange
        self._keeper = keeper
        self._notes = notes
        self._clock = clock
        self._silence = silence

    async def receive(self) -> None:
        await self._keeper.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """Raises Unsupported."""
        del message, intent, at, keys
        raise Unsupported(f"{self.exchange.name} only tells of calls; call by a line of another exchange")

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._silence)
