"""The alarm of an account: one event when it turns red, one when it is green again."""

from dataclasses import dataclass
from datetime import timedelta

from hub.bus.base import Bus
from hub.channels.accounts import AccountRepository
from hub.channels.health import HealthNotes, judge
from hub.contracts.base import Envelope
from hub.contracts.channel import ChannelTurned
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.store.base import Document

log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """How an account is named where it is told of."""

    channel: str
    id: str
    address: str
    service: str

    @property
    def source(self) -> str:
        """As the `ce_source` of events."""
        return f"omnihub/{self.service}"


class Alarm:
    """Judges the notes on an account, stores them, and tells when the judgement is another one.

    What shall be told is stored before it is published, so that after a crash the same event comes again.
    """

    def __init__(
        self,
        account: AccountName,
        *,
        notes: HealthNotes,
        repository: AccountRepository,
        bus: Bus,
        clock: Clock,
        silence: timedelta,
    ) -> None:
        self._account = account
        self._notes = notes
        self._repository = repository
        self._bus = bus
        self._clock = clock
        self._silence = silence

    async def look(self) -> None:
        """Stores the notes; with the store or the bus down, what is owed is told at a later look."""
        self._judge()
        if not await self.save() or self._notes.alarm is None or not self._notes.alarm["owed"]:
            return
        try:
            await self._tell(self._notes.alarm)
        except TransientError as exc:
            log.warning("alarm.owed", account=self._account.id, error=str(exc))

    async def save(self) -> bool:
        """Stores the notes and tells nothing; whether the store took them."""
        try:
            await self._repository.save_health(self._notes.document())
        except TransientError:
            return False
        return True

    def _judge(self) -> None:
        now = self._clock.now()
        health = judge(self._notes.document(), now=now, silence=self._silence)
        before = self._notes.alarm
        if before and before["owed"]:
            return  # whoever hears of it hears of red and green in turn
        red = before is not None and before["state"] == "red"
        if health.state == "red" and not red:
            self._notes.alarm = {"state": "red", "at": iso(now), "reason": health.reason, "owed": True}
            log.error("channel.red", account=self._account.id, reason=health.reason)
        elif health.state == "green" and before is not None and red:
            self._notes.alarm = {"state": "green", "at": iso(now), "since": before["at"], "owed": True}
            log.info("channel.green", account=self._account.id)

    async def _tell(self, alarm: Document) -> None:
        event = ChannelTurned(
            channel=self._account.channel,
            account=self._account.id,
            address=self._account.address,
            state=alarm["state"],
            at=from_iso(alarm["at"]),
            reason=alarm.get("reason"),
            red_since=from_iso(alarm["since"]) if alarm.get("since") else None,
        )
        await self._bus.publish([Envelope(event=event, source=self._account.source, time=self._clock.now())])
        self._notes.alarm = {**alarm, "owed": False}
