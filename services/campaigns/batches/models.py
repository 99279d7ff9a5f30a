"""What a marketer says of a batch of letters, and the words for where it stands."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form, Moment
from hub.api.uploads import Upload
from hub.store.base import CollectionSpec, Index

BATCHES = CollectionSpec("batches", (Index("mailing", "at"), Index("open", sparse=True)))
"""`open` while a job has to do with it, and until its letters were certainly put back."""
MOST = 1_000
"""Letters of a batch; the rest of the mailing waits for the next one."""
MOST_RETURNED, MOST_IN_FILE = 100, 10_000
"""Letters that one request, and one file, says that they came back."""
Paper = Literal["70x37", "70x42", "105x57", "52x30", "envelope_dl", "envelope_c5"]
Part = Literal["labels", "letters", "addresses"]


class BatchState(StrEnum):
    MAKING = "making"
    READY = "ready"
    """Its files are there, to be printed."""
    POSTED = "posted"
    DISCARDED = "discarded"
    """Its letters wait for another batch."""
    FAILED = "failed"
    """It could not be printed, see its reason; its letters wait for another batch."""


_EXAMPLE: dict[str, Any] = {"sheet": "70x37", "sender": "ООО «Ромашка»\nул. Ленина, 1\n101000 Москва"}


class NewBatch(Form):
    """What is printed: labels of a sheet (millimetres) or envelopes, and a letter for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    sheet: Paper = "70x37"
    skip: int = Field(default=0, ge=0, le=39, description="Labels of the first sheet that are used already")
    sender: str = Field(default="", max_length=500, description="Our name and address, up to five lines")


class Posted(Form):
    """When the batch was taken to the post."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": "2026-03-03T07:00:00Z"}]})
    at: Moment | None = Field(default=None, description="None: now")


class ReturnedLetter(Form):
    """A letter that came back: the number in the list of addresses, and what the post says."""

    number: int = Field(ge=0, lt=900_000_000)
    reason: str = Field(min_length=1, max_length=300, examples=["адресат выбыл"])


class Returns(Form):
    """Letters that came back: named here, or in the list of addresses with a column `reason` (причина)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"letters": [{"number": 12, "reason": "адресат выбыл"}]}]}
    )
    letters: tuple[ReturnedLetter, ...] = Field(min_length=1, max_length=MOST_RETURNED)


class ReturnsFile(Form):
    """A file of letters that came back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"file": "att_4k2m"}]})
    file: Upload
