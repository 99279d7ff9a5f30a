"""What the API takes and gives about pools of numbers: each is shown to one visitor for a time."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from hub.api.forms import Form


class LeaseInput(Form):
    """Who is shown a number, and the touch that a call to it belongs to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visitor": "v_81", "touch": "touch_4k2m"}]})
    visitor: str = Field(
        min_length=1, max_length=200, description="The same visitor keeps his number while it is his"
    )
    touch: str = Field(min_length=1, max_length=200, description="What the call tells as its source")
    seconds: int = Field(default=1800, ge=60, le=86_400)


class LeaseView(BaseModel):
    line: str
    number: str = Field(examples=["+74951234567"])
    visitor: str
    touch: str
    until: datetime
