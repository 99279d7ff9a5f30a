"""Dead letters and raw messages on the bus: what makes poison visible and replayable."""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import ClassVar

from hub.contracts.base import Event, Record
from hub.kit.ids import derive


class MessageParked(Event):
    """A record could not be handled; here are its bytes and the reason. What follows it was not delayed."""

    TYPE: ClassVar[str] = "message.parked.v1"
    TOPIC: ClassVar[str] = "dead-letters"

    id: str
    topic: str
    group: str
    """The consumer group that could not handle it."""
    record_key: str
    record_value: str
    record_headers: tuple[tuple[str, str], ...]
    """Key, value and header values are base 64."""
    position: str
    """`topic/partition/offset`."""
    error: str
    reason: str
    parked_at: datetime
    sender: str = ""
    """Whom it came from, as far as it could be read."""
    blob: str = ""
    """Blob key of the raw bytes as the channel received them."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id)

    def key(self) -> str:
        return self.topic

    @classmethod
    def of(cls, record: Record, *, group: str, error: BaseException, parked_at: datetime) -> "MessageParked":
        position = f"{record.topic}/{record.partition}/{record.offset}"
        return cls(
            id=derive("dl", group, position, record.value),
            topic=record.topic,
            group=group,
            record_key=b64encode(record.key).decode(),
            record_value=b64encode(record.value).decode(),
            record_headers=tuple((name, b64encode(value).decode()) for name, value in record.headers),
            position=position,
            error=type(error).__name__,
            reason=str(error),
            parked_at=parked_at,
            sender=getattr(error, "sender", ""),
            blob=getattr(error, "blob", ""),
        )

    def record(self) -> Record:
        """The record as it was, to be published again."""
        return Record(
            topic=self.topic,
            key=b64decode(self.record_key),
            value=b64decode(self.record_value),
            headers=[(name, b64decode(value)) for name, value in self.record_headers],
        )


class RawMailStored(Event):
    """A mail's bytes are durable but could not be read; handled again when this is replayed."""

    TYPE: ClassVar[str] = "mail.stored.v1"
    TOPIC: ClassVar[str] = "raw.email"

    mailbox_id: str
    uid: int
    uid_validity: int
    received_at: datetime
    blob: str
    refused: str = ""
    """Why only the headers were kept."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.blob, self.mailbox_id)

    def key(self) -> str:
        return self.mailbox_id


class RawPayloadStored(Event):
    """What a provider handed over is durable but could not be read; handled again when this is replayed."""

    TYPE: ClassVar[str] = "payload.stored.v1"
    TOPIC: ClassVar[str] = "raw"

    channel: str
    account: str
    received_at: datetime
    blob: str
    kind: str = ""
    """Which of the provider's forms it is, where the channel has several: `update`, `message`, `status`."""

    def on_topic(self) -> str:
        return f"{self.TOPIC}.{self.channel}"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.blob, self.account)

    def key(self) -> str:
        return self.account
