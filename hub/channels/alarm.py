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


_TIMES = ("looked_at", "checked_at")
_REFRESH = timedelta(seconds=60)
"""So often the notes are stored for the time alone, or four times within the silence that makes an account red."""


def _said(note: Document) -> Document:
    """The note without its times."""
    return {name: value for name, value in note.items() if name not in _TIMES}


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
        self._refresh = min(_REFRESH, silence / 4)
        self._stored: Document | None = None
        self._stored_at = clock.now()

    @property
    def changed(self) -> bool:
        """There is news since this was asked last."""
        changed = self._notes.changed.is_set()
        self._notes.changed.clear()
        return changed

    def looked(self) -> Document | None:
        """Judges; the notes as they are to be stored, none while nothing but the time is another.

        The time alone is stored now and then, so that whoever reads it knows that somebody looks.
        """
        self._judge()
        document = self._notes.document()
        if self._stored is None or _said(document) != _said(self._stored):
            return document
        times = any(document[name] != self._stored[name] for name in _TIMES)
        return document if times and self._clock.now() - self._stored_at >= self._refresh else None

    def stored(self, document: Document) -> None:
        """The store took what `looked` gave."""
        self._stored, self._stored_at = document, self._clock.now()

    async def tell(self) -> None:
        """Tells what is owed, once it is stored; with the bus down it is told at a later look."""
        alarm = self._notes.alarm
        if alarm is None or not alarm["owed"] or self._stored is None or self._stored["alarm"] != alarm:
            return
        try:
            await self._tell(alarm)
        except TransientError as exc:
            log.warning("alarm.owed", account=self._account.id, error=str(exc))

    async def save(self) -> bool:
        """Stores the notes and tells nothing; whether the store took them."""
        try:
            await self._repository.save_healths([self._notes.document()])
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
