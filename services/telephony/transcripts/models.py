"""What the API takes and gives about writing down what was said in calls."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from hub.api.forms import Form
from hub.contracts.masks import MaskedWords
from hub.store.base import Document
from services.telephony.exchanges.models import Url

_EXAMPLE: JsonDict = {"url": "https://speech.example.com", "key": "secret", "model": "whisper-1"}


def wanted(now: str) -> Document:
    """Of a recording that shall be written down from now on."""
    return {"text_state": "pending", "text_wanted_at": now, "text_next_at": now, "text_attempts": 0}


def _plain(secret: SecretStr) -> SecretStr:
    if not all(32 < ord(letter) < 127 for letter in secret.get_secret_value()):
        raise ValueError("must be plain ASCII without spaces, as it stands in a header")
    return secret


class TranscriberInput(Form):
    """A service that writes down what was said, as OpenAI's and Whisper's servers do it: POST
    {url}/v1/audio/transcriptions.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    url: Url = Field(min_length=1, description="Without /v1/audio/transcriptions")
    key: Annotated[SecretStr, AfterValidator(_plain)] = Field(
        default=SecretStr(""),
        max_length=500,
        description="Kept encrypted, never shown again; empty: the one that is kept",
    )
    model: str = Field(default="whisper-1", min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")


class TranscriberView(BaseModel):
    """Where what was said is written down; no url: nowhere."""

    url: str
    model: str
    has_key: bool


class TranscriptView(BaseModel):
    id: str = Field(description="Of the recording")
    interaction_id: str
    state: str = Field(description="pending, ready, failed; empty: it is not written down", examples=["ready"])
    reason: str = Field(default="", description="Why it failed, or what it waits for")
    text: MaskedWords = ""
    cut: bool = Field(default=False, description="There was more than is kept")
