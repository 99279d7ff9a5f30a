"""What the API takes and gives about handing a call on."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.api.forms import Form
from hub.api.names import Colleague


class TransferInput(Form):
    """To whom a call goes on: a colleague, by his phone at the same exchange."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "boris", "note": "Спрашивает про заказ 118"}]})
    to: Colleague = Field(min_length=1)
    kind: Literal["attended", "blind"] = Field(
        default="attended", description="attended: you speak with him first; blind: at once"
    )
    note: str = Field(
        default="", max_length=5_000, description="What you had written so far; he has it when it rings"
    )


class TransferView(BaseModel):
    interaction_id: str
    to: str
    kind: str
    answer: str = Field(description="The exchange's words")
