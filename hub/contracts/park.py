"""Dead letters and raw messages on the bus: what makes poison visible and replayable."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar

from hub.contracts.base import Event, Record
from hub.kit.ids import derive
from hub.kit.reasons import reason_of, storable

DEAD_LETTER_BYTES = 2_000_000
"""A dead letter with key and headers; it carries a whole record in base 64, where that has room."""
_WORDS_BYTES = 50_000
"""Room for all that a letter says beside the record: the longest words below, each character escaped."""
_LONGEST_NAME = 255
_LONGEST_SENDER = 400
_LONGEST_BLOB = 1_000

REPLAY_OF = "hub_dead_letter"
"""Header of a replayed record: the id of its dead letter, which it carries should it fail again."""
ONLY_GROUP = "omnihub-only-group"
"""Header of a replayed record: the one group that handles it; the others have handled it before."""


class MessageParked(Event):
    """A record could not be handled; here are its bytes and the reason. What follows it was not delayed.

    Making one never fails, whatever the record holds and the error says: every text is valid Unicode and bounded.
    """

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
    complete: bool = True
    """False: the record is not in here; it is at `position` for as long as its topic keeps it."""
    record_bytes: int = 0
    """Of a record that is not in here: key, value and headers together."""
    record_digest: str = ""
    """Of a record that is not in here: BLAKE2b of its value, 64 bytes in hexadecimal."""
    lost: int = 0
    """So many records, from `position` on, were removed by the retention before the group read them."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id)

    def key(self) -> str:
        return self.topic

    @classmethod
    def of(cls, record: Record, *, group: str, error: BaseException, parked_at: datetime) -> "MessageParked":
        position = f"{record.topic}/{record.partition}/{record.offset}"
        carried = _carried(record)
        return cls(
            id=derive("dl", group, position, record.value),
            topic=storable(record.topic, _LONGEST_NAME),
            group=storable(group, _LONGEST_NAME),
            record_key=b64encode(carried.key).decode(),
            record_value=b64encode(carried.value).decode(),
            record_headers=tuple(
                (storable(name, _LONGEST_NAME), b64encode(value).decode()) for name, value in carried.headers
            ),
            position=storable(position, _LONGEST_NAME + 50),
            error=storable(type(error).__name__, _LONGEST_NAME),
            reason=reason_of(error),
            parked_at=parked_at,
            sender=_told(error, "sender", _LONGEST_SENDER),
            blob=_told(error, "blob", _LONGEST_BLOB),
            **({} if carried is record else _described(record)),
        )

    @classmethod
    def of_lost(
        cls, slot: tuple[str, int], first: int, following: int, *, group: str, at: datetime
    ) -> "MessageParked":
        """What the group never read of a topic's partition: offsets from `first` up to before `following`."""
        topic, partition = slot
        position = f"{topic}/{partition}/{first}"
        count = following - first
        return cls(
            id=derive("dl", group, position, str(following)),
            topic=topic,
            group=group,
            record_key="",
            record_value="",
            record_headers=(),
            position=position,
            error="RecordsLost",
            reason=(
                f"the retention removed offsets {first} to {following - 1} of {topic}/{partition} ({count:,} records)"
                f" before the group {group} had read them; it went on from {following}, and they cannot be replayed"
            ),
            parked_at=at,
            complete=False,
            lost=count,
        )

    def record(self) -> Record:
        """The record as it was, to be published again; without what the letter could not carry."""
        return Record(
            topic=self.topic,
            key=b64decode(self.record_key),
            value=b64decode(self.record_value),
            headers=[(name, b64decode(value)) for name, value in self.record_headers],
        )

    def place(self) -> tuple[str, int, int]:
        """Topic, partition and offset; -1 for what was never on the bus."""
        topic, partition, offset = self.position.rsplit("/", 2)
        return topic, int(partition), int(offset)

    def is_about(self, record: Record) -> bool:
        """Whether this is the record that the letter could not carry."""
        place = (record.topic, record.partition, record.offset)
        return place == self.place() and _digest(record.value) == self.record_digest


def _digest(content: bytes) -> str:
    return blake2b(content).hexdigest()


def is_for(record: Record, group: str) -> bool:
    """False for what was replayed for another group."""
    # A loop rather than a dictionary: this looks at every record of every group.
    for name, value in record.headers:  # noqa: SIM110
        if name == ONLY_GROUP and value != group.encode():
            return False
    return True


def _carried(record: Record) -> Record:
    """What of the record a letter has room for: all, all but the value, or no more than what a replay marked."""
    marks = [header for header in record.headers if header[0] in (REPLAY_OF, ONLY_GROUP)]
    for carried in (record, replace(record, value=b"")):
        if _fits(carried):
            return carried
    return replace(record, key=b"", value=b"", headers=[mark for mark in marks if len(mark[1]) <= _LONGEST_NAME][:2])


def _fits(record: Record) -> bool:
    # A character of a name takes six at most where JSON escapes it, and six characters stand around a pair.
    headers = sum(6 * min(len(name), _LONGEST_NAME) + _base64(value) + 6 for name, value in record.headers)
    return _base64(record.key) + _base64(record.value) + headers <= DEAD_LETTER_BYTES - _WORDS_BYTES


def _base64(content: bytes) -> int:
    """How long it is in base 64."""
    return (len(content) + 2) // 3 * 4


def _described(record: Record) -> dict[str, Any]:
    """What a letter says of a record that it does not carry."""
    headers = sum(len(name) + len(value) for name, value in record.headers)
    return {
        "complete": False,
        "record_bytes": len(record.key) + len(record.value) + headers,
        "record_digest": _digest(record.value),
    }


def _told(error: BaseException, name: str, limit: int) -> str:
    """What an error knows beside its words."""
    try:
        return storable(getattr(error, name, ""), limit)
    except Exception:
        return ""


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
    sent: bool = False
    """It lay in the folder for what was sent."""

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
