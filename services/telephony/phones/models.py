"""What the API takes and gives about the phones of employees."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form
from services.telephony.lines.models import ExchangeId

_EXAMPLE: JsonDict = {"phones": [{"kind": "extension", "exchange": "ex_1", "number": "101"}]}


def _one_line(text: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("must be on one line, without control characters")
    return text


class Phone(Form):
    """One phone of an employee: an extension of an exchange, a number outside, or the browser (Twilio)."""

    kind: Literal["extension", "number", "browser"] = "extension"
    exchange: ExchangeId
    number: Annotated[str, AfterValidator(_one_line)] = Field(
        default="", max_length=40, description="The extension, or the number; none for a browser", examples=["101"]
    )

    @model_validator(mode="after")
    def _a_number(self) -> Self:
        if self.kind != "browser" and not self.number.lstrip("+*#").isalnum():
            raise ValueError("number is missing; write it as 101, or as +74951234567")
        return self


class Phones(Form):
    """All phones of an employee; the first one rings when he calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    phones: list[Phone] = Field(max_length=30)


class PhonesView(BaseModel):
    login: str = Field(examples=["anna"])
    phones: list[Phone]
    busy: bool = Field(default=False, description="He is in a call, as far as is known")

    @classmethod
    def of(cls, document: dict[str, Any]) -> "PhonesView":
        return cls.model_validate({**document, "login": document["_id"]})


class PhonesPage(BaseModel):
    items: list[PhonesView]
    next: str | None = None
