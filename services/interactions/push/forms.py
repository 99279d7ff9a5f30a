"""The browsers that somebody is told in while no page is open."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.config import JsonDict

from hub.api.forms import Form, Moment
from hub.contracts.shown import View
from services.interactions.push.sealing import decoded

_EXAMPLE: JsonDict = {
    "endpoint": "https://push.example.com/send/7f2k",
    "key": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "secret": "BTBZMqHH6r4Tts7J_aSIgg",
    "name": "Firefox",
}


def _of(length: int, first: bytes = b"") -> AfterValidator:
    def check(text: str) -> str:
        content = decoded(text)
        if len(content) != length or not content.startswith(first):
            raise ValueError(f"must be {length} bytes in base 64, as the browser gives it")
        return text

    return AfterValidator(check)


class DeviceForm(Form):
    """What `PushManager.subscribe` gave, with the `key` of GET /api/v1/notification-devices."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    endpoint: str = Field(max_length=1_000, pattern=r"^(https://|http://127\.0\.0\.1[:/])[\x21-\x7e]+$")
    key: Annotated[str, _of(65, b"\x04")] = Field(max_length=100, description="p256dh")
    secret: Annotated[str, _of(16)] = Field(max_length=40, description="auth")
    name: str = Field(default="", max_length=100, description="What you call it")


class DeviceView(View):
    id: str
    name: str
    added_at: Moment


class DeviceList(View):
    items: list[DeviceView] = Field(description="Yours, the newest first")
    key: str = Field(description="`applicationServerKey` of a subscription")
