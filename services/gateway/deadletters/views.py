"""Dead letters over HTTP."""

from base64 import b64decode, b64encode
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, View
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.gateway.deadletters.service import MOST_AT_ONCE, Raw


class State(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class Told(View):
    state: State
    at: datetime
    by: str = Field(description="Login of the employee", examples=["admin"])
    reason: str | None = None


class LetterView(View):
    id: str
    topic: str = Field(description="Where the record was published", examples=["raw.email"])
    group: str = Field(description="Who could not handle it", examples=["email"])
    state: State
    attempts: int = Field(description="How often it has failed")
    error: str = Field(examples=["Undecodable"])
    reason: str
    sender: str = Field(description="Whom it came from, as far as it could be read")
    position: str = Field(examples=["raw.email/3/1204"])
    complete: bool = Field(
        default=True, description="False: the record is not in here; it is replayed from its topic while it is kept"
    )
    lost: int = Field(default=0, description="Records that the retention removed before the group had read them")
    parked_at: datetime
    history: list[Told] = Field(description="What was done about it, oldest first")

    @classmethod
    def of(cls, letter: Document, **more: Any) -> Self:
        parked_at = from_iso(letter["parked_at"])
        return cls.model_validate({**letter, "id": letter["_id"], "parked_at": parked_at, **more})


class LetterList(View):
    items: list[LetterView]
    next: str | None


class Bytes(View):
    size: int = Field(description="Bytes, of which `base64` may hold only the first 64 kB")
    base64: str
    text: str | None = Field(description="The same decoded, where it is UTF-8 text")


class LetterDetail(LetterView):
    key: str
    headers: dict[str, str]
    value: Bytes = Field(description="The record as it was published")
    raw: Bytes | None = Field(description="What the channel received, where it is kept apart")

    @classmethod
    def with_bytes(cls, letter: Document, raw: Raw | None) -> Self:
        value = b64decode(letter["record_value"])
        headers = {name: _text(b64decode(content)) for name, content in letter["record_headers"]}
        key = _text(b64decode(letter["record_key"]))
        shown = _bytes(raw.size, raw.beginning) if raw else None
        size = len(value) if letter.get("complete", True) else letter["record_bytes"]
        return cls.of(letter, key=key, headers=headers, value=_bytes(size, value), raw=shown)


class Discard(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "advertising"}]})
    reason: str = Field(min_length=1, max_length=500)


class BulkReplay(Form):
    """Either `ids`, or `topic` for its open letters."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"topic": "raw.email"}, {"ids": ["dl_4k2m", "dl_9x1c"]}]}
    )
    ids: list[str] | None = Field(default=None, min_length=1, max_length=MOST_AT_ONCE)
    topic: str | None = Field(default=None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.topic is None):
            raise ValueError("give either ids or topic")
        return self


class Replayed(View):
    replayed: int = Field(description=f"How many were published again; at most {MOST_AT_ONCE} at a time")


def _bytes(size: int, content: bytes) -> Bytes:
    try:
        text: str | None = content.decode()
    except UnicodeDecodeError as exc:
        # A cut through the last character of a longer text is still text.
        cut = exc.start >= len(content) - 3 and size > len(content)
        text = content[: exc.start].decode() if cut else None
    return Bytes(size=size, base64=b64encode(content).decode(), text=text)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
