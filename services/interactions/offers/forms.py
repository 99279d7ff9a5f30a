"""To whom something is offered, and why it is declined."""

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.api.names import Colleague


class OfferForm(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "boris", "comment": "Он знает этот завод"}]})
    to: Colleague = Field(min_length=1, description="Whose it is, once he accepts")
    comment: str = Field(default="", max_length=2_000)


class DeclineForm(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "В отпуске до понедельника"}]})
    reason: str = Field(min_length=1, max_length=2_000)
